// The one thing that the library leaves to Python's module.
#pragma once

namespace lossops {

/// Calls f(context) without Python's global lock, which compiled autograd holds when it calls backward, and
/// the engine refuses. Python's module sets it; by default it just calls.
extern void (*release_gil)(void (*f)(void*), void* context);

}  // namespace lossops
