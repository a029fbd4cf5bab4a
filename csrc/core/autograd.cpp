// The one autograd node of the losses.
#include <ATen/TensorOperators.h>
#include <ATen/TensorSubclassLikeUtils.h>
#include <ATen/ops/where.h>
#include <torch/csrc/autograd/VariableTypeUtils.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/graph_task.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/csrc/dynamo/compiled_autograd.h>

#include <algorithm>

#include "core/dispatch.h"
#include "core/gil.h"
#include "core/node.h"

namespace lossops {
namespace {

using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

/// Runs f where the autograd engine may be entered.
template <class F>
void enter_engine(F f) {
  release_gil([](void* context) { (*static_cast<F*>(context))(); }, &f);
}

/// What a node has saved, as tensors.
struct Saved {
  variable_list tensors, gradients;  ///< by tensor of the call; undefined where there is none
  at::Tensor denominator;
  int64_t wanted = 0;  ///< a bit for each tensor whose gradient is asked for
  int64_t shared = 0;  ///< and for each kept gradient that others may see as well

  bool wants(size_t i) const { return wanted >> i & 1; }
  bool keeps(size_t i) const { return wants(i) && gradients[i].defined(); }
  /// Those that are wanted and were not kept.
  int64_t missing() const {
    int64_t bits = wanted;
    for (size_t i = 0; i < gradients.size(); ++i) bits &= ~(static_cast<int64_t>(keeps(i)) << i);
    return bits;
  }
};

/// The gradients of a call by its tensors, from the upstream gradient.
struct Backward {
  const Loss& loss;
  const Settings& settings;
  const Saved saved;

  variable_list operator()(const at::Tensor& upstream) const {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    if (at::GradMode::is_enabled()) return through_decomposition(upstream, saved.wanted, true);
    variable_list result = by_kernels(upstream);
    if (const int64_t missing = add_weight_gradients(upstream, saved.missing(), result)) {
      at::AutoGradMode enabled(true);
      const variable_list rest = through_decomposition(upstream, missing, false);
      for (size_t i = 0; i < rest.size(); ++i) {
        if (missing >> i & 1) result[i] = rest[i];
      }
    }
    return result;
  }

 private:
  /// The kept gradients times upstream: by the backend where it may look at the tensors, else by ATen; into
  /// their own memory where nobody sees it, since new memory would cost more than the product.
  variable_list by_kernels(const at::Tensor& upstream) const {
    const Kernels* const kernels = loss.kernels_on(upstream.device());
    bool plain = kernels && is_plain(upstream);
    for (size_t i = 0; i < saved.gradients.size(); ++i) {
      if (saved.keeps(i)) plain = plain && is_plain(saved.gradients[i]);
    }
    const bool reduced = settings.reduction != Reduction::None;
    variable_list result(saved.gradients.size());
    for (size_t i = 0; i < result.size(); ++i) {
      if (!saved.keeps(i)) continue;
      at::Tensor gradient = saved.gradients[i];
      const bool shared = saved.shared >> i & 1;
      if (plain && reduced && kernels->backend->scale) {
        result[i] = kernels->backend->scale(gradient, upstream, saved.denominator, shared);
      } else if (plain && !reduced && !shared) {
        result[i] = gradient.mul_(factor_on(gradient, upstream));
      } else {
        result[i] = (gradient * factor_on(gradient, upstream)).to(gradient.scalar_type());
      }
    }
    return result;
  }

  /// Those of the missing ones that the kernels can tell; returns which they cannot.
  int64_t add_weight_gradients(const at::Tensor& upstream, int64_t missing, variable_list& result) const {
    const Kernels* const kernels = loss.kernels_on(upstream.device());
    bool plain = missing && kernels && loss.family.weight_gradients && is_plain(upstream);
    for (const at::Tensor& t : saved.tensors) plain = plain && (!t.defined() || is_plain(t));
    if (!plain) return missing;
    const Tensors told = loss.family.weight_gradients(call(), *kernels, upstream, missing);
    for (size_t i = 0; i < result.size(); ++i) {
      if (!told[i].defined()) continue;
      result[i] = told[i];
      missing &= ~(int64_t{1} << i);
    }
    return missing;
  }

