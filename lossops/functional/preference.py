"""Preferences between answers of a language model, by their log-probabilities."""

import torch
from torch import Tensor

from .._op import check_tensors, is_scripting
from ._common import Op, TensorOrNumber, choice_code, reduction_code, scalar_tensor

_dpo = Op(torch.ops.lossops.dpo)
_simpo = Op(torch.ops.lossops.simpo)
_cpo = Op(torch.ops.lossops.cpo)
_orpo = Op(torch.ops.lossops.orpo)
_kto = Op(torch.ops.lossops.kto)


def _dpo_code(loss_type: str) -> int:
    choices = [
        "sigmoid", "hinge", "ipo", "robust", "exo_pair", "nca_pair", "bco_pair", "sppo_hard",
        "apo_zero", "apo_down", "discopop", "sigmoid_norm", "aot", "aot_unpaired",
    ]  # fmt: skip
    return choice_code("dpo", "loss_type", loss_type, choices)


def _sorted_difference(a: Tensor, b: Tensor | None) -> Tensor:
    d = a if b is None else a - b
    return d.flatten().sort()[0].view(d.shape)


def _check_shape(name: str, given: Tensor | None, chosen: Tensor) -> None:
    """What is sorted must not broadcast: each value would count several times."""
    if given is not None and given.shape != chosen.shape:
        raise RuntimeError(
            f"dpo: chosen_logps and {name} must have the same shape, got "
            f"{list(chosen.shape)} and {list(given.shape)}"
        )


