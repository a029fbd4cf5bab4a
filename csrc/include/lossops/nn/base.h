// What the modules share.
#pragma once

#include <torch/arg.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <optional>
#include <ostream>
#include <type_traits>
#include <utility>

#include "lossops/types.h"

namespace lossops::nn::detail {

/// The tensor of an option, to be registered as a buffer; undefined where there is none.
inline at::Tensor buffer(const at::Tensor& option) { return option; }
inline at::Tensor buffer(const std::optional<at::Tensor>& option) { return option.value_or(at::Tensor()); }
inline at::Tensor buffer(const TensorOrNumber& option) {
  return option.tensor() ? *option.tensor() : at::Tensor();
}
inline at::Tensor buffer(const std::optional<TensorOrNumber>& option) {
  return option ? buffer(*option) : at::Tensor();
}

/// A buffer as an argument.
inline std::optional<at::Tensor> given(const at::Tensor& buffer) {
  return buffer.defined() ? std::optional<at::Tensor>(buffer) : std::nullopt;
}

/// The buffer where the option was a tensor, else the option.
template <class Option>
Option buffered(const at::Tensor& buffer, const Option& option) {
  return buffer.defined() ? Option(TensorOrNumber(buffer)) : option;
}

inline torch::nn::Linear layer(int64_t in_features, int64_t num_classes, bool bias) {
  return torch::nn::Linear(torch::nn::LinearOptions(in_features, num_classes).bias(bias));
}

inline const char* name_of(Reduction reduction) {
  constexpr const char* kNames[] = {"None", "Mean", "Sum", "BatchMean"};
  return kNames[static_cast<int64_t>(reduction)];
}
inline const char* name_of(Activation activation) {
  constexpr const char* kNames[] = {"None", "Sigmoid", "Softmax"};
  return kNames[static_cast<int64_t>(activation)];
}
inline const char* name_of(Absent absent) { return absent == Absent::Skip ? "Skip" : "Smooth"; }
inline const char* name_of(ClassWeighting weighting) {
  constexpr const char* kNames[] = {"Square", "Simple", "Uniform"};
  return kNames[static_cast<int64_t>(weighting)];
}
inline const char* name_of(LossType type) {
  constexpr const char* kNames[] = {"Sigmoid", "Hinge",    "Ipo",     "Robust",  "ExoPair",  "NcaPair",
                                    "BcoPair", "SppoHard", "ApoZero", "ApoDown", "Discopop", "SigmoidNorm"};
  return kNames[static_cast<int64_t>(type)];
}
inline const char* name_of(Format format) {
  constexpr const char* kNames[] = {"Xyxy", "Xywh", "Cxcywh"};
  return kNames[static_cast<int64_t>(format)];
}
inline const char* name_of(Mode mode) {
  constexpr const char* kNames[] = {"Linear", "Log", "Square"};
  return kNames[static_cast<int64_t>(mode)];
}

template <class T>
void print_value(std::ostream& stream, const T& value) {
  if constexpr (std::is_enum_v<T>) {
    stream << name_of(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    stream << (value ? "true" : "false");
  } else {
    stream << value;
  }
}

template <class T>
void print_value(std::ostream& stream, const std::optional<T>& value) {
  value ? print_value(stream, *value) : void(stream << "nullopt");
}

inline void print_pairs(std::ostream&, const char*) {}

template <class T, class... Rest>
void print_pairs(std::ostream& stream, const char* separator, const char* name, const T& value,
                 const Rest&... rest) {
  stream << separator << name << "=";
  print_value(stream, value);
  print_pairs(stream, ", ", rest...);
}

/// Writes name(option=value, ...).
template <class... Pairs>
void print(std::ostream& stream, const char* name, const Pairs&... pairs) {
  stream << name << "(";
  print_pairs(stream, "", pairs...);
  stream << ")";
}

}  // namespace lossops::nn::detail
