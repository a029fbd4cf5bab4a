"""What only sequence losses have: all paths counted, closed forms, lengths, alignments."""

import math
from collections.abc import Callable, Iterator
from itertools import groupby, product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import lossops.functional as F
from tests.cases import Case, make_case
from tests.losses import BY_OP

pytestmark = [pytest.mark.usefixtures("on_device"),
              pytest.mark.filterwarnings("ignore:.*torch.jit.* is")]  # fmt: skip
INF = math.inf
EXACT = {"rtol": 1e-12, "atol": 1e-13}


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(shape, generator=generator, dtype=torch.float64, device="cpu")
    return drawn.to(torch.get_default_device(), dtype)


def slope(call: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    leaf = x.detach().requires_grad_()
    return torch.autograd.grad(call(leaf).sum(), leaf)[0]


def same(ours: Callable[[Tensor], Tensor], theirs: Callable[[Tensor], Tensor], x: Tensor) -> None:
    """Value and gradient."""
    torch.testing.assert_close(ours(x), theirs(x), **EXACT)
    torch.testing.assert_close(slope(ours, x), slope(theirs, x), **EXACT)


# -- every path, one by one ------------------------------------------------------------------------


def spelled(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    return tuple(c for c, _ in groupby(path) if c != blank)


def by_frames(scores: Tensor, labels: tuple[int, ...], blank: int) -> Tensor:
    """The scores of the paths that read as the labels."""
    frames, classes = scores.shape
    paths = [p for p in product(range(classes), repeat=frames) if spelled(p, blank) == labels]
    index = torch.tensor(paths).view(len(paths), frames, 1)
    return scores.expand(len(paths), -1, -1).gather(2, index).sum((1, 2))


@pytest.mark.parametrize("blank", [0, 2])
@pytest.mark.parametrize("count", range(1, 7))
def test_ctc_is_the_sum_over_all_paths(count: int, blank: int, device: str) -> None:
    scores = normal(count, 3, seed=count)
    for length in range(4):
        for labels in product({0, 1, 2} - {blank}, repeat=length):
            args = torch.tensor(labels, dtype=torch.long), torch.tensor(count), torch.tensor(length)

            def ours(x: Tensor, args: Any = args) -> Tensor:
                return F.ctc_loss(x, *args, blank, "none")

            if by_frames(scores, labels, blank).numel() == 0:
                assert ours(scores) == INF
                assert (slope(ours, scores) == 0).all()
            else:
                same(ours, lambda x, s=labels: -by_frames(x, s, blank).logsumexp(0), scores)


def walks(frames: int, labels: int, monotonic: bool) -> Iterator[list[tuple[int, int, bool]]]:
    """Every way through the lattice of a transducer: frame, labels so far, whether to emit one."""
    moves = frames if monotonic else frames + labels
    for emits in product((False, True), repeat=moves):
        if sum(emits) != labels or (emits[-1] and not monotonic):
            continue
        t = u = 0
        walk = []
        for emit in emits:
            walk.append((t, u, emit))
            u += emit
            t += monotonic or not emit
        yield walk


@pytest.mark.parametrize("monotonic", [False, True])
@pytest.mark.parametrize(("frames", "labels"), [(1, 0), (1, 1), (2, 2), (3, 2), (4, 3), (2, 4)])
def test_rnnt_is_the_sum_over_all_walks(
    frames: int, labels: int, monotonic: bool, device: str
) -> None:
    scores, targets = normal(1, frames, labels + 1, 4), torch.arange(labels)[None] % 3

    def theirs(x: Tensor) -> Tensor:
        p = x[0].log_softmax(-1)
        found = [
            sum(p[t, u, targets[0, u] if emit else 3] for t, u, emit in walk)
            for walk in walks(frames, labels, monotonic)
        ]
        return -torch.stack(found).logsumexp(0)[None]

    def ours(x: Tensor) -> Tensor:
        return F.rnnt_loss(x, targets, [frames], [labels], reduction="none", monotonic=monotonic)

    if monotonic and labels > frames:
        assert ours(scores) == INF and (slope(ours, scores) == 0).all()
    else:
        same(ours, theirs, scores)


@pytest.mark.parametrize(("frames", "labels"), [(7, [1]), (9, [1, 2, 3]), (30, [1, 1, 2, 2, 1]),
                                                (5, [1, 1, 1]), (200, [1, 2] * 30)])  # fmt: skip
def test_ctc_of_frames_alike(frames: int, labels: list[int], device: str) -> None:
    """T ln C - ln binom(T + U - r, 2 U), where r labels are equal to the one before."""
    repeats = sum(a == b for a, b in zip(labels, labels[1:], strict=False))
    paths = math.comb(frames + len(labels) - repeats, 2 * len(labels))
    expected = frames * math.log(5) - math.log(paths)
    logits = torch.zeros(frames, 1, 5, dtype=torch.float64)
    value = F.ctc_loss(logits, torch.tensor([labels]), [frames], [len(labels)], reduction="sum",
                       from_logits=True)  # fmt: skip
    assert value.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("frames", "labels"), [(1, 1), (7, 3), (20, 30), (64, 65)])
def test_rnnt_of_cells_alike(frames: int, labels: int, device: str) -> None:
    """(T + U) ln D - ln binom(T + U - 1, U); where labels take frames, T ln D - ln binom(T, U)."""
    logits = torch.zeros(1, frames, labels + 1, 4, dtype=torch.float64)
    targets = torch.zeros(1, labels, dtype=torch.long)
    for monotonic, steps, paths in (
        (False, frames + labels, math.comb(frames + labels - 1, labels)),
        (True, frames, math.comb(frames, labels)),
    ):
        value = F.rnnt_loss(logits, targets, [frames], [labels], monotonic=monotonic).item()
        expected = steps * math.log(4) - math.log(paths) if paths else INF
        assert value == pytest.approx(expected, rel=1e-12)


def test_rnnt_as_torchaudio_documents_it(device: str) -> None:
    logits = torch.tensor([[
        [[0.1, 0.6, 0.1, 0.1, 0.1], [0.1, 0.1, 0.6, 0.1, 0.1], [0.1, 0.1, 0.2, 0.8, 0.1]],
        [[0.1, 0.6, 0.1, 0.1, 0.1], [0.1, 0.1, 0.2, 0.1, 0.1], [0.7, 0.1, 0.2, 0.1, 0.1]],
    ]])  # fmt: skip
    targets, lengths = torch.tensor([[1, 2]], dtype=torch.int32), torch.tensor([2]).int()

    def loss(x: Tensor) -> Tensor:
        return F.rnnt_loss(x, targets, lengths, lengths, blank=0)

    torch.testing.assert_close(loss(logits), torch.tensor(4.4956667), rtol=1e-6, atol=0)
    expected = torch.tensor([[
        [[-0.13116688, -0.39992680, 0.17703122, 0.17703122, 0.17703122],
         [-0.18572757, 0.12247056, -0.18168412, 0.12247056, 0.12247056],
         [-0.32091254, 0.06269141, 0.06928472, 0.12624499, 0.06269141]],
        [[0.05456069, -0.21824276, 0.05456069, 0.05456069, 0.05456069],
         [0.12073959, 0.12073959, -0.48295835, 0.12073959, 0.12073959],
         [-0.69258820, 0.16871116, 0.18645467, 0.16871116, 0.16871116]],
    ]])  # fmt: skip
    torch.testing.assert_close(slope(loss, logits), expected, rtol=1e-5, atol=1e-6)


# -- the gradient ----------------------------------------------------------------------------------


def test_ctc_gradient_is_minus_the_occupancy(device: str) -> None:
    """Every frame is of some class: rows sum to -1, whatever the scores sum to; torch's to 0."""
    case = make_case(BY_OP["ctc"], shape=(9, 4, 5), reduction="sum")
    (gradient,) = case.gradients(names=("log_probs",))
    counted = torch.arange(9)[:, None] < case.tensors["input_lengths"]
    torch.testing.assert_close(gradient.sum(-1), -counted.double())
    assert (gradient <= 0).all()


def test_fastemit_is_a_gradient_of_the_labels(device: str) -> None:
    case = make_case(BY_OP["rnnt"], {"fastemit_lambda": 0.3})
    torch.testing.assert_close(case.ours(), 1.3 * case.ours(fastemit_lambda=0.0))
    for reduction in ("mean", "none"):
        same_gradients(case.but(reduction=reduction))
    same_gradients(case.but(params={"fastemit_lambda": 0.3, "fused_log_softmax": False}))


def same_gradients(case: Case) -> None:
    for actual, expected in zip(case.gradients(), case.gradients(case.expected), strict=True):
        torch.testing.assert_close(actual, expected, **EXACT)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_clamp_comes_before_what_multiplies(reduction: str, device: str) -> None:
    """An upstream gradient, the weight and the mean's divisor are factors of what it leaves."""
    case = make_case(BY_OP["rnnt"], reduction=reduction, weight="full")
    name = ("logits",)
    plain = case.but(reduction="sum", params={}).ours
    free = torch.autograd.functional.jacobian(
        lambda x: case.but(reduction="none").ours(logits=x, weight=None), case.tensors["logits"]
    )
    assert free.abs().max() > 0.3 and plain().isfinite()
    clipped = free.clamp(-0.1, 0.1)
    factors = 3 * case.tensors["weight"] / (len(free) if reduction == "mean" else 1)
    expected = torch.einsum("n,n...->...", factors, clipped)
    upstream = torch.full_like(case.ours(), 3.0)
    got = case.but(params={"clamp": 0.1}).gradients(names=name, upstream=upstream)[0]
    torch.testing.assert_close(got, expected, **EXACT)
    assert torch.equal(case.ours(clamp=0.1), case.ours())


def test_the_rest_of_a_batch_trains_on(device: str) -> None:
    """One sequence without a path costs inf, so the mean does; the others get their gradients."""
    case = make_case(BY_OP["ctc"], shape=(6, 4, 5))
    bad = case.tensors["input_lengths"].clone()
    bad[2] = 0
    labels = case.tensors["target_lengths"].clone()
    labels[2] = 3
    broken = case.but(input_lengths=bad, target_lengths=labels)
    assert broken.ours() == INF
    (gradient,), (whole,) = (c.gradients(names=("log_probs",)) for c in (broken, case))
    assert (gradient[:, 2] == 0).all()
    others = [0, 1, 3]
    torch.testing.assert_close(gradient[:, others], whole[:, others])
    quiet = broken.but(params={"zero_infinity": True})
    torch.testing.assert_close(quiet.ours(), quiet.expected())
    assert torch.equal(quiet.gradients(names=("log_probs",))[0], gradient)


@pytest.mark.parametrize("from_logits", [False, True])
def test_long_sequences_keep_their_digits(from_logits: bool, device: str) -> None:
    logits = 3 * normal(5000, 1, 20, dtype=torch.float32)
    targets = torch.randint(1, 20, (1, 400), generator=torch.Generator().manual_seed(1),
                            device="cpu").to(device)  # fmt: skip

    def loss(x: Tensor) -> Tensor:
        scores = x if from_logits else x.log_softmax(-1)
        return F.ctc_loss(scores, targets, [5000], [400], reduction="sum", from_logits=from_logits)

    def formula(x: Tensor) -> Tensor:
        lengths = torch.tensor([5000]), torch.tensor([400])
        return BY_OP["ctc"].formula(x, targets, *lengths, from_logits=True)

    exact = logits.double()
    torch.testing.assert_close(loss(logits).double(), formula(exact)[0], rtol=1e-5, atol=0)
    got, expected = slope(loss, logits).double(), slope(formula, exact)
    assert (got - expected).abs().max() < 1e-5


# -- the forms that arguments may have -------------------------------------------------------------


FORMS: dict[str, Callable[[Tensor], Any]] = {
    "a list": Tensor.tolist,
    "a tuple": lambda t: tuple(t.tolist()),
    "an array": lambda t: t.cpu().numpy(),
    "NumPy's integers": lambda t: [np.int64(n) for n in t.tolist()],
    "int32": Tensor.int,
    "uint8": lambda t: t.to(torch.uint8),
    "on the CPU": Tensor.cpu,
    "strided": lambda t: torch.stack([t, t], 1)[:, 0],
}


@pytest.mark.parametrize("op", ["ctc", "rnnt"])
@pytest.mark.parametrize("form", FORMS)
def test_lengths(op: str, form: str, device: str) -> None:
    case = make_case(BY_OP[op], shape=(4, 3))
    expected = case.ours()
    names = case.loss.operands[2:]
    given = {name: FORMS[form](case.tensors[name]) for name in names}
    assert torch.equal(case.ours(**given), expected)
    module = case.module()
    assert torch.equal(
        module(*(given.get(n, case.tensors[n]) for n in case.loss.operands)), expected
    )


@pytest.mark.parametrize("op", ["ctc", "rnnt"])
def test_lengths_in_torchscript(op: str) -> None:
    case = make_case(BY_OP[op])
    lists = {name: case.tensors[name].tolist() for name in case.loss.operands[2:]}
    function = torch.jit.script(getattr(F, case.loss.function))
    assert torch.equal(function(**case.keywords(**lists)), case.ours())
    module = torch.jit.script(case.module())
    args = [lists.get(name, case.tensors[name]) for name in case.loss.operands]
    assert torch.equal(module(*args), case.ours())


def test_no_sequence(device: str) -> None:
    """A list of no lengths is one of integers."""
    empty = torch.zeros(4, 0, 3), torch.zeros(0, 2, dtype=torch.long), [], []
    assert F.ctc_loss(*empty, reduction="sum") == 0 and F.ctc_loss(*empty).isnan()


@pytest.mark.parametrize("op", ["ctc", "rnnt"])
def test_lengths_of_another_type(op: str, device: str) -> None:
    case = make_case(BY_OP[op], dtype=torch.float32)
    frames = case.loss.operands[2]
    for wrong in ([1.5] * 4, [True] * 4, torch.ones(4)):
        with pytest.raises(RuntimeError, match=f"{op}: {frames} must .*integer"):
            case.ours(**{frames: wrong})
    with pytest.raises(
        TypeError, match=f"{op}: {frames} must be a tensor or a list of integers, g"
    ):
        case.ours(**{frames: 5})


def test_labels_behind_one_another(device: str) -> None:
    case = make_case(BY_OP["ctc"], shape=(9, 5, 4), weight="full")
    rows = zip(case.tensors["targets"], case.tensors["target_lengths"].tolist(), strict=True)
    joined = case.but(targets=torch.cat([row[:length] for row, length in rows]))
    assert torch.equal(joined.ours(), case.ours())
    assert torch.equal(joined.gradients()[0], case.gradients()[0])
    with pytest.raises(RuntimeError, match="ctc: targets must .*"):
        joined.but(targets=joined.tensors["targets"][1:]).ours()


def test_one_sequence(device: str) -> None:
    """Without a batch dimension, lengths being numbers or vectors of one."""
    case = make_case(BY_OP["ctc"], shape=(7, 1, 4), reduction="none")
    length = int(case.tensors["target_lengths"])
    scores, labels = case.tensors["log_probs"][:, 0], case.tensors["targets"][0, :length]
    for change in (Tensor.squeeze, Tensor.detach, Tensor.tolist):
        lengths = (change(case.tensors[name]) for name in ("input_lengths", "target_lengths"))
        value = F.ctc_loss(scores, labels, *lengths, reduction="none")
        assert value.shape == () and torch.equal(value, case.ours()[0])


@pytest.mark.parametrize("from_logits", [False, True])
def test_batch_first(from_logits: bool, device: str) -> None:
    """Scores that are transposed are read where they lie, and so are gradients written."""
    case = make_case(BY_OP["ctc"], {"from_logits": from_logits}, (19, 4, 33), dtype=torch.float32)
    turned = case.tensors["log_probs"].transpose(0, 1).contiguous().transpose(0, 1)
    assert torch.equal(case.ours(log_probs=turned), case.ours())
    gradient = case.but(log_probs=turned).gradients(names=("log_probs",))[0]
    assert torch.equal(gradient, case.gradients(names=("log_probs",))[0])


def test_from_logits_is_behind_a_log_softmax(device: str) -> None:
    case = make_case(BY_OP["ctc"], shape=(9, 4, 6))
    same(
        lambda x: case.ours(log_probs=x, from_logits=True),
        lambda x: case.ours(log_probs=x.log_softmax(-1)),
        case.tensors["log_probs"],
    )


@pytest.mark.parametrize("op", ["ctc", "rnnt"])
def test_nothing_is_ignored(op: str) -> None:
    case = make_case(BY_OP[op])
    with pytest.raises(RuntimeError, match=f"{op}: .*ignore_index"):
        case.op(ignore_index=0)


@pytest.mark.parametrize("spoiled", ["NaN", "infeasible"])
def test_weight_0_leaves_a_sequence_out(spoiled: str) -> None:
    """By kernel and decomposition: its cost counts for nothing, not even in a gradient."""
    x, t = torch.randn(6, 2, 5, dtype=torch.float64), torch.tensor([[1, 2], [3, 3]])
    if spoiled == "NaN":
        x[:, 1] = math.nan
    lengths = [6, 6 if spoiled == "NaN" else 1]

    def loss(x: Tensor, weight: Tensor) -> Tensor:
        return F.ctc_loss(x, t, lengths, [2, 2], reduction="sum", weight=weight)

    weight = torch.tensor([1.0, 0.0], dtype=torch.float64)
    leaves = x.clone().requires_grad_(), weight.clone().requires_grad_()
    alone = F.ctc_loss(x[:, :1], t[:1], [6], [2], reduction="sum")
    by_kernel = loss(*leaves)
    assert by_kernel == alone
    gradients = torch.autograd.grad(by_kernel, leaves)
    decomposed = torch.func.grad(loss, argnums=(0, 1))(x, weight)
    torch.testing.assert_close(gradients, decomposed)
    assert (gradients[0][:, 1] == 0).all() and gradients[0][:, 0].any()
    torch.testing.assert_close(gradients[1], torch.stack([alone, alone.new_zeros(())]))


def test_shapes_without_anything() -> None:
    """Axes of no size, and targets of no dimension, are named as such."""
    x, none = torch.zeros(6, 2, 5), torch.zeros(2, 0, dtype=torch.long)
    with pytest.raises(RuntimeError, match=r"ctc: targets must have shape with at least one dim"):
        F.ctc_loss(x, torch.tensor(1), [6, 6], [2, 2])
    with pytest.raises(RuntimeError, match=r"ctc: log_probs must have shape with at least one cla"):
        F.ctc_loss(torch.zeros(6, 2, 0), none, [6, 6], [0, 0])
    for shape in ((2, 0, 1, 5), (2, 4, 0, 5)):
        with pytest.raises(ValueError, match=r"rnnt: logits must have shape .* with T >= 1"):
            F.rnnt_loss(torch.zeros(shape), none, [0, 0], [0, 0])
    zero = torch.func.vmap(lambda n: F.ctc_loss(x[:4], none, [4, 3], n, reduction="none"))
    assert not torch.signbit(zero(torch.zeros(1, 2, dtype=torch.long))).any()
