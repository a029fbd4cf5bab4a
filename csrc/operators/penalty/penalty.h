// lossops::elastic_net_penalty: a sum over the elements of many tensors, l1 |x| + l2 x^2.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace lossops {

struct Penalty {
  double l1, l2;

  /// Whether a part counts; one does even if both are 0. What does not count is not computed, where 0 times
  /// an infinite sum would be NaN.
  bool absolute() const { return l1 != 0 || l2 == 0; }
  bool square() const { return l2 != 0; }
};

/// Raises for every mistake that can be seen without reading data.
Penalty check_penalty(at::TensorList params, double l1, double l2);

/// float64 if a tensor is, and otherwise float32: large sums of squares leave the range of half precision.
at::ScalarType penalty_dtype(at::TensorList params);

/// The value by multi-tensor operators: what devices other than the CPU run.
at::Tensor penalty_by_lists(at::TensorList params, double l1, double l2);

namespace cpu {

/// The penalty, and in the same pass those of its gradients, times `factor`, for which `grads` holds a
/// tensor in the memory order of its parameter.
double evaluate_penalty(at::TensorList params, const Penalty& penalty, double factor,
                        const std::vector<at::Tensor>& grads);

}  // namespace cpu

}  // namespace lossops
