// The expression functions on scalars and dual numbers, without ATen: derivatives against central
// differences, and the values that limits demand. Exits with the number of failures.
#include <cstdio>
#include <utility>
#include <vector>

#include "losses/all.h"
#include "math/expression.h"
#include "math/special.h"

using namespace lossops;
using namespace lossops::losses;
using S = Scalar<double>;

namespace {

int failures = 0;

void expect_near(const char* what, double got, double want, double tolerance) {
  const bool same = got == want || (std::isnan(got) && std::isnan(want));
  if (same || std::fabs(got - want) <= tolerance * std::fmax(1, std::fabs(want))) return;
  std::printf("FAILED %s: got %.17g, want %.17g\n", what, got, want);
  ++failures;
}

/// The operand k as a dual number, or plain.
template <bool dual>
auto operand(double x) {
  if constexpr (dual) {
    return Dual<S>(S(x), S(1));
  } else {
    return S(x);
  }
}

template <class E, size_t N, size_t... I>
void derivatives(const char* what, const E& e, const double (&x)[N], std::index_sequence<I...> all) {
  const auto value = [&](const double (&at)[N]) { return e(S(at[I])...).v; };
  const auto check = [&]<size_t k>(std::integral_constant<size_t, k>) {
    const Dual<S> y = e(operand<I == k>(x[I])...);
    double up[] = {x[I]...}, down[] = {x[I]...};
    const double h = 1e-6;
    up[k] += h;
    down[k] -= h;
    expect_near(what, y.v.v, value(x), 1e-15);
    expect_near(what, y.d.v, (value(up) - value(down)) / (2 * h), 1e-7);
  };
  static_cast<void>(all);
  (check(std::integral_constant<size_t, I>()), ...);
}

template <class E, size_t N>
void derivatives(const char* what, const std::vector<double>& params, const double (&x)[N]) {
  static_assert(arity<E>() == N);
  derivatives(what, make_expression<E>(params.data()), x, std::make_index_sequence<N>());
}

void every_loss_has_the_derivative_of_its_value() {
  const double points[][2] = {{0.3, 0.9}, {-2.5, 0.25}, {4.0, 0.6}};
  for (const auto& p : points) {
    derivatives<MSE>("mse", {}, p);
    derivatives<L1>("l1", {}, p);
    derivatives<Huber>("huber", {0.7}, p);
    derivatives<SmoothL1>("smooth_l1", {0.7}, p);
    derivatives<LogCosh>("log_cosh", {}, p);
    derivatives<Charbonnier>("charbonnier", {0.1}, p);
    derivatives<Expectile>("expectile", {0.3}, p);
    for (const double alpha : {-2.0, 0.0, 0.5, 1.0, 1.9, 2.0, 2.1, 3.0, -kInfinity}) {
      derivatives<Robust>("robust", {alpha, 1.5}, p);
    }
    derivatives<PoissonNLL>("poisson_nll", {1, 0, 1e-8}, p);
    derivatives<KLDiv>("kl_div", {0}, p);
    derivatives<KLDiv>("kl_div log", {1}, p);
    for (const double gamma : {0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.5})
      derivatives<Focal>("focal", {0.25, gamma}, p);
    derivatives<Asymmetric>("asymmetric", {1, 4, 0.05}, p);
    derivatives<Asymmetric>("asymmetric, no clip", {0.5, 1.5, 0}, p);
    derivatives<RWWBCE>("rww_bce", {2, 3}, p);
    derivatives<MultiLabelSoftMargin>("multilabel_soft_margin", {}, p);
    derivatives<Hinge>("hinge", {1, 2}, p);
    derivatives<SoftMargin>("soft_margin", {}, p);
    derivatives<Wing>("wing", {2, 0.5}, p);
    derivatives<AdaptiveWing>("adaptive_wing", {14, 0.5, 1, 2.1}, p);
    derivatives<MSLE>("msle", {}, {std::fabs(p[0]), p[1]});
    derivatives<MAPE>("mape", {0.5}, p);
    derivatives<SMAPE>("smape", {}, p);
    derivatives<GaussianKL>("gaussian_kl", {}, p);
    for (const double power : {1.0, 1.5, 2.0, 3.0}) {
      derivatives<Tweedie>("tweedie", {power, 1}, p);
      derivatives<Tweedie>("tweedie mean", {power, 0}, {std::fabs(p[0]), p[1]});
    }
    const double three[] = {p[0], p[1], 0.4};
    for (const double log_input : {0.0, 1.0}) {
      const double of[] = {log_input == 0 ? std::fabs(p[0]) : p[0], p[1], 0.4};
      derivatives<GammaNLL>("gamma_nll", {log_input, 1}, of);
      for (const double dispersion : {0.01, 0.1, 0.4, 6.0}) {
        const double with[] = {of[0], 3 * of[1], dispersion};
        derivatives<NegativeBinomialNLL>("negative_binomial_nll", {log_input, 1}, with);
      }
    }
    derivatives<ZeroInflatedPoissonNLL>("zero_inflated_poisson_nll", {1}, three);
    derivatives<LogNormalNLL>("log_normal_nll", {}, three);
    derivatives<LaplaceNLL>("laplace_nll", {}, three);
    derivatives<VonMisesNLL>("von_mises_nll", {}, three);
    derivatives<VonMisesNLL>("von_mises_nll", {}, {p[0], p[1], 40});
    derivatives<CRPSGaussian>("crps_gaussian", {}, three);
    for (const double df : {0.4, 3.0, 15.0, 300.0}) {
      derivatives<StudentTNLL>("student_t_nll", {}, {p[0], p[1], 0.4, df});
      derivatives<EvidentialRegression>("evidential_regression", {0.1}, {p[0], p[1], 0.4, df, 1.5});
    }
    derivatives<Quantile>("quantile", {}, three);
    derivatives<GaussianNLL>("gaussian_nll", {1, 1e-6}, three);
    derivatives<BCEWithLogits>("bce_with_logits", {0.1}, three);
    derivatives<MarginRanking>("margin_ranking", {0.5}, three);
  }
  derivatives<BCE>("bce", {}, {0.3, 0.8});
  derivatives<PoissonNLL>("poisson_nll rate", {0, 1, 1e-8}, {0.3, 2.5});
}

void every_loss_of_boxes_has_the_derivative_of_its_value() {
  const double points[][8] = {{0, 0.1, 2, 1.5, 0.4, 0.2, 3, 1}, {0.3, 0.1, 1, 1.2, 2, 3, 2.5, 4}};
  for (const auto& p : points) {
    for (const double format : {0.0, 1.0, 2.0}) {
      derivatives<IoU>("iou", {format, 0}, p);
      derivatives<IoU>("iou, square", {format, 2}, p);
      derivatives<GIoU>("giou", {format}, p);
      derivatives<DIoU>("diou", {format}, p);
      derivatives<EIoU>("eiou", {format, 0}, p);
    }
  }
  derivatives<IoU>("iou, log", {0, 1}, points[0]);
}

/// What no loss of the library uses, but those of users may: of x, y and constants.
struct ExpressionFunctions {
  double p = 1;
  static constexpr std::array parameters{param("p", &ExpressionFunctions::p)};
  template <class X, class Y>
  LOSSOPS_INLINE auto operator()(const X& x, const Y& y) const {
    return maximum(x, y) + minimum(x, 0.5 * y) * xlogy(x, 2.0 + y) +
           power(square(x) + 1.0, p) * clamp(x, y, 3.0 + y) + sign(x) * y +
           select(!(value_of(x) < value_of(y)), x, square(y));
  }
};

void functions_of_users() {
  for (const double p : {-1.5, -2.0, 0.5, 2.5}) {
    derivatives<ExpressionFunctions>("expression functions", {p}, {0.3, 0.9});
    derivatives<ExpressionFunctions>("expression functions", {p}, {2.5, -1.25});
    derivatives<ExpressionFunctions>("expression functions", {p}, {0.7, 0.6});
  }
  const Dual<S> x(S(2), S(1));
  expect_near("max at a tie", maximum(x, S(2)).d.v, 0.5, 0);
  expect_near("min at a tie", minimum(S(2), x).d.v, 0.5, 0);
  expect_near("max of itself", maximum(x, x).d.v, 1, 0);
  expect_near("max(nan, 1)", maximum(S(NAN), S(1)).v, NAN, 0);
  expect_near("max(1, nan)", maximum(S(1), S(NAN)).v, NAN, 0);
  expect_near("min(1, nan)", minimum(S(1), S(NAN)).v, NAN, 0);
  expect_near("max(sqrt(0), 1)'", maximum(sqrt(Dual<S>(S(0), S(1))), S(1)).d.v, 0, 0);
  expect_near("clamp at a bound", clamp(x, S(2), S(3)).d.v, 1, 0);
  expect_near("clamp between crossed bounds", clamp(x, S(5), S(3)).v.v, 3, 0);
  expect_near("clamp(nan)", clamp(S(NAN), S(0), S(1)).v, NAN, 0);
  expect_near("clamp(1, nan, 2)", clamp(S(1), S(NAN), S(2)).v, NAN, 0);
  expect_near("sign(-0.5)", sign(S(-0.5)).v, -1, 0);
  expect_near("sign(0)", sign(S(0)).v, 0, 0);
  expect_near("sign(nan)", sign(S(NAN)).v, NAN, 0);
  expect_near("0 ln 0 of two", xlogy(S(0), S(0)).v, 0, 0);
  expect_near("0 ln inf", xlogy(S(0), S(kInfinity)).v, 0, 0);
  expect_near("0 ln nan", xlogy(S(0), S(NAN)).v, NAN, 0);
  expect_near("0 ln 0 by y", xlogy(S(0), Dual<S>(S(0), S(1))).d.v, 0, 0);
  expect_near("0^-1.5", power(S(0), -1.5).v, kInfinity, 0);
}

void powers_of_one_base() {
  const double exponents[] = {-2.0, -1.5, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 6.0};
  for (const double x : {-2.5, -1.0, 0.25, 3.0, 1e-100, kInfinity}) {
    for (const double p : exponents) {
      const Dual<S> d(S(x), S(1));
      const Dual<S> alone = powers(d, p)(p), beside = powers(d, p, 0.5)(p);
      const double value = std::pow(x, p), slope = p * std::pow(x, p - 1);
      expect_near("x^p", alone.v.v / value, std::isfinite(value) && value != 0 ? 1 : NAN, 1e-12);
      if (std::isfinite(slope) && slope != 0) expect_near("x^p'", alone.d.v / slope, 1, 1e-12);
      expect_near("x^p beside another", beside.v.v, alone.v.v, 0);
      expect_near("x^p beside another'", beside.d.v, alone.d.v, 0);
    }
  }
  for (const double x : {-2.5, -1.0, 0.25, 3.0, 1e-100, kInfinity}) {
    for (const double p : exponents) {
      const Dual<S> by_x = element_power(Dual<S>(S(x), S(1)), S(p)),
                    by_y = element_power(S(x), Dual<S>(S(p), S(1)));
      const double value = std::pow(x, p), slope = p * std::pow(x, p - 1);
      const bool is_ordinary = std::isfinite(value) && value != 0;
      expect_near("x^y", is_ordinary ? by_x.v.v / value : by_x.v.v, is_ordinary ? 1 : value, 1e-12);
      expect_near("x^y of another", by_y.v.v, by_x.v.v, 0);
      if (std::isfinite(slope) && slope != 0) expect_near("x^y by x", by_x.d.v / slope, 1, 1e-12);
      if (is_ordinary) expect_near("x^y by y", by_y.d.v, value * std::log(std::fabs(x)), 1e-12);
    }
  }
  const Dual<S> at_zero(S(0), S(1));
  expect_near("0^2", element_power(at_zero, S(2)).v.v, 0, 0);
  expect_near("0^0", element_power(at_zero, S(0)).v.v, 1, 0);
  expect_near("0^-1", element_power(at_zero, S(-1)).v.v, kInfinity, 0);
  expect_near("0^nan", element_power(at_zero, S(NAN)).v.v, NAN, 0);
  expect_near("0^1 by x", element_power(at_zero, S(1)).d.v, 1, 0);
  expect_near("0^0.5 by x", element_power(at_zero, S(0.5)).d.v, 0, 0);
  expect_near("0^2 by y", element_power(S(0), Dual<S>(S(2), S(1))).d.v, 0, 0);
  const auto of_zero = powers(Dual<S>(S(0), S(1)), -1.5, 0.5);
  expect_near("0^-1.5", of_zero(-1.5).v.v, kInfinity, 0);
  expect_near("0^0.5", of_zero(0.5).v.v, 0, 0);
  expect_near("0^0.5'", of_zero(0.5).d.v, 0, 0);
}

void special_functions() {
  constexpr double kEuler = 0.577215664901532860607;
  expect_near("psi(1)", digamma(S(1)).v, -kEuler, 4e-16);
  expect_near("psi(1/2)", digamma(S(0.5)).v, -kEuler - 2 * std::log(2), 4e-16);
  expect_near("psi(100)", digamma(S(100)).v, 4.60016185273808700, 4e-16);
  expect_near("psi(0)", digamma(S(0)).v, -kInfinity, 0);
  expect_near("ln(1 + y) - y near 0", log1pmx_ratio(S(1e-9)).v, -0.5 + 1e-9 / 3, 1e-16);
  expect_near("ln(1 + y) - y at 0", log1pmx_ratio(S(0)).v, -0.5, 0);
  expect_near("e^x - 1 - x near 0", expm1mx(S(1e-5)).v / 1e-10, 0.5 + 1e-5 / 6, 1e-10);
  expect_near("ln I0(100) - 100", log_i0e(S(100)).v, -3.22026731005741628, 1e-14);
  expect_near("ln I0(1e8)", log_i0e(S(1e8)).v, -0.5 * std::log(2 * kPi * 1e8) + 0.125e-8, 1e-15);
  for (const double k : {0.0, 0.5, 8.0, 24.9, 25.1, 1000.0}) {
    const Dual<S> l = log_i0e(Dual<S>(S(k), S(1)));
    if (k > 0) expect_near("ln I0'", l.d.v, (log_i0e(S(k + 1e-5)).v - log_i0e(S(k - 1e-5)).v) / 2e-5, 1e-9);
    expect_near("ln I0", l.v.v, std::log(std::cyl_bessel_i(0, std::fmin(k, 700))) - std::fmin(k, 700),
                k < 700 ? 1e-14 : kInfinity);
  }
  for (const double b : {1e-12, 0.01, 0.124, 0.126, 1.0, 40.0}) {
    for (const double d : {0.0, 0.5, 1.0, 7.0, 300.0}) {
      const Dual<S> by_b = lgamma_step(Dual<S>(S(b), S(1)), S(d)),
                    by_d = lgamma_step(S(b), Dual<S>(S(d), S(1)));
      const double h = 1e-6 * b, e = 1e-6 * (d + 1);
      const auto at = [](double b, double d) { return lgamma_step(S(b), S(d)).v; };
      if (b > 1e-6) {
        const double naive = std::lgamma(1 / b + d) - std::lgamma(1 / b) + d * std::log(b);
        expect_near("ln Gamma(a + d) - ln Gamma(a)", by_b.v.v, naive, 1e-11);
        expect_near("by b", by_b.d.v * b, (at(b + h, d) - at(b - h, d)) / (2 * h) * b, 1e-7);
      } else {
        expect_near("of a large a", by_b.v.v, 0.5 * d * (d - 1) * b, 1e-17);
        expect_near("of a large a, by b", by_b.d.v, 0.5 * d * (d - 1), 1e-9);
      }
      if (d > 0) expect_near("by d", by_d.d.v, (at(b, d + e) - at(b, d - e)) / (2 * e), 2e-8);
    }
  }
  expect_near("at a = inf", lgamma_step(S(0), S(5)).v, 0, 0);
}

void limits() {
  const auto s = logistic(S(kInfinity));
  expect_near("softplus(-inf)", s.nlog_p().v, 0, 0);
  expect_near("softplus(inf)", s.nlog_q().v, kInfinity, 0);
  expect_near("sigma(-745)", logistic(S(-745.0)).p().v, std::exp(-745.0), 1e-15);
  expect_near("0 * inf", scaled(S(0), S(kInfinity)).v, 0, 0);
  expect_near("0 * nan", scaled(S(0), S(NAN)).v, NAN, 0);
  expect_near("relu(nan)", relu(S(NAN)).v, NAN, 0);
  expect_near("relu'(0)", relu(Dual<S>(S(0), S(1))).d.v, 1, 0);
  expect_near("|.|'(0)", abs(Dual<S>(S(0), S(1))).d.v, 0, 0);
  expect_near("0 ln 0", xlogx(S(0)).v, 0, 0);
  expect_near("0^0.5'", power(Dual<S>(S(0), S(1)), 0.5).d.v, 0, 0);
  expect_near("hypot(1e200, 1)", hypot(S(1e200), 1).v, 1e200, 1e-15);
}

}  // namespace

int main() {
  every_loss_has_the_derivative_of_its_value();
  every_loss_of_boxes_has_the_derivative_of_its_value();
  functions_of_users();
  powers_of_one_base();
  special_functions();
  limits();
  return failures;
}