  Call call() const {
    Call call{&loss};
    call.settings = settings;
    std::copy(saved.tensors.begin(), saved.tensors.end(), call.tensors.begin());
    return call;
  }

  /// What a kept gradient is multiplied by.
  at::Tensor factor_on(const at::Tensor& gradient, const at::Tensor& upstream) const {
    if (settings.reduction != Reduction::None) {
      return saved.denominator.defined() ? upstream / saved.denominator : upstream;
    }
    const at::Tensor kept = unless_ignored(upstream, upstream);
    const at::Tensor factor = loss.family.spread(loss, settings, kept, gradient);
    return kept.is_same(upstream) ? unless_ignored(factor, gradient) : factor;
  }

  /// 0 where labels are ignored, even if the upstream gradient there is infinite; `like` has the shape that
  /// they must have for that.
  at::Tensor unless_ignored(const at::Tensor& factor, const at::Tensor& like) const {
    const at::Tensor labels = loss.labels < 0 ? at::Tensor() : saved.tensors[loss.labels];
    if (!settings.ignore_index || !labels.defined() || labels.sym_sizes() != like.sym_sizes()) return factor;
    return at::where(labels == *settings.ignore_index, 0, factor);
  }

  variable_list through_decomposition(const at::Tensor& upstream, int64_t wanted, bool create_graph) const {
    Call call = this->call();
    variable_list inputs;
    std::vector<size_t> positions;
    for (size_t i = 0; i < saved.tensors.size(); ++i) {
      at::Tensor& t = call.tensors[i];
      if (t.defined() && t.requires_grad() && (wanted >> i & 1)) {
        // A view has a node of its own, so that differentiating stops here.
        t = t.view_as(t);
        inputs.push_back(t);
        positions.push_back(i);
      } else if (t.defined() && !create_graph) {
        t = t.detach();  // or the graph would be kept for it too
      }
    }
    const at::Tensor value = loss.family.decompose(call);
    variable_list result(saved.tensors.size());
    if (!value.requires_grad()) return result;  // it does not depend on any of them
    variable_list gradients;
    enter_engine([&] {
      gradients = torch::autograd::grad({value}, inputs, {upstream}, /*retain_graph=*/create_graph,
                                        create_graph, /*allow_unused=*/true);
    });
    for (size_t k = 0; k < positions.size(); ++k) result[positions[k]] = gradients[k];
    return result;
  }
};

/// Keeps the gradients that the fused pass produced, and the inputs for all other derivatives.
class LossNode : public torch::autograd::Node {
 public:
  variable_list apply(variable_list&& upstream) override {
    if (!upstream[0].defined()) return variable_list(num_outputs());
    return Backward{*loss, settings, unpack()}(upstream[0]);
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
    // Compiled autograd wants backward as a function of IValues, which it traces later with real shapes; not
    // where the decomposition is differentiated: that it calls as it stands.
    using torch::dynamo::autograd::getPyCompilerInterface;
    using torch::dynamo::autograd::IValuePacker;
    for (SavedVariable& v : saved) swap.before(v);
    const Saved kept = unpack();
    std::vector<c10::IValue> args;
    for (const variable_list* list : {&kept.tensors, &kept.gradients}) {
      for (const at::Tensor& t : *list) args.push_back(IValuePacker<at::Tensor>::pack(t));
    }
    args.push_back(IValuePacker<at::Tensor>::pack(kept.denominator));
    args.push_back(kept.wanted);
    std::vector<at::TypePtr> types(args.size() - 1, IValuePacker<at::Tensor>::packed_type());
    types.push_back(IValuePacker<int64_t>::packed_type());
    const auto backward = [loss = loss, settings = settings](const variable_list& inputs,
                                                             const std::vector<c10::IValue>& a) {
      Saved s;
      const size_t n = (a.size() - 2) / 2;
      for (size_t i = 0; i < n; ++i) {
        s.tensors.push_back(IValuePacker<at::Tensor>::unpack(a[i]));
        s.gradients.push_back(IValuePacker<at::Tensor>::unpack(a[n + i]));
      }
      s.denominator = IValuePacker<at::Tensor>::unpack(a[2 * n]);
      s.wanted = a[2 * n + 1].toInt();
      s.shared = -1;  // the graph that is made of this may run again
      if (!inputs[0].defined()) return variable_list(n);
      return Backward{*loss, settings, std::move(s)}(inputs[0]);
    };
    const auto& compiler = getPyCompilerInterface();
    const std::string function =
        compiler->bind_function(swap.get_py_compiler(), "lossops::backward", backward, types,
                                /*is_custom_function=*/true, /*is_traceable=*/kept.missing() == 0);
    const auto metadata = IValuePacker<std::vector<std::optional<torch::autograd::InputMetadata>>>::pack(
        torch::dynamo::autograd::get_input_metadata(next_edges()));
    variable_list result = compiler->call_function(swap.get_py_compiler(), "apply_functional", function,
                                                   upstream, args, metadata);
    for (SavedVariable& v : saved) swap.after(v);
    return result;
  }

