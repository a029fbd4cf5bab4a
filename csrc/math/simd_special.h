// What special.h needs of the SIMD scalar type. erf of float is this project's own, as at::vec's has an error
// of 1e-7 even where erf is smaller than that; the others are Sleef's.
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
/// ln Gamma(a) for a > 0.
template <class T>
LOSSOPS_INLINE Simd<T> lgamma(Simd<T> a) {
  return a.v.lgamma();
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
