// A loss over a class axis on logits that are never there as a whole: those of input W^T + bias, computed a
// chunk of rows at a time and turned into gradients in place.
#pragma once

#include <memory>
#include <vector>

#include "../class_axis/call.h"

namespace lossops::linear {

/// Takes the tensors of the loss on logits with `linear_weight` behind the input and `linear_bias` at the
/// end; classes are the last dimension of the logits.
struct LinearLoss : Loss {
  /// `on_logits` has its kernels.
  explicit LinearLoss(std::unique_ptr<Loss> on_logits);

  const std::unique_ptr<const class_axis::ClassAxisLoss> on_logits;
  std::vector<Backend> backends;  ///< one for each of its kernels

  static const LinearLoss& of(const Call& call) { return static_cast<const LinearLoss&>(*call.loss); }
  /// The call of the loss on these logits, (rows, C) as all that belongs to rows.
  Call of_rows(const Call& call, const at::Tensor& logits) const;
};

inline const at::Tensor& linear_weight(const Call& call) { return call.tensors[1]; }
inline const at::Tensor& linear_bias(const Call& call) { return call.tensors[call.loss->operands - 1]; }

/// What has the shape and dtype of all logits, and no memory.
at::Tensor logits_stand_in(const Call& call);
/// The dtype in which logits and sums are computed.
at::ScalarType math_dtype(const Call& call);

/// See Backend and Family.
Evaluation evaluate(const Call& call, const void* kernels, int64_t wrt);
Tensors unreduced_gradients(const Call& call, const Kernels& kernels, const at::Tensor& upstream,
                            int64_t wanted);

/// Whether a loss is defined on logits of one kind.
template <class E>
constexpr bool kIsOnLogits = false;
template <ClassAxisExpression E>
constexpr bool kIsOnLogits<E> = sides<E>() == 1 && shift_of<E>() != Shift::kNone;

}  // namespace lossops::linear
