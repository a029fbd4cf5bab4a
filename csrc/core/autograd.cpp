// The one autograd node of the library.
#include <ATen/TensorSubclassLikeUtils.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/mul.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/graph_task.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/csrc/dynamo/compiled_autograd.h>
#include <torch/version.h>

#include "core/loss.h"

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

/// Whether backward may look at the values of t: a CPU tensor that nothing traces, batches or wraps.
bool is_plain(const at::Tensor& t) {
  return t.device().is_cpu() && !inside_transform() && !at::isTensorSubclassLike(t) && !t._fw_grad(0).defined();
}

/// Keeps the gradients that the fused pass produced, and the inputs for derivatives beyond the first.
class LossNode : public torch::autograd::Node {
 public:
  variable_list apply(variable_list&& upstream) override {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!upstream[0].defined()) return variable_list(loss->operands);
    return at::GradMode::is_enabled() ? through_formula(upstream[0]) : through_kept(upstream[0]);
  }

  void release_variables() override {
    std::lock_guard<std::mutex> lock(mutex_);
    for (SavedVariable& v : saved) v.reset_data();
  }

  std::string name() const override { return "LossBackward<" + loss->name + ">"; }

  void compiled_args(torch::dynamo::autograd::CompiledNodeArgs& args) const override {
    args.collect(loss->name);
    for (const double p : settings.params) args.collect(p);
    args.collect(settings.ignore_index);
    args.collect(static_cast<int64_t>(settings.reduction));
    args.collect(settings.dtype);
    for (const SavedVariable& v : saved) args.collect(v, /*is_output=*/false);
  }

  variable_list apply_with_saved(const variable_list& upstream,
                                 torch::dynamo::autograd::SwapSavedVariables& swap) override {
    for (SavedVariable& v : saved) swap.before(v);
    variable_list result = apply(variable_list(upstream));
    for (SavedVariable& v : saved) swap.after(v);
    return result;
  }

  const Loss* loss = nullptr;
  Settings settings;
  /// The call's tensors, the gradients by operand, and the denominator; undefined where there is none.
  std::vector<SavedVariable> saved;

 private:
  variable_list through_kept(const at::Tensor& upstream) {
    const at::Tensor denominator = saved.back().unpack();
    const bool elementwise = settings.reduction == Reduction::kNone;
    const bool plain = !elementwise && is_plain(upstream);
    const bool shared = torch::autograd::get_current_graph_task_keep_graph();
    double number = 0;
    if (plain) {
      number = upstream.item().toDouble();
      if (denominator.defined()) number /= denominator.item().toDouble();
    }
    variable_list result(loss->operands);
    for (int i = 0; i < loss->operands; ++i) {
      const at::Tensor grad = saved[loss->operands + 2 + i].unpack();
      if (!grad.defined() || !task_should_compute_output(i)) continue;
      if (plain && !shared && is_plain(grad)) {
        result[i] = number == 1 ? grad : grad.mul_(number);
      } else if (plain) {
        result[i] = at::mul(grad, number);
      } else {
        result[i] = (grad * factor(upstream, denominator, grad)).to(grad.scalar_type());
      }
    }
    return result;
  }

  at::Tensor factor(const at::Tensor& upstream, const at::Tensor& denominator, const at::Tensor& grad) const {
    if (denominator.defined()) return upstream / denominator;
    if (loss->traits.row_mean && settings.reduction == Reduction::kNone) {
      return upstream.unsqueeze(-1) / at::Scalar(grad.sym_size(-1));
    }
    return upstream;
  }

  variable_list through_formula(const at::Tensor& upstream) {
    Call call;
    call.loss = loss;
    call.settings = settings;
    variable_list inputs;
    std::vector<int> positions;
    for (int i = 0; i < call.tensor_count(); ++i) {
      at::Tensor t = saved[i].unpack();
      if (t.defined() && t.requires_grad() && i < loss->operands && task_should_compute_output(i)) {
        // A view has a node of its own, so that differentiating stops here.
        t = t.view_as(t);
        inputs.push_back(t);
        positions.push_back(i);
      }
      call.tensors[i] = t;
    }
    const at::Tensor value = evaluate_formula(call);
    const variable_list grads = torch::autograd::grad({value}, inputs, {upstream}, /*retain_graph=*/true,
                                                      /*create_graph=*/true, /*allow_unused=*/true);
    variable_list result(loss->operands);
    for (size_t k = 0; k < positions.size(); ++k) result[positions[k]] = grads[k];
    return result;
  }
};

}  // namespace

at::Tensor evaluate_with_grad(const Call& call, int64_t wrt, const c10::OperatorHandle& fused) {
  const Loss& loss = *call.loss;
  const auto node = make_node<LossNode>();
  torch::autograd::edge_list edges;
  for (int i = 0; i < loss.operands; ++i) {
    edges.push_back(wrt >> i & 1 ? torch::autograd::impl::gradient_edge(call.tensors[i]) : torch::autograd::Edge());
  }
  node->set_next_edges(std::move(edges));
  node->loss = &loss;
  node->settings = call.settings;

  Evaluation out;
  {
    at::AutoDispatchBelowADInplaceOrView guard;
    out = call_fused(call, wrt, fused);
  }
  node->saved.reserve(call.tensor_count() + loss.operands + 1);
  for (int i = 0; i < call.tensor_count(); ++i) node->saved.emplace_back(call.tensors[i], false);
  for (int i = 0; i < loss.operands; ++i) node->saved.emplace_back(out.grads[i], false);
  node->saved.emplace_back(out.denominator, false);
  torch::autograd::create_gradient_edge(out.loss, node);
  return out.loss;
}

}  // namespace lossops
