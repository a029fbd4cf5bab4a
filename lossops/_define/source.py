"""The C++ and the Python source of a defined loss.

Nothing of what a user wrote is copied but names, which have been checked, and the expression as
``ast.unparse`` writes it, in documentation. C++ is made of nodes only.
"""

import math
from collections.abc import Sequence

from .definition import Defined, Definition
from .nodes import Kind, Node, ordered

CONNECTIVES = {"and": ("&", "&&"), "or": ("|", "||")}  # of masks, and of flags
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
MEMBERS = ("p", "q", "nlog_p", "nlog_q")  # of a logistic
POWERS = ("power", "real_power")
OF_A_NUMBER_TOO = ("power", "hypot", "p_power", "q_power")  # their second operand
OF_A_NUMBER = {  # which shares nothing
    "sigmoid": "logistic({}).p()",
    "softplus": "logistic({}).nlog_q()",
    "logsigmoid": "(-logistic({}).nlog_p())",
}


def literal(value: float) -> str:
    """The double in C++, to the last bit."""
    if math.isinf(value):
        return "lossops::kInfinity" if value > 0 else "-lossops::kInfinity"
    return repr(value)


class Emitter:
    """Writes the statements of an expression, each node once."""

    def __init__(self, nodes: Sequence[Node], like: str = "t0") -> None:
        self.like = like  # of whose kind numbers become, where a scalar type is needed
        self.lines: list[str] = []
        self.names: dict[Node, str] = {}
        self.exponents: dict[Node, list[Node]] = {}  # of each base that has several
        self.powers: dict[Node, str] = {}  # what they share
        raised = [node for node in nodes if node.op in POWERS and node.kind is Kind.ELEMENT]
        for node in raised:
            self.exponents.setdefault(node.args[0], []).append(node.args[1])
        for node in nodes:
            self.name(node)

    def name(self, node: Node) -> str:
        """What stands for the node: a literal, an argument, or a variable, stated if it is new."""
        if node.op == "constant":
            return literal(node.value)
        if node.op in ("tensor", "parameter"):
            return f"{node.op[0]}{int(node.value)}"
        if node not in self.names:
            right = self.statement(node)
            self.names[node] = f"v{len(self.names)}"
            kind = {Kind.NUMBER: "double", Kind.FLAG: "bool"}.get(node.kind, "auto")
            self.lines.append(f"const {kind} {self.names[node]} = {right};")
        return self.names[node]

    def element(self, node: Node) -> str:
        """The same, a number as a value beside the tensors."""
        name = self.name(node)
        return name if node.kind is Kind.ELEMENT else f"constant(value_of({self.like}), {name})"

    def mask(self, node: Node) -> str:
        """A condition on elements, even if it depends on parameters only."""
        name = self.name(node)
        return (
            name if node.kind is Kind.MASK else f"(constant(value_of({self.like}), {name}) > 0.5)"
        )

    def statement(self, node: Node) -> str:
        """The operation in C++."""
        op, args = node.op, node.args
        if op in CONNECTIVES:
            of_masks, of_flags = CONNECTIVES[op]
            if node.kind is Kind.MASK:
                return f" {of_masks} ".join(map(self.mask, args))
            return f" {of_flags} ".join(map(self.name, args))
        if op == "select":
            return self.select(node)
        if op in COMPARISONS:
            left, right = (
                f"value_of({self.name(arg)})" if arg.kind is Kind.ELEMENT else self.name(arg)
                for arg in args
            )
            return f"!({left} == {right})" if op == "!=" else f"{left} {op} {right}"
        if op in MEMBERS:
            return f"{self.name(args[0])}.{op}()"
        names = [self.name(arg) for arg in args]
        if op in ("not", "negative"):
            return f"{'!' if op == 'not' else '-'}{names[0]}"
        if op in ("+", "-", "*", "/"):
            return f"{names[0]} {op} {names[1]}"
        return self.function(node)

    def select(self, node: Node) -> str:
        condition, x, y = node.args
        if condition.kind is Kind.MASK:
            # One tensor is enough to tell what the numbers are numbers of.
            first = self.element(x) if y.kind is Kind.NUMBER else self.name(x)
            return f"select({self.name(condition)}, {first}, {self.name(y)})"
        of = self.name if node.kind is Kind.NUMBER else self.element
        return f"{self.name(condition)} ? {of(x)} : {of(y)}"

    def function(self, node: Node) -> str:
        op, args = node.op, node.args
        if node.kind is Kind.NUMBER:
            numbers = [f"Number({self.name(arg)})" for arg in args]
            if op in POWERS:
                return f"std::pow({self.name(args[0])}, {self.name(args[1])})"
            if op == "hypot":
                numbers[1] = self.name(args[1])
            call = OF_A_NUMBER.get(op, f"{op}({', '.join(['{}'] * len(args))})")
            return f"{call.format(*numbers)}.v"
        if op == "real_power" or (op == "power" and len(self.exponents[args[0]]) > 1):
            return f"{self.powers_of(args[0])}({self.name(args[1])})"
        if op in OF_A_NUMBER_TOO:
            return f"{op}({self.name(args[0])}, {self.name(args[1])})"
        if op == "detach":
            return f"detached(value_of({self.name(args[0])}))"
        return f"{op}({', '.join(map(self.element, args))})"

    def powers_of(self, base: Node) -> str:
        """What the powers of a base come from."""
        if base not in self.powers:
            exponents = ", ".join(map(self.name, self.exponents[base]))
            self.powers[base] = f"w{len(self.powers)}"
            self.lines.append(
                f"const auto {self.powers[base]} = powers({self.name(base)}, {exponents});"
            )
        return self.powers[base]


