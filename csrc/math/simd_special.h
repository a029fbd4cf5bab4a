// What special.h needs of the SIMD scalar type. Of float, erf is this project's own, as at::vec's has an
// error of 1e-7 even where erf is smaller than that, and so is ln Gamma, for its speed; the others are
// Sleef's.
#pragma once

#include "simd.h"
#include "vocabulary.h"

namespace lossops {
inline namespace CPU_CAPABILITY {

template <class T>
LOSSOPS_INLINE Simd<T> floor(Simd<T> a) {
  return a.v.floor();
}
template <class T>
LOSSOPS_INLINE Simd<T> sin(Simd<T> a) {
  return a.v.sin();
}
template <class T>
LOSSOPS_INLINE Simd<T> cos(Simd<T> a) {
  return a.v.cos();
}
/// ln Gamma(a) for a > 0, in 3 ulp.
template <class T>
LOSSOPS_INLINE Simd<T> lgamma(Simd<T> a) {
  if constexpr (std::is_same_v<T, double>) {
    return a.v.lgamma();
  } else {
    // y P(y) of y = a - 2 with a minimax P on [-0.75, 1], to which Gamma(a + 1) = a Gamma(a) leads from 0 to
    // 4; Stirling's series beyond.
    using S = Simd<float>;
    const auto tiny = a < S(0.5), small = a < S(1.25), middle = a < S(3), near = a < S(4);
    const S whole = select(tiny, S(0), select(small, S(1), select(middle, S(2), S(3))));
    const S moved = select(small, a, select(middle, S(1), a - select(near, S(1), S(0))));
    const S l = log(select(tiny, a * (a + 1.0), moved));
    const S y = select(near, a - whole, S(0));
    const S p = polynomial(y, 0.422784336, 0.3224670419, -0.06735237551, 0.02058053156, -0.007384454284,
                           0.002892877833, -0.001199068799, 5.020479571e-4, -2.057874123e-4, 1.081881769e-4,
                           -6.733124376e-5, 2.117615875e-5);
    const S b = 1.0 / select(near, S(4), a);
    const S rest = 0.41893853320467 + b * polynomial(b * b, 1 / 12., -1 / 360., 1 / 1260., -1 / 1680.);
    return select(near, y * p + select(small, -l, l), (a - 0.5) * (l - 1.0) + rest);
  }
}
template <class T>
LOSSOPS_INLINE Simd<T> erf(Simd<T> a) {
  if constexpr (std::is_same_v<T, double>) {
    return a.v.erf();
  } else {
    // x P(x^2) below 1 and 1 - e^-Q(x) beyond, with minimax P on [0, 1] and Q on [1, 4].
    using S = Simd<float>;
    const S x = abs(a);
    const auto near = x < S(1);
    const S u = select(near, a * a, S(1));
    const S p = polynomial(u, 1.128379166, -0.3761262582, 0.1128358515, -0.02685381181, 0.005188327454,
                           -8.010191588e-4, 7.853854625e-5);
    const S far = select(x < S(4), x, S(4));
    const S q = polynomial(far, 3.415125966e-4, 1.127089234, 0.6381447582, 0.1031068213, -0.02183809695,
                           0.002947666793, -1.863800839e-4);
    const S r = 1 - exp_below(-q);
    return select(near, a * p, select(a < S(0), -r, select(a == a, r, a)));
  }
}

}  // namespace CPU_CAPABILITY
}  // namespace lossops
