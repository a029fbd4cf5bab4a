"""Losses of one class out of C: a label, or a probability per class."""

from torch import Tensor

from .. import functional as F
from ..functional._common import TensorOrNumber
from ._base import LabelLoss


class CrossEntropyLoss(LabelLoss):
    """Cross-entropy of logits against labels or probabilities.

    See :func:`lossops.functional.cross_entropy`.

    Args:
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        label_smoothing: s in [0, 1]; a target y becomes y (1 - s) + s / C.
        z_loss: Factor of the squared log-sum-exp, >= 0; keeps the logits from drifting.
        softcap: Bound of the logits, > 0; None leaves them as they are.

    Shape:
        input (C), (N, C) or (N, C, d1, ..., dK), target (), (N) or (N, d1, ..., dK), or that of the
        input; output scalar, or the shape of the labels for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.CrossEntropyLoss(weight=torch.tensor([3.0, 1.0]))
        >>> loss(torch.tensor([[2.0, 0.0], [0.0, 0.0]]), torch.tensor([0, 1]))
        tensor(0.2685)
    """

    __constants__ = ["ignore_index", "reduction", "label_smoothing", "z_loss", "softcap"]
    weight: Tensor | None
    ignore_index: int
    label_smoothing: float
    z_loss: float
    softcap: float | None

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
        z_loss: float = 0.0,
        softcap: float | None = None,
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = float(label_smoothing)
        self.z_loss = float(z_loss)
        self.softcap = None if softcap is None else float(softcap)

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            self.ignore_index,
            self.reduction,
            self.label_smoothing,
            self.z_loss,
            self.softcap,
            normalizer,
        )


