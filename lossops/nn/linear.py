"""Losses of the logits that a linear layer would make, without those logits."""

# Generated from ../functional/linear.py by `python -m tools.generate --write`.
import torch
from torch import Tensor

from .. import functional as F
from .._op import number, without_numpy
from ..functional._common import TensorOrNumber
from ._base import DivergenceLoss, LayerLoss


class LinearSoftmaxFocalLoss(LayerLoss):
    """Focal loss over the classes of a linear layer, whose logits are never there as a whole.

    See :func:`lossops.functional.linear_softmax_focal_loss`.

    Args:
        in_features: D, the size of the features.
        num_classes: C.
        alpha: A factor, or one per class, shape (C), usually >= 0; None leaves it out. Unlike
            ``weight`` it does not enter the mean.
        gamma: How fast easy rows fade, >= 0; 0 is plain cross-entropy.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t) for labels,
            sum(l) / rows for probabilities.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.
        bias: Whether the layer has one.
        device: Of the layer.
        dtype: Of the layer.

    Shape:
        * input: Features, shape (D) or (..., D); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without its last
          dimension; or probabilities, a floating dtype, shaped like the logits.
        * output: A 0-d tensor, or the shape of ``input`` without its last dimension for ``"none"``;
          the dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x, w = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> loss = lossops.nn.LinearSoftmaxFocalLoss(w.size(1), w.size(0), reduction="none")
        >>> loss.linear.weight.data = w
        >>> loss(x, torch.tensor([0, 0])).detach()
        tensor([0.0018, 1.6501])
    """

    __constants__ = ["gamma", "reduction", "ignore_index", "label_smoothing"]
    alpha: TensorOrNumber | None
    weight: Tensor | None

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        alpha: TensorOrNumber | None = None,
        gamma: float = 2.0,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        bias: bool = False,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(reduction)
        alpha = without_numpy(alpha)
        if isinstance(alpha, (int, float)):
            self.alpha = number("LinearSoftmaxFocalLoss", "alpha", alpha)
        else:
            self.register_buffer("alpha", alpha)
        self.gamma = number("LinearSoftmaxFocalLoss", "gamma", gamma)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = number("LinearSoftmaxFocalLoss", "label_smoothing", label_smoothing)
        self.linear = torch.nn.Linear(in_features, num_classes, bias, device=device, dtype=dtype)

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.linear_softmax_focal_loss(
            input,
            self.linear.weight,
            target,
            self.alpha,
            self.gamma,
            self.reduction,
            self.weight,
            self.ignore_index,
            self.label_smoothing,
            normalizer,
            self.linear.bias,
        )

    def extra_repr(self) -> str:
        """The settings, as the constructor names them."""
        return f"alpha={self.alpha}, {super().extra_repr()}"


class LinearBalancedSoftmaxLoss(LayerLoss):
    """Balanced softmax over the classes of a linear layer, without its logits in memory.

    See :func:`lossops.functional.linear_balanced_softmax_loss`.

    Args:
        in_features: D, the size of the features.
        num_classes: C.
        prior: Counts of the classes in the training data, or their frequencies, shape (C), >= 0; a
            floating or integer dtype.
        tau: How much the prior counts, >= 0; 0 is plain cross-entropy.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t) for labels,
            sum(l) / rows for probabilities.
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.
        bias: Whether the layer has one.
        device: Of the layer.
        dtype: Of the layer.

    Shape:
        * input: Features, shape (D) or (..., D); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without its last
          dimension; or probabilities, a floating dtype, shaped like the logits.
        * output: A 0-d tensor, or the shape of ``input`` without its last dimension for ``"none"``;
          the dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x, w = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> counts = torch.tensor([90.0, 10.0])
        >>> loss = lossops.nn.LinearBalancedSoftmaxLoss(w.size(1), w.size(0), prior=counts)
        >>> loss.linear.weight.data = w
        >>> loss(x, torch.tensor([0, 0])).detach()
        tensor(0.3072)
    """

    __constants__ = ["tau", "reduction", "ignore_index", "label_smoothing"]
    prior: Tensor
    weight: Tensor | None

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        prior: Tensor,
        tau: float = 1.0,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        bias: bool = False,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("prior", prior)
        self.tau = number("LinearBalancedSoftmaxLoss", "tau", tau)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = number(
            "LinearBalancedSoftmaxLoss", "label_smoothing", label_smoothing
        )
        self.linear = torch.nn.Linear(in_features, num_classes, bias, device=device, dtype=dtype)

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.linear_balanced_softmax_loss(
            input,
            self.linear.weight,
            target,
            self.prior,
            self.tau,
            self.reduction,
            self.weight,
            self.ignore_index,
            self.label_smoothing,
            normalizer,
            self.linear.bias,
        )