def _sorted_pairs(
    paired: bool,
    chosen: Tensor,
    rejected: Tensor,
    ref_chosen: Tensor | None,
    ref_rejected: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """What is compared in order: the margins of policy and reference, or the log-ratios."""
    if not is_scripting():
        check_tensors(
            "dpo",
            chosen_logps=chosen,
            rejected_logps=rejected,
            ref_chosen_logps=ref_chosen,
            ref_rejected_logps=ref_rejected,
        )
        check_tensors("dpo", rejected_logps=rejected)
    _check_shape("rejected_logps", rejected, chosen)
    _check_shape("ref_chosen_logps", ref_chosen, chosen)
    _check_shape("ref_rejected_logps", ref_rejected, chosen)
    if not paired:
        return _sorted_difference(chosen, ref_chosen), _sorted_difference(rejected, ref_rejected)
    if ref_chosen is None:
        ref_chosen = torch.zeros_like(chosen)
    return _sorted_difference(chosen, rejected), _sorted_difference(ref_chosen, ref_rejected)


def dpo_loss(
    chosen_logps: Tensor,
    rejected_logps: Tensor,
    ref_chosen_logps: Tensor | None = None,
    ref_rejected_logps: Tensor | None = None,
    beta: float = 0.1,
    loss_type: str = "sigmoid",
    label_smoothing: float = 0.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Direct preference optimisation: the chosen answer gains more on the reference.

    Formula, with sp = softplus, c = chosen_logps - ref_chosen_logps, r the same of the rejected
    answer, h = beta (c - r) and e = label_smoothing::

        sigmoid       l = (1 - e) sp(-h) + e sp(h)
        hinge         l = max(0, 1 - h)
        ipo           l = (c - r - 1 / (2 beta))^2
        robust        l = ((1 - e) sp(-h) - e sp(h)) / (1 - 2 e)
        exo_pair      l = q ln(q / (1 - e)) + (1 - q) ln((1 - q) / e)  with q = sigmoid(h)
        nca_pair      l = sp(-beta c) + sp(beta c) / 2 + sp(beta r) / 2
        bco_pair      l = sp(-beta c) + sp(beta r)
        sppo_hard     l = (c - 1 / (2 beta))^2 + (r + 1 / (2 beta))^2
        apo_zero      l = sigmoid(-beta c) + sigmoid(beta r)
        apo_down      l = sigmoid(beta c) + sigmoid(-h)
        discopop      l = (1 - m) sp(-h) + m exp(-h)  with m = sigmoid(h / 0.05)
        sigmoid_norm  l = sigmoid's, of means over tokens

    Args:
        chosen_logps: Log-probability of each chosen answer, the sum over its tokens; for ``"ipo"``
            and ``"sigmoid_norm"`` the mean. Any shape, (N) as a rule; a floating dtype.
        rejected_logps: Those of the rejected answers, of the same shape.
        ref_chosen_logps: What the reference gives the chosen answers, of the same shape; 0 where
            left out.
        ref_rejected_logps: What it gives the rejected ones, likewise.
        beta: How much the log-ratios c and r count, > 0.
        loss_type: A word of the formula's table; in Python also ``"aot"`` and ``"aot_unpaired"``,
            which are sigmoid's of sorted differences.
        label_smoothing: e in [0, 0.5), how often the two answers are mistaken for one another; of
            sigmoid, robust, and exo_pair, where e > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``chosen_logps``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``chosen_logps`` for ``"none"``; the promoted dtype of the
        operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * ``"aot"`` compares the sorted chosen_logps - rejected_logps with those of the reference,
          ``"aot_unpaired"`` the sorted c with the sorted r; the losses are in that order.
        * Right for log-ratios of any size: h = -200 costs 200, and discopop's exp(-h) does not
          overflow where m is 0.

    Reference:
        R. Rafailov et al., "Direct preference optimization: your language model is secretly a
        reward model", NeurIPS 2023, arXiv:2305.18290; hinge arXiv:2305.10425, ipo
        arXiv:2310.12036, robust arXiv:2403.00409, exo_pair arXiv:2402.00856, nca_pair
        arXiv:2402.05369, bco_pair arXiv:2404.04656, sppo_hard arXiv:2405.00675, apo
        arXiv:2408.06266, discopop arXiv:2406.08414, aot arXiv:2406.05882.

    Example:
        >>> import torch, lossops.functional as F
        >>> chosen, rejected = torch.tensor([-10.0, -12.0]), torch.tensor([-14.0, -11.0])
        >>> F.dpo_loss(chosen, rejected, beta=0.5, reduction="none")
        tensor([0.1269, 0.9741])
    """
    if loss_type == "aot" or loss_type == "aot_unpaired":
        chosen_logps, rejected_logps = _sorted_pairs(
            loss_type == "aot", chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps
        )
        ref_chosen_logps, ref_rejected_logps, loss_type = None, None, "sigmoid"
    code, n = reduction_code("dpo", reduction), scalar_tensor(normalizer, chosen_logps)
    return _dpo(
        chosen_logps,
        rejected_logps,
        ref_chosen_logps,
        ref_rejected_logps,
        beta,
        _dpo_code(loss_type),
        label_smoothing,
        weight,
        None,
        n,
        code,
    )


def simpo_loss(
    chosen_logps: Tensor,
    rejected_logps: Tensor,
    beta: float = 2.0,
    gamma: float = 0.5,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """SimPO: the chosen answer is likelier per token by a margin, without a reference.

    Formula, with c = chosen_logps and r = rejected_logps::

        l = softplus(gamma - beta (c - r))

    Args:
        chosen_logps: Log-probability of each chosen answer, the mean over its tokens. Any shape,
            (N) as a rule; a floating dtype.
        rejected_logps: Those of the rejected answers, of the same shape.
        beta: How much log-probabilities count, > 0.
        gamma: The margin by which beta c has to lead.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``chosen_logps``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``chosen_logps`` for ``"none"``; the promoted dtype of the
        operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * Where a margin is given beside c - r, within the factor beta, gamma is beta times that.

    Reference:
        Y. Meng, M. Xia, D. Chen, "SimPO: simple preference optimization with a reference-free
        reward", NeurIPS 2024, arXiv:2405.14734.

    Example:
        >>> import torch, lossops.functional as F
        >>> chosen, rejected = torch.tensor([-1.0, -1.2]), torch.tensor([-1.4, -1.1])
        >>> F.simpo_loss(chosen, rejected, reduction="none")
        tensor([0.5544, 1.1032])
    """
    code, n = reduction_code("simpo", reduction), scalar_tensor(normalizer, chosen_logps)
    return _simpo(chosen_logps, rejected_logps, beta, gamma, weight, None, n, code)


def cpo_loss(
    chosen_logps: Tensor,
    rejected_logps: Tensor,
    beta: float = 0.1,
    alpha: float = 1.0,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Contrastive preference optimisation: DPO without a reference, and likelihood.

    Formula, with sp = softplus, c = chosen_logps, r = rejected_logps, h = beta (c - r) and
    e = label_smoothing::

        l = (1 - e) sp(-h) + e sp(h) - alpha c

    Args:
        chosen_logps: Log-probability of each chosen answer, the sum over its tokens. Any shape, (N)
            as a rule; a floating dtype.
        rejected_logps: Those of the rejected answers, of the same shape.
        beta: How much log-probabilities count, > 0.
        alpha: How much the likelihood of the chosen answer counts, >= 0.
        label_smoothing: e in [0, 0.5), how often the two answers are mistaken for one another.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``chosen_logps``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``chosen_logps`` for ``"none"``; the promoted dtype of the
        operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * With alpha = 0 the likelihood is left out: for a mean over tokens, add a cross-entropy of
          the chosen answers instead.

    Reference:
        H. Xu et al., "Contrastive preference optimization: pushing the boundaries of LLM
        performance in machine translation", ICML 2024, arXiv:2401.08417.

    Example:
        >>> import torch, lossops.functional as F
        >>> chosen, rejected = torch.tensor([-10.0, -12.0]), torch.tensor([-14.0, -11.0])
        >>> F.cpo_loss(chosen, rejected, beta=0.5, alpha=0.1, reduction="none")
        tensor([1.1269, 2.1741])
    """
    code, n = reduction_code("cpo", reduction), scalar_tensor(normalizer, chosen_logps)
    return _cpo(chosen_logps, rejected_logps, beta, alpha, label_smoothing, weight, None, n, code)


def orpo_loss(
    chosen_logps: Tensor,
    rejected_logps: Tensor,
    beta: float = 0.1,
    reduction: str = "mean",
    weight: Tensor | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Odds-ratio preference optimisation: the term beside the likelihood of the chosen answer.

    Formula, with c = chosen_logps and r = rejected_logps::

        odds = (c - ln(1 - exp(c))) - (r - ln(1 - exp(r)))
        l = beta softplus(-odds)

    Args:
        chosen_logps: Log-probability of each chosen answer, the mean over its tokens; values above
            0 count as 0. Any shape, (N) as a rule; a floating dtype.
        rejected_logps: Those of the rejected answers, of the same shape.
        beta: Factor of the loss, > 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``chosen_logps``.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``chosen_logps`` for ``"none"``; the promoted dtype of the
        operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * ln(1 - exp(c)) keeps its digits where the probability is nearly 1: c = -1e-8 has log-odds
          18.4, where 1 - exp(c) is 0 in float32. At c = 0 the loss is 0 and its gradient finite;
          where both are 0 the odds count as equal, and the gradient is 0.
        * The whole loss of the paper is this plus the cross-entropy of the chosen answers.

    Reference:
        J. Hong, N. Lee, J. Thorne, "ORPO: monolithic preference optimization without reference
        model", EMNLP 2024, arXiv:2403.07691.

    Example:
        >>> import torch, lossops.functional as F
        >>> chosen, rejected = torch.tensor([-1.0, -1.2]), torch.tensor([-1.4, -1.1])
        >>> F.orpo_loss(chosen, rejected, beta=1.0, reduction="none")
        tensor([0.4462, 0.7690])
    """
    code, n = reduction_code("orpo", reduction), scalar_tensor(normalizer, chosen_logps)
    return _orpo(chosen_logps, rejected_logps, beta, weight, None, n, code)


def kto_loss(
    logps: Tensor,
    ref_logps: Tensor,
    target: Tensor,
    kl: TensorOrNumber | None = None,
    beta: float = 0.1,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """Kahneman-Tversky optimisation: single answers that are desirable or not.

    Formula, with d = logps - ref_logps and z = max(kl, 0), which is a constant::

        l = desirable_weight sigmoid(-beta (d - z))    where target > 0
        l = undesirable_weight sigmoid(beta (d - z))   elsewhere

    Args:
        logps: Log-probability of each answer, the sum over its tokens. Any shape, (N) as a rule; a
            floating dtype.
        ref_logps: What the reference gives them, of the same shape.
        target: Whether the answer is desirable, of the same shape; bool, or any dtype.
        kl: The reference point: an estimate of the divergence of the policy from the reference, a
            number or a tensor that broadcasts to ``logps``; 0 where left out. It gets no gradient.
        beta: How much the log-ratio d counts, > 0.
        desirable_weight: Factor of the desirable answers, >= 0.
        undesirable_weight: Factor of the undesirable ones, >= 0.
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``logps``.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``logps`` for ``"none"``; the promoted dtype of the operands.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.

    Notes:
        * The paper's estimate is the mean of logps - ref_logps over answers that belong to other
          prompts of the batch.

    Reference:
        K. Ethayarajh et al., "KTO: model alignment as prospect theoretic optimization", ICML 2024,
        arXiv:2402.01306.

    Example:
        >>> import torch, lossops.functional as F
        >>> logps, ref = torch.tensor([-10.0, -12.0]), torch.tensor([-12.0, -11.0])
        >>> F.kto_loss(logps, ref, torch.tensor([True, False]), 0.5, beta=0.5, reduction="none")
        tensor([0.3208, 0.3208])
    """
    code, n = reduction_code("kto", reduction), scalar_tensor(normalizer, logps)
    return _kto(
        logps,
        ref_logps,
        target,
        scalar_tensor(kl, logps),
        beta,
        desirable_weight,
        undesirable_weight,
        weight,
        ignore_index,
        n,
        code,
    )
