// The types that the functions of lossops.h share.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "lossops/choices.h"
#include "lossops/reduction.h"

namespace lossops {

/// An argument that Python takes as a number or a tensor: both convert to it.
class TensorOrNumber {
 public:
  TensorOrNumber(at::Tensor tensor) : value_(std::move(tensor)) {}
  template <class Number>
    requires std::is_arithmetic_v<Number>
  TensorOrNumber(Number number) : value_(static_cast<double>(number)) {}

  /// The number, or null if this is a tensor.
  const double* number() const { return std::get_if<double>(&value_); }
  /// The tensor, or null if this is a number.
  const at::Tensor* tensor() const { return std::get_if<at::Tensor>(&value_); }

 private:
  std::variant<at::Tensor, double> value_;
};

}  // namespace lossops
