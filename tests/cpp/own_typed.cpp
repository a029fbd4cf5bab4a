// Calls losses of one's own by their types, as functions and as modules: own_typed <library> <data>, for each
// of losses.h, which Python wrote: LOSSES(loss) is loss(namespace, function, Parameters, Module, tensors,
// Reduction) for each. The data are operands and what Python found.
#include <dlfcn.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/script.h>

#include <iostream>

#include "losses.h"

namespace {

/// What a loss gives for operands: the value, and the gradients of its sum.
template <size_t tensors, class Loss>
std::vector<at::Tensor> found(Loss&& loss, const std::vector<at::Tensor>& operands) {
  torch::autograd::variable_list leaves;
  for (const at::Tensor& operand : operands) leaves.push_back(operand.detach().clone().requires_grad_());
  const at::Tensor value = [&]<size_t... i>(std::index_sequence<i...>) {
    return loss(leaves[i]...);
  }(std::make_index_sequence<tensors>());
  std::vector<at::Tensor> all{value};
  for (const at::Tensor& slope : torch::autograd::grad({value.sum()}, leaves)) all.push_back(slope);
  return all;
}

bool equal(const std::vector<at::Tensor>& found, const std::vector<at::Tensor>& expected) {
  return std::equal(found.begin(), found.end(), expected.begin(), expected.end(),
                    [](const at::Tensor& a, const at::Tensor& b) { return at::equal(a, b); });
}

/// Whether the function and the module have the values and gradients that Python found.
template <size_t tensors, class Function, class Module>
bool agree(const char* name, char** given, const Function& function, Module module) {
  if (!dlopen(given[0], RTLD_NOW)) {
    std::cerr << dlerror() << "\n";
    return false;
  }
  auto data = torch::jit::load(given[1]);
  const auto operands = data.attr("operands").toTensorVector();
  const auto expected = data.attr("expected").toTensorVector();
  const bool agrees = equal(found<tensors>(function, operands), expected) &&
                      equal(found<tensors>(module, operands), expected);
  if (!agrees) std::cerr << name << " differs\n";
  return agrees;
}

}  // namespace

int main(int, char** given) {
  bool all = true;
  int count = 0;
#define LOSS(space, function, Parameters, Module, tensors, ending)                             \
  all = agree<tensors>(                                                                        \
            #function, given + 1 + 2 * count++,                                                \
            [](const auto&... x) { return space::function(x..., {}, {.reduction = ending}); }, \
            space::Module(space::Parameters(), lossops::CallOptions{.reduction = ending})) &&  \
        all;
  LOSSES(LOSS)
  std::cout << count << " losses\n";
  return all ? 0 : 1;
}
