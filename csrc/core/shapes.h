// Comparing shapes, and saying what is wrong with them.
#pragma once

#include "loss.h"

namespace lossops {

std::string shown(const c10::SymIntArrayRef& shape);

/// Whether the dtype is one that losses are computed from.
bool is_float(at::ScalarType dtype);

/// Whether t is an array with strides, as all kernels need it; otherwise, what it is instead.
bool is_dense(const at::Tensor& t);
std::string shown_layout(const at::Tensor& t);

/// Whether sizes are known to be equal; those that depend on data count as different.
bool same(const c10::SymInt& a, const c10::SymInt& b);
bool same(c10::SymIntArrayRef a, c10::SymIntArrayRef b);

/// Whether sizes that have to be equal are. Those that depend on data count as equal while a program is
/// traced, and are compared when it runs.
bool agree(const c10::SymInt& a, const c10::SymInt& b);
bool agree(c10::SymIntArrayRef a, c10::SymIntArrayRef b);

/// Whether each dimension of a, aligned at the right, is 1 or has to be, and is, that of b.
bool broadcasts(c10::SymIntArrayRef a, c10::SymIntArrayRef b);

/// Whether t is on the input's device. If not it is a number, and stays one until it is moved there.
inline bool is_beside_input(const Call& call, const at::Tensor& t) {
  return t.device() == call.input().device();
}

/// The same tensor on the input's device.
inline at::Tensor beside_input(const Call& call, const at::Tensor& t) {
  return is_beside_input(call, t) ? t : t.to(call.input().device());
}

}  // namespace lossops
