// What the dispatch keys of a loss share.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include "backend.h"

namespace lossops {

/// As the family says, less those of tensors on another device than the input: numbers, all of them.
int64_t kept_gradients(const Call& call);

/// Calls the op that returns the loss and its gradients through the dispatcher.
Evaluation call_fused(const Call& call, int64_t wrt, const c10::OperatorHandle& fused);

/// The loss with its backward recorded. `call` is aligned, and `kernels` are those for its input's device.
at::Tensor evaluate_with_grad(const Call& call, const Kernels& kernels, int64_t wrt,
                              const c10::OperatorHandle& fused);

/// Whether a transform of torch.func is active, under which only the decomposition is differentiable.
bool inside_transform();

/// Whether the operators called are recorded for a compiler, as torch.compile does.
bool inside_compiler();

}  // namespace lossops
