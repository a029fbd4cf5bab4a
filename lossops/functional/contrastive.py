"""Contrastive losses: every vector of a batch against all others, without their matrix."""

import torch
from torch import Tensor

from ._common import Op, TensorOrNumber, reduction_code, scalar_tensor

_info_nce = Op(torch.ops.lossops.info_nce)
_nt_xent = Op(torch.ops.lossops.nt_xent)
_clip = Op(torch.ops.lossops.clip)
_siglip = Op(torch.ops.lossops.siglip)
_supcon = Op(torch.ops.lossops.supcon)
_proxy_anchor = Op(torch.ops.lossops.proxy_anchor)


def info_nce_loss(
    query: Tensor,
    key: Tensor,
    negatives: Tensor | None = None,
    labels: Tensor | None = None,
    temperature: float = 0.1,
    normalize: bool = True,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """InfoNCE: finds the key of each query among all keys.

    Formula of a sample i, with s_ij = cos(query_i, key_j) / temperature::

        l = ln sum_j exp(s_ij) - s_i,label

    Args:
        query: Vectors, shape (N, D); a floating dtype.
        key: Vectors, shape (M, D), with M >= N unless there are ``labels``; the key of query i is
            key i. Also the keys of other ranks, gathered.
        negatives: More keys, of no query, shape (K, D).
        labels: Which of all keys, ``negatives`` last, is that of a query, shape (N), an integer
            dtype; -1 leaves the query out.
        temperature: What similarities are divided by, > 0.
        normalize: Whether similarities are cosines; otherwise they are inner products.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is over the queries that are not
            left out.
        weight: A factor per sample; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per sample for ``"none"``, the shape of ``query`` without its last
        dimension; the promoted dtype of the vectors.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the numbers of vectors
            do not fit.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Memory is that of the vectors: scores are computed a chunk of queries at a time, and turn
          into gradients in the same pass.
        * A batch of one costs 0. A vector of zeros has cosine 0 with all, and gradient 0.

    Reference:
        A. van den Oord, Y. Li, O. Vinyals, "Representation learning with contrastive predictive
        coding", 2018, arXiv:1807.03748.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, y = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[3.0, 0.0], [1.0, 1.0]])
        >>> F.info_nce_loss(x, y, temperature=0.5, reduction="none")
        tensor([0.4425, 0.2176])
    """
    code, n = reduction_code("info_nce", reduction), scalar_tensor(normalizer, query)
    return _info_nce(query, key, negatives, labels, temperature, normalize, weight, None, n, code)


def nt_xent_loss(
    z1: Tensor,
    z2: Tensor,
    temperature: float = 0.5,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """NT-Xent of SimCLR: finds the other view of each sample among all other views.

    Formula of a sample i of the 2N in z = (z1, z2), whose other view is j, with s_ik = cos(z_i,
    z_k) / temperature::

        l = ln sum_{k != i} exp(s_ik) - s_ij

    Args:
        z1: Embeddings of the one view of each sample, shape (N, D); a floating dtype.
        z2: Those of the other, shape (N, D).
        temperature: What cosines are divided by, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per sample; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or for ``"none"`` one loss per view, shape (2N); the promoted dtype of the
        vectors.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the numbers of vectors
            do not fit.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Memory is that of the vectors: scores are computed a chunk of views at a time, and turn
          into gradients in the same pass.
        * Right at any temperature, in float16 and bfloat16 too. A pair alone costs 0. A vector of
          zeros has cosine 0 with all, and gradient 0.

    Reference:
        T. Chen, S. Kornblith, M. Norouzi, G. Hinton, "A simple framework for contrastive learning
        of visual representations", ICML 2020, arXiv:2002.05709.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, y = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[3.0, 0.0], [1.0, 1.0]])
        >>> F.nt_xent_loss(x, y, reduction="none")
        tensor([0.5259, 0.3962, 0.5259, 1.0986])
    """
    code, n = reduction_code("nt_xent", reduction), scalar_tensor(normalizer, z1)
    return _nt_xent(z1, z2, temperature, weight, None, n, code)


def clip_loss(
    image_features: Tensor,
    text_features: Tensor,
    logit_scale: TensorOrNumber,
    logit_bias: TensorOrNumber | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """CLIP: finds the text of each image among all texts, and the image of each text.

    Formula of a sample i, with s = logit_scale image_features text_features^T::

        l = (ln sum_j exp(s_ij) + ln sum_j exp(s_ji)) / 2 - s_ii

    Args:
        image_features: Vectors of images, usually of length 1, shape (N, D); a floating dtype.
        text_features: Vectors of their texts, shape (N, D).
        logit_scale: Factor of the scores, a number or 0-d tensor; that of a model, after exp.
        logit_bias: What is added to the scores, a number or 0-d tensor. The loss does not depend on
            it.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per sample; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per sample for ``"none"``, the shape of ``image_features`` without
        its last dimension; the promoted dtype of the vectors.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the numbers of vectors
            do not fit.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Memory is that of the vectors: scores are computed a tile at a time, once for the sums of
          rows and columns, and once more for the gradients.
        * Lengths are the caller's: ``torch.nn.functional.normalize`` makes them 1.

    Reference:
        A. Radford et al., "Learning transferable visual models from natural language supervision",
        ICML 2021, arXiv:2103.00020.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, y = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [0.6, 0.8]])
        >>> F.clip_loss(x, y, 2.0, reduction="none")
        tensor([0.2490, 0.3485])
    """
    code, n = reduction_code("clip", reduction), scalar_tensor(normalizer, image_features)
    return _clip(
        image_features,
        text_features,
        scalar_tensor(logit_scale, image_features),
        scalar_tensor(logit_bias, image_features),
        weight,
        None,
        n,
        code,
    )


def siglip_loss(
    image_features: Tensor,
    text_features: Tensor,
    logit_scale: TensorOrNumber,
    logit_bias: TensorOrNumber | None = None,
    negative_only: bool = False,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """SigLIP: tells of each image and each text whether they belong together.

    Formula of a sample i, with z = logit_scale image_features text_features^T + logit_bias, y_ii =
    1 and otherwise y_ij = -1::

        l = sum_j ln(1 + exp(-y_ij z_ij))

    Args:
        image_features: Vectors of images, usually of length 1, shape (N, D); a floating dtype.
        text_features: Vectors of their texts, shape (N, D); with ``negative_only`` (M, D).
        logit_scale: Factor of the scores, a number or 0-d tensor; that of a model, after exp.
        logit_bias: What is added to the scores, a number or 0-d tensor; None adds nothing.
        negative_only: Whether no text belongs to any image, as texts of other ranks do not.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per sample; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per sample for ``"none"``, the shape of ``image_features`` without
        its last dimension; the promoted dtype of the vectors.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the numbers of vectors
            do not fit.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Memory is that of the vectors: scores are computed a chunk of images at a time, and turn
          into gradients in the same pass.
        * Over ranks, the loss of all is the sum of that of the own texts and of those of the others
          with ``negative_only``.

    Reference:
        X. Zhai, B. Mustafa, A. Kolesnikov, L. Beyer, "Sigmoid loss for language image
        pre-training", ICCV 2023, arXiv:2303.15343.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, y = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [0.6, 0.8]])
        >>> F.siglip_loss(x, y, 2.0, -1.0, reduction="none")
        tensor([1.1114, 0.7507])
    """
    code, n = reduction_code("siglip", reduction), scalar_tensor(normalizer, image_features)
    return _siglip(
        image_features,
        text_features,
        scalar_tensor(logit_scale, image_features),
        scalar_tensor(logit_bias, image_features),
        negative_only,
        weight,
        None,
        n,
        code,
    )


def supcon_loss(
    features: Tensor,
    labels: Tensor,
    temperature: float = 0.07,
    base_temperature: float | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Supervised contrastive loss: finds all others of its class for each sample.

    Formula of a sample i, with s_ij = cos(features_i, features_j) / temperature and P the others of
    its label, over which the mean is::

        l = ln sum_{j != i} exp(s_ij) - mean_P s_ip

    Args:
        features: Embeddings, shape (N, D), or (N, V, D) with V views of each sample; a floating
            dtype.
        labels: A number per sample, shape (N), an integer dtype; samples with -1 are left out, and
            are compared with none.
        temperature: What cosines are divided by, > 0.
        base_temperature: The loss is multiplied by temperature / base_temperature, > 0; None leaves
            that out.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is over the samples that have
            another of their label; others cost 0.
        weight: A factor per sample; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or one loss per sample for ``"none"``, the shape of ``features`` without its
        last dimension; the promoted dtype of the vectors.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the numbers of vectors
            do not fit.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Memory is that of the vectors: scores are computed a chunk of samples at a time, and turn
          into gradients in the same pass.
        * A vector of zeros has cosine 0 with all, and gradient 0. The mean over no sample is NaN,
          with gradient 0.

    Reference:
        P. Khosla et al., "Supervised contrastive learning", NeurIPS 2020, arXiv:2004.11362.

    Example:
        >>> import torch, lossops.functional as F
        >>> x = torch.tensor([[1.0, 0.0], [3.0, 4.0], [0.0, 2.0]])
        >>> F.supcon_loss(x, torch.tensor([1, 1, 0]), temperature=0.5, reduction="none")
        tensor([0.2633, 0.9130, 0.0000])
    """
    code, n = reduction_code("supcon", reduction), scalar_tensor(normalizer, features)
    return _supcon(features, labels, temperature, base_temperature, weight, None, n, code)


def proxy_anchor_loss(
    embeddings: Tensor,
    proxies: Tensor,
    labels: Tensor,
    margin: float = 0.1,
    alpha: float = 32.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Proxy-Anchor: pulls the samples of its class to each proxy, and pushes all others away.

    Formula of a proxy, with s the cosines of it and the embeddings::

        l = ln(1 + sum_{its class} exp(-alpha (s - margin)))
            + ln(1 + sum_{others} exp(alpha (s + margin)))

    Args:
        embeddings: Vectors, shape (N, D); a floating dtype.
        proxies: The proxy of each of K classes, (K, D); learned with the model.
        labels: The classes of the embeddings, shape (N), in [0, K), an integer dtype; embeddings
            with -1 are left out.
        margin: By how much cosines have to be on the right side.
        alpha: How much the hardest samples stand out, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``. The mean is that of the first part over the
            proxies whose class is there, and of the second over all.
        weight: A factor per proxy; broadcasts to the shape of the loss for ``"none"``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or for ``"none"`` one loss per proxy, shape (K); the promoted dtype of the
        vectors.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``, or the numbers of vectors
            do not fit.
        IndexError: A label is out of range.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Memory is that of the vectors: cosines are computed a chunk of proxies at a time, and turn
          into gradients in the same pass.
        * A vector of zeros has cosine 0 with all, and gradient 0.

    Reference:
        S. Kim, D. Kim, M. Cho, S. Kwak, "Proxy anchor loss for deep metric learning", CVPR 2020,
        arXiv:2003.13911.

    Example:
        >>> import torch, lossops.functional as F
        >>> x, p = torch.tensor([[1.0, 0.0], [3.0, 4.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> F.proxy_anchor_loss(x, p, torch.tensor([0, 1]), alpha=4.0, reduction="none")
        tensor([2.8860, 0.9720])
    """
    code, n = reduction_code("proxy_anchor", reduction), scalar_tensor(normalizer, embeddings)
    return _proxy_anchor(embeddings, proxies, labels, margin, alpha, weight, None, n, code)
