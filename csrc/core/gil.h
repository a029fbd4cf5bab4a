// What the library leaves to Python's module.
#pragma once

#include <ATen/core/stack.h>

namespace c10 {
class OperatorHandle;
}

namespace lossops {

/// Calls f(context) without Python's global lock, which compiled autograd holds when it calls backward, and
/// the engine refuses. Python's module sets it; by default it just calls.
extern void (*release_gil)(void (*f)(void*), void* context);

/// Answers a call of which some tensors are of a subclass that only Python knows: replaces the arguments on
/// the stack by the result, or returns false. Null without Python.
extern bool (*answer_subclasses)(const c10::OperatorHandle& op, torch::jit::Stack& stack);

/// What sums over a batch become that other processes have parts of, in calls of this thread: losses of
/// regions are then decomposed, and hand their sums to it. Null unless Python has set it for a call.
extern thread_local at::Tensor (*sum_over_ranks)(const at::Tensor& sum);

}  // namespace lossops
