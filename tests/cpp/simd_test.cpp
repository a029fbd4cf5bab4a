// The float transcendental functions of the SIMD scalar type against double, over every STEP-th float of
// their domains (all of them with STEP 1), and of [0, 1] over every UNIT_STEP-th for log1p_unit. Prints the
// worst error of each. Then what is told of lanes, and transposing; exits with the number of failures.
#include "math/simd.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "math/simd_special.h"
#include "math/special.h"
#include "math/transpose.h"

using lossops::Simd;
using S = Simd<float>;
using Exact = lossops::Scalar<double>;  // whose special functions math_test.cpp proves

namespace {

int failures = 0;

float float_of(uint32_t bits) {
  float f;
  std::memcpy(&f, &bits, sizeof f);
  return f;
}

/// Error in units in the last place, of `least` where the value is smaller; infinite where a special value is
/// not what it should be.
double error(float got, double want, double least) {
  const float rounded = static_cast<float>(want);
  if (std::isnan(want)) return std::isnan(got) ? 0 : INFINITY;
  if (got == rounded) return 0;
  if (std::isnan(got)) return INFINITY;
  if (std::isinf(got) != std::isinf(rounded)) return std::fabs(want) > 3.4028234e38 ? 0 : INFINITY;
  const float size = std::fmax(std::fabs(rounded), static_cast<float>(least));
  const double ulp = std::nextafter(size, INFINITY) - size;
  return std::fabs(got - want) / std::fmax(ulp, 1.4e-45);
}

template <class F, class R>
void sweep(const char* name, F f, R reference, uint32_t first, uint32_t last, uint64_t step, double allowed,
           double least = 0) {
  double worst = 0;
  float where = 0;
  for (uint64_t start = first; start <= last; start += step * S::kLanes) {
    float x[S::kLanes], y[S::kLanes];
    for (int i = 0; i < S::kLanes; ++i) x[i] = float_of(std::min<uint64_t>(start + i * step, last));
    S::store(f(S::load(x)), y);
    for (int i = 0; i < S::kLanes; ++i) {
      const double e = error(y[i], reference(static_cast<double>(x[i])), least);
      if (e > worst) worst = e, where = x[i];
    }
  }
  std::printf("%-12s %.3f ulp at %.9g\n", name, worst, where);
  if (worst > allowed) {
    std::printf("FAILED %s: more than %g ulp\n", name, allowed);
    ++failures;
  }
}

void expect(bool right, const char* what) {
  if (right) return;
  std::printf("FAILED %s\n", what);
  ++failures;
}

template <class T>
void tell_lanes() {
  using V = Simd<T>;
  constexpr int n = V::kLanes;
  typename V::Tally tally;
  double sum = 0;
  T x[n], kept[n], counted[n];
  for (int i = 0; i < n; ++i) x[i] = static_cast<T>(i % 3 ? i + 0.1 : 0), sum += x[i];
  expect(std::fabs(sum_of_lanes(V::load(x)) - sum) <= 1e-12 * sum, "sum_of_lanes");
  for (int count = 0; count <= n; ++count) tally.add(V::first(is_zero(V::load(x)), count));
  expect(any(is_zero(V::load(x))) && !any(V::load(x) < V(0)), "any");
  V::store(tally.value(), counted);
  V::store(unless(is_zero(V::load(x)), V(7)), kept);
  for (int i = 0; i < n; ++i) {
    expect(counted[i] == (i % 3 ? 0 : n - i), "Tally");
    expect(kept[i] == (i % 3 ? 7 : 0), "unless");
  }
}

/// Of every size, without and with room beside the rows, which is to stay as it was, and nothing behind them.
template <class T>
void transpose_all() {
  constexpr int64_t most = 37;
  for (int64_t rows = 1; rows <= most; ++rows) {
    for (int64_t columns = 1; columns <= most; ++columns) {
      for (const int64_t room : {0, 5}) {
        const int64_t from_stride = columns + room, to_stride = rows + room;
        std::vector<T> from((rows - 1) * from_stride + columns), to((columns - 1) * to_stride + rows, T(-1));
        for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<T>(i);
        lossops::transpose<T>(from.data(), from_stride, to.data(), to_stride, rows, columns);
        bool right = true;
        for (size_t at = 0; at < to.size(); ++at) {
          const int64_t i = at % to_stride, j = at / to_stride;
          right &= to[at] == (i < rows ? from[i * from_stride + j] : T(-1));
        }
        expect(right, "transpose");
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i) { return argc > i ? std::strtoull(argv[i], nullptr, 10) : 1; };
  const uint64_t step = number(1), unit_step = number(2);
  const auto everywhere = [&](const char* name, auto f, auto reference, double allowed) {
    sweep(name, f, reference, 0, 0x7f800001u, step, allowed);
    sweep(name, f, reference, 0x80000000u, 0xff800001u, step, allowed);
  };
  everywhere("exp", [](S a) { return exp(a); }, [](double a) { return std::exp(a); }, 1.1);
  sweep(
      "exp_below", [](S a) { return exp_below(a); }, [](double a) { return std::exp(a); }, 0x80000000u,
      0xff800001u, step, 1.1);
  everywhere("expm1", [](S a) { return expm1(a); }, [](double a) { return std::expm1(a); }, 1.8);
  everywhere("log", [](S a) { return log(a); }, [](double a) { return std::log(a); }, 1.0);
  everywhere("log1p", [](S a) { return log1p(a); }, [](double a) { return std::log1p(a); }, 1.6);
  // Below 2^-26 log1p(z) is z to the last bit.
  sweep(
      "log1p_unit", [](S a) { return log1p_unit(a); }, [](double a) { return std::log1p(a); }, 0x32000000u,
      0x3f800000u, unit_step, 1.7);
  everywhere("erf", [](S a) { return erf(a); }, [](double a) { return std::erf(a); }, 2.5);
  everywhere("sin", [](S a) { return sin(a); }, [](double a) { return std::sin(a); }, 3.5);
  everywhere("cos", [](S a) { return cos(a); }, [](double a) { return std::cos(a); }, 3.5);
  const auto positive = [&](const char* name, auto f, auto reference, double allowed, double least = 0) {
    sweep(name, f, reference, 0, 0x7f800001u, step, allowed, least);
  };
  positive("lgamma", [](S a) { return lgamma(a); }, [](double a) { return std::lgamma(a); }, 3.0);
  // It is 0 at 1.46, and a difference of numbers of this size there.
  positive("digamma", [](S a) { return digamma(a); }, [](double a) { return digamma(Exact(a)).v; }, 8.0, 1.0);
  positive("log_i0e", [](S a) { return log_i0e(a); }, [](double a) { return log_i0e(Exact(a)).v; }, 8.0);
  positive(
      "log1pmx", [](S a) { return log1pmx_ratio(a); }, [](double a) { return log1pmx_ratio(Exact(a)).v; },
      4.0);
  everywhere("expm1mx", [](S a) { return expm1mx(a); }, [](double a) { return expm1mx(Exact(a)).v; }, 4.0);
  tell_lanes<float>(), tell_lanes<double>();
  transpose_all<float>(), transpose_all<double>();
  return failures;
}