class NLLLoss(LabelLoss):
    """Negative log-likelihood of log-probabilities.

    See :func:`lossops.functional.nll_loss`.

    Args:
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        input (C), (N, C) or (N, C, d1, ..., dK), target (), (N) or (N, d1, ..., dK); output scalar,
        or the shape of the target for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.NLLLoss()
        >>> loss(torch.tensor([[0.5, 0.25, 0.25]]).log(), torch.tensor([1]))
        tensor(1.3863)
    """

    __constants__ = ["ignore_index", "reduction"]
    weight: Tensor | None
    ignore_index: int

    def __init__(
        self, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.nll_loss(input, target, self.weight, self.ignore_index, self.reduction, normalizer)


class SoftmaxFocalLoss(LabelLoss):
    """Focal loss over classes: cross-entropy that fades out where the prediction is right.

    See :func:`lossops.functional.softmax_focal_loss`.

    Args:
        alpha: A factor, or one per class, shape (C), usually >= 0; None leaves it out.
        gamma: How fast easy rows fade, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; a target y becomes y (1 - s) + s / C.

    Shape:
        input (C), (N, C) or (N, C, d1, ..., dK), target (), (N) or (N, d1, ..., dK), or that of the
        input; output scalar, or the shape of the labels for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.SoftmaxFocalLoss(alpha=torch.tensor([0.25, 0.75]))
        >>> loss(torch.zeros(2, 2), torch.tensor([0, 1]))
        tensor(0.0866)
    """

    __constants__ = ["gamma", "reduction", "ignore_index", "label_smoothing"]
    alpha: TensorOrNumber | None
    gamma: float
    weight: Tensor | None
    ignore_index: int
    label_smoothing: float

    def __init__(
        self,
        alpha: TensorOrNumber | None = None,
        gamma: float = 2.0,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        if isinstance(alpha, (int, float)):
            self.alpha = float(alpha)
        else:
            self.register_buffer("alpha", alpha)
        self.gamma = float(gamma)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = float(label_smoothing)

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.softmax_focal_loss(
            input,
            target,
            self.alpha,
            self.gamma,
            self.reduction,
            self.weight,
            self.ignore_index,
            self.label_smoothing,
            normalizer,
        )

    def extra_repr(self) -> str:
        """The settings, as the constructor names them."""
        return f"alpha={self.alpha}, {super().extra_repr()}"


class Poly1Loss(LabelLoss):
    """Cross-entropy with the first term of its series in 1 - p reweighted.

    See :func:`lossops.functional.poly1_loss`.

    Args:
        epsilon: What is added to the factor of 1 - p; 0 is plain cross-entropy.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; a target y becomes y (1 - s) + s / C.

    Shape:
        input (C), (N, C) or (N, C, d1, ..., dK), target (), (N) or (N, d1, ..., dK), or that of the
        input; output scalar, or the shape of the labels for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.Poly1Loss(epsilon=1.0)
        >>> loss(torch.zeros(1, 2), torch.tensor([0]))
        tensor(1.1931)
    """

    __constants__ = ["epsilon", "reduction", "ignore_index", "label_smoothing"]
    epsilon: float
    weight: Tensor | None
    ignore_index: int
    label_smoothing: float

    def __init__(
        self,
        epsilon: float = 2.0,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.epsilon = float(epsilon)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = float(label_smoothing)

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.poly1_loss(
            input,
            target,
            self.epsilon,
            self.reduction,
            self.weight,
            self.ignore_index,
            self.label_smoothing,
            normalizer,
        )


class GeneralizedCrossEntropyLoss(LabelLoss):
    """Bounded cross-entropy, for labels that may be wrong.

    See :func:`lossops.functional.generalized_cross_entropy_loss`.

    Args:
        q: From cross-entropy, q -> 0, to the mean absolute error, q = 1; 0 < q <= 1.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; a target y becomes y (1 - s) + s / C.

    Shape:
        input (C), (N, C) or (N, C, d1, ..., dK), target (), (N) or (N, d1, ..., dK), or that of the
        input; output scalar, or the shape of the labels for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.GeneralizedCrossEntropyLoss(q=0.5)
        >>> loss(torch.zeros(1, 2), torch.tensor([0]))
        tensor(0.5858)
    """

    __constants__ = ["q", "reduction", "ignore_index", "label_smoothing"]
    q: float
    weight: Tensor | None
    ignore_index: int
    label_smoothing: float

    def __init__(
        self,
        q: float = 0.7,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.q = float(q)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = float(label_smoothing)

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.generalized_cross_entropy_loss(
            input,
            target,
            self.q,
            self.reduction,
            self.weight,
            self.ignore_index,
            self.label_smoothing,
            normalizer,
        )


class RWWCrossEntropyLoss(LabelLoss):
    """Cross-entropy in which each mistake weighs what it costs in the real world.

    See :func:`lossops.functional.rww_cross_entropy_loss`.

    Args:
        fn_weight: Marginal cost of missing each class, shape (C), usually >= 0.
        fp_weight: Marginal cost of taking class t, the row, for class k, the column; shape (C, C),
            usually >= 0. Its diagonal is not read.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.

    Shape:
        input (C), (N, C) or (N, C, d1, ..., dK), target (), (N) or (N, d1, ..., dK); output scalar,
        or the shape of the target for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> cost = torch.tensor([[0.0, 1.0], [9.0, 0.0]])
        >>> loss = lossops.nn.RWWCrossEntropyLoss(fn_weight=torch.ones(2), fp_weight=cost)
        >>> loss(torch.zeros(1, 2), torch.tensor([1]))
        tensor(6.9315)
    """

    __constants__ = ["reduction", "ignore_index"]
    fn_weight: Tensor
    fp_weight: Tensor
    weight: Tensor | None
    ignore_index: int

    def __init__(
        self,
        fn_weight: Tensor,
        fp_weight: Tensor,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("fn_weight", fn_weight)
        self.register_buffer("fp_weight", fp_weight)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.rww_cross_entropy_loss(
            input,
            target,
            self.fn_weight,
            self.fp_weight,
            self.reduction,
            self.weight,
            self.ignore_index,
            normalizer,
        )


class BalancedSoftmaxLoss(LabelLoss):
    """Cross-entropy that makes up for rare classes: balanced softmax, logit adjustment.

    See :func:`lossops.functional.balanced_softmax_loss`.

    Args:
        prior: Counts of the classes in the training data, or their frequencies, shape (C), >= 0.
        tau: How much the prior counts, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; a target y becomes y (1 - s) + s / C.

    Shape:
        input (C), (N, C) or (N, C, d1, ..., dK), target (), (N) or (N, d1, ..., dK), or that of the
        input; output scalar, or the shape of the labels for ``"none"``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.BalancedSoftmaxLoss(prior=torch.tensor([90.0, 10.0]))
        >>> loss(torch.zeros(1, 2), torch.tensor([1]))
        tensor(2.3026)
    """

    __constants__ = ["tau", "reduction", "ignore_index", "label_smoothing"]
    prior: Tensor
    tau: float
    weight: Tensor | None
    ignore_index: int
    label_smoothing: float

    def __init__(
        self,
        prior: Tensor,
        tau: float = 1.0,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("prior", prior)
        self.tau = float(tau)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = float(label_smoothing)

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.balanced_softmax_loss(
            input,
            target,
            self.prior,
            self.tau,
            self.reduction,
            self.weight,
            self.ignore_index,
            self.label_smoothing,
            normalizer,
        )
