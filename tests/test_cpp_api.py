"""The public C++ functions and modules: complete, and the same as those of Python."""

import math
from pathlib import Path
from typing import Any

import torch

from tests import registry
from tests.cases import WORDS, Case, make_case
from tests.cpp_library import PACKAGE, TORCH, cmake, run
from tests.losses import LOSSES, Loss
from tools import cpp, losses

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {source.op: source for family in losses.read() for source in family.losses}
REDUCTIONS = ("mean", "sum", "none")

PROGRAM = """
#include <ATen/autocast_mode.h>
#include <lossops/nn.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/script.h>

#include <iostream>
#include <limits>
#include <sstream>

using namespace lossops;

int main(int, char** argv) {
  const auto data = torch::jit::load(argv[1]);
  int mistakes = 0;
  const auto t = [&](const char* name) { return data.attr(name).toTensor(); };
  const auto check = [&](const char* name, const at::Tensor& got, const at::Tensor& expected) {
    if (got.dtype() == expected.dtype() && at::allclose(got, expected, 1e-12, 0, true)) return;
    ++mistakes;
    std::cout << name << ": " << got << " instead of " << expected << std::endl;
  };

  const auto half = at::ones({3}, at::kBFloat16), zero = at::zeros({3}, at::kBFloat16);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  check("autocast", huber(half, zero), at::full({}, 0.5));
  at::autocast::set_autocast_enabled(at::kCPU, false);
  const auto one = at::ones({3}), none = at::zeros({3});
  check("numbers", quantile(one, none, 0.25, Reduction::Sum, {}, 4), at::full({}, 0.5625));
  check("variance", gaussian_nll(one, none, 1), at::full({}, 0.5));
  nn::RWWCrossEntropyLoss costs(nn::RWWCrossEntropyLossOptions(at::ones({2}), at::ones({2, 2})));
  costs->to(at::kDouble);
  check("buffers", costs->named_buffers()["fp_weight"], at::ones({2, 2}, at::kDouble));
  const auto copy = std::dynamic_pointer_cast<nn::RWWCrossEntropyLossImpl>(costs->clone());
  check("clone", copy->fn_weight, costs->fn_weight);
  std::ostringstream text;
  text << nn::FocalLoss(nn::FocalLossOptions().alpha(std::nullopt).reduction(Reduction::Sum));
  const std::string shown = "(alpha=nullopt, gamma=2, reduction=Sum, ignore_index=nullopt)";
  if (text.str() != "lossops::nn::FocalLoss" + shown) {
    ++mistakes;
    std::cout << text.str() << std::endl;
  }
  const auto x = at::randn({4, 3}, at::kDouble), w = at::randn({5, 3}, at::kDouble);
  const auto b = at::randn({5}, at::kDouble), labels = at::arange(4);
  check("layer", linear_cross_entropy(x, w, labels, b), cross_entropy(at::linear(x, w, b), labels));
  nn::LinearDistillKLLoss layer(nn::LinearDistillKLLossOptions(3, 5).bias(true).temperature(2));
  layer->to(at::kDouble);
  check("layer module", layer(x, x, w), distill_kl(layer->linear(x), at::linear(x, w), 2));
  check("cosines", linear_arcface(2 * x, w, labels), linear_arcface(x, 3 * w, labels));
  try {
    huber(half, zero, -1.0);
    ++mistakes;
  } catch (const c10::Error&) {
  }

%s
  return mistakes > 0;
}
"""
PROJECT = """
cmake_minimum_required(VERSION 3.18)
project(api CXX)
find_package(lossops REQUIRED)
add_executable(api api.cpp)
target_link_libraries(api PRIVATE lossops::lossops)
"""