  const Loss* loss = nullptr;
  Settings settings;
  /// The call's tensors, the gradients that were kept, and the denominator; undefined where there is none.
  std::vector<SavedVariable> saved;

 private:
  /// The inputs only where they are needed: someone may have written to them, or have them far away.
  Saved unpack() {
    std::lock_guard<std::mutex> lock(mutex_);
    const size_t n = num_outputs();
    // Those who go through the graph again see a gradient, or a hook of the user.
    const bool again = torch::autograd::get_current_graph_task_keep_graph();
    Saved s{variable_list(n), variable_list(n)};
    for (size_t i = 0; i < n; ++i) {
      if (!task_should_compute_output(i)) continue;
      s.wanted |= int64_t{1} << i;
      s.gradients[i] = saved[n + i].unpack();
      s.shared |= static_cast<int64_t>(again || saved[n + i].has_hooks()) << i;
    }
    s.denominator = saved.back().unpack();
    const bool all = at::GradMode::is_enabled() || s.missing() != 0;
    const bool masks = settings.ignore_index && settings.reduction == Reduction::None;
    for (size_t i = 0; i < n; ++i) {
      if (all || (masks && static_cast<int>(i) == loss->labels)) s.tensors[i] = saved[i].unpack();
    }
    return s;
  }
};

}  // namespace

void (*release_gil)(void (*f)(void*), void* context) = [](void (*f)(void*), void* context) { f(context); };

bool (*answer_subclasses)(const c10::OperatorHandle& op, torch::jit::Stack& stack) = nullptr;

thread_local at::Tensor (*sum_over_ranks)(const at::Tensor& sum) = nullptr;

bool is_plain(const at::Tensor& t) {
  return !inside_transform() && !at::isTensorSubclassLike(t) && !t.is_neg() && !t.is_conj() &&
         !t._is_zerotensor() && !torch::autograd::isFwGradDefined(t);
}

at::Tensor evaluate_with_grad(const Call& call, const Kernels& kernels, int64_t wrt,
                              const c10::OperatorHandle& fused) {
  const int count = call.tensor_count();
  const auto node = make_node<LossNode>();
  torch::autograd::edge_list edges;
  for (int i = 0; i < count; ++i) {
    edges.push_back(wrt >> i & 1 ? torch::autograd::impl::gradient_edge(call.tensors[i])
                                 : torch::autograd::Edge());
  }
  node->set_next_edges(std::move(edges));
  node->loss = call.loss;
  node->settings = call.settings;

  bool plain = true;
  for (const at::Tensor& t : call.tensors) plain = plain && (!t.defined() || is_plain(t));
  const int64_t kept = wrt & kept_gradients(call);
  Evaluation out;
  {
    at::AutoDispatchBelowADInplaceOrView guard;
    out = plain ? evaluate(kernels, call, kept) : call_fused(call, kept, fused);
  }
  node->saved.reserve(2 * count + 1);
  for (int i = 0; i < count; ++i) node->saved.emplace_back(call.tensors[i], false);
  for (int i = 0; i < count; ++i) node->saved.emplace_back(out.grads[i], false);
  node->saved.emplace_back(out.denominator, false);
  torch::autograd::create_gradient_edge(out.loss, node);
  return out.loss;
}

}  // namespace lossops
