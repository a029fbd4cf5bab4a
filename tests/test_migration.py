"""from_torch: the losses of torch.nn, alone and inside models, become those of lossops."""

import copy
import inspect
from typing import Any

import pytest
import torch
from torch import nn

import lossops
from lossops import from_torch
from tests.cases import make_case
from tests.losses import LOSSES, Loss

BASELINES = [loss for loss in LOSSES if loss.baseline]


def pair(shared: Loss, params: dict[str, Any]) -> tuple[nn.Module, list[torch.Tensor]] | None:
    """torch's module with these parameters, and operands for it."""
    theirs = getattr(nn, shared.module)
    accepted = inspect.signature(theirs).parameters
    case = make_case(shared, params, weight="row" if "weight" in accepted else None)
    if set(case.params) - set(accepted):
        return None
    keywords = {k: v for k, v in case.keywords().items() if k in accepted}
    return theirs(**keywords), [case.tensors[name] for name in shared.operands]


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize("shared", BASELINES, ids=str)
def test_alone(shared: Loss) -> None:
    """Each parameter set: the same value, state and settings."""
    tried = 0
    for params in shared.params:
        found = pair(shared, params)
        if found is None:
            continue
        theirs, operands = found
        ours = from_torch(theirs.eval())
        assert type(ours) is getattr(lossops.nn, shared.module) and not ours.training
        torch.testing.assert_close(ours(*operands), theirs(*operands), rtol=1e-12, atol=1e-14)
        for name, tensor in theirs.state_dict().items():
            assert ours.state_dict()[name].data_ptr() == tensor.data_ptr()
        assert ours.state_dict().keys() == theirs.state_dict().keys()
        tried += 1
    assert tried


def test_deprecated_arguments() -> None:
    """torch folds them into the reduction."""
    with pytest.warns(UserWarning, match="size_average and reduce"):
        theirs = nn.MSELoss(size_average=False)
    assert from_torch(theirs).reduction == "sum"


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(4, 3)
        self.loss = nn.CrossEntropyLoss(torch.tensor([1.0, 2.0, 0.5]), ignore_index=-1)
        self.again = self.loss
        self.others = nn.ModuleList(
            [nn.Sequential(), nn.AdaptiveLogSoftmaxWithLoss(4, 6, [2]), nn.CTCLoss(blank=2)]
        )
        self.deep = nn.Sequential(nn.ModuleDict({"huber": nn.HuberLoss(delta=2.0)}))
        self.absent = None
        self.register_module("none", None)

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return self.loss(self.net(x), t) + self.again(self.net(x), t)


def test_inside_a_model() -> None:
    model = Model()
    before, other = copy.deepcopy(model), model.others[0]
    x, t = torch.randn(5, 4), torch.tensor([0, 1, -1, 2, 2])
    assert from_torch(model) is model
    assert type(model.loss) is lossops.nn.CrossEntropyLoss and model.again is model.loss
    huber = model.deep[0]["huber"]
    assert type(huber) is lossops.nn.HuberLoss and huber.delta == 2.0
    assert model.others[0] is other
    assert type(model.others[1]) is lossops.nn.AdaptiveLogSoftmaxWithLoss
    assert type(model.others[2]) is lossops.nn.CTCLoss and model.others[2].blank == 2
    torch.testing.assert_close(model(x, t), before(x, t))
    model.load_state_dict(before.state_dict())
    assert list(model.state_dict()) == list(before.state_dict())
    assert from_torch(model).loss is model.loss


def test_hooks_stay() -> None:
    seen = []
    theirs = nn.L1Loss()
    theirs.register_forward_hook(lambda module, args, out: seen.append(out))
    from_torch(theirs)(torch.ones(2), torch.zeros(2))
    assert len(seen) == 1


def test_hooks_are_not_shared() -> None:
    """A hook that is added to one is none of the other's."""
    seen = []
    theirs = nn.L1Loss()
    ours = from_torch(theirs)
    ours.register_forward_hook(lambda module, args, out: seen.append(out))
    theirs(torch.ones(2), torch.zeros(2))
    assert not seen


def added(how: str) -> nn.Module:
    loss = nn.CrossEntropyLoss(torch.ones(3))
    if how == "attribute":
        loss.scale = 2.0
    elif how == "forward":
        loss.forward = lambda x, t: x.sum()
    elif how == "buffer":
        loss.register_buffer("seen", torch.zeros(()))
    elif how == "parameter":
        loss.weight = nn.Parameter(torch.ones(3))
    elif how == "module":
        loss.inner = nn.Linear(1, 1)
    elif how == "non-persistent":
        loss.register_buffer("weight", torch.ones(3), persistent=False)
    else:
        loss.register_load_state_dict_pre_hook(lambda *args: None)
    return loss


@pytest.mark.parametrize(
    "how", ["attribute", "forward", "buffer", "parameter", "module", "non-persistent", "hook"]
)
def test_what_was_added_is_not_lost(how: str) -> None:
    """Such a loss stays inside a model; alone it is an error that says what it has."""
    loss = added(how)
    model = nn.Sequential(nn.Linear(2, 3), loss)
    keys = list(model.state_dict())
    assert from_torch(model)[1] is loss and list(model.state_dict()) == keys
    with pytest.raises(ValueError, match=f"must be a CrossEntropyLoss as torch .*with .*{how}"):
        from_torch(loss)


def test_moves_with_its_tensors() -> None:
    ours = from_torch(nn.BCEWithLogitsLoss(pos_weight=torch.ones(3)).half())
    assert ours.pos_weight.dtype == torch.float16 and ours.weight is None
    assert ours.to("meta").pos_weight.is_meta


def test_subclasses_are_left_alone() -> None:
    class Mine(nn.MSELoss):
        def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(input, target)

    model = nn.Sequential(Mine())
    assert type(from_torch(model)[0]) is Mine
    with pytest.raises(TypeError, match="lossops has no Mine"):
        from_torch(model[0])


def test_under_compile() -> None:
    """The program was made for torch's loss; a model that holds it keeps it."""
    compiled = torch.compile(nn.MSELoss(), backend="eager")
    with pytest.raises(TypeError, match="must not be compiled yet, got a loss under torch.compile"):
        from_torch(compiled)
    assert from_torch(nn.Sequential(compiled))[0] is compiled


def test_not_a_module() -> None:
    with pytest.raises(TypeError, match="module must be an nn.Module, got function"):
        from_torch(lambda x, t: x)


def test_every_shared_loss_is_known() -> None:
    from lossops.migration import _OURS

    # Which are no rows: see test_adaptive, test_distance and test_linear_functions.
    others = {
        "AdaptiveLogSoftmaxWithLoss",
        "LinearCrossEntropyLoss",
        "TripletMarginWithDistanceLoss",
    }
    assert {kind.__name__ for kind in _OURS} == {loss.module for loss in BASELINES} | others
