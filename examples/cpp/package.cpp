// Runs an AOTInductor package that calls an operator of lossops: package scored.pt2 scored.pt
// The second file is the same module in TorchScript, to compare with.
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>
#include <torch/script.h>

#include <iostream>

int main(int, char** argv) {
  const c10::InferenceMode guard;
  torch::inductor::AOTIModelPackageLoader package(argv[1]);
  auto module = torch::jit::load(argv[2]);
  const auto x = torch::rand({8, 64});
  const auto y = torch::arange(8);
  const auto losses = package.run({x, y})[0];
  std::cout << "losses: " << losses.view({1, -1}) << "\n";
  const bool right = torch::allclose(losses, module.forward({x, y}).toTensor(), 1e-4, 1e-6);
  std::cout << (right ? "TorchScript gives the same.\n" : "TorchScript gives something else.\n");
  return right ? 0 : 1;
}