class LinearArcFaceLoss(LayerLoss):
    """ArcFace of embeddings and class centres, whose cosines are never there as a whole.

    See :func:`lossops.functional.linear_arcface_loss`.

    Args:
        in_features: D, the size of the features.
        num_classes: C.
        margin: The angle in radians, in [0, pi].
        scale: Factor of the cosines, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.
        device: Of the layer.
        dtype: Of the layer.

    Shape:
        * input: Embeddings, of any length, shape (D) or (..., D); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without its last
          dimension.
        * output: A 0-d tensor, or the shape of ``input`` without its last dimension for ``"none"``;
          the dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x, w = torch.tensor([[3.0, 0.0], [0.0, 2.0]]), torch.tensor([[5.0, 0.0], [1.0, 1.0]])
        >>> loss = lossops.nn.LinearArcFaceLoss(w.size(1), w.size(0), scale=4.0, reduction="none")
        >>> loss.linear.weight.data = w
        >>> loss(x, torch.tensor([0, 0])).detach()
        tensor([0.4092, 4.7548])
    """

    __constants__ = ["margin", "scale", "reduction", "ignore_index", "label_smoothing"]
    weight: Tensor | None

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        margin: float = 0.5,
        scale: float = 64.0,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(reduction)
        self.margin = number("LinearArcFaceLoss", "margin", margin)
        self.scale = number("LinearArcFaceLoss", "scale", scale)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = number("LinearArcFaceLoss", "label_smoothing", label_smoothing)
        self.linear = torch.nn.Linear(
            in_features, num_classes, bias=False, device=device, dtype=dtype
        )

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.linear_arcface_loss(
            input,
            self.linear.weight,
            target,
            self.margin,
            self.scale,
            self.reduction,
            self.weight,
            self.ignore_index,
            self.label_smoothing,
            normalizer,
        )


class LinearCosFaceLoss(LayerLoss):
    """CosFace of embeddings and class centres, whose cosines are never there as a whole.

    See :func:`lossops.functional.linear_cosface_loss`.

    Args:
        in_features: D, the size of the features.
        num_classes: C.
        margin: By how much the cosine is reduced.
        scale: Factor of the cosines, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / sum(w_t).
        weight: A factor per class, shape (C); 1 where left out.
        ignore_index: Rows with this label are left out, and get gradient 0.
        label_smoothing: s in [0, 1]; y becomes y (1 - s) + s / C.
        device: Of the layer.
        dtype: Of the layer.

    Shape:
        * input: Embeddings, of any length, shape (D) or (..., D); a floating dtype.
        * target: Labels in [0, C), an integer dtype, shaped like ``input`` without its last
          dimension.
        * output: A 0-d tensor, or the shape of ``input`` without its last dimension for ``"none"``;
          the dtype of ``input``.

    Example:
        >>> import torch, lossops
        >>> x, w = torch.tensor([[3.0, 0.0], [0.0, 2.0]]), torch.tensor([[5.0, 0.0], [1.0, 1.0]])
        >>> loss = lossops.nn.LinearCosFaceLoss(w.size(1), w.size(0), scale=4.0, reduction="none")
        >>> loss.linear.weight.data = w
        >>> loss(x, torch.tensor([0, 0])).detach()
        tensor([0.8139, 4.2429])
    """

    __constants__ = ["margin", "scale", "reduction", "ignore_index", "label_smoothing"]
    weight: Tensor | None

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        margin: float = 0.35,
        scale: float = 64.0,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(reduction)
        self.margin = number("LinearCosFaceLoss", "margin", margin)
        self.scale = number("LinearCosFaceLoss", "scale", scale)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = number("LinearCosFaceLoss", "label_smoothing", label_smoothing)
        self.linear = torch.nn.Linear(
            in_features, num_classes, bias=False, device=device, dtype=dtype
        )

    def forward(
        self, input: Tensor, target: Tensor, normalizer: TensorOrNumber | None = None
    ) -> Tensor:
        """Compute the loss."""
        return F.linear_cosface_loss(
            input,
            self.linear.weight,
            target,
            self.margin,
            self.scale,
            self.reduction,
            self.weight,
            self.ignore_index,
            self.label_smoothing,
            normalizer,
        )


