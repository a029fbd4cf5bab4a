// The operators of a loss, for every dispatch key, all boxed: one implementation serves every schema.
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <lossops/version.h>
#include <torch/csrc/autograd/VariableTypeUtils.h>

#include <cstring>

#include "core/loss.h"

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

template <at::Tensor (*evaluate)(const Call&)>
struct ValueKernel : LossKernel {
  using LossKernel::LossKernel;
  void operator()(const OperatorHandle&, DispatchKeySet, Stack* stack) {
    Call call = Call::parse(*loss, *stack);
    call.align();
    replace(*stack, arguments, evaluate(call));
  }
};

template <Evaluation (*evaluate)(const Call&, int64_t)>
at::Tensor loss_of(const Call& call) {
  return evaluate(call, 0).loss;
}

template <Evaluation (*evaluate)(const Call&, int64_t)>
struct FusedKernel : LossKernel {
  using LossKernel::LossKernel;
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
        (wrt & ~(allowed & fused_gradients(call))) == 0, loss->name,
        ": wrt must be a bit mask of the floating point tensors given whose gradients are fused, got ", wrt);
    replace(*stack, arguments + 1, listed(evaluate(call, wrt)));
  }
};

/// Autocast asks for a float32 result; nothing is cast.
void apply_autocast(Settings& settings, const at::Tensor& input) {
  if (!settings.dtype && c10::isReducedFloatingType(input.scalar_type())) settings.dtype = at::kFloat;
}

/// The decomposition under vmap and other transforms, which come before autocast in the order of dispatch and
/// so have to do its work.
at::Tensor evaluate_transformed(const Call& parsed) {
  Call call = parsed;
  const c10::DeviceType device = call.input().device().type();
  if (at::autocast::is_autocast_available(device) && at::autocast::is_autocast_enabled(device)) {
    apply_autocast(call.settings, call.input());
  }
  c10::impl::ExcludeDispatchKeyGuard guard(c10::autocast_dispatch_keyset);
  return evaluate_decomposition(call);
}

struct AutocastKernel : LossKernel {
  using LossKernel::LossKernel;
  void operator()(const OperatorHandle& op, DispatchKeySet, Stack* stack) {
    c10::impl::ExcludeDispatchKeyGuard guard(c10::autocast_dispatch_keyset);
    Call call = Call::parse(*loss, *stack);
    apply_autocast(call.settings, call.input());
    if (call.settings.dtype) stack->back() = *call.settings.dtype;
    op.callBoxed(stack);
  }
};

struct AutogradKernel : LossKernel {
  AutogradKernel(std::shared_ptr<const Loss> loss, OperatorHandle fused)
      : LossKernel(std::move(loss)), fused(fused) {}
  const OperatorHandle fused;

  void operator()(const OperatorHandle& op, DispatchKeySet keys, Stack* stack) {
    Call call = Call::parse(*loss, *stack);
    const int64_t wrt = wanted(call);
    bool by_decomposition =
        inside_transform() || (wrt & ~fused_gradients(call)) != 0 || (wrt != 0 && !has_kernel(call.input()));
    for (const at::Tensor& t : call.tensors) by_decomposition |= torch::autograd::isFwGradDefined(t);
    if (by_decomposition) {
      call.align();
      replace(*stack, arguments, evaluate_transformed(call));
    } else if (wrt != 0) {
      call.align();
      replace(*stack, arguments, evaluate_with_grad(call, wrt, fused));
    } else {
      at::AutoDispatchBelowADInplaceOrView guard;
      op.redispatchBoxed(keys & c10::after_ADInplaceOrView_keyset, stack);
    }
  }

 private:
  /// Whether the fused op has a kernel for the tensor's device.
  bool has_kernel(const at::Tensor& t) const {
    if (t.is_cpu()) return true;
    return fused.hasKernelForDispatchKey(c10::computeDispatchKey(std::nullopt, std::nullopt, t.device()));
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

template <class K, class... Args>
void implement(torch::Library& library, const std::string& op, DispatchKey key,
               const std::shared_ptr<const Loss>& loss, Args... args) {
  library.impl(
      op.c_str(),
      torch::dispatch(key, torch::CppFunction::makeFromBoxedFunctor(std::make_unique<K>(loss, args...))));
}

}  // namespace

bool inside_transform() {
  constexpr DispatchKeySet kLevels(
      {DispatchKey::FuncTorchDynamicLayerFrontMode, DispatchKey::FuncTorchDynamicLayerBackMode});
  return c10::impl::tls_local_dispatch_key_set().included_.has_any(kLevels);
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
  const std::shared_ptr<const Loss> loss = std::move(owned);
  const std::string fused_name = "_" + loss->name + "_value_and_grad";
  const std::string schema = loss->name + "(" + loss->arguments_text + kCommonArguments + ") -> Tensor";
  const std::string fused_schema =
      fused_name + "(" + loss->arguments_text + kCommonArguments + ", int wrt=1) -> Tensor[]";
  const std::vector<at::Tag> tags{at::Tag::pt2_compliant_tag};
  library.def(schema.c_str(), tags);
  library.def(fused_schema.c_str(), tags);

  implement<ValueKernel<loss_of<evaluate_cpu>>>(library, loss->name, DispatchKey::CPU, loss);
  implement<ValueKernel<loss_of<evaluate_meta>>>(library, loss->name, DispatchKey::Meta, loss);
  implement<ValueKernel<evaluate_decomposition>>(library, loss->name, DispatchKey::CompositeExplicitAutograd,
                                                 loss);
  implement<ValueKernel<evaluate_transformed>>(library, loss->name,
                                               DispatchKey::FuncTorchBatchedDecomposition, loss);
  implement<AutocastKernel>(library, loss->name, DispatchKey::AutocastCPU, loss);
  implement<AutocastKernel>(library, loss->name, DispatchKey::AutocastCUDA, loss);
  implement<FusedKernel<evaluate_cpu>>(library, fused_name, DispatchKey::CPU, loss);
  implement<FusedKernel<evaluate_meta>>(library, fused_name, DispatchKey::Meta, loss);
  // An extension may have kernels although this library lacks what launches them.
  if (loss->family->cuda && (loss->cuda_kernels || loss->cuda_class_axis_kernels)) {
    implement<ValueKernel<loss_of<evaluate_cuda>>>(library, loss->name, DispatchKey::CUDA, loss);
    implement<FusedKernel<evaluate_cuda>>(library, fused_name, DispatchKey::CUDA, loss);
  }
  library.impl(fused_name.c_str(),
               torch::dispatch(DispatchKey::Autograd, torch::CppFunction::makeFallthrough()));

  const auto fused =
      c10::Dispatcher::singleton().findSchemaOrThrow((loss->space + "::" + fused_name).c_str(), "");
  implement<AutogradKernel>(library, loss->name, DispatchKey::Autograd, loss, fused);
}

}  // namespace lossops
