// The penalty for every dispatch key but that of its kernels.
#include "operators/penalty/penalty.h"

#include <ATen/TensorSubclassLikeUtils.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_foreach_sign.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/VariableTypeUtils.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>

#include "core/dispatch.h"
#include "core/gil.h"
#include "core/shapes.h"
#include "runtime/cpu/memory.h"

namespace lossops {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Penalty check_penalty(at::TensorList params, double l1, double l2) {
  TORCH_CHECK_VALUE(!params.empty(), "elastic_net_penalty: params must hold at least one tensor, got none");
  const auto check_strength = [](const char* name, double given) {
    TORCH_CHECK_VALUE(given >= 0 && std::isfinite(given), "elastic_net_penalty: ", name,
                      " must be >= 0 and finite, got ", given);
  };
  check_strength("l1", l1);
  check_strength("l2", l2);
  for (size_t i = 0; i < params.size(); ++i) {
    const at::Tensor& p = params[i];
    const auto which = [&] { return c10::str("elastic_net_penalty: parameter ", i, " must "); };
    TORCH_CHECK(p.defined(), which(), "be a tensor, got an undefined one");
    TORCH_CHECK(is_dense(p), which(), "be a dense tensor, got ", shown_layout(p));
    TORCH_CHECK_NOT_IMPLEMENTED(is_float(p.scalar_type()), which(),
                                "have dtype float16, bfloat16, float32 or float64, got ", p.scalar_type());
    TORCH_CHECK(p.device() == params[0].device(), which(), "be on the device of the first, ",
                params[0].device(), ", got ", p.device());
  }
  return {l1, l2};
}

at::ScalarType penalty_dtype(at::TensorList params) {
  for (const at::Tensor& p : params) {
    if (p.scalar_type() == at::kDouble) return at::kDouble;
  }
  return at::kFloat;
}

namespace {

const c10::OperatorHandle& penalty_op() {
  static const c10::OperatorHandle op =
      c10::Dispatcher::singleton().findSchemaOrThrow("lossops::elastic_net_penalty", "");
  return op;
}

at::Tensor call_penalty(at::TensorList params, double l1, double l2) {
  static const auto op = penalty_op().typed<at::Tensor(at::TensorList, double, double)>();
  return op.call(params, l1, l2);
}

/// By Python, if it knows the subclass of some parameters; otherwise undefined.
at::Tensor penalty_of_subclasses(at::TensorList params, double l1, double l2) {
  const auto is_python = [](const at::Tensor& p) { return p.key_set().has(c10::DispatchKey::Python); };
  if (!answer_subclasses || std::none_of(params.begin(), params.end(), is_python)) return {};
  torch::jit::Stack stack{params.vec(), l1, l2};
  return answer_subclasses(penalty_op(), stack) ? stack.front().toTensor() : at::Tensor();
}

/// The penalty in ATen operators that every transform knows.
at::Tensor decomposition(at::TensorList params, double l1, double l2) {
  const Penalty penalty = check_penalty(params, l1, l2);
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const at::ScalarType dtype = penalty_dtype(params);
  at::Tensor total;
  const auto add = [&](const at::Tensor& part) { total = total.defined() ? total + part : part; };
  for (const at::Tensor& p : params) {
    const at::Tensor x = p.to(dtype);
    if (penalty.absolute()) add(x.abs().sum() * l1);
    if (penalty.square()) add((x * x).sum() * l2);
  }
  return total;
}

/// The gradients times upstream, a differentiable function of all; undefined where not wanted. By
/// multi-tensor operators where they serve: autograd and transforms lack rules for some.
variable_list slopes(const at::Tensor& upstream, at::TensorList params, const Penalty& penalty,
                     const std::vector<bool>& wanted) {
  const at::ScalarType dtype = penalty_dtype(params);
  bool listed = !at::GradMode::is_enabled() && !inside_transform() && !at::isTensorSubclassLike(upstream);
  variable_list x;
  for (size_t i = 0; i < params.size(); ++i) {
    if (wanted[i]) x.push_back(params[i].to(dtype));
    listed = listed && !at::isTensorSubclassLike(params[i]);
  }
  const auto each = [&](const auto& of) {
    variable_list results;
    for (size_t i = 0; i < x.size(); ++i) results.push_back(of(i));
    return results;
  };
  variable_list found;
  const auto add = [&](const variable_list& list, const at::Tensor& factor) {
    const variable_list part =
        listed ? at::_foreach_mul(list, factor) : each([&](size_t i) { return list[i] * factor; });
    found = found.empty() ? part
            : listed      ? at::_foreach_add(found, part)
                          : each([&](size_t i) { return found[i] + part[i]; });
  };
  if (penalty.absolute()) {
    add(listed ? at::_foreach_sign(x) : each([&](size_t i) { return x[i].sign(); }), upstream * penalty.l1);
  }
  if (penalty.square()) add(x, upstream * (2 * penalty.l2));

  variable_list grads(params.size());
  for (size_t i = 0, next = 0; i < params.size(); ++i) {
    if (wanted[i]) grads[i] = found[next++].to(params[i].scalar_type());
  }
  return grads;
}

at::Tensor penalty_meta(at::TensorList params, double l1, double l2) {
  check_penalty(params, l1, l2);
  return at::empty({}, params[0].options().dtype(penalty_dtype(params)));
}

bool is_plain_cpu(const at::Tensor& t) { return t.is_cpu() && is_plain(t); }

bool all_plain(at::TensorList tensors) {
  return std::all_of(tensors.begin(), tensors.end(), [](const at::Tensor& t) { return is_plain_cpu(t); });
}

/// Keeps the parameters, and the gradients that the pass over them has written along with the value: these
/// serve one backward pass that does not scale them. Any other computes them anew.
struct PenaltyBackward {
  static at::Tensor forward(AutogradContext* context, at::TensorList params, double l1, double l2) {
    context->save_for_backward(params.vec());
    context->saved_data["l1"] = l1;
    context->saved_data["l2"] = l2;
    const at::AutoDispatchBelowADInplaceOrView guard;
    // A small gradient must not be rounded to float16 before the scale of the loss is on it.
    const bool half = std::any_of(params.begin(), params.end(),
                                  [](const at::Tensor& p) { return p.scalar_type() == at::kHalf; });
    if (half || !all_plain(params)) return call_penalty(params, l1, l2);

    variable_list grads(params.size());
    for (size_t i = 0; i < params.size(); ++i) {
      if (!params[i].requires_grad()) continue;
      grads[i] = cpu::empty_dense(params[i], params[i].scalar_type());
      context->saved_data[kept_name(i)] = grads[i];
    }
    const double value = cpu::evaluate_penalty(params, {l1, l2}, 1, grads);
    return cpu::scalar_tensor(value, penalty_dtype(params));
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const variable_list params = context->get_saved_variables();
    std::vector<bool> wanted;
    for (size_t i = 0; i < params.size(); ++i) wanted.push_back(context->needs_input_grad(i));
    variable_list grads = gradients(*context, params, upstream[0], wanted);
    grads.resize(params.size() + 2);  // none for the strengths
    return grads;
  }

