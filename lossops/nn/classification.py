"""Losses of one class out of C: a label, or a probability per class."""

# Generated from ../functional/classification.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number, without_numpy
from ..functional._common import TensorOrNumber
from ._base import LabelLoss, Loss


class CrossEntropyLoss(LabelLoss):
    """Cross-entropy of logits against labels or probabilities.

    See :func:`lossops.functional.cross_entropy`.

    Args:
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t) for labels,
            sum(l) / rows for probabilities.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.
        z_loss: Factor of the squared log-sum-exp, >= 0; keeps the logits from drifting.
        softcap: Bound of the logits, > 0; None leaves them as they are.

    Shape:
        * input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis;
          or probabilities, a floating dtype, shaped like ``input``.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0]]), torch.tensor([0, 2])
        >>> loss = lossops.nn.CrossEntropyLoss(reduction="none")
        >>> loss(x, t)
        tensor([0.2395, 1.0986])
    """

    __constants__ = ["ignore_index", "reduction", "label_smoothing", "z_loss", "softcap"]
    weight: Tensor | None

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
        self.label_smoothing = number("CrossEntropyLoss", "label_smoothing", label_smoothing)
        self.z_loss = number("CrossEntropyLoss", "z_loss", z_loss)
        if softcap is not None:
            softcap = number("CrossEntropyLoss", "softcap", softcap)
        self.softcap = softcap

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
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).

    Shape:
        * input: Log-probabilities, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> p = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
        >>> loss = lossops.nn.NLLLoss(reduction="none")
        >>> loss(p.log(), torch.tensor([1, 2]))
        tensor([1.3863, 0.2231])
    """

    __constants__ = ["ignore_index", "reduction"]
    weight: Tensor | None

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
        alpha: A factor, or one per class, shape (C), usually >= 0; None leaves it out. Unlike
            ``weight`` it does not enter the mean.
        gamma: How fast easy rows fade, >= 0; 0 is plain cross-entropy.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t) for labels,
            sum(l) / rows for probabilities.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.

    Shape:
        * input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis;
          or probabilities, a floating dtype, shaped like ``input``.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([[0.0, 0.0], [20.0, 0.0]]), torch.tensor([0, 0])
        >>> loss = lossops.nn.SoftmaxFocalLoss(reduction="none")
        >>> loss(x, t)
        tensor([1.7329e-01, 8.7565e-27])
    """

    __constants__ = ["gamma", "reduction", "ignore_index", "label_smoothing"]
    alpha: TensorOrNumber | None
    weight: Tensor | None

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
        alpha = without_numpy(alpha)
        if isinstance(alpha, (int, float)):
            self.alpha = number("SoftmaxFocalLoss", "alpha", alpha)
        else:
            self.register_buffer("alpha", alpha)
        self.gamma = number("SoftmaxFocalLoss", "gamma", gamma)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = number("SoftmaxFocalLoss", "label_smoothing", label_smoothing)

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
    """Poly-1 loss: cross-entropy with the first term of its series in 1 - p reweighted.

    See :func:`lossops.functional.poly1_loss`.

    Args:
        epsilon: What is added to the factor of 1 - p; 0 is plain cross-entropy.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t) for labels,
            sum(l) / rows for probabilities.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.

    Shape:
        * input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis;
          or probabilities, a floating dtype, shaped like ``input``.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> loss = lossops.nn.Poly1Loss(epsilon=1.0)
        >>> loss(torch.zeros(1, 2), torch.tensor([0]))
        tensor(1.1931)
    """

    __constants__ = ["epsilon", "reduction", "ignore_index", "label_smoothing"]
    weight: Tensor | None

    def __init__(
        self,
        epsilon: float = 2.0,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.epsilon = number("Poly1Loss", "epsilon", epsilon)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = number("Poly1Loss", "label_smoothing", label_smoothing)

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
    """Generalized cross-entropy: bounded, so that wrong labels do less harm.

    See :func:`lossops.functional.generalized_cross_entropy_loss`.

    Args:
        q: From cross-entropy, q -> 0, to the mean absolute error, q = 1; 0 < q <= 1.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t) for labels,
            sum(l) / rows for probabilities.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.

    Shape:
        * input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis;
          or probabilities, a floating dtype, shaped like ``input``.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x, t = torch.tensor([[0.0, 0.0], [0.0, 1e4]]), torch.tensor([0, 0])
        >>> loss = lossops.nn.GeneralizedCrossEntropyLoss(q=0.5, reduction="none")
        >>> loss(x, t)
        tensor([0.5858, 2.0000])
    """

    __constants__ = ["q", "reduction", "ignore_index", "label_smoothing"]
    weight: Tensor | None

    def __init__(
        self,
        q: float = 0.7,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.q = number("GeneralizedCrossEntropyLoss", "q", q)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = number(
            "GeneralizedCrossEntropyLoss", "label_smoothing", label_smoothing
        )

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


class DistributionFocalLoss(Loss):
    """Distribution focal loss: a number as a distribution over 0, 1, ..., n, the bins of detectors.

    See :func:`lossops.functional.distribution_focal_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.

    Shape:
        * input: Logits of the bins along the last dimension, of size n + 1; a floating dtype.
        * target: Numbers in [0, n], shaped like ``input`` without its last dimension; a floating or
          integer dtype.
        * output: A 0-d tensor, or the shape of ``input`` without its last dimension for ``"none"``;
          the dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x = torch.tensor([[0.0, 4.0, 2.0, 1.0]])
        >>> loss = lossops.nn.DistributionFocalLoss()
        >>> loss(x, torch.tensor([1.5]))
        tensor(1.1852)
    """

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.distribution_focal_loss(input, target, self.reduction, weight, normalizer)


class RWWCrossEntropyLoss(LabelLoss):
    """Real-world-weight cross-entropy: each mistake of one class for another weighs what it costs.

    See :func:`lossops.functional.rww_cross_entropy_loss`.

    Args:
        fn_weight: Marginal cost of missing each class, shape (C), usually >= 0.
        fp_weight: Marginal cost of taking class t, the row, for class k, the column; shape (C, C),
            usually >= 0. Its diagonal is not read.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.

    Shape:
        * input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> cost = torch.tensor([[0.0, 1.0], [9.0, 0.0]])  # taking 1 for 0 is the worst
        >>> x, t = torch.zeros(2, 2), torch.tensor([0, 1])
        >>> loss = lossops.nn.RWWCrossEntropyLoss(fn_weight=torch.ones(2), fp_weight=cost)
        >>> loss(x, t)
        tensor(4.1589)
    """

    __constants__ = ["reduction", "ignore_index"]
    fn_weight: Tensor
    fp_weight: Tensor
    weight: Tensor | None

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
    """Balanced softmax, or logit adjustment: cross-entropy that makes up for rare classes.

    See :func:`lossops.functional.balanced_softmax_loss`.

    Args:
        prior: Counts of the classes in the training data, or their frequencies, shape (C), >= 0; a
            floating or integer dtype.
        tau: How much the prior counts, >= 0; 0 is plain cross-entropy.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t) for labels,
            sum(l) / rows for probabilities.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.

    Shape:
        * input: Logits, shape (C), (N, C) or (N, C, d1, ..., dK); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without the class axis;
          or probabilities, a floating dtype, shaped like ``input``.
        * output: A 0-d tensor, or the shape of ``input`` without the class axis for ``"none"``; the
          dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x, t, counts = torch.zeros(2, 2), torch.tensor([0, 1]), torch.tensor([90.0, 10.0])
        >>> loss = lossops.nn.BalancedSoftmaxLoss(prior=counts, reduction="none")
        >>> loss(x, t)
        tensor([0.1054, 2.3026])
    """

    __constants__ = ["tau", "reduction", "ignore_index", "label_smoothing"]
    prior: Tensor
    weight: Tensor | None

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
        self.tau = number("BalancedSoftmaxLoss", "tau", tau)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = number("BalancedSoftmaxLoss", "label_smoothing", label_smoothing)

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
