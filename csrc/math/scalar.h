// The plain scalar type: one float or double, on the host or in a CUDA thread.
//
// A scalar type is what a loss expression is evaluated on. Each offers arithmetic with
// itself and with constants, comparisons that give a mask, select(mask, a, b), and the functions below;
// vocabulary.h builds the rest on top. Nothing here includes ATen, so expressions can be tested alone.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#ifdef LOSSOPS_INLINE
#elif defined(__CUDACC__)
#define LOSSOPS_INLINE __host__ __device__ __forceinline__
#else
#define LOSSOPS_INLINE inline __attribute__((always_inline))
#endif

namespace lossops {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Converts to the scalar type C as a constant; keeps mixed overloads from competing with those of C itself.
template <class A, class C>
concept ConstantOf = std::is_convertible_v<A, C> && !std::is_same_v<A, C>;

LOSSOPS_INLINE bool any(bool m) { return m; }

template <class T>
struct Scalar {
  using Value = T;
  T v;

  Scalar() = default;
  template <class A>
    requires std::is_arithmetic_v<A>
  LOSSOPS_INLINE Scalar(A a) : v(static_cast<T>(a)) {}
  template <class U>
    requires(!std::is_same_v<U, T>)
  LOSSOPS_INLINE explicit Scalar(Scalar<U> a) : v(static_cast<T>(a.v)) {}

  // What kernels ask of a register; Sum is what a block's values are added up in.
  static constexpr int64_t kLanes = 1;
  using Sum = Scalar<double>;
  LOSSOPS_INLINE static Scalar of(T lane) { return lane; }
  template <class S>
  LOSSOPS_INLINE static Scalar load(const S* p, int64_t = kLanes) {
    return static_cast<T>(*p);
  }
  template <class S>
  LOSSOPS_INLINE static void store(Scalar a, S* p, int64_t = kLanes) {
    *p = static_cast<S>(a.v);
  }
  LOSSOPS_INLINE static Scalar whole(const int64_t* p) { return static_cast<T>(*p); }
  LOSSOPS_INLINE static Scalar first(Scalar a, int64_t, T = 0) { return a; }
  LOSSOPS_INLINE static Scalar count() { return 0; }
  LOSSOPS_INLINE static bool first(bool m, int64_t) { return m; }
  struct Tally {
    int64_t n = 0;
    LOSSOPS_INLINE void add(bool m) { n += m; }
    LOSSOPS_INLINE Scalar value() const { return n; }
  };
  LOSSOPS_INLINE friend double sum_of_lanes(Scalar a) { return a.v; }

  LOSSOPS_INLINE friend Scalar operator+(Scalar a, Scalar b) { return a.v + b.v; }
  LOSSOPS_INLINE friend Scalar operator-(Scalar a, Scalar b) { return a.v - b.v; }
  LOSSOPS_INLINE friend Scalar operator*(Scalar a, Scalar b) { return a.v * b.v; }
  LOSSOPS_INLINE friend Scalar operator/(Scalar a, Scalar b) { return a.v / b.v; }
  LOSSOPS_INLINE friend Scalar operator-(Scalar a) { return -a.v; }
  LOSSOPS_INLINE friend bool operator<(Scalar a, Scalar b) { return a.v < b.v; }
  LOSSOPS_INLINE friend bool operator<=(Scalar a, Scalar b) { return a.v <= b.v; }
  LOSSOPS_INLINE friend bool operator>(Scalar a, Scalar b) { return a.v > b.v; }
  LOSSOPS_INLINE friend bool operator>=(Scalar a, Scalar b) { return a.v >= b.v; }
  LOSSOPS_INLINE friend bool operator==(Scalar a, Scalar b) { return a.v == b.v; }
  LOSSOPS_INLINE friend bool is_zero(Scalar a) { return a.v == 0; }
  LOSSOPS_INLINE friend Scalar select(bool m, Scalar a, Scalar b) { return m ? a : b; }
  LOSSOPS_INLINE friend Scalar unless(bool m, Scalar a) { return m ? Scalar(0) : a; }

