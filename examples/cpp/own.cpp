// Calls losses that own_losses.cpp defines, and holds values and gradients against their formulas.
#include <torch/torch.h>

#include <cmath>
#include <cstdio>

#include "own_losses.h"

namespace {

/// Whether a loss and its first two derivatives are those of the formula.
bool agree(const char* what, const at::Tensor& loss, const at::Tensor& formula, const at::Tensor& input) {
  auto ours = torch::autograd::grad({loss}, {input}, {}, true, true)[0];
  auto theirs = torch::autograd::grad({formula}, {input}, {}, true, true)[0];
  auto second = torch::autograd::grad({ours.square().sum()}, {input})[0];
  auto expected = torch::autograd::grad({theirs.square().sum()}, {input})[0];
  const bool equal = loss.allclose(formula, 1e-5, 1e-6) && ours.allclose(theirs, 1e-5, 1e-6) &&
                     second.allclose(expected, 1e-4, 1e-6);
  std::printf("%s: %g, %s\n", what, loss.item<double>(), equal ? "as its formula" : "NOT its formula");
  return equal;
}

}  // namespace

int main() {
  torch::manual_seed(0);
  const auto x = (3 * torch::randn({1000, 10})).requires_grad_();
  const auto t = torch::randn({1000, 10});
  const auto labels = torch::randint(10, {1000});

  const auto cauchy = own::cauchy(x, t, {.c = 2});
  own::ShortfallLoss loss(own::Shortfall{.power = 1.5});
  const auto shortfall = loss(x, labels);
  const auto weight = torch::randn({10, 10}) / 10;
  const auto on_product = own::linear_shortfall(x, weight, labels, {.power = 1.5});
  const auto p = x.softmax(-1).gather(1, labels.unsqueeze(1));
  return agree("cauchy", cauchy, ((x - t) / 2).square().log1p().mean(), x) &&
                 agree("shortfall", shortfall, (1 - p).pow(1.5).mean(), x) &&
                 agree("linear_shortfall", on_product,
                       own::shortfall(x.mm(weight.t()), labels, {.power = 1.5}), x)
             ? 0
             : 1;
}
