// The one autograd node of the losses.
#include <ATen/TensorSubclassLikeUtils.h>
#include <ATen/ops/mul.h>
#include <torch/csrc/autograd/VariableTypeUtils.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/graph_task.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/csrc/dynamo/compiled_autograd.h>
#include <torch/version.h>

#include <algorithm>

#include "core/plain.h"
#include "families/cuda.h"

namespace lossops {
namespace {

using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 13)
template <class N>
auto make_node() {
  return c10::make_intrusive<N>();
}
#else
template <class N>
auto make_node() {
  return std::shared_ptr<N>(new N(), torch::autograd::deleteNode);
}
#endif

/// Whether the memory of t is what it stands for: nothing traces, batches or wraps it.
bool is_bare(const at::Tensor& t) {
  return !inside_transform() && !at::isTensorSubclassLike(t) && !t.is_neg() && !t.is_conj() &&
         !t._is_zerotensor() && !torch::autograd::isFwGradDefined(t);
}

/// Whether a kernel may scale this tensor and read that one on the device.
bool is_plain_cuda(const at::Tensor& t) { return cuda::kBuilt && t.is_cuda() && is_bare(t); }

/// Keeps the gradients that the fused pass produced, and the inputs for derivatives beyond the first.
class LossNode : public torch::autograd::Node {
 public:
  variable_list apply(variable_list&& upstream) override {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!upstream[0].defined()) return variable_list(num_outputs());
    return at::GradMode::is_enabled() ? through_decomposition(upstream[0]) : through_kept(upstream[0]);
  }

  void release_variables() override {
    std::lock_guard<std::mutex> lock(mutex_);
    for (SavedVariable& v : saved) v.reset_data();
  }

  std::string name() const override { return "LossBackward<" + loss->name + ">"; }

  void compiled_args(torch::dynamo::autograd::CompiledNodeArgs& args) const override {
    args.collect(loss->space + "::" + loss->name);
    for (const double p : settings.params) args.collect(p);
    args.collect(settings.ignore_index);
    args.collect(static_cast<int64_t>(settings.reduction));
    args.collect(settings.dtype);
    for (const SavedVariable& v : saved) args.collect(v, /*is_output=*/false);
  }

  variable_list apply_with_saved(const variable_list& upstream,
                                 torch::dynamo::autograd::SwapSavedVariables& swap) override {
    // Compiled autograd wants backward as a function of IValues, which it traces later with real shapes.
    using torch::dynamo::autograd::getPyCompilerInterface;
    using torch::dynamo::autograd::IValuePacker;
    for (SavedVariable& v : saved) swap.before(v);
    const Kept kept = unpack_kept();
    const std::vector<c10::IValue> args = {IValuePacker<variable_list>::pack(kept.grads),
                                           IValuePacker<std::vector<int64_t>>::pack(kept.positions),
                                           IValuePacker<variable_list>::pack(kept.denominator),
                                           kept.row_dim,
                                           kept.row_mean,
                                           static_cast<int64_t>(num_outputs())};
    std::vector<at::TypePtr> types;
    for (const c10::IValue& arg : args) types.push_back(arg.type());
    const auto& compiler = getPyCompilerInterface();
    const std::string function = compiler->bind_function(
        swap.get_py_compiler(), "lossops::backward",
        [](const variable_list& inputs, const std::vector<c10::IValue>& a) {
          const Kept k{a[0].toTensorVector(), a[1].toIntVector(), a[2].toTensorVector(), a[3].toInt(),
                       a[4].toBool()};
          return scale(k, inputs[0], a[5].toInt());
        },
        types, /*is_custom_function=*/true, /*is_traceable=*/true);
    const auto metadata = IValuePacker<std::vector<std::optional<torch::autograd::InputMetadata>>>::pack(
        torch::dynamo::autograd::get_input_metadata(next_edges()));
    variable_list result = compiler->call_function(swap.get_py_compiler(), "apply_functional", function,
                                                   upstream, args, metadata);
    for (SavedVariable& v : saved) swap.after(v);
    return result;
  }

  const Loss* loss = nullptr;
  Settings settings;
  /// The call's tensors, their gradients, and the denominator; undefined where there is none.
  std::vector<SavedVariable> saved;

 private:
  /// The gradients that are wanted and kept, and what scales them.
  struct Kept {
    variable_list grads;
    std::vector<int64_t> positions;
    variable_list denominator;  ///< none or one
    int64_t row_dim;            ///< the dimension that the upstream gradient lacks, or -1
    bool row_mean;              ///< the loss is the mean over it
  };

  Kept unpack_kept() const {
    Kept kept;
    for (size_t i = 0; i < num_outputs(); ++i) {
      at::Tensor grad = saved[num_outputs() + i].unpack();
      if (!grad.defined() || !task_should_compute_output(i)) continue;
      kept.grads.push_back(std::move(grad));
      kept.positions.push_back(static_cast<int64_t>(i));
    }
    const at::Tensor denominator = saved.back().unpack();
    if (denominator.defined()) kept.denominator.push_back(denominator);
    kept.row_dim = -1;
    kept.row_mean = loss->traits.row_mean;
    if (settings.reduction == Reduction::None && !kept.grads.empty()) {
      kept.row_dim = loss->family->reduced_dim(*loss, kept.grads[0].dim(), settings.params.data());
    }
    return kept;
  }