def bounds(definition: Defined, parameter: str) -> str:
    """The tightest limits of a parameter on either side."""
    limits = [(r, bound) for name, r, bound in definition.limits if name == parameter]
    low = max(((b, r == ">") for r, b in limits if r[0] == ">"), default=None)
    high = min(((b, r != "<") for r, b in limits if r[0] == "<"), default=None)
    text = f".{'above' if low[1] else 'at_least'}({literal(low[0])})" if low else ""
    return text + (f".{'at_most' if high[1] else 'below'}({literal(high[0])})" if high else "")


def table(definition: Defined, settings: Sequence[str] = ()) -> str:
    """The parameters' names and what each may be, as a member of the expression."""
    rows = [
        f'param("{name}", &Expression::p{i}){bounds(definition, name)}'
        for i, (name, _) in enumerate(definition.parameters)
    ] + list(settings)
    return f"  static constexpr std::array parameters{{{', '.join(rows)}}};\n" if rows else ""


def cpp_source(definition: Definition) -> str:
    """A file that defines the operator."""
    emitter = Emitter(ordered(definition.root))
    result = emitter.name(definition.root)
    body = "\n".join(f"    {line}" for line in emitter.lines)
    count = len(definition.tensors)
    fields = "".join(
        f"  double p{i} = {literal(default)};\n"
        for i, (_, default) in enumerate(definition.parameters)
    )
    operands = ", ".join(
        f'{{"{name}"}}'
        if name in (definition.tensors[0], definition.target)
        else f'{{"{name}", Shape::kBroadcast}}'
        for i, name in enumerate(definition.tensors)
    )
    return f"""\
// Made by lossops.define: {definition.name}
#include <lossops/define.h>

namespace {definition.namespace} {{
using namespace lossops;
using Number = Scalar<double>;

struct Expression {{
{fields}{table(definition)}
  template <{", ".join(f"class T{i}" for i in range(count))}>
  LOSSOPS_INLINE auto operator()({", ".join(f"const T{i}& t{i}" for i in range(count))}) const {{
{body}
    return {result};
  }}
}};
}}  // namespace {definition.namespace}

LOSSOPS_DEFINE({definition.namespace}, {definition.name}, {definition.namespace}::Expression,
               .operands = {{{operands}}}, .target = "{definition.target}")
"""


