// Trains a small network on the digits with a loss of lossops: train digits.pt
// The same as train() in make_files.py, which reached the accuracy that the file names.
#include <lossops/nn.h>
#include <torch/script.h>
#include <torch/torch.h>

#include <cmath>
#include <iostream>

int main(int, char** argv) {
  const auto data = torch::jit::load(argv[1]);
  const auto tensor = [&](const char* name) { return data.attr(name).toTensor(); };
  const auto x = tensor("train_x"), y = tensor("train_y");

  torch::manual_seed(0);
  torch::nn::Sequential model(torch::nn::Linear(64, 64), torch::nn::ReLU(), torch::nn::Linear(64, 10));
  lossops::nn::CrossEntropyLoss loss(
      lossops::nn::CrossEntropyLossOptions().label_smoothing(0.05).z_loss(1e-4));
  torch::optim::Adam optimizer(model->parameters(), 3e-3);
  for (int epoch = 0; epoch < 40; ++epoch) {
    double sum = 0;
    for (const auto& rows : torch::randperm(x.size(0)).split(64)) {
      optimizer.zero_grad();
      const auto value = loss(model->forward(x.index({rows})), y.index({rows}));
      value.backward();
      optimizer.step();
      sum += value.item<double>() * static_cast<double>(rows.size(0));
    }
    if (epoch % 10 == 9) std::cout << "epoch " << epoch + 1 << ": loss " << sum / x.size(0) << "\n";
  }

  const auto hits = model->forward(tensor("test_x")).argmax(1) == tensor("test_y");
  const double ours = hits.to(torch::kFloat).mean().item<double>();
  const double python = tensor("accuracy").item<double>();
  std::cout << loss << "\naccuracy " << ours << ", in Python " << python << "\n";
  return std::abs(ours - python) <= 0.01 ? 0 : 1;
}
