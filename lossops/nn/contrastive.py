"""Contrastive losses: every vector of a batch against all others, without their matrix."""

# Generated from ../functional/contrastive.py by `python -m tools.generate --write`.
from torch import Tensor

from .. import functional as F
from .._op import number
from ..functional._common import TensorOrNumber
from ._base import BatchLoss


class InfoNCELoss(BatchLoss):
    """InfoNCE: finds the key of each query among all keys.

    See :func:`lossops.functional.info_nce_loss`.

    Args:
        temperature: What similarities are divided by, > 0.
        normalize: Whether similarities are cosines; otherwise they are inner products.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is over the queries that are not
            left out.

    Shape:
        * query: Vectors, shape (N, D); a floating dtype.
        * key: Vectors, shape (M, D), with M >= N unless there are ``labels``; the key of query i is
          key i. Also the keys of other ranks, gathered.
        * output: A 0-d tensor, or one loss per sample for ``"none"``, the shape of ``query``
          without its last dimension; the promoted dtype of the vectors.

    Example:
        >>> import torch, lossops
        >>> x, y = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[3.0, 0.0], [1.0, 1.0]])
        >>> loss = lossops.nn.InfoNCELoss(temperature=0.5, reduction="none")
        >>> loss(x, y)
        tensor([0.4425, 0.2176])
    """

    __constants__ = ["temperature", "normalize", "reduction"]

    def __init__(
        self, temperature: float = 0.1, normalize: bool = True, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction)
        self.temperature = number("InfoNCELoss", "temperature", temperature)
        self.normalize = normalize

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        negatives: Tensor | None = None,
        labels: Tensor | None = None,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.info_nce_loss(
            query,
            key,
            negatives,
            labels,
            self.temperature,
            self.normalize,
            self.reduction,
            weight,
            normalizer,
        )


