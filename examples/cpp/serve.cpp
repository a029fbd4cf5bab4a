// Runs a TorchScript file whose module holds an operator of lossops, and its gradient: serve scored.pt
// Nothing here names lossops; linking lossops::lossops is all it takes.
#include <torch/script.h>

#include <iostream>

int main(int, char** argv) {
  auto module = torch::jit::load(argv[1]);
  auto x = torch::rand({8, 64});
  x.requires_grad_();
  const auto y = torch::arange(8);
  const auto loss = module.forward({x, y}).toTensor();
  loss.sum().backward();

  // The formula of softmax_focal with gamma 2.
  auto same = x.detach().clone();
  same.requires_grad_();
  const auto linear = module.attr("linear").toModule();
  const auto scores =
      torch::matmul(same, linear.attr("weight").toTensor().t()) + linear.attr("bias").toTensor();
  const auto ln_p = torch::log_softmax(scores, 1).gather(1, y.unsqueeze(1)).squeeze(1);
  const auto expected = -(1 - ln_p.exp()).square() * ln_p;
  expected.sum().backward();

  std::cout << "losses: " << loss.detach().view({1, -1}) << "\n";
  const bool right =
      torch::allclose(loss, expected, 1e-4, 1e-6) && torch::allclose(x.grad(), same.grad(), 1e-4, 1e-6);
  std::cout << (right ? "The formula gives the same.\n" : "The formula gives something else.\n");
  return right ? 0 : 1;
}
