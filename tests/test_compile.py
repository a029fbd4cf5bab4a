"""torch.compile, compiled autograd, torch.export and AOTInductor."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from functorch.compile import make_boxed_func
from torch import Tensor
from torch._dynamo.backends.common import aot_autograd
from torch.func import grad, vmap

import lossops.functional as F
from tests.bundle import (
    FEW,
    Bundle,
    Operands,
    bundle_cases,
    gradients,
    leaves_of,
    operands_of,
    total,
)
from tests.cases import Case, make_case
from tests.losses import LOSSES, Loss
from tests.test_transforms import TRANSFORMS, row_function
from tests.tiers import thorough

SIZES = (5, 8, 11, 14, 17)
SLOWLY = pytest.mark.parametrize(
    "losses", [pytest.param(FEW, id="few"), *thorough(LOSSES, id="all")]
)


@pytest.fixture(autouse=True)
def _fresh_compiler() -> Iterator[None]:
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    yield
    torch._dynamo.reset()


def close(actual: Any, expected: Any) -> None:
    torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-7)


def with_gradients(case: Case, call: Any) -> list[Tensor]:
    names = case.differentiable
    leaves = case.leaves(names)
    value = call(*leaves)
    return [value.detach(), *torch.autograd.grad(value.sum(), leaves)]


def weighted(loss: Loss, reduction: str) -> Case:
    """Everything that can have a gradient, float32."""
    return make_case(loss, dtype=torch.float32, reduction=reduction, weight="row",
                     normalizer=reduction != "none", ignore=loss.ignore)  # fmt: skip


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_fullgraph(reduction: str) -> None:
    """One graph, no breaks, with gradients to everything that can have one."""
    cases = [weighted(loss, reduction) for loss in FEW]
    calls = [case.over(case.differentiable) for case in cases]

    def function(leaves: list[tuple[Tensor, ...]]) -> list[Tensor]:
        return [call(*tensors) for call, tensors in zip(calls, leaves, strict=True)]

    results = []
    for call in (torch.compile(function, fullgraph=True, backend="aot_eager"), function):
        leaves = [case.leaves() for case in cases]
        values = call(leaves)
        slopes = torch.autograd.grad(
            torch.stack([value.sum() for value in values]).sum(), sum(leaves, ())
        )
        results.append([[value.detach() for value in values], list(slopes)])
    close(*results)


@pytest.mark.slow
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_fullgraph_of_each(loss: Loss, reduction: str) -> None:
    case = weighted(loss, reduction)
    function = case.over(case.differentiable)
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    close(with_gradients(case, compiled), with_gradients(case, function))


NESTED = ("vmap of grad", "hessian", "jvp")


def transformed(case: Case, transform: str) -> Callable[[Tensor], Tensor]:
    """A function of the first operand."""
    name = case.loss.differentiable[0]
    of_one, (_, *rest) = row_function(case, case.ours, alone=True, others=())
    dim = case.loss.family.batch_dim(name)
    transforms = {
        "vmap of grad": lambda x: vmap(grad(of_one))(x.movedim(dim, 0) if dim else x, *rest),
        "hessian": torch.func.hessian(case.over((name,))),
        "jvp": lambda x: torch.func.jvp(case.over((name,)), (x,), (x.cos(),)),
    }  # fmt: skip
    return transforms[transform]


@pytest.mark.parametrize("transform", NESTED)
def test_transforms_compile(transform: str) -> None:
    """torch.func inside torch.compile, in one graph."""
    cases = [make_case(loss) for loss in FEW]
    calls = [transformed(case, transform) for case in cases]

    def function(operands: list[Tensor]) -> list[Any]:
        return [call(x) for call, x in zip(calls, operands, strict=True)]

    operands = [case.tensors[case.loss.differentiable[0]] for case in cases]
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(operands), function(operands))


@pytest.mark.slow
@pytest.mark.parametrize("transform", NESTED)
def test_transforms_of_each_compile(loss: Loss, transform: str) -> None:
    case = make_case(loss)
    function = transformed(case, transform)
    x = case.tensors[loss.differentiable[0]]
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), function(x))


# What torch.compile cannot do for torch's own losses either: F.huber_loss; F.mse_loss (it crashes);
# F.margin_ranking_loss, and whatever has no second derivative.
CORE_CANNOT = {"vmap of hessian", "jvp of jvp"}
CORE_CANNOT_WITHOUT_CURVATURE = {"jacrev of jacfwd"}


@pytest.mark.slow
@pytest.mark.parametrize("transform", sorted(TRANSFORMS.keys() - CORE_CANNOT - {"vmap of vmap"}))
def test_every_transform_compiles(loss: Loss, transform: str) -> None:
    """Each nesting of transforms that works eagerly is one graph under torch.compile."""
    if loss.op in ("hinge", "margin_ranking") and transform in CORE_CANNOT_WITHOUT_CURVATURE:
        pytest.skip("torch.compile cannot nest these over the loss of torch either")
    case = make_case(loss)
    if "q" in case.tensors and "vmap" in transform:
        case = case.but(q=case.tensors["q"].expand(len(case.tensors["input"])))
    function, operands = row_function(case, case.ours, "vmap" in transform)
    transformed = TRANSFORMS[transform](function)
    compiled = torch.compile(transformed, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*operands), transformed(*operands))


@SLOWLY
def test_double_backward_in_graph(losses: tuple[Loss, ...]) -> None:
    """Second order inside a compiled function: the gradient of a gradient penalty."""
    cases = bundle_cases(dtype=torch.float64, losses=losses)
    bundle, operands = Bundle(cases), operands_of(cases)
    numbers = {op: [t for t in ts if t.is_floating_point()] for op, ts in operands.items()}

    def objective(numbers: Operands) -> Tensor:
        rest = {op: [t for t in ts if not t.is_floating_point()] for op, ts in operands.items()}
        return total(bundle({op: [*ts, *rest[op]] for op, ts in numbers.items()}))

    def penalty(numbers: Operands) -> Tensor:
        first = grad(objective)(numbers)
        return torch.stack([(g * g).sum() for gs in first.values() for g in gs]).sum()

    compiled = torch.compile(grad(penalty), fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(numbers), grad(penalty)(numbers))


@pytest.mark.parametrize(
    "dynamic", [pytest.param(None, id="automatic"), *thorough(True, id="dynamic")]
)
def test_sizes_recompile_once(dynamic: bool | None) -> None:
    """One graph for all sizes, or one more where torch finds the dynamic size by itself."""
    bundle = Bundle(bundle_cases())
    compiled = torch.compile(bundle, fullgraph=True, dynamic=dynamic, backend="aot_eager")
    for rows in SIZES:
        operands = operands_of(bundle_cases(rows), requires_grad=True)
        close(compiled(operands), bundle(operands))
        close(gradients(compiled, operands), gradients(bundle, operands))
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] <= (1 if dynamic else 2)


@SLOWLY
def test_inductor(losses: tuple[Loss, ...]) -> None:
    """The default backend, forward and backward, two sizes of one dynamic graph."""
    bundle = Bundle(bundle_cases(losses=losses))
    compiled = torch.compile(bundle, fullgraph=True, dynamic=True)
    for rows in SIZES[:2]:
        operands = operands_of(bundle_cases(rows, losses=losses), requires_grad=True)
        close(compiled(operands), bundle(operands))
        close(gradients(compiled, operands), gradients(bundle, operands))


def test_inductor_fuses_around() -> None:
    """A compiled model with a loss at its end: the whole training step in one graph."""
    case = make_case(LOSSES[0], shape=(16, 4), dtype=torch.float32)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.GELU(), torch.nn.Linear(8, 4))

    def step(x: Tensor) -> Tensor:
        return case.ours(input=model(x).sigmoid())

    x = torch.randn(16, 4)
    results = []
    for function in (step, torch.compile(step, fullgraph=True)):
        model.zero_grad()
        function(x).backward()
        results.append([p.grad.clone() for p in model.parameters()])
    torch.testing.assert_close(results[0], results[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("requires_grad", [True, False])
@pytest.mark.parametrize("op", ["huber", "mse", "bce_with_logits", "bce", "cross_entropy"])
def test_what_compilers_see(op: str, requires_grad: bool) -> None:
    """The decomposition of an element-wise loss, unless it checks values; else the op."""
    (loss,) = (loss for loss in LOSSES if loss.op == op)
    case = make_case(loss, dtype=torch.float32)
    seen = []

    def compiler(graph: torch.fx.GraphModule, _: Any) -> Any:
        seen.extend(str(node.target) for node in graph.graph.nodes if node.op == "call_function")
        return make_boxed_func(graph.forward)

    backend = aot_autograd(fw_compiler=compiler, bw_compiler=compiler)
    compiled = torch.compile(case.over(("input",)), fullgraph=True, backend=backend)
    (x,) = case.leaves(("input",))
    value = compiled(x if requires_grad else x.detach())
    if requires_grad:
        value.backward()
    ours = {target for target in seen if "lossops" in target}
    name = f"lossops._{op}_value_and_grad.default" if requires_grad else f"lossops.{op}.default"
    assert ours == ({name} if op in ("bce", "cross_entropy") else set())


def test_compiled_autograd() -> None:
    """LossNode inside compiled autograd: captured whole, and again for another size."""
    captured = []

    def compiler(graph: torch.fx.GraphModule) -> Any:
        captured.append(graph)
        return torch.compile(graph, backend="aot_eager", fullgraph=True, dynamic=True)

    bundle = Bundle(bundle_cases())
    for rows in SIZES:
        operands = operands_of(bundle_cases(rows), requires_grad=True, fused=True)
        expected = gradients(bundle, operands)
        value = total(bundle(operands)) * 1.5
        with torch._dynamo.compiled_autograd._enable(compiler, dynamic=True):
            value.backward()
        for leaf, gradient in zip(leaves_of(operands), expected, strict=True):
            close(leaf.grad, gradient * 1.5)
    assert 1 <= len(captured) <= 2


def test_compiled_autograd_through_compile() -> None:
    """The documented switch: torch._dynamo.config.compiled_autograd with loss.backward() inside."""
    bundle = Bundle(bundle_cases())
    operands = operands_of(bundle_cases(), requires_grad=True)
    expected = gradients(bundle, operands)

    def step() -> None:
        total(bundle(operands)).backward()

    with torch._dynamo.config.patch(compiled_autograd=True):
        torch.compile(step, backend="aot_eager")()
    close([leaf.grad for leaf in leaves_of(operands)], expected)


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiled_autograd_of_learned_weights(backend: str) -> None:
    """Their gradient is no kept one; the graph is used twice, and leaves what was kept alone."""
    x, w = torch.randn(4, 5, requires_grad=True), torch.rand(5, requires_grad=True)
    t = torch.tensor([0, 1, 4, 2])

    def loss() -> Tensor:
        return 3 * F.cross_entropy(x * 1, t, weight=w) + F.huber_loss(x, torch.zeros(4, 5))

    expected = torch.autograd.grad(loss(), (x, w))
    with torch._dynamo.compiled_autograd._enable(torch.compile(backend=backend)):
        value = loss()
        for times in (1, 2):
            value.backward(retain_graph=True)
            close([x.grad, w.grad], [g * times for g in expected])


def export(losses: tuple[Loss, ...]) -> torch.export.ExportedProgram:
    cases = bundle_cases(losses=losses)
    rows = torch.export.Dim("rows", min=2, max=4096)
    shapes = {
        case.loss.op: [{case.loss.family.batch_dim(name): rows} for name in case.loss.operands]
        for case in cases
    }
    return torch.export.export(
        Bundle(cases), (operands_of(cases),), dynamic_shapes=(shapes,), strict=False
    )


@pytest.fixture(scope="module")
def exported() -> torch.export.ExportedProgram:
    return export(LOSSES)


def test_export(exported: torch.export.ExportedProgram, tmp_path: Path) -> None:
    """The exported graph calls the ops themselves and runs at other sizes, also after saving."""
    called = {str(node.target) for node in exported.graph.nodes if node.op == "call_function"}
    assert {f"lossops.{loss.op}.default" for loss in LOSSES} <= called
    torch.export.save(exported, tmp_path / "bundle.pt2")
    loaded = torch.export.load(tmp_path / "bundle.pt2")
    for rows in SIZES:
        cases = bundle_cases(rows)
        for program in (exported, loaded):
            close(program.module()(operands_of(cases)), Bundle(cases)(operands_of(cases)))


def test_export_decomposes(exported: torch.export.ExportedProgram) -> None:
    """run_decompositions (what backends call first) leaves a program that gives the same."""
    cases = bundle_cases()
    program = exported.run_decompositions()
    close(program.module()(operands_of(cases)), Bundle(cases)(operands_of(cases)))


def test_export_strict() -> None:
    """Strict export goes through dynamo: no graph break in the Python of any module."""
    cases = bundle_cases(losses=FEW)
    operands = operands_of(cases)
    program = torch.export.export(Bundle(cases), (operands,), strict=True)
    close(program.module()(operands), Bundle(cases)(operands))


@pytest.mark.slow
def test_export_strict_of_each(loss: Loss) -> None:
    case = make_case(loss, dtype=torch.float32)
    module = case.module()
    args, _ = case.module_args(module)
    program = torch.export.export(module, args, strict=True)
    close(program.module()(*args), module(*args))


@SLOWLY
def test_aot_inductor(losses: tuple[Loss, ...], tmp_path: Path) -> None:
    """A package compiled ahead of time runs without the Python of the modules."""
    path = torch._inductor.aoti_compile_and_package(
        export(losses), package_path=str(tmp_path / "bundle.pt2")
    )
    runner = torch._inductor.aoti_load_package(path)
    for rows in SIZES[:2]:
        cases = bundle_cases(rows, losses=losses)
        close(runner(operands_of(cases)), Bundle(cases)(operands_of(cases)))
