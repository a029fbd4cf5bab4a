// The SIMD scalar type: one vector register of float or double, over at::vec.
//
// A file that includes this is compiled once per instruction set (see setup.py); the namespace keeps
// the copies apart. The transcendental functions of float are this project's own: two to four times as fast
// as Sleef's at an error below 2 ulp, which tests/cpp/simd_test.cpp proves over every float. Those of double
// are Sleef's.
#pragma once

#include <c10/util/BFloat16.h>

#include <cstring>
#include <limits>

#include "mask.h"
#include "scalar.h"
#include "widening.h"

namespace lossops {
inline namespace CPU_CAPABILITY {

template <class T>
struct Simd {
  using Value = T;
  using V = Vectorized<T>;
  V v;

  Simd() = default;
  LOSSOPS_INLINE Simd(V a) : v(a) {}
  template <class A>
    requires std::is_arithmetic_v<A>
  LOSSOPS_INLINE Simd(A a) : v(static_cast<T>(a)) {}

  static constexpr int64_t kLanes = V::size();
  using Sum = Simd;
  /// A value for each lane.
  template <class... A>
  LOSSOPS_INLINE static Simd of(A... lane) {
    static_assert(sizeof...(lane) == kLanes);
    return V(lane...);
  }
  LOSSOPS_INLINE static Simd load(const T* p) { return V::loadu(p); }
  LOSSOPS_INLINE static void store(Simd a, T* p) { a.v.store(p); }
  /// Float lanes from and to bfloat16, rounded to nearest even.
  LOSSOPS_INLINE static Simd load(const c10::BFloat16* p) {
#if defined(CPU_CAPABILITY_AVX512)
    return widened(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
#elif defined(CPU_CAPABILITY_AVX2)
    return widened(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
#else
    T wide[kLanes];
    for (int i = 0; i < kLanes; ++i) wide[i] = static_cast<T>(p[i]);
    return V::loadu(wide);
#endif
  }
  LOSSOPS_INLINE static void store(Simd a, c10::BFloat16* p) {
#if defined(CPU_CAPABILITY_AVX512)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrowed(a.v));
#elif defined(CPU_CAPABILITY_AVX2)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), narrowed(a.v));
#else
    T wide[kLanes];
    a.v.store(wide);
    for (int i = 0; i < kLanes; ++i) p[i] = static_cast<c10::BFloat16>(wide[i]);
#endif
  }
  /// The first `count` lanes alone; the others are 0.
  template <class S>
  LOSSOPS_INLINE static Simd load(const S* p, int64_t count) {
    if (count == kLanes) return load(p);
#if defined(CPU_CAPABILITY_AVX512)
    if constexpr (!std::is_same_v<S, T>) return widened(_mm256_maskz_loadu_epi16(first_lanes(count).bits, p));
    return V::loadu(p, count);
#else
    return load_part(p, count);
#endif
  }
  template <class S>
  LOSSOPS_INLINE static void store(Simd a, S* p, int64_t count) {
    if (count == kLanes) return store(a, p);
#if defined(CPU_CAPABILITY_AVX512)
    if constexpr (!std::is_same_v<S, T>) {
      return _mm256_mask_storeu_epi16(p, first_lanes(count).bits, narrowed(a.v));
    }
    a.v.store(p, count);
#else
    store_part(a, p, count);
#endif
  }
  /// The same of float memory.
  LOSSOPS_INLINE static Simd load(const float* p, int64_t count)
    requires std::is_same_v<T, double>
  {
    return lossops::widened(p, count);
  }
  LOSSOPS_INLINE static void store(Simd a, float* p, int64_t count)
    requires std::is_same_v<T, double>
  {
    store_narrowed(a.v, p, count);
  }
  /// `fill` beyond the first `count` lanes.
  LOSSOPS_INLINE static Simd first(Simd a, int64_t count, T fill = 0) {
    return count == kLanes ? a : select(first_lanes(count), a, Simd(fill));
  }
  LOSSOPS_INLINE static Mask<T> first(Mask<T> m, int64_t count) {
    return count == kLanes ? m : m & first_lanes(count);
  }
  /// Of integers that have 24 bits.
  LOSSOPS_INLINE static Simd whole(const int64_t* p) { return of_integers<T>(p); }
  /// 0, 1, 2, ...
  LOSSOPS_INLINE static Simd count() { return V::arange(T(0), T(1)); }

  using Tally = lossops::Tally<T>;
  LOSSOPS_INLINE friend double sum_of_lanes(Simd a) { return lossops::sum_of_lanes(a.v); }

  LOSSOPS_INLINE friend Simd operator+(Simd a, Simd b) { return a.v + b.v; }
  LOSSOPS_INLINE friend Simd operator-(Simd a, Simd b) { return a.v - b.v; }
  LOSSOPS_INLINE friend Simd operator*(Simd a, Simd b) { return a.v * b.v; }
  LOSSOPS_INLINE friend Simd operator/(Simd a, Simd b) { return a.v / b.v; }
  LOSSOPS_INLINE friend Simd operator-(Simd a) { return a.v.neg(); }
  LOSSOPS_INLINE friend Mask<T> operator<(Simd a, Simd b) { return Mask<T>::less(a.v, b.v); }
  LOSSOPS_INLINE friend Mask<T> operator<=(Simd a, Simd b) { return Mask<T>::less_equal(a.v, b.v); }
  LOSSOPS_INLINE friend Mask<T> operator>(Simd a, Simd b) { return Mask<T>::less(b.v, a.v); }
  LOSSOPS_INLINE friend Mask<T> operator>=(Simd a, Simd b) { return Mask<T>::less_equal(b.v, a.v); }
  LOSSOPS_INLINE friend Mask<T> operator==(Simd a, Simd b) { return Mask<T>::equal(a.v, b.v); }
  LOSSOPS_INLINE friend Mask<T> is_zero(Simd a) { return Mask<T>::zero(a.v); }
  LOSSOPS_INLINE friend Simd select(Mask<T> m, Simd a, Simd b) { return m.choose(a.v, b.v); }
  LOSSOPS_INLINE friend Simd unless(Mask<T> m, Simd a) { return m.drop(a.v); }

  /// a unless b is larger; b if a is NaN.
  LOSSOPS_INLINE friend Simd larger(Simd a, Simd b) {
#if defined(CPU_CAPABILITY_AVX512)
    if constexpr (std::is_same_v<T, float>) return V(_mm512_max_ps(a.v, b.v));
#elif defined(CPU_CAPABILITY_AVX2)
    if constexpr (std::is_same_v<T, float>) return V(_mm256_max_ps(a.v, b.v));
#endif
    return select(b < a, a, b);
  }
  LOSSOPS_INLINE friend Simd minus_abs(Simd a) { return a.v | V(T(-0.0)); }
  LOSSOPS_INLINE friend Mask<T> signbit(Simd a) { return Mask<T>::signs(a.v); }
  LOSSOPS_INLINE friend Simd sqrt(Simd a) { return a.v.sqrt(); }
  LOSSOPS_INLINE friend Simd abs(Simd a) { return a.v.abs(); }
  LOSSOPS_INLINE friend Simd atan2(Simd y, Simd x) { return y.v.atan2(x.v); }

  LOSSOPS_INLINE friend Simd exp(Simd a) {
    if constexpr (std::is_same_v<T, double>) {
      return a.v.exp();
    } else {
      return exp_in_range(at::vec::clamp(a.v, V(-104.0f), V(89.0f)));
    }
  }

  /// e^a for a <= 0.
  LOSSOPS_INLINE friend Simd exp_below(Simd a) {
    if constexpr (std::is_same_v<T, double>) {
      return a.v.exp();
    } else {
      const V x = at::vec::clamp_min(a.v, V(-104.0f));
#if defined(CPU_CAPABILITY_AVX512)
      return exp_in_range(x);
#else
      return exp_times<64>(x) * V(0x1p-64f);
#endif
    }
  }

  /// The same where that is a normal number, and anything where it is not.
  LOSSOPS_INLINE friend Simd exp_normal(Simd a) {
    if constexpr (std::is_same_v<T, double>) {
      return a.v.exp();
    } else {
      return exp_times<0>(a.v);
    }
  }

  LOSSOPS_INLINE friend Simd expm1(Simd a) {
    if constexpr (std::is_same_v<T, double>) {
      return a.v.expm1();
    } else {
      const V x = at::vec::clamp(a.v, V(-26.0f), V(89.0f));
      const V n = (x * V(kLog2E)).round();
      // 2^n em + (2^n - 1), halved so that 2^n is finite for every finite result.
      const V half = times_power_of_two(V(0.5f), n);
      const V r = at::vec::fmadd(half, expm1_reduced(x, n), half - V(0.5f));
      return r + r;
    }
  }

  /// e^(a + rest) over 2^n, in [0.6, 1.5]; n is whole, and a is finite. Where a is so large that its last bit
  /// is no longer small, anything in that range.
  LOSSOPS_INLINE friend Simd exp_mantissa(Simd a, Simd rest, Simd& n) {
    n = (a.v * V(T(1.44269504088896341))).round();
    // ln 2 in parts, as n times the first is exact.
    const V high(std::is_same_v<T, double> ? T(6.93147180369123816490e-01) : T(kLn2High));
    const V low(std::is_same_v<T, double> ? T(1.90821492927058770002e-10) : T(kLn2Low));
    const V r = at::vec::fmadd(n.v, low.neg(), at::vec::fmadd(n.v, high.neg(), a.v)) + rest.v;
    const V x = at::vec::clamp(r, V(T(-0.4)), V(T(0.4)));
    if constexpr (std::is_same_v<T, double>) {
      return x.exp();
    } else {
      return expm1_reduced(x, V(0.0f)) + V(1.0f);
    }
  }

  /// 2^n m for a whole n <= 64; where n < -125, something between 0 and 2^-125 m.
  LOSSOPS_INLINE friend Simd times_exp2(Simd m, Simd n) {
    // Subnormal numbers would be slow.
    const V least = at::vec::clamp_min(n.v, V(T(-125)));
#if defined(CPU_CAPABILITY_AVX512)
    if constexpr (std::is_same_v<T, float>) {
      return V(_mm512_scalef_ps(m.v, least));
    } else {
      return V(_mm512_scalef_pd(m.v, least));
    }
#else
    // The last bits of the sum are n and the bias.
    using I = Vectorized<Bits>;
    const V sum = least + V(T(1.5) * T(Bits{1} << kDigits) + T(kBias));
    return m.v * at::vec::cast<T>(at::vec::cast<Bits>(sum) << I(kDigits));
#endif
  }

  /// Takes m, which is 0 or normal and > 0, to [1, 2), and what it was times to n.
  LOSSOPS_INLINE friend void normalize(Simd& m, Simd& n) {
#if defined(CPU_CAPABILITY_AVX512)
    V power;
    if constexpr (std::is_same_v<T, float>) {
      power = _mm512_max_ps(_mm512_getexp_ps(m.v), V(-126.0f));
      m = V(_mm512_scalef_ps(m.v, power.neg()));
    } else {
      power = _mm512_max_pd(_mm512_getexp_pd(m.v), V(-126.0));
      m = V(_mm512_scalef_pd(m.v, power.neg()));
    }
    n = n.v + power;
#else
    using I = Vectorized<Bits>;
    const I biased = at::vec::cast<Bits>(m.v) & I(Bits{2 * kBias + 1} << kDigits);
    m = m.v * at::vec::cast<T>(I(Bits{2 * kBias} << kDigits) - biased);
    // As the last bits of a number that has no other beneath 1.
    const V whole(T(Bits{1} << kDigits));
    n = n.v + (at::vec::cast<T>((biased >> I(kDigits)) | at::vec::cast<Bits>(whole)) - whole - V(T(kBias)));
#endif
  }

  LOSSOPS_INLINE friend Simd log(Simd a) {
    if constexpr (std::is_same_v<T, double>) {
      return a.v.log();
    } else {
      const auto tiny = a < Simd(std::numeric_limits<float>::min());
      const Simd x = select(tiny, a * 8388608.0f, a);
      const Simd e = select(tiny, Simd(-23), Simd(0));
      return log_limits(log_of_sum(x.v, V(0.0f), e.v), a);
    }
  }

  LOSSOPS_INLINE friend Simd log1p(Simd a) {
    if constexpr (std::is_same_v<T, double>) {
      return a.v.log1p();
    } else {
      const Simd u = a + 1;
      // What rounding took from 1 + x.
      const Simd lost = select(a > Simd(1), 1 - (u - a), a - (u - 1));
      return log_limits(log_of_sum(u.v, lost.v, V(0.0f)), u);
    }
  }

  LOSSOPS_INLINE friend Simd log1p_unit(Simd a) {
    if constexpr (std::is_same_v<T, double>) {
      return a.v.log1p();
    } else {
      // z - z^2 Q(z) with a minimax Q on [0, 1].
      const V z = a.v;
      const V z2 = z * z;
      const V z4 = z2 * z2;
      const V q01 = at::vec::fmadd(z, V(-3.333057453e-01f), V(4.999993510e-01f));
      const V q23 = at::vec::fmadd(z, V(-1.969856261e-01f), V(2.495921717e-01f));
      const V q45 = at::vec::fmadd(z, V(-1.069575342e-01f), V(1.536440353e-01f));
      const V q67 = at::vec::fmadd(z, V(-2.028525593e-02f), V(5.781486185e-02f));
      const V q03 = at::vec::fmadd(z2, q23, q01);
      const V q48 = at::vec::fmadd(z4, V(3.336565328e-03f), at::vec::fmadd(z2, q67, q45));
      return z - z2 * at::vec::fmadd(z4, q48, q03);
    }
  }

 private:
  LOSSOPS_INLINE static Mask<T> first_lanes(int64_t count) {
#if defined(CPU_CAPABILITY_AVX512)
    return {(uint32_t{1} << count) - 1};
#else
    return Simd::count() < Simd(count);
#endif
  }

#if !defined(CPU_CAPABILITY_AVX512)
  // Calls: their code would stand in every loop, which needs it for its last step alone.
  template <class S>
  __attribute__((noinline)) static Simd load_part(const S* p, int64_t count) {
    S lanes[kLanes] = {};
    std::memcpy(static_cast<void*>(lanes), p, count * sizeof *p);
    return load(lanes);
  }
  template <class S>
  __attribute__((noinline)) static void store_part(Simd a, S* p, int64_t count) {
    S lanes[kLanes];
    store(a, lanes);
    std::memcpy(static_cast<void*>(p), lanes, count * sizeof *p);
  }
#endif

  // The layout of T.
  using Bits = std::conditional_t<std::is_same_v<T, double>, int64_t, int32_t>;
  static constexpr int kDigits = std::numeric_limits<T>::digits - 1;
  static constexpr Bits kBias = std::numeric_limits<T>::max_exponent - 1;

  static constexpr float kLog2E = 1.44269504088896341f;
  // ln 2 in two parts; the first has trailing zeros enough for n times it to be exact.
  static constexpr float kLn2High = 0.693359375f;
  static constexpr float kLn2Low = -2.12194440e-4f;

  /// e^x for -104 <= x <= 89, beyond which it is 0 or infinite.
  LOSSOPS_INLINE static V exp_in_range(V x) {
    const V n = (x * V(kLog2E)).round();
    return times_power_of_two(expm1_reduced(x, n) + V(1.0f), n);
  }

  /// 2^k e^x, if that is normal: the last bits of the sum are n + k and the bias, an exponent.
  template <int k>
  LOSSOPS_INLINE static V exp_times(V x) {
    const V shift(12582912.0f + 127.0f + k);
    const V sum = at::vec::fmadd(x, V(kLog2E), shift);
    const V power = at::vec::cast<float>(at::vec::cast<int32_t>(sum) << Vectorized<int32_t>(23));
    return at::vec::fmadd(expm1_reduced(x, sum - shift), power, power);
  }

  /// e^r - 1 for r = x - n ln 2, |r| <= ln 2 / 2: r + r^2 Q(r) with a minimax Q.
  LOSSOPS_INLINE static V expm1_reduced(V x, V n) {
    V r = at::vec::fmadd(n, V(-kLn2High), x);
    r = at::vec::fmadd(n, V(-kLn2Low), r);
    const V r2 = r * r;
    const V q01 = at::vec::fmadd(r, V(1.666651963e-01f), V(5.000000080e-01f));
    const V q23 = at::vec::fmadd(r, V(8.368813786e-03f), V(4.166626418e-02f));
    const V q = at::vec::fmadd(r2, at::vec::fmadd(r2, V(1.394599058e-03f), q23), q01);
    return at::vec::fmadd(r2, q, r);
  }

  /// ln(2^e (u + lost)) for a normal u > 0 and a lost beneath its last bit. With u = 2^n m, m near 1 and
  /// f = m - 1 + lost / 2^n: n ln 2 + f - f^2 / 2 + f^3 P(f) with a minimax P.
  LOSSOPS_INLINE static V log_of_sum(V u, V lost, V e) {
    using I = Vectorized<int32_t>;
    constexpr int32_t kSqrtHalf = 0x3f3504f3;
    const I bits = at::vec::cast<int32_t>(u) - I(kSqrtHalf);
    const I exponent = bits >> I(23);
    const V m = at::vec::cast<float>((bits & I(0x007fffff)) + I(kSqrtHalf));
    const V shrink = at::vec::cast<float>((I(127) - at::vec::minimum(exponent, I(126))) << I(23));
    const V n = at::vec::convert_to_fp_of_same_size<float>(exponent) + e;
    const V f = at::vec::fmadd(lost, shrink, m - V(1.0f));
    const V f2 = f * f;
    const V f4 = f2 * f2;
    const V p01 = at::vec::fmadd(f, V(-2.500080239e-01f), V(3.333333018e-01f));
    const V p23 = at::vec::fmadd(f, V(-1.662402792e-01f), V(2.000131761e-01f));
    const V p45 = at::vec::fmadd(f, V(-1.315248621e-01f), V(1.420031753e-01f));
    const V p67 = at::vec::fmadd(f, V(-7.662920238e-02f), V(1.276818276e-01f));
    const V p = at::vec::fmadd(f4, at::vec::fmadd(f2, p67, p45), at::vec::fmadd(f2, p23, p01));
    const V tail = at::vec::fmadd(f2 * f, p, at::vec::fmadd(n, V(kLn2Low), f2 * V(-0.5f)));
    return at::vec::fmadd(n, V(kLn2High), f + tail);
  }

  /// Sets the logarithm of x right where x is not a positive finite number.
  LOSSOPS_INLINE static Simd log_limits(Simd r, Simd x) {
    constexpr float kInf = std::numeric_limits<float>::infinity();
    constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
    const Simd limit = select(x == Simd(0), Simd(-kInf), select(x < Simd(0), Simd(kNaN), x));
    return select((x > Simd(0)) & (x < Simd(kInf)), r, limit);
  }

  /// In two steps, so that results beyond and below the normal range round as they should.
  LOSSOPS_INLINE static V times_power_of_two(V p, V n) {
#if defined(CPU_CAPABILITY_AVX512)
    return V(_mm512_scalef_ps(p, n));
#else
    using I = Vectorized<int32_t>;
    const I whole = at::vec::convert_to_int_of_same_size(n);
    const I half = whole >> I(1);
    const auto power = [](I e) { return at::vec::cast<float>((e + I(127)) << I(23)); };
    return p * power(half) * power(whole - half);
#endif
  }
};

}  // namespace CPU_CAPABILITY
}  // namespace lossops
