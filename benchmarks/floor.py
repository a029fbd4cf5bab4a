"""Where the time of a small call goes: `python -m benchmarks.floor`.

Each line adds something to the one before it, down to a loss of 64 elements; an operator and a node
that do nothing are compiled for it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.nn import functional
from torch.utils.cpp_extension import load_inline

import lossops
from lossops.cpp_extension import include_paths
from lossops.functional import regression

ROUNDS, CALLS = 60, 300

SOURCE = """
#include <lossops/detail/core/node.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/extension.h>

using torch::autograd::variable_list;

struct EmptyNode : torch::autograd::Node {
  variable_list apply(variable_list&&) override { return {gradient.unpack()}; }
  void release_variables() override { gradient.reset_data(); }
  torch::autograd::SavedVariable gradient;
};

// Both return a number; they allocate what a loss of these tensors does.
at::Tensor nothing(const at::Tensor& input, const at::Tensor&) {
  return at::empty({}, input.options());
}
at::Tensor nothing_with_grad(const at::Tensor& input, const at::Tensor& target) {
  at::Tensor out, gradient;
  {
    at::AutoDispatchBelowADInplaceOrView guard;
    out = nothing(input, target);
    gradient = at::empty_like(input);
  }
  if (!input.requires_grad() || !at::GradMode::is_enabled()) return out;
  const auto node = lossops::make_node<EmptyNode>();
  node->set_next_edges(torch::autograd::collect_next_edges(input));
  node->gradient = torch::autograd::SavedVariable(gradient, false);
  torch::autograd::create_gradient_edge(out, node);
  return out;
}

TORCH_LIBRARY(floor, m) { m.def("nothing(Tensor input, Tensor target) -> Tensor"); }
TORCH_LIBRARY_IMPL(floor, CPU, m) { m.impl("nothing", nothing); }
TORCH_LIBRARY_IMPL(floor, Autograd, m) { m.impl("nothing", nothing_with_grad); }
"""

Call = Callable[[], object]


class Nothing(nn.Module):
    """A module whose forward does nothing."""

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> None:
        return None


def measured(calls: dict[str, Call]) -> dict[str, float]:
    """The median microseconds of each, in interleaved blocks."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            began = time.perf_counter()
            for _ in range(CALLS):
                call()
            taken[name].append((time.perf_counter() - began) / CALLS * 1e6)
    return {name: statistics.median(values[1:]) for name, values in taken.items()}


def calls(loss: str, module: nn.Module) -> tuple[dict[str, Call], dict[str, Call]]:
    """Forward alone, and forward with backward, of one loss over 64 elements."""
    load_inline("lossops_floor", SOURCE, is_python_module=False, extra_cflags=["-O2"],
                extra_include_paths=include_paths())  # fmt: skip
    x, t = torch.randn(64), torch.rand(64)
    leaf = x.clone().requires_grad_()
    empty, packet = torch.ops.floor.nothing, getattr(torch.ops.lossops, loss)
    ours, theirs = (getattr(f, f"{loss}_loss") for f in (lossops.functional, functional))
    direct = getattr(regression, f"_{loss}")._quick
    nothing = Nothing()
    quick = lossops._C.caller("floor::nothing")

    def step(function: Callable[..., torch.Tensor]) -> Call:
        def run() -> None:
            leaf.grad = None
            function(leaf, t).backward()  # type: ignore[no-untyped-call]

        return run

    number = (1.0,) if loss == "huber" else ()
    forward: dict[str, Call] = {
        "a module that does nothing": lambda: nothing(x, t),
        "an operator that does nothing, by torch.ops": lambda: empty(x, t),
        "the same by our caller": lambda: quick(x, t),
        f"{loss} by torch.ops": lambda: packet(x, t, *number),
        f"{loss} by our caller": lambda: direct(x, t, *number),
        "lossops.functional": lambda: ours(x, t),
        "lossops.nn": lambda: module(x, t),
        "torch.nn.functional": lambda: theirs(x, t),
    }
    training: dict[str, Call] = {
        "a node that does nothing, by torch.ops": step(empty),
        "the same by our caller": step(quick),
        f"{loss} by our caller": step(lambda x, t: direct(x, t, *number)),
        "lossops.functional": step(ours),
        "lossops.nn": step(module),
        "torch.nn.functional": step(theirs),
    }
    return forward, training


def main() -> None:
    torch.set_num_threads(1)
    forward, training = calls("huber", lossops.nn.HuberLoss())
    table = Table("of 64 elements, float32, one thread", "us", title="huber_loss")
    with torch.no_grad():
        for name, microseconds in measured(forward).items():
            table.add_row(f"forward: {name}", f"{microseconds:.2f}")
    table.add_section()
    for name, microseconds in measured(training).items():
        table.add_row(f"forward + backward: {name}", f"{microseconds:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
