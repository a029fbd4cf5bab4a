// Preferences between answers of a language model, by their log-probabilities.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Direct preference optimisation: the chosen answer gains more on the reference.
///
/// Formula, with sp = softplus, c = chosen_logps - ref_chosen_logps, r the same of the rejected answer, h =
/// beta (c - r) and e = label_smoothing:
///
///     sigmoid       l = (1 - e) sp(-h) + e sp(h)
///     hinge         l = max(0, 1 - h)
///     ipo           l = (c - r - 1 / (2 beta))^2
///     robust        l = ((1 - e) sp(-h) - e sp(h)) / (1 - 2 e)
///     exo_pair      l = q ln(q / (1 - e)) + (1 - q) ln((1 - q) / e)  with q = sigmoid(h)
///     nca_pair      l = sp(-beta c) + sp(beta c) / 2 + sp(beta r) / 2
///     bco_pair      l = sp(-beta c) + sp(beta r)
///     sppo_hard     l = (c - 1 / (2 beta))^2 + (r + 1 / (2 beta))^2
///     apo_zero      l = sigmoid(-beta c) + sigmoid(beta r)
///     apo_down      l = sigmoid(beta c) + sigmoid(-h)
///     discopop      l = (1 - m) sp(-h) + m exp(-h)  with m = sigmoid(h / 0.05)
///     sigmoid_norm  l = sigmoid's, of means over tokens
///
/// @param chosen_logps Log-probability of each chosen answer, the sum over its tokens; for `LossType::Ipo`
///     and `LossType::SigmoidNorm` the mean. Any shape, (N) as a rule; a floating dtype.
/// @param rejected_logps Those of the rejected answers, of the same shape.
/// @param ref_chosen_logps What the reference gives the chosen answers, of the same shape; 0 where left out.
/// @param ref_rejected_logps What it gives the rejected ones, likewise.
/// @param beta How much the log-ratios c and r count, > 0.
/// @param loss_type A word of the formula's table.
/// @param label_smoothing e in [0, 0.5), how often the two answers are mistaken for one another; of sigmoid,
///     robust, and exo_pair, where e > 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `chosen_logps`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `chosen_logps` for `Reduction::None`; the promoted dtype of the
///     operands.
///
/// Reference: R. Rafailov et al., "Direct preference optimization: your language model is secretly a reward
///     model", NeurIPS 2023, arXiv:2305.18290; hinge arXiv:2305.10425, ipo arXiv:2310.12036, robust
///     arXiv:2403.00409, exo_pair arXiv:2402.00856, nca_pair arXiv:2402.05369, bco_pair arXiv:2404.04656,
///     sppo_hard arXiv:2405.00675, apo arXiv:2408.06266, discopop arXiv:2406.08414, aot arXiv:2406.05882.
LOSSOPS_API at::Tensor dpo(
    const at::Tensor& chosen_logps, const at::Tensor& rejected_logps,
    const std::optional<at::Tensor>& ref_chosen_logps = std::nullopt,
    const std::optional<at::Tensor>& ref_rejected_logps = std::nullopt, double beta = 0.1,
    LossType loss_type = LossType::Sigmoid, double label_smoothing = 0.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// SimPO: the chosen answer is likelier per token by a margin, without a reference.
///
/// Formula, with c = chosen_logps and r = rejected_logps:
///
///     l = softplus(gamma - beta (c - r))
///
/// @param chosen_logps Log-probability of each chosen answer, the mean over its tokens. Any shape, (N) as a
///     rule; a floating dtype.
/// @param rejected_logps Those of the rejected answers, of the same shape.
/// @param beta How much log-probabilities count, > 0.
/// @param gamma The margin by which beta c has to lead.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `chosen_logps`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `chosen_logps` for `Reduction::None`; the promoted dtype of the
///     operands.
///
/// Reference: Y. Meng, M. Xia, D. Chen, "SimPO: simple preference optimization with a reference-free reward",
///     NeurIPS 2024, arXiv:2405.14734.
LOSSOPS_API at::Tensor simpo(
    const at::Tensor& chosen_logps, const at::Tensor& rejected_logps, double beta = 2.0, double gamma = 0.5,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Contrastive preference optimisation: DPO without a reference, and likelihood.
///
/// Formula, with sp = softplus, c = chosen_logps, r = rejected_logps, h = beta (c - r) and e =
/// label_smoothing:
///
///     l = (1 - e) sp(-h) + e sp(h) - alpha c
///
/// @param chosen_logps Log-probability of each chosen answer, the sum over its tokens. Any shape, (N) as a
///     rule; a floating dtype.
/// @param rejected_logps Those of the rejected answers, of the same shape.
/// @param beta How much log-probabilities count, > 0.
/// @param alpha How much the likelihood of the chosen answer counts, >= 0.
/// @param label_smoothing e in [0, 0.5), how often the two answers are mistaken for one another.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `chosen_logps`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `chosen_logps` for `Reduction::None`; the promoted dtype of the
///     operands.
///
/// Reference: H. Xu et al., "Contrastive preference optimization: pushing the boundaries of LLM performance
///     in machine translation", ICML 2024, arXiv:2401.08417.
LOSSOPS_API at::Tensor cpo(
    const at::Tensor& chosen_logps, const at::Tensor& rejected_logps, double beta = 0.1, double alpha = 1.0,
    double label_smoothing = 0.0, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Odds-ratio preference optimisation: the term beside the likelihood of the chosen answer.
///
/// Formula, with c = chosen_logps and r = rejected_logps:
///
///     odds = (c - ln(1 - exp(c))) - (r - ln(1 - exp(r)))
///     l = beta softplus(-odds)
///
/// @param chosen_logps Log-probability of each chosen answer, the mean over its tokens; values above 0 count
///     as 0. Any shape, (N) as a rule; a floating dtype.
/// @param rejected_logps Those of the rejected answers, of the same shape.
/// @param beta Factor of the loss, > 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `chosen_logps`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `chosen_logps` for `Reduction::None`; the promoted dtype of the
///     operands.
///
/// Reference: J. Hong, N. Lee, J. Thorne, "ORPO: monolithic preference optimization without reference model",
///     EMNLP 2024, arXiv:2403.07691.
LOSSOPS_API at::Tensor orpo(
    const at::Tensor& chosen_logps, const at::Tensor& rejected_logps, double beta = 0.1,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Kahneman-Tversky optimisation: single answers that are desirable or not.
///
/// Formula, with d = logps - ref_logps and z = max(kl, 0), which is a constant:
///
///     l = desirable_weight sigmoid(-beta (d - z))    where target > 0
///     l = undesirable_weight sigmoid(beta (d - z))   elsewhere
///
/// @param logps Log-probability of each answer, the sum over its tokens. Any shape, (N) as a rule; a floating
///     dtype.
/// @param ref_logps What the reference gives them, of the same shape.
/// @param target Whether the answer is desirable, of the same shape; bool, or any dtype.
/// @param kl The reference point: an estimate of the divergence of the policy from the reference, a number or
///     a tensor that broadcasts to `logps`; 0 where left out. It gets no gradient.
/// @param beta How much the log-ratio d counts, > 0.
/// @param desirable_weight Factor of the desirable answers, >= 0.
/// @param undesirable_weight Factor of the undesirable ones, >= 0.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`.
/// @param weight A factor per element; broadcasts to `logps`.
/// @param ignore_index Elements with this target are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `logps` for `Reduction::None`; the promoted dtype of the operands.
///
/// Reference: K. Ethayarajh et al., "KTO: model alignment as prospect theoretic optimization", ICML 2024,
///     arXiv:2402.01306.
LOSSOPS_API at::Tensor kto(
    const at::Tensor& logps, const at::Tensor& ref_logps, const at::Tensor& target,
    const std::optional<TensorOrNumber>& kl = std::nullopt, double beta = 0.1,
    double desirable_weight = 1.0, double undesirable_weight = 1.0, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    std::optional<int64_t> ignore_index = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
