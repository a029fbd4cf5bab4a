// What the library knows about a loss, and a call of it: parsed from the operator's arguments, checked, and
// with every tensor brought to one shape. All dispatch keys start from here.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>
#include <c10/util/SmallVector.h>
#include <lossops/reduction.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../math/aten.h"

namespace lossops {

constexpr int kMaxOperands = 4;
constexpr int kMaxParams = 8;

namespace cpu {
struct Kernels;
struct ClassAxisKernels;
}  // namespace cpu
namespace cuda {
struct Kernels;
struct ClassAxisKernels;
}  // namespace cuda

struct Call;
struct Evaluation;
struct Loss;
struct ClassAxisMembers;

/// How a tensor argument's shape may differ from that of the first one.
enum class Shape {
  kSame,          ///< not at all
  kMutual,        ///< as many dimensions, each of size 1 or that of the others; also holds for the first one
  kClassAxis,     ///< as kMutual, or without the last dimension
  kRowsOfLevels,  ///< the same, or without the last dimension if the next tensor is a vector along it
  kBroadcast,     ///< broadcastable to it
  kLevels,        ///< as kBroadcast, and without a say in the dtype of the result
};

/// What a tensor argument is to a loss over the class axis.
enum class Role {
  kLogits,       ///< a value per class
  kTarget,       ///< labels, or a probability per class
  kLabels,       ///< labels
  kLabelList,    ///< several labels per row, ended by a negative one
  kTrueWeight,   ///< a factor of each class's true_class; (C) or 0-d
  kOtherWeight,  ///< a factor of each class's other_class by label; (C, C)
  kPrior,        ///< how frequent each class is; (C)
};

/// A bound on a parameter: relation is one of > >= < <=.
struct Limit {
  const char* param;
  const char* relation;
  double bound;
};

/// What an entry of the registry may say beyond the expression and its arguments.
struct Traits {
  std::vector<Limit> limits{};
  std::vector<Shape> shapes{};    ///< element-wise: one per tensor; kSame where missing
  std::vector<Role> roles{};      ///< over the class axis: one per tensor
  bool mean_over_weight = false;  ///< the mean divides by the sum of the weights, not by their number
  bool row_mean = false;          ///< the loss of a sample is the mean over the last dimension
  bool class_mean = false;        ///< over the class axis: the loss of a row is divided by its classes
  /// Arguments whose wrong shape or number is a ValueError in torch, else RuntimeError; "batch" stands for a
  /// target with another number of rows.
  std::vector<std::string> value_errors{};
  bool domain_value_error = false;  ///< likewise for values out of the domain
  bool label_index_error = true;    ///< over the class axis: a label out of range is an IndexError in torch

  bool raises_value_error(const std::string& argument) const {
    return std::find(value_errors.begin(), value_errors.end(), argument) != value_errors.end();
  }
};

/// What the losses of one kind share: element by element, or over a class axis.
struct Family {
  /// Checks shapes and brings tensors to those that the other functions expect.
  void (*align)(Call& call);
  /// The dtype in which torch would compute.
  at::ScalarType (*promoted_dtype)(const Call& call);
  /// The loss in ATen operators.
  at::Tensor (*decompose)(const Call& call);
  /// The loss and its gradients from one fused pass.
  Evaluation (*cpu)(const Call& call, int64_t wrt);
  /// The same on a GPU, without waiting for it; null in a build without CUDA.
  Evaluation (*cuda)(const Call& call, int64_t wrt);
  /// Empty tensors of the right shapes.
  Evaluation (*meta)(const Call& call, int64_t wrt);
  /// A bit for each tensor whose gradient the fused pass can give; the others need the decomposition.
  int64_t (*fused)(const Call& call);
  /// The dimension that an unreduced loss lacks of its input's `dims`, or -1.
  int64_t (*reduced_dim)(const Loss& loss, int64_t dims, const double* params);
};
extern const Family kElementwise, kClassAxis;

using DecompositionFn = Aten (*)(const Aten* operands, const double* params);

struct Loss {
  std::string space;  ///< the namespace of the op
  std::string name;
  std::string arguments_text;  ///< the tensors and parameters as the schema has them
  std::vector<c10::Argument> arguments;
  Traits traits;
  int operands;
  int params;
  int target;  ///< the tensor that ignore_index refers to
  const Family* family;
  const char* domain = nullptr;  ///< what the values of the tensors must satisfy, or null

