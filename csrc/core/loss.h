// What the library knows about a loss, and a call of it: parsed from the operator's arguments, checked, and
// with every tensor brought to one shape. All dispatch keys start from here.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>
#include <c10/core/DispatchKey.h>
#include <c10/util/SmallVector.h>
#include <lossops/reduction.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../math/parameters.h"
#include "exceptions.h"

namespace torch {
class Library;
}

namespace lossops {

struct Backend;
struct Call;
struct Divisor;
struct Evaluation;
struct Kernels;
struct Loss;
struct Settings;

/// The operands, then weight and normalizer.
using Tensors = std::array<at::Tensor, kMaxOperands + 2>;

/// What the losses of one kind share, whatever device they run on.
struct Family {
  /// Checks shapes and brings tensors to those that the other functions expect.
  void (*align)(Call& call);
  /// The dtype in which torch would compute.
  at::ScalarType (*promoted_dtype)(const Call& call);
  /// The loss in ATen operators.
  at::Tensor (*decompose)(const Call& call);
  /// The result of reduction "none", with whatever its memory holds.
  at::Tensor (*empty_values)(const Call& call);
  /// The tensor whose shape and order of memory the gradient by tensor i takes.
  at::Tensor (*gradient_like)(const Call& call, int i);
  /// What the mean of the values divides their sum by.
  Divisor (*mean)(const Call& call);
  /// What every reduction to a number divides by besides, where the loss of a sample is itself a mean.
  c10::SymInt (*values_per_sample)(const Call& call);
  /// A bit for each tensor whose gradient the fused pass gives and the node keeps. The others are computed in
  /// backward, with the upstream gradient in hand.
  int64_t (*keeps)(const Call& call);
  /// The upstream gradient of an unreduced loss as it broadcasts to a gradient that was kept.
  at::Tensor (*spread)(const Loss& loss, const Settings& settings, const at::Tensor& upstream,
                       const at::Tensor& gradient);
  /// Those of the `wanted` gradients, which are not kept, that the kernels for the call's device can tell all
  /// the same; the decomposition has to tell the others. The call is one of plain tensors. Null: there are
  /// none.
  Tensors (*weight_gradients)(const Call& call, const Kernels& kernels, const at::Tensor& upstream,
                              int64_t wanted);
  /// Whether code generated from the decomposition, fused with what is around it, is as fast as the kernels.
  bool decomposes_for_compilers;
};

/// The kernels that a backend has of a loss; their type is the family's.
struct Kernels {
  const Backend* backend;
  const void* table;
};

/// A tensor argument.
struct TensorArgument {
  const char* name;
  bool is_optional;
  bool is_anywhere = false;  ///< may lie on another device than the input
};

/// A parameter of the expression, or a setting of the family.
struct NumberArgument {
  const char* name;
  const char* type;  ///< as schemas have it
  double value;      ///< by default
  Limit low, high;
};

struct Loss {
  /// `tensors` and `numbers` in the order of the schema; the space is the namespace of the op.
  Loss(const char* space, const char* name, const Family& family, const std::vector<TensorArgument>& tensors,
       std::vector<NumberArgument> numbers);
  virtual ~Loss() = default;

  const std::string space, name;
  const Family& family;
  const int operands;  ///< tensors
  const std::vector<NumberArgument> numbers;
  const int params;            ///< how many those are
  std::string arguments_text;  ///< both, as the schema has them
  std::vector<c10::Argument> arguments;
  int64_t anywhere = 0;          ///< a bit for each tensor that may lie on any device
  int64_t factors = 0;           ///< a bit for each tensor that is a factor of a product of matrices
  int target = -1;               ///< the tensor of this name, or of that role, or -1
  int labels = -1;               ///< the tensor that ignore_index refers to: that of this name, or the target
  const char* domain = nullptr;  ///< what the values of the tensors must satisfy, or null
  /// What parameters that do not go together must satisfy; null for those that do, or where any do.
  const char* (*conflict)(const double* params) = nullptr;
  Exceptions exceptions;
  c10::SmallVector<Kernels, 2> kernels;

  const std::string& argument(int i) const { return arguments[i].name(); }
  /// The parameter in the type that the schema gives it.
  c10::IValue parameter(int p, double value) const;
  /// The index of the number of this name, or -1.
  int number_index(const char* name) const;
  /// Those for a device, or null.
  const Kernels* kernels_on(c10::Device device) const;
  /// Whether a compiler that records the call sees the decomposition and not the op. That would not look at
  /// values that must lie in a domain.
  bool decomposes_for_compilers() const { return family.decomposes_for_compilers && !domain; }

  /// Raises what torch raises for a mistake: see Exceptions.
  template <class... Text>
  [[noreturn]] void raise(const char* mistake, const Text&... text) const {
    exceptions.raise(mistake, c10::str(name, ": ", text...));
  }
};

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
  /// The same in the dtype in which is computed.
  std::array<double, kMaxParams> held_in(at::ScalarType math) const {
    return math == at::kDouble ? held_by<double>() : held_by<float>();
  }
};

struct Call {
  const Loss* loss;
  Tensors tensors;
  Settings settings;
  /// Memory for the gradient by the input, which may be the input's own; undefined: it gets some.
  at::Tensor input_gradient;

  const at::Tensor& input() const { return tensors[0]; }
  const at::Tensor& weight() const { return tensors[loss->operands]; }
  const at::Tensor& normalizer() const { return tensors[loss->operands + 1]; }
  std::string name(int i) const;
  int tensor_count() const { return loss->operands + 2; }

  /// Reads the arguments of the op from the top of the stack, without taking them off. `extra` arguments
  /// follow those that every loss has. Raises for every mistake that can be seen without reading data.
  static Call parse(const Loss& loss, const torch::jit::Stack& stack, int extra = 0);

  void align() { loss->family.align(*this); }
  at::ScalarType promoted_dtype() const { return loss->family.promoted_dtype(*this); }
  at::ScalarType result_dtype() const { return settings.dtype.value_or(promoted_dtype()); }
  bool reduces() const { return settings.reduction != Reduction::None; }
};

/// What every op takes after its tensors and parameters.
constexpr const char* kCommonArguments =
    ", Tensor? weight=None, int? ignore_index=None, Tensor? normalizer=None, int reduction=1, "
    "ScalarType? dtype=None";
constexpr int kCommonCount = 5;

/// Defines the op of a loss, and the fused one beside it, for every dispatch key. `version` is that of the
/// headers the loss was compiled with, which must be this library's.
void define_loss(torch::Library& library, std::unique_ptr<Loss> loss, const char* version);

}  // namespace lossops
