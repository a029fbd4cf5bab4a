#include "core/transforms.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/argmax.h>
#include <torch/csrc/autograd/FunctionsManual.h>
#include <torch/csrc/autograd/VariableTypeUtils.h>
#include <torch/csrc/dynamo/compiled_autograd.h>
#include <torch/library.h>

#include "core/node.h"
#include "math/aten.h"

namespace lossops {
namespace {

using torch::autograd::isFwGradDefined;
using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

template <class Signature>
c10::TypedOperatorHandle<Signature> find(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
}
const auto& with_derivative_op() {
  static const auto op =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&)>("lossops::_with_derivative");
  return op;
}
const auto& first_where_op() {
  static const auto op =
      find<std::vector<double>(const at::Tensor&, const at::Tensor&)>("lossops::_first_where");
  return op;
}

at::Tensor value_of_it(const at::Tensor& value, const at::Tensor&, const at::Tensor&) {
  return value.clone();
}

/// Where nothing comes in, an infinite slope counts for nothing.
at::Tensor product(const at::Tensor& incoming, const at::Tensor& slope) {
  return scaled(Aten(incoming), Aten(slope)).tensor();
}

class DerivativeNode : public torch::autograd::Node {
 public:
  variable_list apply(variable_list&& upstream) override {
    variable_list result(2);
    if (!upstream[0].defined()) return result;
    if (task_should_compute_output(0)) result[0] = upstream[0];
    if (task_should_compute_output(1)) {
      std::lock_guard<std::mutex> lock(mutex_);
      result[1] = product(upstream[0], slope.unpack());
    }
    return result;
  }

  void release_variables() override {
    std::lock_guard<std::mutex> lock(mutex_);
    slope.reset_data();
  }

  std::string name() const override { return "WithDerivativeBackward"; }

  void compiled_args(torch::dynamo::autograd::CompiledNodeArgs& args) const override {
    args.collect(slope, /*is_output=*/false);
  }

  variable_list apply_with_saved(const variable_list& upstream,
                                 torch::dynamo::autograd::SwapSavedVariables& swap) override {
    swap.before(slope);
    variable_list result = apply(variable_list(upstream));
    swap.after(slope);
    return result;
  }

  SavedVariable slope;
};

at::Tensor differentiate(c10::DispatchKeySet keys, const at::Tensor& value, const at::Tensor& slope,
                         const at::Tensor& operand) {
  at::Tensor tangent;
  if (isFwGradDefined(operand)) {
    tangent = product(operand._fw_grad(0), torch::autograd::generated::details::toNonOptPrimal(slope));
  }
  if (isFwGradDefined(value)) {
    const at::Tensor& own = value._fw_grad(0);
    tangent = tangent.defined() ? tangent + own : own;
  }
  at::Tensor out;
  {
    at::AutoDispatchBelowADInplaceOrView guard;
    // An outer transform has this derivative to see as well. Where there is none, a graph that is traced
    // holds a copy, which compilers fuse, and not this operator.
    const bool nested = keys.has(c10::DispatchKey::FuncTorchDynamicLayerBackMode);
    out = nested ? with_derivative_op().redispatch(keys & c10::after_ADInplaceOrView_keyset, value, slope,
                                                   operand)
                 : value.clone();
  }
  if (torch::autograd::compute_requires_grad(value, operand)) {
    const auto node = make_node<DerivativeNode>();
    node->set_next_edges(torch::autograd::collect_next_edges(value, operand));
    node->slope = SavedVariable(slope, /*is_output=*/false);
    torch::autograd::create_gradient_edge(out, node);
  }
  if (tangent.defined()) out._set_fw_grad(tangent, /*level=*/0, /*is_inplace_op=*/false);
  return out;
}

/// Value and index, or nothing.
std::vector<double> look_for(const at::Tensor& mask, const at::Tensor& values) {
  if (!mask.is_cpu() || !mask.any().item<bool>()) return {};
  const at::Tensor index = mask.reshape(-1).to(at::kByte).argmax();
  return {values.reshape(-1)[index].item().toDouble(), index.item().toDouble()};
}

std::vector<double> look_nowhere(const at::Tensor&, const at::Tensor&) { return {}; }

}  // namespace

at::Tensor with_derivative(const at::Tensor& value, const at::Tensor& slope, const at::Tensor& operand) {
  TORCH_INTERNAL_ASSERT(value.dim() == slope.dim() && value.dim() == operand.dim());
  return with_derivative_op().call(value, slope, operand);
}

std::optional<Found> first_where(const at::Tensor& mask, const at::Tensor& values) {
  const std::vector<double> found = first_where_op().call(mask, values);
  if (found.empty()) return std::nullopt;
  return Found{found[0], static_cast<int64_t>(found[1])};
}

bool may_be_differentiated(const at::Tensor& t) {
  constexpr c10::DispatchKeySet kWrapped(
      {c10::DispatchKey::FuncTorchGradWrapper, c10::DispatchKey::FuncTorchBatched});
  return t.requires_grad() || isFwGradDefined(t) || t.key_set().has_any(kWrapped);
}

TORCH_LIBRARY_FRAGMENT(lossops, library) {
  const std::vector<at::Tag> tags{at::Tag::pt2_compliant_tag};
  library.def("_with_derivative(Tensor value, Tensor slope, Tensor operand) -> Tensor", tags);
  library.def("_first_where(Tensor mask, Tensor values) -> float[]", tags);
}
TORCH_LIBRARY_IMPL(lossops, CompositeExplicitAutograd, library) {
  library.impl("_with_derivative", value_of_it);
  library.impl("_first_where", look_for);
}
TORCH_LIBRARY_IMPL(lossops, Meta, library) { library.impl("_first_where", look_nowhere); }
TORCH_LIBRARY_IMPL(lossops, Autograd, library) {
  library.impl("_with_derivative", differentiate);
  library.impl("_first_where", torch::CppFunction::makeFallthrough());
}

}  // namespace lossops
