// Typed functions and modules of losses of one's own, for the header that states their expressions:
//
//   #include <lossops/own.h>
//
//   namespace mine {
//   struct Cauchy {
//     double c = 1;
//     ...
//   };
//   }  // namespace mine
//   LOSSOPS_DECLARE(mine, cauchy, mine::Cauchy, CauchyLoss)
//
// declares what LOSSOPS_DEFINE(mine, cauchy, mine::Cauchy) in one source file defines: the function
//
//   mine::cauchy(input, target, {.c = 2}, {.reduction = lossops::Reduction::Sum})
//
// whose tensors are those of the expression, then its parameters, then what losses share (`CallOptions`), and
// the module mine::CauchyLoss(mine::Cauchy{.c = 2}, options), called with the tensors. Over the class axis
// there is linear_<op> as well, with features, weight and target. A loss of other operands than its
// expression tells (optional ones, factors per class) is called through the dispatcher.
#pragma once

// clang-format off
#define LOSSOPS_OWN_QUOTED(path) #path
#if __has_include("detail/math/special.h")
#define LOSSOPS_OWN_MATH(file) LOSSOPS_OWN_QUOTED(detail/math/file)
#else
#define LOSSOPS_OWN_MATH(file) LOSSOPS_OWN_QUOTED(../../math/file)
#endif
#include LOSSOPS_OWN_MATH(class_axis.h)
#include LOSSOPS_OWN_MATH(special.h)
#include LOSSOPS_OWN_MATH(sums.h)
// clang-format on

#if defined(CPU_CAPABILITY) || defined(__CUDACC__)
// Among kernels, which are compiled once per instruction set, there is nothing of torch to call.
#define LOSSOPS_DECLARE(space, op, Expression, Module)
#else

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/full.h>
#include <lossops/nn/base.h>
#include <lossops/types.h>

#include <cmath>
#include <string_view>

