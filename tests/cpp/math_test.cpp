// The expression functions on scalars and dual numbers, without ATen: derivatives against central
// differences, and the values that limits demand. Exits with the number of failures.
#include <cstdio>
#include <utility>
#include <vector>

#include "losses/all.h"
#include "math/expression.h"

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
    const double three[] = {p[0], p[1], 0.4};
    derivatives<Quantile>("quantile", {}, three);
    derivatives<GaussianNLL>("gaussian_nll", {1, 1e-6}, three);
    derivatives<BCEWithLogits>("bce_with_logits", {0.1}, three);
    derivatives<MarginRanking>("margin_ranking", {0.5}, three);
  }
  derivatives<BCE>("bce", {}, {0.3, 0.8});
  derivatives<PoissonNLL>("poisson_nll rate", {0, 1, 1e-8}, {0.3, 2.5});
}

/// What no loss of the library uses, but those of users may: of x, y and constants.
struct Vocabulary {
  double p = 1;
  static constexpr std::array parameters{param("p", &Vocabulary::p)};
  template <class X, class Y>
  LOSSOPS_INLINE auto operator()(const X& x, const Y& y) const {
    return maximum(x, y) + minimum(x, 0.5 * y) * xlogy(x, 2.0 + y) +
           power(square(x) + 1.0, p) * clamp(x, y, 3.0 + y) + sign(x) * y +
           select(!(value_of(x) < value_of(y)), x, square(y));
  }
};

void vocabulary_of_users() {
  for (const double p : {-1.5, -2.0, 0.5, 2.5}) {
    derivatives<Vocabulary>("vocabulary", {p}, {0.3, 0.9});
    derivatives<Vocabulary>("vocabulary", {p}, {2.5, -1.25});
    derivatives<Vocabulary>("vocabulary", {p}, {0.7, 0.6});
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
  vocabulary_of_users();
  limits();
  return failures;
}
