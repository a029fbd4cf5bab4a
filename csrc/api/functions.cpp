// The functions of lossops.h: a call of an operator each.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#include "api/numbers.h"
#include "lossops/lossops.h"

namespace lossops {

using namespace api;

at::Tensor mse(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::mse");
  return op.call(
      input, target, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor l1(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::l1");
  return op.call(
      input, target, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor smooth_l1(
    const at::Tensor& input, const at::Tensor& target, double beta, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::smooth_l1");
  return op.call(
      input, target, beta, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor huber(
    const at::Tensor& input, const at::Tensor& target, double delta, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::huber");
  return op.call(
      input, target, delta, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor log_cosh(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::log_cosh");
  return op.call(
      input, target, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor charbonnier(
    const at::Tensor& input, const at::Tensor& target, double eps, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::charbonnier");
  return op.call(
      input, target, eps, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor quantile(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& q, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::quantile");
  return op.call(
      input, target, operand_beside(q, input), weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor expectile(
    const at::Tensor& input, const at::Tensor& target, double tau, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::expectile");
  return op.call(
      input, target, tau, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor robust(
    const at::Tensor& input, const at::Tensor& target, double alpha, double scale, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::robust");
  return op.call(
      input, target, alpha, scale, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor wing(
    const at::Tensor& input, const at::Tensor& target, double width, double curvature, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::wing");
  return op.call(
      input, target, width, curvature, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor adaptive_wing(
    const at::Tensor& input, const at::Tensor& target, double omega, double theta, double epsilon,
    double alpha, Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, double, double,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::adaptive_wing");
  return op.call(
      input, target, omega, theta, epsilon, alpha, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor msle(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::msle");
  return op.call(
      input, target, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor mape(
    const at::Tensor& input, const at::Tensor& target, double eps, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::mape");
  return op.call(
      input, target, eps, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor smape(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::smape");
  return op.call(
      input, target, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor poisson_nll(
    const at::Tensor& input, const at::Tensor& target, bool log_input, bool full, double eps,
    Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, bool, bool, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::poisson_nll");
  return op.call(
      input, target, log_input, full, eps, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor gaussian_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& var, bool full, double eps,
    Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, bool, double,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::gaussian_nll");
  return op.call(
      input, target, variance_beside(var, input), full, eps, weight, std::nullopt,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor beta_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& var, double beta, bool full,
    double eps, Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, double, bool, double,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::beta_nll");
  return op.call(
      input, target, variance_beside(var, input), beta, full, eps, weight, std::nullopt,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor kl_div(
    const at::Tensor& input, const at::Tensor& target, bool log_target, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, bool, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::kl_div");
  return op.call(
      input, target, log_target, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor gaussian_kl(
    const at::Tensor& input, const at::Tensor& log_var, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::gaussian_kl");
  return op.call(
      input, log_var, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor negative_binomial_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& dispersion, bool log_input,
    bool full, Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, bool, bool, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::negative_binomial_nll");
  return op.call(
      input, target, operand_beside(dispersion, input), log_input, full, weight, std::nullopt,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor zero_inflated_poisson_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& gate, bool full,
    Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, bool, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::zero_inflated_poisson_nll");
  return op.call(
      input, target, operand_beside(gate, input), full, weight, std::nullopt,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor tweedie(
    const at::Tensor& input, const at::Tensor& target, double p, bool log_input, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, bool, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::tweedie");
  return op.call(
      input, target, p, log_input, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor gamma_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& shape, bool log_input,
    bool full, Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, bool, bool, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::gamma_nll");
  return op.call(
      input, target, operand_beside(shape, input), log_input, full, weight, std::nullopt,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor log_normal_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& scale, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::log_normal_nll");
  return op.call(
      input, target, operand_beside(scale, input), weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor laplace_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& scale, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::laplace_nll");
  return op.call(
      input, target, operand_beside(scale, input), weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor student_t_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& scale,
    const TensorOrNumber& df, Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::student_t_nll");
  return op.call(
      input, target, operand_beside(scale, input), operand_beside(df, input), weight, std::nullopt,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor von_mises_nll(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& kappa, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::von_mises_nll");
  return op.call(
      input, target, operand_beside(kappa, input), weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor crps_gaussian(
    const at::Tensor& input, const at::Tensor& target, const TensorOrNumber& scale, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::crps_gaussian");
  return op.call(
      input, target, operand_beside(scale, input), weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor evidential_regression(
    const at::Tensor& input, const at::Tensor& target, const at::Tensor& nu, const at::Tensor& alpha,
    const at::Tensor& beta, double coeff, Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&, double,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::evidential_regression");
  return op.call(
      input, target, nu, alpha, beta, coeff, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor bce(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction,
    const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::bce");
  return op.call(
      input, target, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor bce_with_logits(
    const at::Tensor& input, const at::Tensor& target, const std::optional<at::Tensor>& pos_weight,
    double label_smoothing, Reduction reduction, const std::optional<at::Tensor>& weight,
    std::optional<int64_t> ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, double,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::bce_with_logits");
  return op.call(
      input, target, pos_weight, label_smoothing, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor focal(
    const at::Tensor& input, const at::Tensor& target, std::optional<double> alpha, double gamma,
    Reduction reduction, const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, std::optional<double>, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::focal");
  return op.call(
      input, target, alpha, gamma, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor quality_focal(
    const at::Tensor& input, const at::Tensor& target, double beta, Reduction reduction,
    const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::quality_focal");
  return op.call(
      input, target, beta, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor varifocal(
    const at::Tensor& input, const at::Tensor& target, double alpha, double gamma, bool iou_weighted,
    Reduction reduction, const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, bool, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::varifocal");
  return op.call(
      input, target, alpha, gamma, iou_weighted, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor gaussian_focal(
    const at::Tensor& input, const at::Tensor& target, double alpha, double gamma, Reduction reduction,
    const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::gaussian_focal");
  return op.call(
      input, target, alpha, gamma, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor asymmetric(
    const at::Tensor& input, const at::Tensor& target, double gamma_pos, double gamma_neg, double clip,
    Reduction reduction, const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::asymmetric");
  return op.call(
      input, target, gamma_pos, gamma_neg, clip, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor rww_bce(
    const at::Tensor& input, const at::Tensor& target, double fn_weight, double fp_weight,
    Reduction reduction, const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::rww_bce");
  return op.call(
      input, target, fn_weight, fp_weight, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor multilabel_soft_margin(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction,
    const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::multilabel_soft_margin");
  return op.call(
      input, target, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor hinge(
    const at::Tensor& input, const at::Tensor& target, double margin, int64_t power, Reduction reduction,
    const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, int64_t, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::hinge");
  return op.call(
      input, target, margin, power, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor hinge_embedding(
    const at::Tensor& input, const at::Tensor& target, double margin, Reduction reduction,
    const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::hinge_embedding");
  return op.call(
      input, target, margin, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor soft_margin(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction,
    const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::soft_margin");
  return op.call(
      input, target, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor margin_ranking(
    const at::Tensor& input1, const at::Tensor& input2, const at::Tensor& target, double margin,
    Reduction reduction, const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::margin_ranking");
  return op.call(
      input1, input2, target, margin, weight, ignore_index, number_beside(normalizer, input1),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor multi_margin(
    const at::Tensor& input, const at::Tensor& target, int64_t p, double margin, Reduction reduction,
    const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, int64_t, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::multi_margin");
  return op.call(
      input, target, p, margin, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor multilabel_margin(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::multilabel_margin");
  return op.call(
      input, target, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor cross_entropy(
    const at::Tensor& input, const at::Tensor& target, double label_smoothing, double z_loss,
    std::optional<double> softcap, Reduction reduction, const std::optional<at::Tensor>& weight,
    int64_t ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, std::optional<double>,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::cross_entropy");
  return op.call(
      input, target, label_smoothing, z_loss, softcap, weight, ignore_index,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor nll(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction,
    const std::optional<at::Tensor>& weight, int64_t ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::nll");
  return op.call(
      input, target, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor softmax_focal(
    const at::Tensor& input, const at::Tensor& target, const std::optional<TensorOrNumber>& alpha,
    double gamma, double label_smoothing, Reduction reduction, const std::optional<at::Tensor>& weight,
    int64_t ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, double, double,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::softmax_focal");
  return op.call(
      input, target, number_beside(alpha, input), gamma, label_smoothing, weight, ignore_index,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor poly1(
    const at::Tensor& input, const at::Tensor& target, double epsilon, double label_smoothing,
    Reduction reduction, const std::optional<at::Tensor>& weight, int64_t ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::poly1");
  return op.call(
      input, target, epsilon, label_smoothing, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor generalized_cross_entropy(
    const at::Tensor& input, const at::Tensor& target, double q, double label_smoothing,
    Reduction reduction, const std::optional<at::Tensor>& weight, int64_t ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::generalized_cross_entropy");
  return op.call(
      input, target, q, label_smoothing, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor distribution_focal(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::distribution_focal");
  return op.call(
      input, target, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor rww_cross_entropy(
    const at::Tensor& input, const at::Tensor& target, const at::Tensor& fn_weight,
    const at::Tensor& fp_weight, Reduction reduction, const std::optional<at::Tensor>& weight,
    int64_t ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::rww_cross_entropy");
  return op.call(
      input, target, fn_weight, fp_weight, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor balanced_softmax(
    const at::Tensor& input, const at::Tensor& target, const at::Tensor& prior, double tau,
    double label_smoothing, Reduction reduction, const std::optional<at::Tensor>& weight,
    int64_t ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, double, double,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::balanced_softmax");
  return op.call(
      input, target, prior, tau, label_smoothing, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor symmetric_cross_entropy(
    const at::Tensor& input, const at::Tensor& target, double alpha, double beta, Reduction reduction,
    const std::optional<at::Tensor>& weight, int64_t ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::symmetric_cross_entropy");
  return op.call(
      input, target, alpha, beta, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor taylor_cross_entropy(
    const at::Tensor& input, const at::Tensor& target, int64_t terms, double label_smoothing,
    Reduction reduction, const std::optional<at::Tensor>& weight, int64_t ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, int64_t, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::taylor_cross_entropy");
  return op.call(
      input, target, terms, label_smoothing, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor label_relaxation(
    const at::Tensor& input, const at::Tensor& target, double alpha, Reduction reduction,
    const std::optional<at::Tensor>& weight, int64_t ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::label_relaxation");
  return op.call(
      input, target, alpha, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor normalized_cross_entropy(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction,
    const std::optional<at::Tensor>& weight, int64_t ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::normalized_cross_entropy");
  return op.call(
      input, target, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor elr(
    const at::Tensor& input, const at::Tensor& target, const at::Tensor& average, double strength,
    Reduction reduction, const std::optional<at::Tensor>& weight, int64_t ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::elr");
  return op.call(
      input, target, average, strength, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor confidence_penalty(
    const at::Tensor& input, const at::Tensor& target, double beta, Reduction reduction,
    const std::optional<at::Tensor>& weight, int64_t ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::confidence_penalty");
  return op.call(
      input, target, beta, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor coral(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction,
    const std::optional<at::Tensor>& weight, int64_t ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::coral");
  return op.call(
      input, target, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor corn(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction,
    const std::optional<at::Tensor>& weight, int64_t ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::corn");
  return op.call(
      input, target, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor arcface(
    const at::Tensor& input, const at::Tensor& target, double margin, double scale, double label_smoothing,
    Reduction reduction, const std::optional<at::Tensor>& weight, int64_t ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::arcface");
  return op.call(
      input, target, margin, scale, label_smoothing, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor cosface(
    const at::Tensor& input, const at::Tensor& target, double margin, double scale, double label_smoothing,
    Reduction reduction, const std::optional<at::Tensor>& weight, int64_t ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::cosface");
  return op.call(
      input, target, margin, scale, label_smoothing, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor distill_kl(
    const at::Tensor& input, const at::Tensor& target, double temperature, int64_t dim,
    Reduction reduction, const std::optional<at::Tensor>& weight, const std::optional<at::Tensor>& labels,
    int64_t ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, double, int64_t,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::distill_kl");
  return op.call(
      input, target, labels, temperature, dim, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor jsd(
    const at::Tensor& input, const at::Tensor& target, double beta, double temperature, int64_t dim,
    Reduction reduction, const std::optional<at::Tensor>& weight, const std::optional<at::Tensor>& labels,
    int64_t ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, double, double, int64_t,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::jsd");
  return op.call(
      input, target, labels, beta, temperature, dim, weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor ctc(
    const at::Tensor& log_probs, const at::Tensor& targets, const at::Tensor& input_lengths,
    const at::Tensor& target_lengths, int64_t blank, bool zero_infinity, bool from_logits,
    Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&, int64_t, bool, bool,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::ctc");
  return op.call(
      log_probs, targets, input_lengths, target_lengths, blank, zero_infinity, from_logits, weight,
      std::nullopt, number_beside(normalizer, log_probs), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor rnnt(
    const at::Tensor& logits, const at::Tensor& targets, const at::Tensor& logit_lengths,
    const at::Tensor& target_lengths, int64_t blank, double clamp, bool fused_log_softmax,
    double fastemit_lambda, bool monotonic, Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&, int64_t, double, bool,
      double, bool, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::rnnt");
  return op.call(
      logits, targets, logit_lengths, target_lengths, blank, clamp, fused_log_softmax, fastemit_lambda,
      monotonic, weight, std::nullopt, number_beside(normalizer, logits), static_cast<int64_t>(reduction),
      std::nullopt);
}

at::Tensor dice(
    const at::Tensor& input, const at::Tensor& target, Activation activation, double smooth, bool batch,
    bool include_background, bool squared, bool soft_label, bool log, Absent absent, Reduction reduction,
    const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, int64_t, double, bool, bool, bool, bool, bool, int64_t,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::dice");
  return op.call(
      input, target, static_cast<int64_t>(activation), smooth, batch, include_background, squared,
      soft_label, log, static_cast<int64_t>(absent), weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor jaccard(
    const at::Tensor& input, const at::Tensor& target, Activation activation, double smooth, bool batch,
    bool include_background, bool squared, bool soft_label, bool log, Absent absent, Reduction reduction,
    const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, int64_t, double, bool, bool, bool, bool, bool, int64_t,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::jaccard");
  return op.call(
      input, target, static_cast<int64_t>(activation), smooth, batch, include_background, squared,
      soft_label, log, static_cast<int64_t>(absent), weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor tversky(
    const at::Tensor& input, const at::Tensor& target, double fp_weight, double fn_weight,
    Activation activation, double smooth, bool batch, bool include_background, bool squared,
    bool soft_label, bool log, Absent absent, Reduction reduction, const std::optional<at::Tensor>& weight,
    std::optional<int64_t> ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, int64_t, double, bool, bool, bool, bool, bool,
      int64_t, const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&,
      int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::tversky");
  return op.call(
      input, target, fp_weight, fn_weight, static_cast<int64_t>(activation), smooth, batch,
      include_background, squared, soft_label, log, static_cast<int64_t>(absent), weight, ignore_index,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor focal_tversky(
    const at::Tensor& input, const at::Tensor& target, double fp_weight, double fn_weight, double gamma,
    Activation activation, double smooth, bool batch, bool include_background, bool squared,
    bool soft_label, bool log, Absent absent, Reduction reduction, const std::optional<at::Tensor>& weight,
    std::optional<int64_t> ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, double, int64_t, double, bool, bool, bool, bool,
      bool, int64_t, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::focal_tversky");
  return op.call(
      input, target, fp_weight, fn_weight, gamma, static_cast<int64_t>(activation), smooth, batch,
      include_background, squared, soft_label, log, static_cast<int64_t>(absent), weight, ignore_index,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor generalized_dice(
    const at::Tensor& input, const at::Tensor& target, ClassWeighting class_weighting,
    Activation activation, double smooth, bool batch, bool include_background, bool squared,
    bool soft_label, bool log, Absent absent, Reduction reduction, const std::optional<at::Tensor>& weight,
    std::optional<int64_t> ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, int64_t, int64_t, double, bool, bool, bool, bool, bool, int64_t,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::generalized_dice");
  return op.call(
      input, target, static_cast<int64_t>(class_weighting), static_cast<int64_t>(activation), smooth, batch,
      include_background, squared, soft_label, log, static_cast<int64_t>(absent), weight, ignore_index,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor mcc(
    const at::Tensor& input, const at::Tensor& target, Activation activation, double smooth, bool batch,
    bool include_background, bool squared, bool soft_label, bool log, Absent absent, Reduction reduction,
    const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, int64_t, double, bool, bool, bool, bool, bool, int64_t,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::mcc");
  return op.call(
      input, target, static_cast<int64_t>(activation), smooth, batch, include_background, squared,
      soft_label, log, static_cast<int64_t>(absent), weight, ignore_index, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor dice_ce(
    const at::Tensor& input, const at::Tensor& target, double dice_weight, double ce_weight,
    double label_smoothing, Activation activation, double smooth, bool batch, bool include_background,
    bool squared, bool soft_label, bool log, Absent absent, Reduction reduction,
    const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, double, int64_t, double, bool, bool, bool, bool,
      bool, int64_t, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::dice_ce");
  return op.call(
      input, target, dice_weight, ce_weight, label_smoothing, static_cast<int64_t>(activation), smooth,
      batch, include_background, squared, soft_label, log, static_cast<int64_t>(absent), weight,
      ignore_index, number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor dice_focal(
    const at::Tensor& input, const at::Tensor& target, double dice_weight, double focal_weight,
    double gamma, std::optional<double> alpha, Activation activation, double smooth, bool batch,
    bool include_background, bool squared, bool soft_label, bool log, Absent absent, Reduction reduction,
    const std::optional<at::Tensor>& weight, std::optional<int64_t> ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, double, std::optional<double>, int64_t, double,
      bool, bool, bool, bool, bool, int64_t, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::dice_focal");
  return op.call(
      input, target, dice_weight, focal_weight, gamma, alpha, static_cast<int64_t>(activation), smooth,
      batch, include_background, squared, soft_label, log, static_cast<int64_t>(absent), weight,
      ignore_index, number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor iou(
    const at::Tensor& input, const at::Tensor& target, Format format, Mode mode, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, int64_t, int64_t, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::iou");
  return op.call(
      input, target, static_cast<int64_t>(format), static_cast<int64_t>(mode), weight, std::nullopt,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor giou(
    const at::Tensor& input, const at::Tensor& target, Format format, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, int64_t, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::giou");
  return op.call(
      input, target, static_cast<int64_t>(format), weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor diou(
    const at::Tensor& input, const at::Tensor& target, Format format, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, int64_t, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::diou");
  return op.call(
      input, target, static_cast<int64_t>(format), weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor ciou(
    const at::Tensor& input, const at::Tensor& target, Format format, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, int64_t, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::ciou");
  return op.call(
      input, target, static_cast<int64_t>(format), weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor eiou(
    const at::Tensor& input, const at::Tensor& target, Format format, double gamma, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, int64_t, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::eiou");
  return op.call(
      input, target, static_cast<int64_t>(format), gamma, weight, std::nullopt,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor cosine_embedding(
    const at::Tensor& input1, const at::Tensor& input2, const at::Tensor& target, double margin,
    Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::cosine_embedding");
  return op.call(
      input1, input2, target, margin, weight, std::nullopt, number_beside(normalizer, input1),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor triplet_margin(
    const at::Tensor& anchor, const at::Tensor& positive, const at::Tensor& negative, double margin,
    double p, double eps, bool swap, Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, double, double, double, bool,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::triplet_margin");
  return op.call(
      anchor, positive, negative, margin, p, eps, swap, weight, std::nullopt,
      number_beside(normalizer, anchor), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor contrastive(
    const at::Tensor& input1, const at::Tensor& input2, const at::Tensor& target, double pos_margin,
    double neg_margin, double p, int64_t power, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, double, double, double, int64_t,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::contrastive");
  return op.call(
      input1, input2, target, pos_margin, neg_margin, p, power, weight, std::nullopt,
      number_beside(normalizer, input1), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor si_sdr(
    const at::Tensor& input, const at::Tensor& target, bool zero_mean, double eps, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, bool, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::si_sdr");
  return op.call(
      input, target, zero_mean, eps, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor snr(
    const at::Tensor& input, const at::Tensor& target, bool zero_mean, double eps, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, bool, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::snr");
  return op.call(
      input, target, zero_mean, eps, weight, std::nullopt, number_beside(normalizer, input),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor dpo(
    const at::Tensor& chosen_logps, const at::Tensor& rejected_logps,
    const std::optional<at::Tensor>& ref_chosen_logps, const std::optional<at::Tensor>& ref_rejected_logps,
    double beta, LossType loss_type, double label_smoothing, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
      const std::optional<at::Tensor>&, double, int64_t, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::dpo");
  return op.call(
      chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta,
      static_cast<int64_t>(loss_type), label_smoothing, weight, std::nullopt,
      number_beside(normalizer, chosen_logps), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor simpo(
    const at::Tensor& chosen_logps, const at::Tensor& rejected_logps, double beta, double gamma,
    Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::simpo");
  return op.call(
      chosen_logps, rejected_logps, beta, gamma, weight, std::nullopt,
      number_beside(normalizer, chosen_logps), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor cpo(
    const at::Tensor& chosen_logps, const at::Tensor& rejected_logps, double beta, double alpha,
    double label_smoothing, Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, double, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::cpo");
  return op.call(
      chosen_logps, rejected_logps, beta, alpha, label_smoothing, weight, std::nullopt,
      number_beside(normalizer, chosen_logps), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor orpo(
    const at::Tensor& chosen_logps, const at::Tensor& rejected_logps, double beta, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::orpo");
  return op.call(
      chosen_logps, rejected_logps, beta, weight, std::nullopt, number_beside(normalizer, chosen_logps),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor kto(
    const at::Tensor& logps, const at::Tensor& ref_logps, const at::Tensor& target,
    const std::optional<TensorOrNumber>& kl, double beta, double desirable_weight,
    double undesirable_weight, Reduction reduction, const std::optional<at::Tensor>& weight,
    std::optional<int64_t> ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, double,
      double, double, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::kto");
  return op.call(
      logps, ref_logps, target, number_beside(kl, logps), beta, desirable_weight, undesirable_weight,
      weight, ignore_index, number_beside(normalizer, logps), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor linear_cross_entropy(
    const at::Tensor& input, const at::Tensor& linear_weight, const at::Tensor& target,
    const std::optional<at::Tensor>& linear_bias, double label_smoothing, double z_loss,
    std::optional<double> softcap, Reduction reduction, const std::optional<at::Tensor>& weight,
    int64_t ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, double,
      double, std::optional<double>, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::linear_cross_entropy");
  return op.call(
      input, linear_weight, target, linear_bias, label_smoothing, z_loss, softcap, weight, ignore_index,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor linear_softmax_focal(
    const at::Tensor& input, const at::Tensor& linear_weight, const at::Tensor& target,
    const std::optional<TensorOrNumber>& alpha, const std::optional<at::Tensor>& linear_bias, double gamma,
    double label_smoothing, Reduction reduction, const std::optional<at::Tensor>& weight,
    int64_t ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
      const std::optional<at::Tensor>&, double, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::linear_softmax_focal");
  return op.call(
      input, linear_weight, target, number_beside(alpha, input), linear_bias, gamma, label_smoothing,
      weight, ignore_index, number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor linear_balanced_softmax(
    const at::Tensor& input, const at::Tensor& linear_weight, const at::Tensor& target,
    const at::Tensor& prior, const std::optional<at::Tensor>& linear_bias, double tau,
    double label_smoothing, Reduction reduction, const std::optional<at::Tensor>& weight,
    int64_t ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
      const std::optional<at::Tensor>&, double, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::linear_balanced_softmax");
  return op.call(
      input, linear_weight, target, prior, linear_bias, tau, label_smoothing, weight, ignore_index,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor linear_arcface(
    const at::Tensor& input, const at::Tensor& linear_weight, const at::Tensor& target, double margin,
    double scale, double label_smoothing, Reduction reduction, const std::optional<at::Tensor>& weight,
    int64_t ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, double,
      double, double, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::linear_arcface");
  return op.call(
      input, linear_weight, target, std::nullopt, margin, scale, label_smoothing, weight, ignore_index,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor linear_cosface(
    const at::Tensor& input, const at::Tensor& linear_weight, const at::Tensor& target, double margin,
    double scale, double label_smoothing, Reduction reduction, const std::optional<at::Tensor>& weight,
    int64_t ignore_index, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, double,
      double, double, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::linear_cosface");
  return op.call(
      input, linear_weight, target, std::nullopt, margin, scale, label_smoothing, weight, ignore_index,
      number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor linear_distill_kl(
    const at::Tensor& input, const at::Tensor& linear_weight, const at::Tensor& target,
    const at::Tensor& target_weight, const std::optional<at::Tensor>& linear_bias,
    const std::optional<at::Tensor>& target_bias, double temperature, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<at::Tensor>& labels, int64_t ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
      const std::optional<at::Tensor>&, const std::optional<at::Tensor>&, const std::optional<at::Tensor>&,
      double, const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&,
      int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::linear_distill_kl");
  return op.call(
      input, linear_weight, target, target_weight, labels, linear_bias, target_bias, temperature, weight,
      ignore_index, number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor linear_jsd(
    const at::Tensor& input, const at::Tensor& linear_weight, const at::Tensor& target,
    const at::Tensor& target_weight, const std::optional<at::Tensor>& linear_bias,
    const std::optional<at::Tensor>& target_bias, double beta, double temperature, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<at::Tensor>& labels, int64_t ignore_index,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
      const std::optional<at::Tensor>&, const std::optional<at::Tensor>&, const std::optional<at::Tensor>&,
      double, double, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::linear_jsd");
  return op.call(
      input, linear_weight, target, target_weight, labels, linear_bias, target_bias, beta, temperature,
      weight, ignore_index, number_beside(normalizer, input), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor info_nce(
    const at::Tensor& query, const at::Tensor& key, const std::optional<at::Tensor>& negatives,
    double temperature, bool normalize, Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<at::Tensor>& labels, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
      const std::optional<at::Tensor>&, double, bool, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::info_nce");
  return op.call(
      query, key, negatives, labels, temperature, normalize, weight, std::nullopt,
      number_beside(normalizer, query), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor nt_xent(
    const at::Tensor& z1, const at::Tensor& z2, double temperature, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::nt_xent");
  return op.call(
      z1, z2, temperature, weight, std::nullopt, number_beside(normalizer, z1),
      static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor clip(
    const at::Tensor& image_features, const at::Tensor& text_features, const TensorOrNumber& logit_scale,
    const std::optional<TensorOrNumber>& logit_bias, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
      const std::optional<at::Tensor>&, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::clip");
  return op.call(
      image_features, text_features, number_beside(logit_scale, image_features),
      number_beside(logit_bias, image_features), weight, std::nullopt,
      number_beside(normalizer, image_features), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor siglip(
    const at::Tensor& image_features, const at::Tensor& text_features, const TensorOrNumber& logit_scale,
    const std::optional<TensorOrNumber>& logit_bias, bool negative_only, Reduction reduction,
    const std::optional<at::Tensor>& weight, const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
      const std::optional<at::Tensor>&, bool, const std::optional<at::Tensor>&, std::optional<int64_t>,
      const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::siglip");
  return op.call(
      image_features, text_features, number_beside(logit_scale, image_features),
      number_beside(logit_bias, image_features), negative_only, weight, std::nullopt,
      number_beside(normalizer, image_features), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor supcon(
    const at::Tensor& features, const at::Tensor& labels, double temperature,
    std::optional<double> base_temperature, Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, double, std::optional<double>, const std::optional<at::Tensor>&,
      std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t, std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::supcon");
  return op.call(
      features, labels, temperature, base_temperature, weight, std::nullopt,
      number_beside(normalizer, features), static_cast<int64_t>(reduction), std::nullopt);
}

at::Tensor proxy_anchor(
    const at::Tensor& embeddings, const at::Tensor& proxies, const at::Tensor& labels, double margin,
    double alpha, Reduction reduction, const std::optional<at::Tensor>& weight,
    const std::optional<TensorOrNumber>& normalizer) {
  using Op = at::Tensor(
      const at::Tensor&, const at::Tensor&, const at::Tensor&, double, double,
      const std::optional<at::Tensor>&, std::optional<int64_t>, const std::optional<at::Tensor>&, int64_t,
      std::optional<at::ScalarType>);
  static const auto op = handle<Op>("lossops::proxy_anchor");
  return op.call(
      embeddings, proxies, labels, margin, alpha, weight, std::nullopt,
      number_beside(normalizer, embeddings), static_cast<int64_t>(reduction), std::nullopt);
}

}  // namespace lossops