#define LOSSOPS_DECLARE(space, op, Expression, Module)                                                   \
  namespace space {                                                                                      \
  inline const lossops::own::Function<::Expression> op{#space "::" #op};                                 \
  inline const lossops::own::LinearFunction<::Expression> linear_##op{#space "::linear_" #op};           \
  struct Module##Impl : lossops::own::ModuleImpl<::Expression, Module##Impl> {                           \
    explicit Module##Impl(::Expression parameters = {}, lossops::CallOptions options = {})               \
        : ModuleImpl(#space "::" #op, #space "::" #Module, std::move(parameters), std::move(options)) {} \
  };                                                                                                     \
  TORCH_MODULE(Module);                                                                                  \
  }

namespace lossops {

/// What losses of one's own share. `weight` is a factor per element, class or vector; `ignore_index` a target
/// that is left out; `normalizer` gives sum / normalizer; `label_smoothing` is for losses that have it.
struct CallOptions {
  Reduction reduction = Reduction::Mean;
  std::optional<at::Tensor> weight = std::nullopt;
  std::optional<int64_t> ignore_index = std::nullopt;
  std::optional<TensorOrNumber> normalizer = std::nullopt;
  double label_smoothing = 0;
};

namespace own {

/// The tensors of a loss that states no others.
template <class E>
constexpr int tensor_count() {
  if constexpr (VectorExpression<E>) {
    return E::kVectors + E::kLabelled;
  } else if constexpr (ClassAxisExpression<E> || RegionExpression<E>) {
    return 2;
  } else {
    return arity<E>();
  }
}

/// A parameter of e, or a setting, as the operator takes it.
template <size_t i, class E>
c10::IValue argument(const E& e, const CallOptions& options) {
  constexpr auto parameter = E::parameters[i];
  constexpr bool is_optional = std::string_view(parameter.type).back() == '?';
  if constexpr (std::string_view(parameter.name) == "label_smoothing") return options.label_smoothing;
  c10::IValue value(parameter.standard);
  if (std::string_view(parameter.type) == "int") value = static_cast<int64_t>(parameter.standard);
  if (std::string_view(parameter.type) == "bool") value = parameter.standard != 0;
  with_parameter<i>(e, [&](const auto& field) {
    value = c10::IValue(field);
    if constexpr (is_optional) {
      if (std::isnan(static_cast<double>(field))) value = {};
    }
  });
  return value;
}

/// Calls the operator of a name.
template <class E, class... Tensors>
at::Tensor call(const char* name, const E& e, const CallOptions& options, const Tensors&... tensors) {
  const auto op = c10::Dispatcher::singleton().findSchemaOrThrow(name, "");
  torch::jit::Stack stack{tensors...};
  [&]<size_t... i>(std::index_sequence<i...>) {
    (stack.push_back(argument<i>(e, options)), ...);
  }(std::make_index_sequence<parameter_count<E>()>());
  const at::Tensor& input = std::get<0>(std::tie(tensors...));
  const auto& arguments = op.schema().arguments();
  stack.push_back(options.weight);
  stack.push_back(options.ignore_index ? c10::IValue(*options.ignore_index)
                                       : *arguments[stack.size()].default_value());
  std::optional<at::Tensor> normalizer;
  if (options.normalizer) {
    const TensorOrNumber& n = *options.normalizer;
    normalizer =
        n.tensor() ? *n.tensor() : at::full({}, *n.number(), at::device(input.device()).dtype(at::kDouble));
  }
  stack.push_back(normalizer);
  stack.push_back(static_cast<int64_t>(options.reduction));
  stack.push_back(c10::IValue());  // the dtype is the operands'
  op.callBoxed(stack);
  return stack[0].toTensor();
}

template <class T, size_t>
using Each = T;

template <class E, class I = std::make_index_sequence<tensor_count<E>()>>
struct Function;
/// A loss, called with its tensors, the parameters and what losses share.
template <class E, size_t... I>
struct Function<E, std::index_sequence<I...>> {
  const char* name;
  at::Tensor operator()(const Each<at::Tensor, I>&... tensors, const E& parameters = {},
                        const CallOptions& options = {}) const {
    return call(name, parameters, options, tensors...);
  }
};

/// A loss over the class axis on the product of features and a layer's weight.
template <class E>
struct LinearFunction {
  const char* name;
  at::Tensor operator()(const at::Tensor& input, const at::Tensor& linear_weight, const at::Tensor& target,
                        const E& parameters = {}, const CallOptions& options = {},
                        const std::optional<at::Tensor>& linear_bias = std::nullopt) const
    requires ClassAxisExpression<E>
  {
    return call(name, parameters, options, input, linear_weight, target, linear_bias);
  }
};

template <class E, class Self, class I = std::make_index_sequence<tensor_count<E>()>>
struct ModuleImpl;
/// A module that keeps the parameters and what losses share; a weight is a buffer.
template <class E, class Self, size_t... I>
struct ModuleImpl<E, Self, std::index_sequence<I...>> : torch::nn::Cloneable<Self> {
  ModuleImpl(const char* op, const char* name, E parameters, CallOptions options)
      : parameters(std::move(parameters)), options(std::move(options)), op_(op), name_(name) {
    reset();
  }
  void reset() override { weight = this->register_buffer("weight", nn::detail::buffer(options.weight)); }
  void pretty_print(std::ostream& stream) const override {
    stream << name_ << "(";
    if constexpr (parameter_count<E>() > 0) {
      [&]<size_t... i>(std::index_sequence<i...>) {
        ((stream << E::parameters[i].name << "=" << argument<i>(parameters, options) << ", "), ...);
      }(std::make_index_sequence<parameter_count<E>()>());
    }
    stream << "reduction=" << nn::detail::name_of(options.reduction) << ")";
  }
  at::Tensor forward(const Each<at::Tensor, I>&... tensors) {
    CallOptions with_weight = options;
    with_weight.weight = nn::detail::given(weight);
    return call(op_, parameters, with_weight, tensors...);
  }

  E parameters;
  CallOptions options;
  at::Tensor weight;

 private:
  const char *op_, *name_;
};

}  // namespace own
}  // namespace lossops

#endif
