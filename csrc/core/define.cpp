// The operators of a loss, for every dispatch key, all boxed: one implementation serves every schema.
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/impl/TorchDispatchModeTLS.h>
#include <lossops/version.h>
#include <torch/csrc/autograd/VariableTypeUtils.h>
#include <torch/library.h>

#include <cstring>

#include "core/dispatch.h"
#include "core/gil.h"

namespace lossops {
namespace {

using c10::DispatchKey;
using c10::DispatchKeySet;
using c10::OperatorHandle;
using torch::jit::Stack;

void replace(Stack& stack, int count, c10::IValue result) {
  torch::jit::drop(stack, count);
  stack.push_back(std::move(result));
}

std::vector<at::Tensor> listed(const Evaluation& out) {
  std::vector<at::Tensor> list{out.loss};
  for (const at::Tensor& g : out.grads) {
    if (g.defined()) list.push_back(g);
  }
  if (out.denominator.defined()) list.push_back(out.denominator);
  return list;
}

/// An op's behaviour under one dispatch key.
struct LossKernel : c10::OperatorKernel {
  explicit LossKernel(std::shared_ptr<const Loss> given)
      : loss(std::move(given)), arguments(loss->operands + loss->params + kCommonCount) {}
  const std::shared_ptr<const Loss> loss;  ///< lives as long as the dispatcher knows the op
  const int arguments;
};

/// The loss alone, by what `Evaluate` is.
template <class Evaluate>
struct ValueKernel : LossKernel {
  explicit ValueKernel(std::shared_ptr<const Loss> loss, Evaluate evaluate)
      : LossKernel(std::move(loss)), evaluate(evaluate) {}
  const Evaluate evaluate;
  void operator()(const OperatorHandle&, DispatchKeySet, Stack* stack) {
    Call call = Call::parse(*loss, *stack);
    call.align();
    replace(*stack, arguments, evaluate(call));
  }
};

/// The loss and its gradients.
template <class Evaluate>
struct FusedKernel : LossKernel {
  explicit FusedKernel(std::shared_ptr<const Loss> loss, Evaluate evaluate)
      : LossKernel(std::move(loss)), evaluate(evaluate) {}
  const Evaluate evaluate;
  void operator()(const OperatorHandle&, DispatchKeySet, Stack* stack) {
    Call call = Call::parse(*loss, *stack, /*extra=*/1);
    const int64_t wrt = stack->back().toInt();
    call.align();
    int64_t allowed = 0;
    for (int i = 0; i < call.tensor_count(); ++i) {
      const at::Tensor& t = call.tensors[i];
      if (t.defined() && at::isFloatingType(t.scalar_type())) allowed |= int64_t{1} << i;
    }
    TORCH_CHECK_VALUE(
        (wrt & ~(allowed & kept_gradients(call))) == 0, loss->name,
        ": wrt must be a bit mask of the floating point tensors given whose gradients are fused, got ", wrt);
    replace(*stack, arguments + 1, listed(evaluate(call, wrt)));
  }
};

/// Autocast asks for a float32 result; nothing is cast but the factors of products, as torch casts them.
void apply_autocast(Call& call) {
  const c10::DeviceType device = call.input().device().type();
  for (int i = 0; i < call.loss->operands; ++i) {
    if (!(call.loss->factors >> i & 1)) continue;
    at::Tensor& t = call.tensors[i];
    t = at::autocast::cached_cast(at::autocast::get_autocast_dtype(device), t, device);
  }
  if (!call.settings.dtype && c10::isReducedFloatingType(call.input().scalar_type()))
    call.settings.dtype = at::kFloat;
}

/// The decomposition under vmap and other transforms, which come before autocast in the order of dispatch and
/// so have to do its work.
at::Tensor evaluate_transformed(const Call& parsed) {
  Call call = parsed;
  const c10::DeviceType device = call.input().device().type();
  if (at::autocast::is_autocast_available(device) && at::autocast::is_autocast_enabled(device)) {
    apply_autocast(call);
  }
  c10::impl::ExcludeDispatchKeyGuard guard(c10::autocast_dispatch_keyset);
  return call.loss->family.decompose(call);
}

struct AutocastKernel : LossKernel {
  using LossKernel::LossKernel;
  void operator()(const OperatorHandle& op, DispatchKeySet, Stack* stack) {
    c10::impl::ExcludeDispatchKeyGuard guard(c10::autocast_dispatch_keyset);
    Call call = Call::parse(*loss, *stack);
    apply_autocast(call);
    for (int i = 0; i < loss->operands; ++i) {
      if (loss->factors >> i & 1 && call.tensors[i].defined())
        (*stack)[stack->size() - arguments + i] = call.tensors[i];
    }
    if (call.settings.dtype) stack->back() = *call.settings.dtype;
    op.callBoxed(stack);
  }
};

struct AutogradKernel : LossKernel {
  AutogradKernel(std::shared_ptr<const Loss> loss, OperatorHandle fused)
      : LossKernel(std::move(loss)), fused(fused) {}
  const OperatorHandle fused;

