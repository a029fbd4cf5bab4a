// Losses of sequences whose labels are known and whose alignment is not.
// Generated from the operators and the Python functions by `python -m tools.generate --write`.
// clang-format off
#pragma once

#include "lossops/sequence.h"
#include "lossops/nn/base.h"

namespace lossops::nn {

/// Options of `CTCLoss`.
struct CTCLossOptions {
  /// The class that stands for no label.
  TORCH_ARG(int64_t, blank) = 0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean over the sequences is one of l /
  /// max(U, 1).
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Whether a sequence without any path costs 0 instead of inf.
  TORCH_ARG(bool, zero_infinity) = false;
  /// Whether `log_probs` are logits, to take the log-softmax of in the same pass.
  TORCH_ARG(bool, from_logits) = false;
};

/// Connectionist temporal classification: labels in order, at frames that nobody marked. See `lossops::ctc`.
struct CTCLossImpl : torch::nn::Cloneable<CTCLossImpl> {
  explicit CTCLossImpl(CTCLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::CTCLoss", "blank", options.blank(), "reduction", options.reduction(),
        "zero_infinity", options.zero_infinity(), "from_logits", options.from_logits());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& log_probs, const at::Tensor& targets, const at::Tensor& input_lengths,
      const at::Tensor& target_lengths, const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::ctc(
        log_probs, targets, input_lengths, target_lengths, options.blank(), options.zero_infinity(),
        options.from_logits(), options.reduction(), weight, normalizer);
  }

  /// The settings of this module.
  CTCLossOptions options;
};
/// Shared ownership of a `CTCLossImpl`.
TORCH_MODULE(CTCLoss);

/// Options of `RNNTLoss`.
struct RNNTLossOptions {
  /// The class that moves on to the next frame; below 0 it counts from D.
  TORCH_ARG(int64_t, blank) = -1;
  /// The largest size of an element of the gradient by `logits`, before that of what follows the loss
  /// multiplies it; none unless > 0.
  TORCH_ARG(double, clamp) = -1.0;
  /// `Reduction::None`, `Reduction::Mean` or `Reduction::Sum`. The mean is sum(l) / sequences.
  TORCH_ARG(Reduction, reduction) = Reduction::Mean;
  /// Whether `logits` are logits; else p = `logits`, log-probabilities.
  TORCH_ARG(bool, fused_log_softmax) = true;
  /// What the gradient of labels gets besides, >= 0: they come earlier. The loss is (1 + fastemit_lambda) l,
  /// and the additional part takes no gradient by blanks.
  TORCH_ARG(double, fastemit_lambda) = 0.0;
  /// Whether a label takes a frame, too: a[t, u - 1] + e[t, u - 1] is then a[t - 1, u - 1] + e[t - 1, u - 1],
  /// and l = -a[T, U]. A sequence of U > T costs inf and gets gradient 0.
  TORCH_ARG(bool, monotonic) = false;
};

/// Recurrent neural network transducer: an alignment whose scores know the labels so far. See
/// `lossops::rnnt`.
struct RNNTLossImpl : torch::nn::Cloneable<RNNTLossImpl> {
  explicit RNNTLossImpl(RNNTLossOptions options_ = {})
      : options(std::move(options_)) {
    reset();
  }
  void reset() override {}
  void pretty_print(std::ostream& stream) const override {
    detail::print(
        stream, "lossops::nn::RNNTLoss", "blank", options.blank(), "clamp", options.clamp(),
        "reduction", options.reduction(), "fused_log_softmax", options.fused_log_softmax(),
        "fastemit_lambda", options.fastemit_lambda(), "monotonic", options.monotonic());
  }
  /// Compute the loss.
  at::Tensor forward(
      const at::Tensor& logits, const at::Tensor& targets, const at::Tensor& logit_lengths,
      const at::Tensor& target_lengths, const std::optional<at::Tensor>& weight = std::nullopt,
      const std::optional<TensorOrNumber>& normalizer = std::nullopt) {
    return lossops::rnnt(
        logits, targets, logit_lengths, target_lengths, options.blank(), options.clamp(),
        options.fused_log_softmax(), options.fastemit_lambda(), options.monotonic(), options.reduction(),
        weight, normalizer);
  }

  /// The settings of this module.
  RNNTLossOptions options;
};
/// Shared ownership of a `RNNTLossImpl`.
TORCH_MODULE(RNNTLoss);

}  // namespace lossops::nn