  LOSSOPS_INLINE friend Scalar larger(Scalar a, Scalar b) { return b.v < a.v ? a : b; }
  LOSSOPS_INLINE friend Scalar sqrt(Scalar a) { return std::sqrt(a.v); }
  LOSSOPS_INLINE friend Scalar exp(Scalar a) { return std::exp(a.v); }
  /// e^a for a <= 0.
  LOSSOPS_INLINE friend Scalar exp_below(Scalar a) { return std::exp(a.v); }
  /// The same where that is a normal number, and anything where it is not.
  LOSSOPS_INLINE friend Scalar exp_normal(Scalar a) { return std::exp(a.v); }
  LOSSOPS_INLINE friend Scalar expm1(Scalar a) { return std::expm1(a.v); }
  LOSSOPS_INLINE friend Scalar log(Scalar a) { return std::log(a.v); }
  LOSSOPS_INLINE friend Scalar log1p(Scalar a) { return std::log1p(a.v); }
  /// log1p for a in [0, 1], the only domain that exp(-|x|) can reach.
  LOSSOPS_INLINE friend Scalar log1p_unit(Scalar a) { return std::log1p(a.v); }
  LOSSOPS_INLINE friend Scalar floor(Scalar a) { return std::floor(a.v); }
  LOSSOPS_INLINE friend Scalar abs(Scalar a) { return std::fabs(a.v); }
  LOSSOPS_INLINE friend Scalar minus_abs(Scalar a) { return -std::fabs(a.v); }
  LOSSOPS_INLINE friend bool signbit(Scalar a) { return std::signbit(a.v); }
  LOSSOPS_INLINE friend Scalar sin(Scalar a) { return std::sin(a.v); }
  LOSSOPS_INLINE friend Scalar cos(Scalar a) { return std::cos(a.v); }
  LOSSOPS_INLINE friend Scalar erf(Scalar a) { return std::erf(a.v); }
  /// ln Gamma(a) for a > 0.
  LOSSOPS_INLINE friend Scalar lgamma(Scalar a) { return std::lgamma(a.v); }
  LOSSOPS_INLINE friend Scalar atan2(Scalar y, Scalar x) { return std::atan2(y.v, x.v); }
  /// e^(a + rest) over 2^n, in [0.6, 1.5]; n is whole, and a is finite. Where a is so large that its last bit
  /// is no longer small, anything in that range.
  LOSSOPS_INLINE friend Scalar exp_mantissa(Scalar a, Scalar rest, Scalar& n) {
    n = std::nearbyint(a.v * T(1.44269504088896341));
    constexpr T kHigh = std::is_same_v<T, double> ? T(6.93147180369123816490e-01) : T(0.693359375);
    constexpr T kLow = std::is_same_v<T, double> ? T(1.90821492927058770002e-10) : T(-2.12194440e-4);
    const T r = std::fma(n.v, -kLow, std::fma(n.v, -kHigh, a.v)) + rest.v;
    return std::exp(r < T(-0.4) ? T(-0.4) : r > T(0.4) ? T(0.4) : r);
  }
  /// 2^n m for a whole n <= 64; where n < -125, something between 0 and 2^-125 m.
  LOSSOPS_INLINE friend Scalar times_exp2(Scalar m, Scalar n) {
    return n.v < T(-125) ? m.v * T(0) : std::ldexp(m.v, static_cast<int>(n.v));  // NaN stays NaN
  }
  /// Takes m, which is 0 or normal and > 0, to [1, 2), and what it was times to n.
  LOSSOPS_INLINE friend void normalize(Scalar& m, Scalar& n) {
    int power = 0;
    m = T(2) * std::frexp(m.v, &power);
    n = n.v + T(power - 1);
  }
};

}  // namespace lossops
