"""Why something cannot be recorded, and what to write instead."""

ELEMENTWISE = "a native loss says what one element costs, from what the tensors hold for it"
SHAPES = (
    f"{ELEMENTWISE}; reshape the tensors before the call; from the third on they broadcast to the "
    "first; loss.sum() / x.numel() is recorded as loss.mean()"
)

_REASONS: tuple[tuple[str, str, str], ...] = (  # names, what they are, what to do
    (
        "max min amax amin aminmax mean sum nansum nanmean std var std_mean var_mean norm dist "
        "prod median quantile mode argmax argmin logsumexp softmax log_softmax softmin cumsum "
        "cumprod cosine_similarity normalize count_nonzero cross_entropy nll_loss vector_norm",
        "a reduction in the middle",
        f"{ELEMENTWISE}; .mean() or .sum() over everything may stand at the end. Compute it before "
        "the call and give it as an argument (lossops.define_class and lossops.define_sums are for "
        "losses over classes and of sums)",
    ),
    (
        "any all equal allclose",
        "a question about the whole tensor",
        "leave checks of values out, or make them before the call",
    ),
    (
        "item tolist numpy cpu cuda array float int index round floor ceil trunc fix long short "
        "bincount data",
        "the value of a tensor or parameter, which is not known when the function is recorded",
        "compute with tensors and numbers: torch.log(x), not math.log(float(x))",
    ),
    (
        "shape size dim ndim numel len stride layout nelement unsqueeze squeeze view view_as "
        "reshape flatten permute transpose t T mT H expand expand_as broadcast_to "
        "broadcast_tensors movedim repeat chunk split narrow stack cat concat roll flip unbind "
        "iter tile",
        "something about the shape of a tensor",
        SHAPES,
    ),
    (
        "getitem contains gather index_select take masked_select nonzero select take_along_dim "
        "diff",
        "a part of a tensor",
        f"{ELEMENTWISE}; take parts before the call, and choose by torch.where(condition, x, y)",
    ),
    (
        "setitem setattr scatter scatter_add index_put requires_grad retain_grad backward "
        "register_hook fill copy index_fill",
        "a write",
        "make a new value, as torch.where(condition, x, y) does",
    ),
    (
        "dropout rand_like randn_like randint_like bernoulli normal multinomial rand randn",
        "a random number",
        "draw it before the call, and give it as an argument",
    ),
    (
        "matmul mm bmm dot einsum linear conv1d conv2d cdist mv inner outer bilinear embedding",
        "a product of matrices",
        f"{ELEMENTWISE}; compute it before the call, and give it as an argument",
    ),
    (
        "sort topk argsort unique kthvalue msort",
        "an order of the elements",
        f"{ELEMENTWISE}; sort before the call",
    ),
    ("dtype device is_cuda is_floating_point is_complex element_size",
     "the dtype or device of a tensor",
     "leave it out: a native loss takes any floating dtype and device"),
    (
        "half bfloat16 type",
        "a rounding to another dtype",
        "leave it out: a native loss computes in float32 or wider",
    ),
)  # fmt: skip
REASONS = {name: (what, cure) for names, what, cure in _REASONS for name in names.split()}
UNKNOWN = (
    "an operator that has no native form",
    "those that have one are arithmetic, comparisons, torch.where, clamp, maximum, minimum, abs, "
    "exp, log, log1p, sqrt, square, pow, tanh, sigmoid, softplus and their like, and the losses of "
    "torch.nn.functional of one element; help(lossops.native) lists them",
)
IN_PLACE = ("a write in place", "write x = x.function(...), without the _ at the end")
CHOICE = (
    "a choice by the value of a tensor, which differs by element",
    "write torch.where(condition, x, y); conditions are joined by & and |, negated by ~, with "
    "parentheses around comparisons",
)
MIDDLE = (
    "a reduction in the middle: the loss is one of each element, and .mean() or .sum() stands at "
    "its end",
    "what may follow the end is a factor, a sum of losses with the same end, and a number added to "
    "a mean; another divisor is the normalizer of the function's .loss",
)
TRAINING = ("what differs between training and evaluation", "make a loss for each of them")

CLOSURE = (
    "a tensor from outside of the function",
    "give it as an argument, or keep it as an attribute of an nn.Module",
)
LOST = (
    "a number that was computed from a parameter, and no longer follows it",
    "write torch.log(c), not math.log(c), where a helper function or another library computes with "
    "a parameter",
)