  void operator()(const OperatorHandle& op, DispatchKeySet keys, Stack* stack) {
    if (keys.has(DispatchKey::Python) && answer_subclasses && answer_subclasses(op, *stack)) return;
    const bool compiles = (loss->decomposes_for_compilers() && inside_compiler()) || sum_over_ranks;
    if (!compiles && !inside_transform() && !differentiates(*stack)) {
      at::AutoDispatchBelowADInplaceOrView guard;
      return op.redispatchBoxed(keys & c10::after_ADInplaceOrView_keyset, stack);
    }
    Call call = Call::parse(*loss, *stack);
    call.align();
    const int64_t wrt = wanted(call);
    const Kernels* const kernels = wrt != 0 ? loss->kernels_on(call.input().device()) : nullptr;
    bool decomposes = compiles || inside_transform() || !kernels;
    for (const at::Tensor& t : call.tensors) decomposes |= torch::autograd::isFwGradDefined(t);
    replace(*stack, arguments,
            decomposes ? evaluate_transformed(call) : evaluate_with_grad(call, *kernels, wrt, fused));
  }

 private:
  /// Whether anything is to be differentiated by; arguments that are none are the next key's to refuse.
  bool differentiates(const Stack& stack) const {
    const bool backward = at::GradMode::is_enabled();
    return std::any_of(stack.end() - arguments, stack.end(), [&](const c10::IValue& v) {
      if (!v.isTensor()) return false;
      const at::Tensor& t = v.toTensor();
      return t.defined() && ((backward && t.requires_grad()) || torch::autograd::isFwGradDefined(t));
    });
  }

