// Runs losses of one's own without Python: own_loss <library> <program> <data>, any number of times. A
// program is a TorchScript file that calls the operator in the library; the data are operands and what Python
// found.
#include <dlfcn.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/script.h>

#include <iostream>

namespace {

std::vector<at::Tensor> run(torch::jit::Module& program, const std::vector<at::Tensor>& operands) {
  std::vector<c10::IValue> leaves;
  torch::autograd::variable_list inputs;
  for (const at::Tensor& operand : operands) {
    inputs.push_back(operand.detach().clone().requires_grad_());
    leaves.emplace_back(inputs.back());
  }
  std::vector<at::Tensor> found{program.forward(leaves).toTensor()};
  for (const at::Tensor& slope : torch::autograd::grad({found[0].sum()}, inputs)) found.push_back(slope);
  return found;
}

}  // namespace

int main(int count, char** given) {
  for (int i = 1; i + 2 < count; i += 3) {
    if (!dlopen(given[i], RTLD_NOW)) {
      std::cerr << dlerror() << "\n";
      return 1;
    }
    auto program = torch::jit::load(given[i + 1]);
    auto data = torch::jit::load(given[i + 2]);
    const auto found = run(program, data.attr("operands").toTensorVector());
    const auto expected = data.attr("expected").toTensorVector();
    for (size_t k = 0; k < expected.size(); ++k) {
      if (!at::equal(found[k], expected[k])) {
        std::cerr << given[i + 1] << ": result " << k << " differs\n";
        return 1;
      }
    }
  }
  std::cout << (count - 1) / 3 << " losses\n";
  return 0;
}
