// What is known of a loss element by element.
#pragma once

#include "../../core/backend.h"
#include "../../core/numbers.h"
#include "../../math/aten.h"
#include "../../math/expression.h"

namespace lossops::elementwise {

/// How a tensor argument's shape may differ from that of the first one.
enum class Shape {
  kSame,          ///< not at all
  kMutual,        ///< each broadcasts to the others; also holds for the first one
  kMutualDims,    ///< the same with as many dimensions
  kRows,          ///< dimensions of size 1, or without the last dimension
  kRowsOfLevels,  ///< the same, or without the last dimension if the next tensor is a vector along it
  kBroadcast,     ///< broadcastable to it
  kLevels,        ///< as kBroadcast, and without a say in the dtype of the result
};

struct Operand {
  const char* name;
  Shape shape = Shape::kSame;
  bool is_optional = false;
  double otherwise = 1;  ///< what it is for None
};

/// What a line of the registry may say beyond the expression.
struct Traits {
  std::vector<Operand> operands{{"input"}, {"target"}};
  const char* target = "target";  ///< the one that ignore_index refers to, if there is one of this name
  bool mean_over_weight = false;  ///< the mean divides by the sum of the weights, not by their number
  bool row_mean = false;          ///< the loss of a sample is the mean over the last dimension
};

extern const Family kFamily;
/// The library's launchers; null where it was built without them.
const Backend* cpu_backend();
const Backend* cuda_backend();

/// The expression on ATen operators.
struct Decomposition {
  /// The loss, with its derivative by operand `by` unless that is -1.
  Dual<Aten> (*loss)(const Aten* operands, int by, const double* params);
  /// Where operands lie outside the domain; null for losses that are defined everywhere.
  Aten (*invalid)(const Aten* operands, const double* params) = nullptr;
};

struct ElementwiseLoss : Loss {
  ElementwiseLoss(const char* space, const char* name, int arity, int components,
                  std::vector<NumberArgument> numbers, Traits traits, Decomposition decomposition,
                  const char* domain);

  const Traits traits;
  const Decomposition decomposition;
  /// The numbers of an element, along the last dimension; 1: that is like any other.
  const int components;

  /// Of the weight as well, which broadcasts.
  Shape shape(int i) const { return i < operands ? traits.operands[i].shape : Shape::kBroadcast; }
  static const ElementwiseLoss& of(const Call& call) {
    return static_cast<const ElementwiseLoss&>(*call.loss);
  }
};

/// One number for each element of an aligned call, with the shape of the values and in their memory order.
at::Tensor elements(const Call& call);

/// Raises for operands outside the loss's domain, which can be looked at.
[[noreturn]] void domain_error(const Call& call);

/// The loss in ATen operators.
at::Tensor decompose(const Call& call);

template <class E>
Decomposition decomposition_of() {
  return [&]<int... i>(std::integer_sequence<int, i...> operands) -> Decomposition {
    Decomposition d{[](const Aten* x, int by, const double* params) {
      const E e = make_expression<E>(params);
      Dual<Aten> y;
      if (by < 0) y = Dual<Aten>(Aten(e(x[i]...)));
      const auto differentiate = [&]<int k>(std::integral_constant<int, k>) {
        if (by == k) y = Dual<Aten>(e(variable<i == k>(x[i])...));
      };
      (differentiate(std::integral_constant<int, i>()), ...);
      return y;
    }};
    if constexpr (requires { E::domain; }) {
      d.invalid = [](const Aten* x, const double* params) {
        return make_expression<E>(params).invalid(x[i]...);
      };
    }
    return d;
  }(std::make_integer_sequence<int, arity<E>()>());
}

template <class E>
std::unique_ptr<Loss> describe(const char* space, const char* name, Traits traits) {
  const char* domain = nullptr;
  if constexpr (requires { E::domain; }) domain = E::domain;
  auto loss = std::make_unique<ElementwiseLoss>(space, name, tensor_count<E>(), components<E>(),
                                                number_arguments<E>(), std::move(traits),
                                                decomposition_of<E>(), domain);
  if constexpr (requires(const E& e) { e.conflict(); }) {
    loss->conflict = [](const double* params) { return make_expression<E>(params).conflict(); };
  }
  return loss;
}

}  // namespace lossops::elementwise
