// Losses of one class out of C: a label, or a probability per class.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/export.h"
#include "lossops/types.h"

namespace lossops {

/// Cross-entropy of logits against labels or probabilities.
///
/// Formula of a row, with p = softmax(z), w = weight and y = target, where a label t is one-hot:
///
///     z = input, or softcap tanh(input / softcap)
///     l = -sum_c w_c y_c ln p_c + z_loss (ln sum_c exp(z_c))^2
///
/// @param input Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis; or
///     probabilities, a floating dtype, shaped like `input`.
/// @param label_smoothing s in [0, 1]; y becomes y (1 - s) + s / C.
/// @param z_loss Factor of the squared log-sum-exp, >= 0; keeps the logits from drifting.
/// @param softcap Bound of the logits, > 0; std::nullopt leaves them as they are.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t)
///     for labels, sum(l) / rows for probabilities.
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: I. J. Good, "Rational decisions", J. Royal Statistical Society B 14 (1), 1952; label smoothing:
///     C. Szegedy et al., CVPR 2016, arXiv:1512.00567; z-loss: A. Chowdhery et al., "PaLM", arXiv:2204.02311;
///     softcap: "Gemma 2", arXiv:2408.00118.
LOSSOPS_API at::Tensor cross_entropy(
    const at::Tensor& input, const at::Tensor& target, double label_smoothing = 0.0, double z_loss = 0.0,
    std::optional<double> softcap = std::nullopt, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Negative log-likelihood of log-probabilities.
///
/// Where logits are at hand, prefer `cross_entropy`.
///
/// Formula of a row, with x = input, w = weight and t = target:
///
///     l = -w_t x_t
///
/// @param input Log-probabilities, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: R. A. Fisher, "On the mathematical foundations of theoretical statistics", Philosophical
///     Transactions of the Royal Society A 222, 1922.
LOSSOPS_API at::Tensor nll(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Focal loss over classes: cross-entropy that fades out where the prediction is right.
///
/// Formula of a row, with p = softmax(input), w = weight and y = target, where a label t is one-hot:
///
///     l = -sum_c w_c y_c alpha_c (1 - p_c)^gamma ln p_c
///
/// @param input Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis; or
///     probabilities, a floating dtype, shaped like `input`.
/// @param alpha A factor, or one per class, shape (C), usually >= 0; std::nullopt leaves it out. Unlike
///     `weight` it does not enter the mean.
/// @param gamma How fast easy rows fade, >= 0; 0 is plain cross-entropy.
/// @param label_smoothing s in [0, 1]; y becomes y (1 - s) + s / C.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t)
///     for labels, sum(l) / rows for probabilities.
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollár, "Focal loss for dense object detection",
///     ICCV 2017, arXiv:1708.02002.
LOSSOPS_API at::Tensor softmax_focal(
    const at::Tensor& input, const at::Tensor& target,
    const std::optional<TensorOrNumber>& alpha = std::nullopt, double gamma = 2.0,
    double label_smoothing = 0.0, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Poly-1 loss: cross-entropy with the first term of its series in 1 - p reweighted.
///
/// Formula of a row, with p = softmax(input), w = weight and y = target, where a label t is one-hot:
///
///     l = sum_c w_c y_c (-ln p_c + epsilon (1 - p_c))
///
/// @param input Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis; or
///     probabilities, a floating dtype, shaped like `input`.
/// @param epsilon What is added to the factor of 1 - p; 0 is plain cross-entropy.
/// @param label_smoothing s in [0, 1]; y becomes y (1 - s) + s / C.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t)
///     for labels, sum(l) / rows for probabilities.
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: Z. Leng et al., "PolyLoss: a polynomial expansion perspective of classification loss
///     functions", ICLR 2022, arXiv:2204.12511.
LOSSOPS_API at::Tensor poly1(
    const at::Tensor& input, const at::Tensor& target, double epsilon = 2.0, double label_smoothing = 0.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    int64_t ignore_index = -100, const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Generalized cross-entropy: bounded, so that wrong labels do less harm.
///
/// Formula of a row, with p = softmax(input), w = weight and y = target, where a label t is one-hot:
///
///     l = sum_c w_c y_c (1 - p_c^q) / q
///
/// @param input Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis; or
///     probabilities, a floating dtype, shaped like `input`.
/// @param q From cross-entropy, q -> 0, to the mean absolute error, q = 1; 0 < q <= 1.
/// @param label_smoothing s in [0, 1]; y becomes y (1 - s) + s / C.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t)
///     for labels, sum(l) / rows for probabilities.
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: Z. Zhang, M. R. Sabuncu, "Generalized cross entropy loss for training deep neural networks with
///     noisy labels", NeurIPS 2018, arXiv:1805.07836.
LOSSOPS_API at::Tensor generalized_cross_entropy(
    const at::Tensor& input, const at::Tensor& target, double q = 0.7, double label_smoothing = 0.0,
    Reduction reduction = Reduction::Mean, const std::optional<at::Tensor>& weight = std::nullopt,
    int64_t ignore_index = -100, const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Distribution focal loss: a number as a distribution over 0, 1, ..., n, the bins of detectors.
///
/// Formula of a row, with p = softmax(input), y = target and i the whole number below y:
///
///     l = -(i + 1 - y) ln p_i - (y - i) ln p_(i+1)
///
/// @param input Logits of the bins along the last dimension, of size n + 1; a floating dtype.
/// @param target Numbers in [0, n], shaped like `input` without its last dimension; a floating or integer
///     dtype.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / rows.
/// @param weight A factor per row; broadcasts to the shape of the loss for `Reduction::None`.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without its last dimension for `Reduction::None`; the dtype
///     of `input`.
///
/// Reference: X. Li et al., "Generalized focal loss: learning qualified and distributed bounding boxes for
///     dense object detection", NeurIPS 2020, arXiv:2006.04388.
LOSSOPS_API at::Tensor distribution_focal(
    const at::Tensor& input, const at::Tensor& target, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Real-world-weight cross-entropy: each mistake of one class for another weighs what it costs.
///
/// Formula of a row, with p = softmax(input), w = weight, t = target, f = fn_weight and F = fp_weight:
///
///     l = w_t (-f_t ln p_t - sum_{k != t} F_tk ln(1 - p_k))
///
/// @param input Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis.
/// @param fn_weight Marginal cost of missing each class, shape (C), usually >= 0.
/// @param fp_weight Marginal cost of taking class t, the row, for class k, the column; shape (C, C), usually
///     >= 0. Its diagonal is not read.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t).
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: Y. Ho, S. Wookey, "The real-world-weight cross-entropy loss function: modeling the costs of
///     mislabeling", IEEE Access 8, 2020, arXiv:2001.00570.
LOSSOPS_API at::Tensor rww_cross_entropy(
    const at::Tensor& input, const at::Tensor& target, const at::Tensor& fn_weight,
    const at::Tensor& fp_weight, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

/// Balanced softmax, or logit adjustment: cross-entropy that makes up for rare classes.
///
/// Formula of a row, with z = input + tau ln prior, p = softmax(z), w = weight and y = target, where a label
/// t is one-hot:
///
///     l = -sum_c w_c y_c ln p_c
///
/// At test time take the largest of `input`, not of z.
///
/// @param input Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
/// @param target Labels in [0, C), an integer dtype, shaped like `input` without the class axis; or
///     probabilities, a floating dtype, shaped like `input`.
/// @param prior Counts of the classes in the training data, or their frequencies, shape (C), >= 0; a floating
///     or integer dtype.
/// @param tau How much the prior counts, >= 0; 0 is plain cross-entropy.
/// @param label_smoothing s in [0, 1]; y becomes y (1 - s) + s / C.
/// @param reduction `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sum(w_t)
///     for labels, sum(l) / rows for probabilities.
/// @param weight A factor per class, shape (C); 1 where left out.
/// @param ignore_index Rows with this label are left out, and get gradient 0.
/// @param normalizer A number or 0-d tensor; `Reduction::Mean` and `Reduction::Sum` then give sum /
///     normalizer.
/// @return A 0-d tensor, or the shape of `input` without the class axis for `Reduction::None`; the dtype of
///     `input`.
///
/// Reference: J. Ren et al., "Balanced meta-softmax for long-tailed visual recognition", NeurIPS 2020,
///     arXiv:2007.10740; A. K. Menon et al., "Long-tail learning via logit adjustment", ICLR 2021,
///     arXiv:2007.07314.
LOSSOPS_API at::Tensor balanced_softmax(
    const at::Tensor& input, const at::Tensor& target, const at::Tensor& prior, double tau = 1.0,
    double label_smoothing = 0.0, Reduction reduction = Reduction::Mean,
    const std::optional<at::Tensor>& weight = std::nullopt, int64_t ignore_index = -100,
    const std::optional<TensorOrNumber>& normalizer = std::nullopt);

}  // namespace lossops