def module_name(definition: Defined) -> str:
    """The class of the module: CauchyLoss for cauchy and for cauchy_loss."""
    words = definition.name.removesuffix("_loss").split("_")
    return "".join(word[:1].upper() + word[1:] for word in words) + "Loss"


def python_source(definition: Definition) -> str:
    """A module with the function and the class, as lossops.functional and lossops.nn have them."""
    name, namespace, class_name = definition.name, definition.namespace, module_name(definition)
    first, *others = definition.tensors
    defaults = dict(definition.parameters)
    tensors = "".join(f"\n    {t}: Tensor," for t in definition.tensors)
    parameters = "".join(f"\n    {p}: float = {d!r}," for p, d in defaults.items())
    limits = {
        p: "".join(f", {r} {b:g}" for on, r, b in definition.limits if on == p) for p in defaults
    }
    passed = "".join(f"{argument}, " for argument in (*definition.tensors, *defaults))
    settings = "".join(f"{t}, " for t in definition.tensors)
    settings += "".join(f"self.{p}, " for p in defaults)
    constants = [*defaults, "reduction", "ignore_index"]

    def described(indent: str) -> str:
        return "".join(
            f"{indent}{p}: A number{limits[p]}; default {d:g}.\n" for p, d in defaults.items()
        )

    shape = {
        t: f"Of the shape of ``{first}``."
        if t == definition.target
        else f"Broadcasts to ``{first}``."
        for t in others
    }
    formula = definition.expression.replace("\n", "\n        ")
    formula = formula if "\n" in formula else f"l = {formula}"
    return f'''\
"""The loss {name}, made by lossops.define."""

import torch
from torch import Tensor

from lossops._op import number as _number
from lossops.functional._common import Op, TensorOrNumber, reduction_code, scalar_tensor
from lossops.nn._base import Loss

_op = Op(torch.ops.{namespace}.{name})


def {name}({tensors}{parameters}
    reduction: str = "{definition.reduction}",
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    normalizer: TensorOrNumber | None = None,
) -> Tensor:
    """The loss {name}, made by lossops.define.

    Formula::

        {formula}

    Args:
        {first}: The prediction, of any shape; a floating dtype.
{"".join(f"        {t}: {text}" + chr(10) for t, text in shape.items())}{described("        ")}\
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        weight: A factor per element; broadcasts to ``{first}``.
        ignore_index: Elements with this target are left out, and get gradient 0.
        normalizer: A number or 0-d tensor; ``"mean"`` and ``"sum"`` then give sum / normalizer.

    Returns:
        A 0-d tensor, or the shape of ``{first}`` for ``"none"``; the promoted dtype.

    Raises:
        ValueError: ``reduction`` is unknown or rules out ``normalizer``.
        RuntimeError: A parameter is out of range, or shapes, dtypes or devices do not fit.
    """
    return _op(
        {passed}weight, ignore_index, scalar_tensor(normalizer, {first}),
        reduction_code("{name}", reduction),
    )


class {class_name}(Loss):
    """The loss {name}, made by lossops.define: see the function of that name in this module.

    Args:
{described("        ")}\
        reduction: ``"none"``, ``"mean"`` or ``"sum"``.
        ignore_index: Elements with this target are left out, and get gradient 0.
    """

    __constants__ = {constants!r}
{"".join(f"    {p}: float" + chr(10) for p in defaults)}\
    ignore_index: int | None

    def __init__(
        self,{parameters.replace(chr(10) + "    ", chr(10) + "        ")}
        reduction: str = "{definition.reduction}",
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
{"".join(f"        self.{p} = _number({class_name!r}, {p!r}, {p})" + chr(10) for p in defaults)}\
        self.ignore_index = ignore_index

    def forward(
        self,{tensors.replace(chr(10) + "    ", chr(10) + "        ")}
        weight: Tensor | None = None,
        normalizer: TensorOrNumber | None = None,
    ) -> Tensor:
        """Compute the loss."""
        return {name}(
            {settings}self.reduction, weight, self.ignore_index, normalizer
        )
'''