  /// Upstream times kept, in ATen operators.
  static variable_list scale(const Kept& kept, const at::Tensor& upstream, size_t outputs) {
    variable_list result(outputs);
    if (!upstream.defined()) return result;
    for (size_t k = 0; k < kept.grads.size(); ++k) {
      const at::Tensor& grad = kept.grads[k];
      at::Tensor factor = upstream;
      if (!kept.denominator.empty()) factor = factor / kept.denominator[0];
      if (kept.row_dim >= 0) {
        factor = factor.unsqueeze(kept.row_dim);
        if (kept.row_mean) factor = factor / at::Scalar(grad.sym_size(kept.row_dim));
      }
      result[kept.positions[k]] = (grad * factor).to(grad.scalar_type());
    }
    return result;
  }

  variable_list through_kept(const at::Tensor& upstream) {
    const Kept kept = unpack_kept();
    const auto all = [&](bool (*is)(const at::Tensor&)) {
      return settings.reduction != Reduction::None && is(upstream) &&
             std::all_of(kept.grads.begin(), kept.grads.end(), is);
    };
    if (all(is_plain_cuda)) return through_kept_cuda(kept, upstream);
    if (!all(is_plain)) return scale(kept, upstream, num_outputs());

    double factor = value_of_scalar(upstream);
    if (!kept.denominator.empty()) factor /= value_of_scalar(kept.denominator[0]);
    variable_list result(num_outputs());
    for (size_t k = 0; k < kept.grads.size(); ++k) {
      const int64_t i = kept.positions[k];
      const at::Tensor& grad = kept.grads[k];
      if (is_shared(i)) {
        result[i] = at::mul(grad, factor);
      } else {
        result[i] = factor == 1 ? grad : grad.mul_(factor);
      }
    }
    return result;
  }

  /// Scales in place what is nobody else's, by factors that only the device knows.
  variable_list through_kept_cuda(const Kept& kept, const at::Tensor& upstream) {
    const auto shared = [&](int64_t i) { return is_shared(i); };
    if (std::any_of(kept.positions.begin(), kept.positions.end(), shared)) {
      return scale(kept, upstream, num_outputs());
    }
    variable_list result(num_outputs());
    for (size_t k = 0; k < kept.grads.size(); ++k) {
      const at::Tensor& grad = kept.grads[k];
      cuda::scale(grad, upstream, kept.denominator.empty() ? at::Tensor() : kept.denominator[0]);
      result[kept.positions[k]] = grad;
    }
    return result;
  }

  /// Whether others may see the i-th gradient: those who go through the graph again, or a hook of the user.
  bool is_shared(int64_t i) const {
    return torch::autograd::get_current_graph_task_keep_graph() || saved[num_outputs() + i].has_hooks();
  }

  variable_list through_decomposition(const at::Tensor& upstream) {
    c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    Call call;
    call.loss = loss;
    call.settings = settings;
    variable_list inputs;
    std::vector<int> positions;
    for (int i = 0; i < call.tensor_count(); ++i) {
      at::Tensor t = saved[i].unpack();
      if (t.defined() && t.requires_grad() && task_should_compute_output(i)) {
        // A view has a node of its own, so that differentiating stops here.
        t = t.view_as(t);
        inputs.push_back(t);
        positions.push_back(i);
      }
      call.tensors[i] = t;
    }
    const at::Tensor value = evaluate_decomposition(call);
    const variable_list grads = torch::autograd::grad({value}, inputs, {upstream}, /*retain_graph=*/true,
                                                      /*create_graph=*/true, /*allow_unused=*/true);
    variable_list result(num_outputs());
    for (size_t k = 0; k < positions.size(); ++k) result[positions[k]] = grads[k];
    return result;
  }
};

}  // namespace

bool is_plain(const at::Tensor& t) { return t.device().is_cpu() && is_bare(t); }

double value_of_scalar(const at::Tensor& t) {
  return t.scalar_type() == at::kFloat ? *t.const_data_ptr<float>() : t.item().toDouble();
}

at::Tensor evaluate_with_grad(const Call& call, int64_t wrt, const c10::OperatorHandle& fused) {
  const Loss& loss = *call.loss;
  const auto node = make_node<LossNode>();
  torch::autograd::edge_list edges;
  for (int i = 0; i < call.tensor_count(); ++i) {
    edges.push_back(wrt >> i & 1 ? torch::autograd::impl::gradient_edge(call.tensors[i])
                                 : torch::autograd::Edge());
  }
  node->set_next_edges(std::move(edges));
  node->loss = &loss;
  node->settings = call.settings;

  bool plain = true;
  for (const at::Tensor& t : call.tensors) plain = plain && (!t.defined() || is_plain(t));
  Evaluation out;
  {
    at::AutoDispatchBelowADInplaceOrView guard;
    out = plain ? evaluate_cpu(call, wrt) : call_fused(call, wrt, fused);
  }
  node->saved.reserve(2 * call.tensor_count() + 1);
  for (int i = 0; i < call.tensor_count(); ++i) node->saved.emplace_back(call.tensors[i], false);
  for (int i = 0; i < call.tensor_count(); ++i) node->saved.emplace_back(out.grads[i], false);
  node->saved.emplace_back(out.denominator, false);
  torch::autograd::create_gradient_edge(out.loss, node);
  return out.loss;
}

}  // namespace lossops