def test_every_operator_has_a_function_and_a_module() -> None:
    ops = [line.op for line in registry.lines()]
    headers = "\n".join(p.read_text() for p in (ROOT / "csrc/include/lossops").rglob("*.h"))
    missing = [op for op in ops if f"LOSSOPS_API at::Tensor {op}(" not in headers]
    assert len(ops) >= 35 and not missing
    missing = [loss.module for loss in LOSSES if f"TORCH_MODULE({loss.module});" not in headers]
    assert not missing


def literal(value: Any) -> str:
    if value is None:
        return "std::nullopt"
    if isinstance(value, float) and math.isinf(value):
        return f"{'-' if value < 0 else ''}std::numeric_limits<double>::infinity()"
    return str(value).lower()


def value_of(case: Case, name: str, key: str, default: str | None) -> str:
    """The argument as C++ writes it."""
    if name in case.tensors:
        return "x" if name == case.loss.operands[0] else f't("{key}_{name}")'
    if name in WORDS and name in case.params:
        enumeration = "".join(map(str.capitalize, name.split("_")))
        words = str(case.params[name]).split("_")
        return f"{enumeration}::{''.join(map(str.capitalize, words))}"
    if name in case.params:
        return literal(case.params[name])
    if name == "reduction":
        return f"Reduction::{case.reduction.capitalize()}"
    if name == "ignore_index" and case.ignore_index is not None:
        return str(case.ignore_index)
    assert default is not None
    return default


def statements(case: Case, key: str) -> str:
    """Checks of the function, its gradient and the module on one case."""
    loss, source = case.loss, SOURCES[case.loss.op]
    taken, options = cpp.parameters(source), cpp.settings(source)
    values = {a.name: value_of(case, a.name, key, cpp.default(a)) for a in taken}
    called = [a for a in taken if a not in options]
    required = ", ".join(values[a.name] for a in options if a.default is None)
    chain = "".join(f".{a.name}({values[a.name]})" for a in options if a.default is not None)
    return f"""
  {{
    const auto x = t("{key}_{loss.operands[0]}").clone().requires_grad_();
    const auto result = {loss.op}({", ".join(values.values())});
    check("{key}", result, t("{key}_expected"));
    check("{key} gradient", torch::autograd::grad({{result.sum()}}, {{x}})[0], t("{key}_gradient"));
    nn::{loss.module} module(nn::{loss.module}Options({required}){chain});
    check("{key} module", module({", ".join(values[a.name] for a in called)}), t("{key}_expected"));
  }}"""


def cases_of(loss: Loss) -> list[Case]:
    kinds = [kind for kind in REDUCTIONS if kind in loss.reductions]
    return [
        make_case(
            loss,
            loss.params[i % len(loss.params)],
            weight="full",
            ignore=loss.ignore and i % 2 == 0,
            normalizer=i % 3 == 1,
            reduction=kinds[i % len(kinds)],
        )
        for i in range(max(len(loss.params), len(REDUCTIONS)))
    ]


def test_functions_and_modules_agree_with_python(tmp_path: Path) -> None:
    data, body = torch.nn.Module(), ""
    for loss in LOSSES:
        for i, case in enumerate(cases_of(loss)):
            key = f"{loss.op}_{i}"
            (name,) = case.loss.differentiable[:1]
            x = case.tensors[name].clone().requires_grad_()
            expected = case.ours(**{name: x})
            (gradient,) = torch.autograd.grad(expected.sum(), x)
            for part, tensor in {
                **case.tensors,
                "expected": expected,
                "gradient": gradient,
            }.items():
                data.register_buffer(f"{key}_{part}", tensor.detach())
            body += statements(case, key)
    torch.jit.script(data).save(str(tmp_path / "data.pt"))
    (tmp_path / "api.cpp").write_text(PROGRAM % body)
    (tmp_path / "CMakeLists.txt").write_text(PROJECT)
    cmake(tmp_path, tmp_path / "build", f"-DCMAKE_PREFIX_PATH={TORCH};{PACKAGE}")
    run(tmp_path / "build" / "api", tmp_path / "data.pt")