class LinearDistillKLLoss(DivergenceLoss):
    """Distillation between two linear layers, of which neither's logits are there as a whole.

    See :func:`lossops.functional.linear_distill_kl_loss`.

    Args:
        in_features: D, the size of the features.
        num_classes: C.
        temperature: T > 0; the higher, the more the small logits count. T^2 keeps the gradient's
            size.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.
        ignore_index: Rows with this label are left out, and get gradient 0.
        bias: Whether the layer has one.
        device: Of the layer.
        dtype: Of the layer.

    Shape:
        * input: Features of the student, shape (D) or (..., D); a floating dtype.
        * target: Features of the teacher, of the same shape, but for the size of the last
          dimension.
        * target_weight: The weight of the teacher's layer, (C, E) for features (..., E).
        * output: A 0-d tensor, or the shape of ``input`` without its last dimension for ``"none"``;
          the promoted dtype of features and weights.

    Example:
        >>> import torch, lossops
        >>> x, w = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> loss = lossops.nn.LinearDistillKLLoss(w.size(1), w.size(0), reduction="none")
        >>> loss.linear.weight.data = w
        >>> loss(x, 2 * x, w).detach()
        tensor([0.0728, 0.0728])
    """

    __constants__ = ["temperature", "reduction", "ignore_index"]

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        temperature: float = 1.0,
        reduction: str = "mean",
        ignore_index: int = -100,
        bias: bool = False,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(reduction)
        self.temperature = number("LinearDistillKLLoss", "temperature", temperature)
        self.ignore_index = ignore_index
        self.linear = torch.nn.Linear(in_features, num_classes, bias, device=device, dtype=dtype)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        target_weight: Tensor,
        labels: Tensor | None = None,
        target_bias: Tensor | None = None,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.linear_distill_kl_loss(
            input,
            self.linear.weight,
            target,
            target_weight,
            self.temperature,
            self.reduction,
            weight,
            labels,
            self.ignore_index,
            normalizer,
            self.linear.bias,
            target_bias,
        )


class LinearJSDLoss(DivergenceLoss):
    """Jensen-Shannon divergence between two linear layers, without the logits of either in memory.

    See :func:`lossops.functional.linear_jsd_loss`.

    Args:
        in_features: D, the size of the features.
        num_classes: C.
        beta: From forward KL, 0, to reverse KL, 1; in [0, 1].
        temperature: T > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is sum(l) / rows.
        ignore_index: Rows with this label are left out, and get gradient 0.
        bias: Whether the layer has one.
        device: Of the layer.
        dtype: Of the layer.

    Shape:
        * input: Features of the student, shape (D) or (..., D); a floating dtype.
        * target: Features of the teacher, of the same shape, but for the size of the last
          dimension.
        * target_weight: The weight of the teacher's layer, (C, E) for features (..., E).
        * output: A 0-d tensor, or the shape of ``input`` without its last dimension for ``"none"``;
          the promoted dtype of features and weights.

    Example:
        >>> import torch, lossops
        >>> x, w = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> loss = lossops.nn.LinearJSDLoss(w.size(1), w.size(0), reduction="none")
        >>> loss.linear.weight.data = w
        >>> loss(x, 2 * x, w).detach()
        tensor([0.0223, 0.0223])
    """

    __constants__ = ["beta", "temperature", "reduction", "ignore_index"]

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        beta: float = 0.5,
        temperature: float = 1.0,
        reduction: str = "mean",
        ignore_index: int = -100,
        bias: bool = False,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(reduction)
        self.beta = number("LinearJSDLoss", "beta", beta)
        self.temperature = number("LinearJSDLoss", "temperature", temperature)
        self.ignore_index = ignore_index
        self.linear = torch.nn.Linear(in_features, num_classes, bias, device=device, dtype=dtype)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        target_weight: Tensor,
        labels: Tensor | None = None,
        target_bias: Tensor | None = None,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.linear_jsd_loss(
            input,
            self.linear.weight,
            target,
            target_weight,
            self.beta,
            self.temperature,
            self.reduction,
            weight,
            labels,
            self.ignore_index,
            normalizer,
            self.linear.bias,
            target_bias,
        )
