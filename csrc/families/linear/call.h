// A loss over a class axis on logits that are never there as a whole: those of input W^T + bias, computed a
// chunk of rows at a time and turned into gradients in place.
#pragma once

#include <memory>
#include <vector>

#include "../class_axis/call.h"

namespace lossops::linear {

/// What the logits of a side are made of, by its place among the tensors.
struct Factors {
  int features, weight, bias;
};

/// Takes the tensors of the loss on logits with a weight behind the features of each side and the biases at
/// the end; classes are the last dimension of the logits.
struct LinearLoss : Loss {
  /// `on_logits` has its kernels.
  explicit LinearLoss(std::unique_ptr<Loss> on_logits);

  const std::unique_ptr<const class_axis::ClassAxisLoss> on_logits;
  std::vector<Backend> backends;  ///< one for each of its kernels

  static const LinearLoss& of(const Call& call) { return static_cast<const LinearLoss&>(*call.loss); }
  int sides() const { return on_logits->members.sides; }
  Factors factors_of(int side) const { return {2 * side, 2 * side + 1, operands - sides() + side}; }
  /// A bit for each of all factors.
  int64_t factor_bits() const;
  /// The call of the loss on logits of which there is no memory yet, (rows, C) as all that belongs to rows.
  Call of_rows(const Call& call) const;
};

/// The dtype in which logits and sums are computed.
at::ScalarType math_dtype(const Call& call);

/// See Backend and Family.
Evaluation evaluate(const Call& call, const void* kernels, int64_t wrt);
Tensors unreduced_gradients(const Call& call, const Kernels& kernels, const at::Tensor& upstream,
                            int64_t wanted);

/// Whether a loss reads rows of logits, of which one or all classes are the target.
template <class E>
constexpr bool kIsOnLogits = false;
template <ClassAxisExpression E>
constexpr bool kIsOnLogits<E> = shift_of<E>() != Shift::kNone && !kTakesPoint<E> && !TakesGiven<E>;

}  // namespace lossops::linear