  /// A bit for each tensor that needs a gradient.
  static int64_t wanted(const Call& call) {
    int64_t wrt = 0;
    if (!at::GradMode::is_enabled()) return wrt;
    for (int i = 0; i < call.tensor_count(); ++i) {
      const at::Tensor& t = call.tensors[i];
      wrt |= static_cast<int64_t>(t.defined() && t.requires_grad()) << i;
    }
    return wrt;
  }
};

template <class K>
void implement(torch::Library& library, const std::string& op, DispatchKey key, K kernel) {
  library.impl(
      op.c_str(),
      torch::dispatch(key, torch::CppFunction::makeFromBoxedFunctor(std::make_unique<K>(std::move(kernel)))));
}

/// The loss and its gradients, and the loss alone, under the key of a backend.
template <class Evaluate>
void implement_backend(torch::Library& library, const std::shared_ptr<const Loss>& loss, DispatchKey key,
                       const std::string& fused_name, Evaluate evaluate) {
  implement(library, fused_name, key, FusedKernel(loss, evaluate));
  implement(library, loss->name, key,
            ValueKernel(loss, [evaluate](const Call& call) { return evaluate(call, 0).loss; }));
}

}  // namespace

bool inside_transform() {
  constexpr DispatchKeySet kLevels(
      {DispatchKey::FuncTorchDynamicLayerFrontMode, DispatchKey::FuncTorchDynamicLayerBackMode});
  return c10::impl::tls_local_dispatch_key_set().included_.has_any(kLevels);
}

bool inside_compiler() {
  using c10::impl::TorchDispatchModeKey;
  return c10::impl::TorchDispatchModeTLS::get_mode(TorchDispatchModeKey::PROXY).has_value();
}

int64_t kept_gradients(const Call& call) {
  int64_t bits = call.loss->family.keeps(call);
  for (int i = 1; i < call.tensor_count(); ++i) {
    const at::Tensor& t = call.tensors[i];
    if (t.defined() && t.device() != call.input().device()) bits &= ~(int64_t{1} << i);
  }
  return bits;
}

Evaluation evaluate_meta(const Call& call, int64_t wrt) {
  Evaluation out;
  const Family& family = call.loss->family;
  const auto scalar = [&](at::ScalarType dtype) {
    return at::empty({}, call.input().options().dtype(dtype).requires_grad(false));
  };
  out.loss = call.reduces() ? scalar(call.result_dtype()) : family.empty_values(call);
  for (int i = 0; i <= call.loss->operands; ++i) {
    if (!(wrt >> i & 1)) continue;
    out.grads[i] = empty_in_order(family.gradient_like(call, i), call.tensors[i].scalar_type());
  }
  const int n = call.loss->operands + 1;
  if (wrt >> n & 1) out.grads[n] = at::empty_like(call.normalizer());
  if (needs_denominator(call, wrt)) out.denominator = scalar(at::kDouble);
  return out;
}

Evaluation call_fused(const Call& call, int64_t wrt, const OperatorHandle& fused) {
  const Loss& loss = *call.loss;
  const Settings& s = call.settings;
  const auto optional = [](const at::Tensor& t) { return t.defined() ? c10::IValue(t) : c10::IValue(); };
  Stack stack;
  stack.reserve(loss.operands + loss.params + kCommonCount + 1);
  for (int i = 0; i < loss.operands; ++i) stack.push_back(optional(call.tensors[i]));
  for (int p = 0; p < loss.params; ++p) stack.push_back(loss.parameter(p, s.params[p]));
  stack.push_back(optional(call.weight()));
  stack.push_back(s.ignore_index ? c10::IValue(*s.ignore_index) : c10::IValue());
  stack.push_back(optional(call.normalizer()));
  stack.push_back(static_cast<int64_t>(s.reduction));
  stack.push_back(s.dtype ? c10::IValue(*s.dtype) : c10::IValue());
  stack.push_back(wrt);
  fused.callBoxed(stack);

  const c10::List<at::Tensor> list = stack[0].toTensorList();
  Evaluation out;
  size_t next = 0;
  out.loss = list[next++];
  for (int i = 0; i < call.tensor_count(); ++i) {
    if (wrt >> i & 1) out.grads[i] = list[next++];
  }
  if (next < list.size()) out.denominator = list[next];
  return out;
}

void define_loss(torch::Library& library, std::unique_ptr<Loss> owned, const char* version) {
  TORCH_CHECK(std::strcmp(version, LOSSOPS_VERSION) == 0,
              "lossops: an extension was compiled with the headers of lossops ", version, ", but ",
              LOSSOPS_VERSION, " is loaded; compile it again");
  static constexpr Backend meta{
      DispatchKey::Meta, [](const Call& call, const void*, int64_t wrt) { return evaluate_meta(call, wrt); },
      nullptr};
  owned->kernels.push_back({&meta, nullptr});
  const std::shared_ptr<const Loss> loss = std::move(owned);
  const std::string fused_name = "_" + loss->name + "_value_and_grad";
  const std::string schema = loss->name + "(" + loss->arguments_text + kCommonArguments + ") -> Tensor";
  const std::string fused_schema =
      fused_name + "(" + loss->arguments_text + kCommonArguments + ", int wrt=1) -> Tensor[]";
  const std::vector<at::Tag> tags{at::Tag::pt2_compliant_tag};
  library.def(schema.c_str(), tags);
  library.def(fused_schema.c_str(), tags);

  for (const Kernels& k : loss->kernels) {
    implement_backend(library, loss, k.backend->key, fused_name,
                      [k](const Call& call, int64_t wrt) { return evaluate(k, call, wrt); });
  }
  implement(library, loss->name, DispatchKey::CompositeExplicitAutograd,
            ValueKernel(loss, loss->family.decompose));
  implement(library, loss->name, DispatchKey::FuncTorchBatchedDecomposition,
            ValueKernel(loss, evaluate_transformed));
  implement(library, loss->name, DispatchKey::AutocastCPU, AutocastKernel(loss));
  implement(library, loss->name, DispatchKey::AutocastCUDA, AutocastKernel(loss));
  library.impl(fused_name.c_str(),
               torch::dispatch(DispatchKey::Autograd, torch::CppFunction::makeFallthrough()));

  const auto fused =
      c10::Dispatcher::singleton().findSchemaOrThrow((loss->space + "::" + fused_name).c_str(), "");
  implement(library, loss->name, DispatchKey::Autograd, AutogradKernel(loss, fused));
}

}  // namespace lossops