 private:
  /// One by one: compiled autograd sees no tensors in lists.
  static std::string kept_name(size_t i) { return "kept" + std::to_string(i); }

  static variable_list take_kept(AutogradContext& context, size_t count) {
    variable_list kept(count);
    for (size_t i = 0; i < count; ++i) {
      const auto found = context.saved_data.find(kept_name(i));
      if (found == context.saved_data.end()) continue;
      kept[i] = found->second.toTensor();
      context.saved_data.erase(found);
    }
    return kept;
  }

  static variable_list gradients(AutogradContext& context, const variable_list& params,
                                 const at::Tensor& upstream, const std::vector<bool>& wanted) {
    const Penalty penalty{context.saved_data["l1"].toDouble(), context.saved_data["l2"].toDouble()};
    variable_list kept = take_kept(context, params.size());
    if (at::GradMode::is_enabled() || !is_plain_cpu(upstream) || !all_plain(params)) {
      return slopes(upstream, params, penalty, wanted);
    }
    const double factor = cpu::value_of_scalar(upstream);
    // In half precision a gradient scaled after it was rounded would be rounded twice.
    const auto serves = [&](const at::Tensor& grad) {
      return grad.defined() && (factor == 1 || !c10::isReducedFloatingType(grad.scalar_type()));
    };
    bool anew = false;
    for (size_t i = 0; i < params.size(); ++i) anew = anew || (wanted[i] && !serves(kept[i]));
    for (size_t i = 0; i < params.size(); ++i) {
      if (anew || !wanted[i]) kept[i].reset();
      if (anew && wanted[i]) kept[i] = cpu::empty_dense(params[i], params[i].scalar_type());
    }
    if (anew) {
      cpu::evaluate_penalty(params, penalty, factor, kept);
    } else if (factor != 1) {
      for (const at::Tensor& grad : kept) {
        if (grad.defined()) grad.mul_(factor);
      }
    }
    return kept;
  }
};

/// By what grad_fn and profilers call them.
struct L1PenaltyBackward : torch::autograd::Function<L1PenaltyBackward>, PenaltyBackward {};
struct L2PenaltyBackward : torch::autograd::Function<L2PenaltyBackward>, PenaltyBackward {};
struct ElasticNetPenaltyBackward : torch::autograd::Function<ElasticNetPenaltyBackward>, PenaltyBackward {};

at::Tensor penalty_autograd(at::TensorList params, double l1, double l2) {
  check_penalty(params, l1, l2);
  if (at::Tensor answer = penalty_of_subclasses(params, l1, l2); answer.defined()) return answer;
  bool by_decomposition = inside_transform(), differentiates = false;
  for (const at::Tensor& p : params) {
    by_decomposition |= torch::autograd::isFwGradDefined(p);
    differentiates |= p.requires_grad();
  }
  if (by_decomposition) return decomposition(params, l1, l2);
  if (differentiates && at::GradMode::is_enabled()) {
    if (l2 == 0) return L1PenaltyBackward::apply(params, l1, l2);
    if (l1 == 0) return L2PenaltyBackward::apply(params, l1, l2);
    return ElasticNetPenaltyBackward::apply(params, l1, l2);
  }
  const at::AutoDispatchBelowADInplaceOrView guard;
  return call_penalty(params, l1, l2);
}

}  // namespace

at::Tensor penalty_by_lists(at::TensorList params, double l1, double l2) {
  const Penalty penalty = check_penalty(params, l1, l2);
  const at::ScalarType dtype = penalty_dtype(params);
  at::Tensor total;
  if (penalty.absolute()) total = at::stack(at::_foreach_norm(params, 1, dtype)).sum() * l1;
  if (penalty.square()) {
    const at::Tensor part = at::stack(at::_foreach_norm(params, 2, dtype)).square().sum() * l2;
    total = total.defined() ? total + part : part;
  }
  return total;
}

TORCH_LIBRARY_FRAGMENT(lossops, library) {
  const std::vector<at::Tag> tags{at::Tag::pt2_compliant_tag};
  library.def("elastic_net_penalty(Tensor[] params, float l1, float l2) -> Tensor", tags);
}
TORCH_LIBRARY_IMPL(lossops, CompositeExplicitAutograd, library) {
  library.impl("elastic_net_penalty", penalty_by_lists);
}
TORCH_LIBRARY_IMPL(lossops, FuncTorchBatchedDecomposition, library) {
  library.impl("elastic_net_penalty", decomposition);
}
TORCH_LIBRARY_IMPL(lossops, Meta, library) { library.impl("elastic_net_penalty", penalty_meta); }
TORCH_LIBRARY_IMPL(lossops, Autograd, library) { library.impl("elastic_net_penalty", penalty_autograd); }

}  // namespace lossops