class NTXentLoss(BatchLoss):
    """NT-Xent of SimCLR: finds the other view of each sample among all other views.

    See :func:`lossops.functional.nt_xent_loss`.

    Args:
        temperature: What cosines are divided by, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * z1: Embeddings of the one view of each sample, shape (N, D); a floating dtype.
        * z2: Those of the other, shape (N, D).
        * output: A 0-d tensor, or for ``"none"`` one loss per view, shape (2N); the promoted dtype
          of the vectors.

    Example:
        >>> import torch, lossops
        >>> x, y = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[3.0, 0.0], [1.0, 1.0]])
        >>> loss = lossops.nn.NTXentLoss(reduction="none")
        >>> loss(x, y)
        tensor([0.5259, 0.3962, 0.5259, 1.0986])
    """

    __constants__ = ["temperature", "reduction"]

    def __init__(self, temperature: float = 0.5, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.temperature = number("NTXentLoss", "temperature", temperature)

    def forward(
        self,
        z1: Tensor,
        z2: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.nt_xent_loss(z1, z2, self.temperature, self.reduction, weight, normalizer)


class ClipLoss(BatchLoss):
    """CLIP: finds the text of each image among all texts, and the image of each text.

    See :func:`lossops.functional.clip_loss`.

    Args:
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * image_features: Vectors of images, usually of length 1, shape (N, D); a floating dtype.
        * text_features: Vectors of their texts, shape (N, D).
        * logit_scale: Factor of the scores, a number or 0-d tensor; that of a model, after exp.
        * output: A 0-d tensor, or one loss per sample for ``"none"``, the shape of
          ``image_features`` without its last dimension; the promoted dtype of the vectors.

    Example:
        >>> import torch, lossops
        >>> x, y = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [0.6, 0.8]])
        >>> loss = lossops.nn.ClipLoss(reduction="none")
        >>> loss(x, y, 2.0)
        tensor([0.2490, 0.3485])
    """

    def forward(
        self,
        image_features: Tensor,
        text_features: Tensor,
        logit_scale: TensorOrNumber,
        logit_bias: TensorOrNumber | None = None,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.clip_loss(
            image_features,
            text_features,
            logit_scale,
            logit_bias,
            self.reduction,
            weight,
            normalizer,
        )


class SigLipLoss(BatchLoss):
    """SigLIP: tells of each image and each text whether they belong together.

    See :func:`lossops.functional.siglip_loss`.

    Args:
        negative_only: Whether no text belongs to any image, as texts of other ranks do not.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.

    Shape:
        * image_features: Vectors of images, usually of length 1, shape (N, D); a floating dtype.
        * text_features: Vectors of their texts, shape (N, D); with ``negative_only`` (M, D).
        * logit_scale: Factor of the scores, a number or 0-d tensor; that of a model, after exp.
        * output: A 0-d tensor, or one loss per sample for ``"none"``, the shape of
          ``image_features`` without its last dimension; the promoted dtype of the vectors.

    Example:
        >>> import torch, lossops
        >>> x, y = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [0.6, 0.8]])
        >>> loss = lossops.nn.SigLipLoss(reduction="none")
        >>> loss(x, y, 2.0, logit_bias=-1.0)
        tensor([1.1114, 0.7507])
    """

    __constants__ = ["negative_only", "reduction"]

    def __init__(self, negative_only: bool = False, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.negative_only = negative_only

    def forward(
        self,
        image_features: Tensor,
        text_features: Tensor,
        logit_scale: TensorOrNumber,
        logit_bias: TensorOrNumber | None = None,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.siglip_loss(
            image_features,
            text_features,
            logit_scale,
            logit_bias,
            self.negative_only,
            self.reduction,
            weight,
            normalizer,
        )


class SupConLoss(BatchLoss):
    """Supervised contrastive loss: finds all others of its class for each sample.

    See :func:`lossops.functional.supcon_loss`.

    Args:
        temperature: What cosines are divided by, > 0.
        base_temperature: The loss is multiplied by temperature / base_temperature, > 0; None leaves
            that out.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is over the samples that have
            another of their label; others cost 0.

    Shape:
        * features: Embeddings, shape (N, D), or (N, V, D) with V views of each sample; a floating
          dtype.
        * labels: A number per sample, shape (N), an integer dtype; samples with -1 are left out,
          and are compared with none.
        * output: A 0-d tensor, or one loss per sample for ``"none"``, the shape of ``features``
          without its last dimension; the promoted dtype of the vectors.

    Example:
        >>> import torch, lossops
        >>> x = torch.tensor([[1.0, 0.0], [3.0, 4.0], [0.0, 2.0]])
        >>> loss = lossops.nn.SupConLoss(temperature=0.5, reduction="none")
        >>> loss(x, torch.tensor([1, 1, 0]))
        tensor([0.2633, 0.9130, 0.0000])
    """

    __constants__ = ["temperature", "base_temperature", "reduction"]

    def __init__(
        self,
        temperature: float = 0.07,
        base_temperature: float | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.temperature = number("SupConLoss", "temperature", temperature)
        if base_temperature is not None:
            base_temperature = number("SupConLoss", "base_temperature", base_temperature)
        self.base_temperature = base_temperature

    def forward(
        self,
        features: Tensor,
        labels: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.supcon_loss(
            features,
            labels,
            self.temperature,
            self.base_temperature,
            self.reduction,
            weight,
            normalizer,
        )


class ProxyAnchorLoss(BatchLoss):
    """Proxy-Anchor: pulls the samples of its class to each proxy, and pushes all others away.

    See :func:`lossops.functional.proxy_anchor_loss`.

    Args:
        margin: By how much cosines have to be on the right side.
        alpha: How much the hardest samples stand out, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is that of the first part over the
            proxies whose class is there, and of the second over all.

    Shape:
        * embeddings: Vectors, shape (N, D); a floating dtype.
        * proxies: The proxy of each of K classes, (K, D); learned with the model.
        * labels: The classes of the embeddings, shape (N), in [0, K), an integer dtype; embeddings
          with -1 are left out.
        * output: A 0-d tensor, or for ``"none"`` one loss per proxy, shape (K); the promoted dtype
          of the vectors.

    Example:
        >>> import torch, lossops
        >>> x, p = torch.tensor([[1.0, 0.0], [3.0, 4.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> loss = lossops.nn.ProxyAnchorLoss(alpha=4.0, reduction="none")
        >>> loss(x, p, torch.tensor([0, 1]))
        tensor([2.8860, 0.9720])
    """

    __constants__ = ["margin", "alpha", "reduction"]

    def __init__(self, margin: float = 0.1, alpha: float = 32.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = number("ProxyAnchorLoss", "margin", margin)
        self.alpha = number("ProxyAnchorLoss", "alpha", alpha)

    def forward(
        self,
        embeddings: Tensor,
        proxies: Tensor,
        labels: Tensor,
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return F.proxy_anchor_loss(
            embeddings, proxies, labels, self.margin, self.alpha, self.reduction, weight, normalizer
        )
