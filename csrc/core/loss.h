// What the library knows about a loss, and a call of it: parsed from the operator's arguments, checked, and
// with every tensor brought to one shape. All dispatch keys start from here.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>
#include <torch/library.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "math/formula.h"

namespace lossops {

constexpr int kMaxOperands = 4;
constexpr int kMaxParams = 8;

namespace cpu {
struct Kernels;
}

/// How a tensor argument's shape may differ from that of the first one.
enum class Shape {
  kSame,          ///< not at all
  kMutual,        ///< as many dimensions, each of size 1 or that of the others; also holds for the first one
  kRows,          ///< as kMutual, or without the last dimension
  kRowsOfLevels,  ///< the same, or without the last dimension if the next tensor is a vector along it
  kBroadcast,     ///< broadcastable to it
  kLevels,        ///< as kBroadcast, and without a say in the dtype of the result
};

/// A bound on a parameter: relation is one of > >= < <=.
struct Limit {
  const char* param;
  const char* relation;
  double bound;
};

/// What an entry of the registry may say beyond the expression and its arguments.
struct Traits {
  std::vector<Limit> limits;
  std::vector<Shape> shapes;      ///< one per tensor; kSame where missing
  bool mean_over_weight = false;  ///< the mean divides by the sum of the weights, not by their number
  bool row_mean = false;          ///< the loss of a sample is the mean over the last dimension
  std::vector<std::string>
      value_errors;                 ///< tensors whose wrong shape is a ValueError in torch, else RuntimeError
  bool domain_value_error = false;  ///< likewise for values out of the domain
};

using FormulaFn = Formula (*)(const Formula* operands, const double* params);

struct Loss {
  std::string space;  ///< the namespace of the op
  std::string name;
  std::string arguments_text;  ///< the tensors and parameters as the schema has them
  std::vector<c10::Argument> arguments;
  Traits traits;
  int operands;
  int params;
  int target;  ///< the tensor that ignore_index refers to
  FormulaFn formula;
  const char* domain;           ///< what the values of the tensors must satisfy, or null
  const cpu::Kernels* kernels;  ///< for this processor

  const std::string& argument(int i) const { return arguments[i].name(); }
  /// The parameter in the type that the schema gives it.
  c10::IValue parameter(int p, double value) const;
  Shape shape(int i) const {
    return i < static_cast<int>(traits.shapes.size()) ? traits.shapes[i] : Shape::kSame;
  }
};

enum class Reduction : int64_t { kNone = 0, kMean = 1, kSum = 2, kBatchMean = 3 };

/// The arguments that are not tensors.
struct Settings {
  std::array<double, kMaxParams> params{};  ///< NaN stands for None
  std::optional<double> ignore_index;
  Reduction reduction = Reduction::kMean;
  std::optional<at::ScalarType> dtype;
};

struct Call {
  const Loss* loss;
  std::array<at::Tensor, kMaxOperands + 2> tensors;  ///< the operands, then weight and normalizer
  Settings settings;

  const at::Tensor& input() const { return tensors[0]; }
  const at::Tensor& weight() const { return tensors[loss->operands]; }
  const at::Tensor& normalizer() const { return tensors[loss->operands + 1]; }
  std::string name(int i) const;
  int tensor_count() const { return loss->operands + 2; }

  /// Reads the arguments of the op from the top of the stack, without taking them off. `extra` arguments
  /// follow those that every loss has. Raises for every mistake that can be seen without reading data.
  static Call parse(const Loss& loss, const torch::jit::Stack& stack, int extra = 0);

  /// Brings operands and weight to one shape.
  void align();

  /// The dtype in which torch would compute: promoted over operands and weight.
  at::ScalarType promoted_dtype() const;
  at::ScalarType result_dtype() const { return settings.dtype.value_or(promoted_dtype()); }
};

/// What every op takes after its tensors and parameters.
constexpr const char* kCommonArguments =
    ", Tensor? weight=None, int? ignore_index=None, Tensor? normalizer=None, int reduction=1, "
    "ScalarType? dtype=None";
constexpr int kCommonCount = 5;

/// A loss and its gradients by tensor, as Call has them. The gradients already hold the factor that the
/// reduction puts on them, unless one is in half precision, where that factor would underflow: then
/// `denominator` says what to divide by.
struct Evaluation {
  at::Tensor loss;
  std::array<at::Tensor, kMaxOperands + 2> grads;
  at::Tensor denominator;
};

/// Whether an output shaped as `like` takes its memory order; otherwise it is contiguous.
bool keeps_order(const at::Tensor& like);

/// Whether the gradients of this evaluation, one for each bit of `wrt` (the first tensor's is the lowest),
/// come with a denominator.
bool needs_denominator(const Call& call, int64_t wrt);

/// The loss in ATen operators. `call` is aligned.
at::Tensor evaluate_formula(const Call& call);

/// The loss and its gradients from one fused pass. `call` is aligned.
Evaluation evaluate_cpu(const Call& call, int64_t wrt);

/// Empty tensors of the right shapes. `call` is aligned.
Evaluation evaluate_meta(const Call& call, int64_t wrt);

/// Calls the op that returns the loss and its gradients through the dispatcher.
Evaluation call_fused(const Call& call, int64_t wrt, const c10::OperatorHandle& fused);

/// The loss with its backward recorded. `call` is aligned, its tensors plain ones on a device with kernels.
at::Tensor evaluate_with_grad(const Call& call, int64_t wrt, const c10::OperatorHandle& fused);

/// Whether a transform of torch.func is active, under which only the formula is differentiable.
bool inside_transform();

/// Defines the op of a loss, and the fused one beside it, for every dispatch key.
void define_loss(torch::Library& library, std::unique_ptr<Loss> loss);

}  // namespace lossops