  // Of an element-wise loss:
  DecompositionFn decomposition = nullptr;
  const cpu::Kernels* kernels = nullptr;        ///< for this processor
  const cuda::Kernels* cuda_kernels = nullptr;  ///< null where the loss was compiled without CUDA

  // Of a loss over the class axis:
  const ClassAxisMembers* members = nullptr;
  int dim_param = -1, smoothing_param = -1;  ///< indices of the parameters that the family knows, or -1
  const cpu::ClassAxisKernels* class_axis_kernels = nullptr;  ///< for this processor
  const cuda::ClassAxisKernels* cuda_class_axis_kernels = nullptr;

  const std::string& argument(int i) const { return arguments[i].name(); }
  /// The parameter in the type that the schema gives it.
  c10::IValue parameter(int p, double value) const;
  /// The index of the parameter of this name, or -1.
  int parameter_index(const char* name) const;
  Shape shape(int i) const {
    return i < static_cast<int>(traits.shapes.size()) ? traits.shapes[i] : Shape::kSame;
  }
};

/// An integer argument that Settings holds as a double. The largest ones were rounded up to 2^63.
inline int64_t as_integer(double value) {
  return value < 0x1p63 ? static_cast<int64_t>(value) : std::numeric_limits<int64_t>::max();
}

/// The arguments that are not tensors.
struct Settings {
  std::array<double, kMaxParams> params{};  ///< NaN stands for None
  std::optional<int64_t> ignore_index;
  Reduction reduction = Reduction::Mean;
  std::optional<at::ScalarType> dtype;

  /// The parameters such that a positive one stays positive in T.
  template <class T>
  std::array<double, kMaxParams> held_by() const {
    auto held = params;
    for (double& p : held) {
      if (p > 0) p = std::max<double>(p, std::numeric_limits<T>::min());
    }
    return held;
  }
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

  void align() { loss->family->align(*this); }
  at::ScalarType promoted_dtype() const { return loss->family->promoted_dtype(*this); }
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

/// The dimensions of such an output from the slowest to the fastest in memory.
c10::SmallVector<int64_t, 8> memory_order(const at::Tensor& like);

/// Such an output, with whatever its memory holds.
at::Tensor empty_in_order(const at::Tensor& like, at::ScalarType dtype);

/// Whether the gradients of this evaluation, one for each bit of `wrt` (the first tensor's is the lowest),
/// come with a denominator.
bool needs_denominator(const Call& call, int64_t wrt);

// By the loss's family; `call` is aligned.
inline at::Tensor evaluate_decomposition(const Call& call) { return call.loss->family->decompose(call); }
/// As the family says, less those of tensors on another device than the input: numbers, all of them.
int64_t fused_gradients(const Call& call);
inline Evaluation evaluate_cpu(const Call& call, int64_t wrt) { return call.loss->family->cpu(call, wrt); }
inline Evaluation evaluate_cuda(const Call& call, int64_t wrt) { return call.loss->family->cuda(call, wrt); }
inline Evaluation evaluate_meta(const Call& call, int64_t wrt) { return call.loss->family->meta(call, wrt); }

/// Calls the op that returns the loss and its gradients through the dispatcher.
Evaluation call_fused(const Call& call, int64_t wrt, const c10::OperatorHandle& fused);

/// The loss with its backward recorded. `call` is aligned, its tensors plain ones on a device with kernels.
at::Tensor evaluate_with_grad(const Call& call, int64_t wrt, const c10::OperatorHandle& fused);

/// Whether a transform of torch.func is active, under which only the decomposition is differentiable.
bool inside_transform();

/// Defines the op of a loss, and the fused one beside it, for every dispatch key. `version` is that of the
/// headers the loss was compiled with, which must be this library's.
void define_loss(torch::Library& library, std::unique_ptr<Loss> loss, const char* version);

}  // namespace lossops
