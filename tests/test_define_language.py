"""The language of lossops.define: every word against torch, and what is refused."""

import ast
import builtins
import functools
import math
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import lossops
from lossops._define.expression import Parser
from lossops._define.language import ALIASES, CONSTANTS, FUNCTIONS
from lossops._define.written import written
from tests.losses.formulas import at_least, clamped

# -- what is refused ----------------------------------------------------------------------------

MISTAKES: dict[str, tuple[str, str]] = {  # the message, and what the carets mark
    "": ("the expression is empty", ""),
    "  \n ": ("the expression is empty", ""),
    "__import__('os').system('x')": ("an attribute is not part", "__import__('os').system"),
    "__import__('os')": ("unknown function '__import__'", "__import__"),
    "eval('input')": ("unknown function 'eval'", "eval"),
    "input.data": ("an attribute is not part", "input.data"),
    "input[0]": ("a subscript is not part", "input[0]"),
    "(lambda: input)()": ("a lambda is not part", "lambda: input"),
    "f'{input}' * target": ("an f-string is not part", "f'{input}'"),
    "(x := input) - target": ("':=' is not part", "x := input"),
    "[i for i in input]": ("a comprehension is not part", "[i for i in input]"),
    "abs(i for i in input)": ("a generator expression is not part", "(i for i in input)"),
    "'input' * target": ("numbers must be real", "'input'"),
    "input - None": ("numbers must be real", "None"),
    "True * input": ("numbers must be real", "True"),
    "1j * input": ("numbers must be real", "1j"),
    "...": ("numbers must be real", "..."),
    "exp(*input)": ("a starred argument is not part", "*input"),
    "exp(x=input)": ("arguments are given by position", "input"),
    "exp(**input)": ("arguments are given by position", "input"),
    'input; system("rm")': ("not an expression", ";"),
    "input\nimport os": ("not an expression", "import"),
    "input \\\n - target": (r"the character '\\\\'", "\\"),
    "input\0- target": (r"the character '\\x00'", None),
    "input - t\u0430rget": (r"the character '\\u0430'", None),
    "\uff49nput": (r"the character '\\uff49'", None),
    "input\x0b- target": (r"the character '\\x0b'", None),
    "c * input ** 10 ** 10 ** 10": ("not a number, or too large", "10 ** 10 ** 10"),
    "(-1) ** 0.5 * input": (r"\(-1\) \*\* 0.5 is not a number", "(-1) ** 0.5"),
    "10 ** 400 * input": ("not a number, or too large", "10 ** 400"),
    "1" + "0" * 400 + " * input": ("the number is too large", "1" + "0" * 99),
    "1e999 * input": ("too large; infinity is written inf", "1e999"),
    "(-8) ** 0.5 * input": ("not a number", "(-8) ** 0.5"),
    "input / (1 / 0)": ("not a number", "1 / 0"),
    "(inf - inf) * input": ("not a number", "inf - inf"),
    "(" * 10**5: ("100000 characters, 4000 are allowed", ""),
    "(" * 250 + "input - target" + ")" * 250: ("too many nested parentheses", None),
    "-" * 3000 + "input": ("nested more than 64 deep", None),
    "exp(" * 80 + "input" + ")" * 80: ("nested more than 64 deep", None),
    " + ".join(["input"] * 500): ("nested more than 64 deep", None),
    "(input": ("'\\(' was never closed", "("),
    "input)": ("unmatched '\\)'", ")"),
    "1//0": ("'//' is not part", "1//0"),
    "input @ target": ("'@' is not part", "input @ target"),
    "input % 2": ("'%' is not part", "input % 2"),
    "input ^ 2": (r"a power is written x \*\* p", "input ^ 2"),
    "input << 2": ("'<<' is not part", "input << 2"),
    "select(input is target, 1, input)": ("'is' is not part", "input is target"),
    "input, target": ("a tuple is not part", "input, target"),
    "{input: target}": ("a dictionary is not part", "{input: target}"),
    "inptu - target": ("unknown name 'inptu'; did you mean 'input'", "inptu"),
    "selct(input > 0, 1, c)": ("did you mean 'select'", "selct"),
    "input.abs().cumsum()": ("an attribute is not part", "input.abs().cumsum"),
    "torch.erfinv(input)": ("unknown function 'erfinv'", "torch.erfinv"),
    "numpy.abs(input)": ("unknown name 'numpy'", "numpy"),
    "input.mean": ("an attribute is not part", "input.mean"),
    "input.mean() - target": ("mean is not the end", "input.mean()"),
    "sum(input * target) * c": ("sum is not the end", "sum(input * target)"),
    "input.mean(0)": ("mean is not the end", "input.mean(0)"),
    "d = input - target": ("the result is missing", "d = input - target"),
    "d = input - target\nd += 1\nd": ("'\\+=', is not part", "d += 1"),
    "target = input\ninput": ("'target' has a meaning already", "target"),
    "exp = input\nexp": ("'exp' has a meaning already", "exp"),
    "d = input - target\nd * c\nd": ("the result stands at the end", "d * c"),
    "d = input\nif d > 0: d = 1\nd": ("'if' as a statement is not part", "if d > 0: d = 1"),
    "a = b = input\na": ("an assignment to more than a name", "a = b = input"),
    "d = inptu\nd": ("unknown name 'inptu'; did you mean 'input'", "inptu"),
    "d = (input\nd": ("'\\(' was never closed", "("),
    "sofplus(input)": ("did you mean 'softplus'", "sofplus"),
    "exp": (r"exp is a function, write exp\(x\)", "exp"),
    "c(2) * input": ("'c' is not a function", "c(2)"),
    "(input)(target)": ("'input' is not a function", "(input)(target)"),
    "(1 + 2)(input)": ("this is not part", "1 + 2"),
    "sqrt(input, target)": (r"must be sqrt\(x\), got 2", "sqrt(input, target)"),
    "clamp(input, 1)": (r"must be clamp\(x, low, high\), got 2", "clamp(input, 1)"),
    "hypot(input, target)": (r"c of hypot\(x, c\) must be a number", "target"),
    "hypot(input, -2)": (r"c of hypot\(x, c\) must be > 0", "-2"),
    "input > 0 & target > 0": ("comparisons beside & and | need parentheses", "0"),
    "(input > target) * c": ("a condition on elements stands where a value", "input > target"),
    "(c > 1) + input": ("a condition on numbers stands where a value", "c > 1"),
    "select(input, 1, c)": ("an element stands where a condition", "input"),
    "input if c else target": ("a number stands where a condition", "c"),
    "not input": ("an element stands where a condition", "input"),
    "input > target": ("a condition on elements stands where a value", "input > target"),
    "c * 2": (r"the loss must depend on the tensors \(input, target\)", ""),
    "square(input) * c": ("tensor 'target' has no influence", ""),
    "input - target": ("parameter 'c' has no influence", ""),
    "(input - target) * c ** 0": ("parameter 'c' has no influence", ""),
    "sign(input) * target * c": ("'input' only decides conditions and signs", ""),
    "select(input > c, target, 0)": ("'input' only decides conditions and signs", ""),
}


@pytest.fixture
def untouched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is executed, compiled, loaded or written."""
    with pytest.raises(TypeError):
        lossops.define("mine", 3)  # the first call imports, for which Python needs exec
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setenv("LOSSOPS_CACHE", str(cache))

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError(f"called with {args}")

    parse = builtins.compile

    def only_parse(*args: Any, **kwargs: Any) -> Any:
        flags = kwargs.get("flags", args[3] if len(args) > 3 else 0)
        assert flags & ast.PyCF_ONLY_AST
        return parse(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", refuse)
        patch.setattr(torch.ops, "load_library", refuse)
        patch.setattr(builtins, "eval", refuse)
        patch.setattr(builtins, "exec", refuse)
        patch.setattr(builtins, "compile", only_parse)
        yield
    assert not any(cache.iterdir())


def marked(message: str) -> str | None:
    """What the carets of a message are under, or None if they reach beyond."""
    lines = message.splitlines()
    carets = next((i for i, line in enumerate(lines) if set(line.strip()) == {"^"}), None)
    if carets is None:
        return ""
    start = lines[carets].index("^")
    return lines[carets - 1][start : len(lines[carets])]


@pytest.mark.parametrize("expression", MISTAKES, ids=lambda text: ascii(text[:40]))
def test_mistake_is_named_and_marked(expression: str, untouched: None) -> None:
    message, place = MISTAKES[expression]
    with pytest.raises(ValueError, match=message) as caught:
        lossops.define("mine", expression, c=1.0)
    assert str(caught.value).startswith("mine: ")
    assert max(map(len, str(caught.value).splitlines()[:3])) < 260
    if place is not None:
        assert marked(str(caught.value)) == place


BAD_NAMES = ['x"); system("rm', "a b", "a-b", "1a", "", "_a", "a\n", "a;b", "import", "weight",
             "\u0430", "a" * 65, "x0\0", "reduction", "exp", "pi", "self", "torch", "Tensor",
             "//", "a/*", "#a", "a\\"]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_bad_names(name: str, untouched: None) -> None:
    """Nothing but an identifier that is free reaches a file, wherever the name stands."""
    expected = "the name of a|is taken"
    with pytest.raises(ValueError, match=expected):
        lossops.define(name, "input - target")
    with pytest.raises(ValueError, match=expected):
        lossops.define("mine", "input - target", tensors=(name, "target"))
    with pytest.raises(ValueError, match=expected):
        lossops.define("mine", "input - target", tensors=("input", "target", name))
    with pytest.raises(ValueError, match=expected):
        lossops.define("mine", "input - target", **{name: 1.0})


ARGUMENTS: tuple[tuple[dict[str, Any], type[Exception], str], ...] = (
    ({"name": 3}, TypeError, "the name of a loss must be a str, got int"),
    ({"name": "Mine"}, ValueError, "must be a lower-case letter"),
    ({"name": "name"}, ValueError, "'name' is taken"),
    ({"name": "c"}, ValueError, "different names, got 'c' twice"),
    (
        {"expression": 3},
        TypeError,
        "the expression must be a str, a function or an nn.Module, got int",
    ),
    (
        {"expression": b"input"},
        TypeError,
        "the expression must be a str, a function or an nn.Module, got b",
    ),
    ({"tensors": "input"}, TypeError, "tensors must be a sequence of names"),
    ({"tensors": 3}, TypeError, "tensors must be a sequence of names"),
    ({"tensors": ("target",)}, ValueError, "tensors must be 2 to 8 names, got 1"),
    ({"tensors": (*"abdhijkl", "target")}, ValueError, "2 to 8 names, got 9"),
    ({"tensors": ("input", "label")}, ValueError, "one of the others 'target'"),
    ({"tensors": ("target", "input")}, ValueError, "the prediction first"),
    ({"tensors": ("input", "target", "c")}, ValueError, "different names, got 'c' twice"),
    ({"tensors": ("input", "input", "target")}, ValueError, "got 'input' twice"),
    ({"tensors": ("input", 3)}, TypeError, "the name of a tensor must be a str, got int"),
    ({"c": "1.0"}, TypeError, "the default of c must be a number, got str"),
    ({"c": torch.ones(())}, TypeError, "the default of c must be a number, got Tensor"),
    ({"c": 1j}, TypeError, "the default of c must be a number, got complex"),
    ({"c": math.nan}, ValueError, "the default of c must be finite, got nan"),
    ({"c": math.inf}, ValueError, "the default of c must be finite, got inf"),
    ({"c": 10**400}, ValueError, "the default of c must be finite"),
    ({"training": 1.0}, ValueError, "'training' is taken by modules"),
    ({"graph": 1.0}, ValueError, "'graph' is taken by modules"),
    ({"forward": 1.0}, ValueError, "'forward' is taken by modules"),
    ({"denominator": 1.0}, ValueError, "'denominator' is taken by modules"),
    ({"c": 5e-324}, ValueError, "torch refuses a name or a default"),
    ({"tensors": ("input", "target", "NoneType")}, ValueError, "torch refuses a name"),
    ({f"p{i}": 1.0 for i in range(8)}, ValueError, "at most 8 parameters, got 9"),
    ({"limits": 3}, TypeError, "limits must be a sequence"),
    ({"limits": "c > 0"}, TypeError, "limits must be a sequence"),
    ({"limits": ["c > 0"]}, ValueError, r"a limit must be \(parameter, relation, number\)"),
    ({"limits": [("c", ">")]}, ValueError, r"a limit must be \(parameter, relation, number\)"),
    ({"limits": [("d", ">", 0)]}, ValueError, r"a limit must be on a parameter \(c\), got 'd'"),
    ({"limits": [('c", 0}}); evil(', ">", 0)]}, ValueError, "a limit must be on a parameter"),
    ({"limits": [("c", "=", 0)]}, ValueError, "must be one of >, >=, <, <=, got '='"),
    ({"limits": [("c", '>"', 0)]}, ValueError, "must be one of >, >=, <, <="),
    ({"limits": [("c", ">", "0")]}, ValueError, "the bound of a limit must be a number"),
    ({"limits": [("c", ">", math.nan)]}, ValueError, "the bound of a limit must be a number"),
    ({"limits": [("c", ">", 1)]}, ValueError, "c must be > 1, but its default is 1"),
    ({"test_points": 3}, TypeError, "test_points must be a sequence"),
    ({"test_points": [1.0]}, ValueError, "a test point must be a number for each of input, target"),
    ({"test_points": [(1.0,)]}, ValueError, "a test point must be a number for each"),
    ({"test_points": ["ab"]}, ValueError, "a test point must be a number for each"),
)


@pytest.mark.parametrize("joint", [" and ", " or "])
def test_long_conditions(joint: str, untouched: None) -> None:
    condition = joint.join(f"input < {i}" for i in range(200))
    with pytest.raises(
        ValueError, match="nested more than 64 deep, as the terms of a long sum are"
    ):
        lossops.define("mine", f"select({condition}, input, target)")
    with pytest.raises(ValueError, match="nested more than 64 deep"):
        lossops.define("mine", "select(" + "target < input < " * 40 + "1, input, target)")


@pytest.mark.parametrize(("arguments", "error", "message"), ARGUMENTS, ids=str)
def test_bad_arguments(
    arguments: dict[str, Any], error: type[Exception], message: str, untouched: None
) -> None:
    good = {"name": "mine", "expression": "abs(input - target) / c", "c": 1.0}
    with pytest.raises(error, match=message):
        lossops.define(**{**good, **arguments})


def test_one_way_of_writing() -> None:
    """Spaces, lines and parentheses that change nothing leave the same expression."""
    ways = ("abs(input-target)/c", " abs( input -\n\ttarget ) / c ", "(abs((input) - target)) / c")
    parsed = {Parser("mine", way, ("input", "target"), ("c",)).parse().text for way in ways}
    assert parsed == {"abs(input - target) / c"}


def test_shared_operations() -> None:
    """What occurs twice is one node; sigmoid and softplus of x and -x share a logistic."""
    text = "softplus(input) + softplus(-input) * sigmoid(input) + logsigmoid(-input) * target"
    root = Parser("mine", text, ("input", "target"), ()).parse().root
    seen, stack = set(), [root]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack += node.args
    assert sum(node.op == "logistic" for node in seen) == 1
    assert sum(node.op == "nlog_q" for node in seen) == 1


STATED = """
d = input - target
weight = where(target > c, 2, 1);  square_d = d * d
return (weight * square_d +
        abs(d)).mean()
"""


def parsed(text: str) -> tuple[str, str]:
    """A loss as the graph of its text, and its reduction."""
    parser = Parser("mine", text, ("input", "target"), ("c",))
    expression = parser.parse()
    return written(parser.graph, expression.root), expression.ending


def test_statements() -> None:
    """Assignments and a reduction at the end say what one expression says."""
    one = "(where(target > c, 2, 1) * (input - target) ** 2 + abs(input - target))"
    graph, ending = parsed(one)
    assert ending == "mean" and "v0 = input - target" in graph
    stated = STATED.replace("d * d", "d ** 2")
    assert parsed(stated) == (graph, "mean")
    assert parsed("# squares\n" + stated.replace("\n", "  # so far\n")) == (graph, "mean")
    hostile = Parser("mine", "input - target #include <x>", ("input", "target"), ())
    assert hostile.parse().text == "input - target"  # no comment reaches a file
    for end in ("mean", "sum"):
        for way in (f"{one}.{end}()", f"{end}({one})", f"torch.{end}({one})"):
            assert parsed(way) == (graph, end)
    text = Parser("mine", STATED, ("input", "target"), ("c",)).parse().text
    assert text.splitlines()[:2] == ["d = input - target", "weight = where(target > c, 2, 1)"]


REWRITES = {  # what is written, and as which graph it is computed
    "log(sigmoid(x))": "-softplus(-x)",
    "log(1 - sigmoid(x))": "-softplus(x)",
    "log1p(-sigmoid(x))": "-softplus(x)",
    "1 - sigmoid(x)": "sigmoid(-x)",
    "1 / (1 + exp(-x))": "sigmoid(x)",
    "exp(logsigmoid(x))": "sigmoid(x)",
    "log(x + 1)": "log1p(x)",
    "log(1 - x)": "log1p(-x)",
    "log(1 + exp(-x))": "softplus(-x)",
    "exp(x) - 1": "expm1(x)",
    "-1 + exp(x)": "expm1(x)",
    "exp(x) + -1": "expm1(x)",
    "1 - exp(x)": "-expm1(x)",
    "1 - (1 - x)": "x",
    "sqrt(x ** 2 + 4)": "hypot(x, 2)",
    "sqrt(c ** 2 + x * x)": "hypot(x, maximum(abs(c), 1.1754943508222875e-38))",
    "sqrt(x ** 2 - 4)": None,
    "sqrt(x ** 2 + c)": None,
    "log((exp(x) + exp(-x)) / 2)": "log_cosh(x)",
    "log(0.5 * (exp(-x) + exp(x)))": "log_cosh(x)",
    "log(exp(x) + exp(-x))": None,
    "1 - (sigmoid(x) * c + (1 - sigmoid(x)) * (1 - c))": "sigmoid(-x) * c + sigmoid(x) * (1 - c)",
    "1 - select(x > 0, sigmoid(x), exp(-x))": "select(x > 0, sigmoid(-x), -expm1(-x))",
    "log(select(x > c, sigmoid(x), 1 - sigmoid(x)))": "select(x > c, -softplus(-x), -softplus(x))",
    "sigmoid(-x) ** x": "exp(x * -softplus(x))",
    "select(x > 1, sigmoid(x), sigmoid(-x)) ** c": (
        "select(x > 1, sigmoid(x) ** c, sigmoid(-x) ** c)"
    ),
}


@pytest.mark.parametrize("given", REWRITES)
def test_rewrites(given: str) -> None:
    """What is written unstably is computed in another form, and told; what only looks so is not."""
    parser = Parser("mine", f"({given}) + 0 * target * c", ("x", "target"), ("c",))
    expression = parser.parse()
    graph = written(parser.graph, expression.root).removesuffix(" + 0 * target * c")
    wanted = REWRITES[given]
    if wanted is None:
        assert expression.rewrites == ()
        wanted = given.replace("x * x", "square(x)").replace("x ** 2", "square(x)")
    else:
        assert any("computed as" in told for told in expression.rewrites) or "select" in given
    assert graph.replace("(", "").replace(")", "") == wanted.replace("(", "").replace(")", "")


# -- every word ---------------------------------------------------------------------------------

X, T, A = Tensor, Tensor, Tensor
WORDS: dict[str, Callable[[X, T, A], Tensor]] = {  # with c = 1.5
    "abs(input - target)": lambda x, t, a: (x - t).abs(),
    "clamp(input, target, extra + 0.25)": lambda x, t, a: clamped(x, t, a + 0.25),
    "clamp(input, -1, c)": lambda x, t, a: clamped(x, -1, 1.5),
    "clamp(c, input, 3)": lambda x, t, a: at_least(torch.full_like(x, 1.5), x),
    "exp(input) * target": lambda x, t, a: x.exp() * t,
    "expm1(input / 4) / (extra + 4)": lambda x, t, a: torch.expm1(x / 4) / (a + 4),
    "hinge(input - target)": lambda x, t, a: torch.relu(x - t),
    "relu(input - target)": lambda x, t, a: at_least(x - t, 0),
    "hypot(input, c)": lambda x, t, a: torch.hypot(x, torch.full_like(x, 1.5)),
    "log(square(input) + 0.1)": lambda x, t, a: (x * x + 0.1).log(),
    "log1p(square((input - target) / c))": lambda x, t, a: ((x - t) / 1.5).square().log1p(),
    "logsigmoid(-input * target)": lambda x, t, a: torch.nn.functional.logsigmoid(-x * t),
    "softplus(input) - sigmoid(-input)": lambda x, t, a: (
        torch.nn.functional.softplus(x) - torch.sigmoid(-x)
    ),
    "maximum(input, target)": lambda x, t, a: torch.maximum(x, t),
    "maximum(input, 1) * minimum(c, target)": lambda x, t, a: (
        torch.maximum(x, torch.ones_like(x)) * torch.minimum(torch.full_like(t, 1.5), t)
    ),
    "minimum(input * extra, target)": lambda x, t, a: torch.minimum(x * a, t),
    "log1p(power(abs(input), c - 1.5)) * input * target": lambda x, t, a: math.log(2) * x * t,
    "power(abs(input) + 1, c)": lambda x, t, a: (x.abs() + 1) ** 1.5,
    "input ** 3 + (abs(target) + 1) ** -2 - extra ** 7": lambda x, t, a: (
        x**3 + (t.abs() + 1) ** -2 - a**7
    ),
    "(square(input) + 1) ** -0.5 + (abs(input) + 1) ** 0.5": lambda x, t, a: (
        (x * x + 1) ** -0.5 + (x.abs() + 1).sqrt()
    ),
    "(input * input + 1) ** 2.5 / (target * target + 2) ** (-c)": lambda x, t, a: (
        (x * x + 1) ** 2.5 * (t * t + 2) ** 1.5
    ),
    "select(input > target, input * extra, 2)": lambda x, t, a: torch.where(x > t, x * a, 2.0),
    "select(input >= 0.5, 0.3, 0.7) * input": lambda x, t, a: (
        torch.where(x >= 0.5, torch.full_like(x, 0.3), torch.full_like(x, 0.7)) * x
    ),
    "input if 0 < target <= 2 else -input": lambda x, t, a: torch.where((t > 0) & (t <= 2), x, -x),
    "select(not (input < 0 or target == 1) and extra != 2, input, target)": lambda x, t, a: (
        torch.where(~((x < 0) | (t == 1)) & (a != 2), x, t)
    ),
    "select((input < 0) | ~(1 > target) & (c > 1), input, extra)": lambda x, t, a: torch.where(
        (x < 0) | ~(t < 1), x, a
    ),
    "select(c > 1 or input > 0, input, target)": lambda x, t, a: x,
    "select(c > 1 and c < 2, input * target, extra)": lambda x, t, a: x * t,
    "input * (2 if c == 1 else 3)": lambda x, t, a: x * 3,
    "select(c < 1, 5, input)": lambda x, t, a: x,
    "select(c > 1, 5, 6) * input": lambda x, t, a: x * 5,
    "where(input > target, pow(input, 2), max(target, extra)) - min(c, 1)": (
        lambda x, t, a: torch.where(x > t, x * x, torch.maximum(t, a)) - 1
    ),
    "(input - target).square().log1p() + input.where(extra > 0, c).clip(-1, 1)": (
        lambda x, t, a: (x - t).square().log1p() + clamped(x.where(a > 0, 1.5), -1, 1)
    ),
    "torch.abs(input) + F.softplus(target) * math.log(c)": (
        lambda x, t, a: x.abs() + torch.nn.functional.softplus(t) * math.log(1.5)
    ),
    "absolute(input) + fabs(target) + ln(extra ** 2 + 1) - log_sigmoid(input)": (
        lambda x, t, a: x.abs() + t.abs() + (a * a + 1).log() - torch.nn.functional.logsigmoid(x)
    ),
    "log_cosh(input - target) + detach(input) * target": (
        lambda x, t, a: (x - t).cosh().log() + x.detach() * t
    ),
    "input ** (c + 3.5) - target ** (2 * c)": lambda x, t, a: x**5 - t**3,
    "log(1 + exp(input)) + exp(target) - 1 + log(1 - sigmoid(extra))": lambda x, t, a: (
        torch.nn.functional.softplus(x) + t.expm1() + torch.nn.functional.logsigmoid(-a)
    ),
    "sign(input) * input * target": lambda x, t, a: x.sign() * x * t,
    "sqrt(abs(input) + c)": lambda x, t, a: (x.abs() + 1.5).sqrt(),
    "square(input) - +target": lambda x, t, a: x.square() - t,
    "tanh(input * target)": lambda x, t, a: (x * t).tanh(),
    "xlogx(abs(input) + 0.5)": lambda x, t, a: torch.xlogy(x.abs() + 0.5, x.abs() + 0.5),
    "xlogy(input, abs(target) + 0.5)": lambda x, t, a: torch.xlogy(x, t.abs() + 0.5),
    "xlogy(c, square(input) + 1)": lambda x, t, a: 1.5 * (x * x + 1).log(),
    "input * (abs(-c) + exp(c) + expm1(c) + log(c) + log1p(c) + sqrt(c) + square(c) + tanh(c))": (
        lambda x, t, a: (
            x * (1.5 + 2 * math.exp(1.5) - 1 + math.log(1.5) + math.log1p(1.5) + 1.5**0.5 + 2.25)
            + x * math.tanh(1.5)
        )
    ),
    "input * (sigmoid(c) + softplus(c) + logsigmoid(c) + relu(-c) + hinge(c) + sign(-c))": (
        lambda x, t, a: (
            x
            * (
                1 / (1 + math.exp(-1.5))
                + math.log1p(math.exp(1.5))
                - math.log1p(math.exp(-1.5))
                + 0.5
            )
        )
    ),
    "input * (xlogx(c) + xlogy(2, c) + power(c, 1.5) + c ** c + hypot(c, 2) + clamp(c, 2, 3))": (
        lambda x, t, a: x * (3.5 * math.log(1.5) + 2 * 1.5**1.5 + math.hypot(1.5, 2) + 2)
    ),
    "input * (maximum(c, 1) + minimum(c, 1) - c / 3 * 2 - -c)": lambda x, t, a: x * 3,
    "erf(input) * sin(target) + cos(extra)": lambda x, t, a: torch.erf(x) * t.sin() + a.cos(),
    "input * (erf(c) + sin(c) - cos(c))": lambda x, t, a: (
        x * (math.erf(1.5) + math.sin(1.5) - math.cos(1.5))
    ),
    "(abs(input) + 0.25) ** target + power(2, extra) - c ** input": lambda x, t, a: (
        (x.abs() + 0.25) ** t + 2**a - 1.5**x
    ),
    "input ** select(target > 0, 3, 2) + sigmoid(input) ** (extra ** 2)": lambda x, t, a: (
        x ** torch.where(t > 0, 3.0, 2.0).double() + x.sigmoid() ** (a * a)
    ),
    "input * pi + e ** 2 + target * 1e-30 * 1e30": lambda x, t, a: x * math.pi + math.e**2 + t,
}


PER_DEFINITION = 22  # a definition that is compiled takes 15 s and less than 1 s per word
Word = Callable[..., Tensor]


@pytest.fixture
def word_loss(word: str) -> Word:
    """One word of several in one definition, whose parameter says which."""
    index = list(WORDS).index(word)
    first = index - index % PER_DEFINITION
    chosen = "input + target + extra + c"
    for i, other in enumerate(list(WORDS)[first : first + PER_DEFINITION]):
        chosen = f"select(which == {i}, {other}, {chosen})"
    loss = lossops.define(
        f"words{first}", chosen, tensors=("input", "target", "extra"), c=1.5, which=0
    )
    return functools.partial(loss, which=index - first, reduction="none")


GRID = torch.tensor([-2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3], dtype=torch.float64)


@pytest.mark.parametrize("word", WORDS)
def test_word(word_loss: Word, word: str) -> None:
    """Value and gradients of kernel and decomposition are torch's, at kinks and ties too."""
    points = [p.reshape(-1) for p in torch.meshgrid(GRID, GRID, GRID, indexing="ij")]
    leaves = [p.clone().requires_grad_() for p in points]
    expected = WORDS[word](*leaves)
    slopes = torch.autograd.grad(expected.sum(), leaves, allow_unused=True, materialize_grads=True)
    value = word_loss(*leaves)
    torch.testing.assert_close(value, expected, rtol=1e-13, atol=1e-14)
    fused = torch.autograd.grad(value.sum(), leaves)
    decomposed = torch.func.grad(lambda *t: word_loss(*t).sum(), (0, 1, 2))(*points)
    for name, actual, other, slope in zip("xta", fused, decomposed, slopes, strict=True):
        torch.testing.assert_close(actual, slope, rtol=1e-12, atol=1e-13, msg=f"kernel, by {name}")
        torch.testing.assert_close(
            other, slope, rtol=1e-12, atol=1e-13, msg=f"decomposition, by {name}"
        )
    narrow = word_loss(*(p.float() for p in points))
    torch.testing.assert_close(narrow, expected.float(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("word", WORDS)
def test_nan_in_nan_out(word_loss: Word, word: str) -> None:
    """What torch makes of a NaN, kernel and decomposition make of it."""
    good = torch.tensor([0.5, 1.0, 2.5], dtype=torch.float64)
    for i in range(3):
        tensors = [good.clone() for _ in range(3)]
        tensors[i].fill_(math.nan)
        expected = WORDS[word](*tensors)
        if "sign(input)" in word:
            expected = expected + 0 * tensors[0] + 0 * tensors[1]  # torch's sign of NaN is 0
        value = word_loss(*tensors)
        decomposed = torch.func.vmap(word_loss)(*tensors)
        torch.testing.assert_close(value, expected, equal_nan=True)
        torch.testing.assert_close(decomposed, expected, equal_nan=True)


def test_every_word_is_tested() -> None:
    for name in (*FUNCTIONS, *CONSTANTS, *ALIASES):
        assert any(name in word for word in [*WORDS, *MISTAKES])


@pytest.mark.parametrize("word", ["minimum(input * extra, target)"])
def test_extra_tensor_broadcasts(word_loss: Word) -> None:
    """From the third on, tensors broadcast, and get a gradient of their own shape."""
    x, t = (torch.randn(4, 3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    extra = torch.rand(3, dtype=torch.float64, requires_grad=True)
    word_loss(x, t, extra).sum().backward()
    assert extra.grad is not None
    (slope,) = torch.autograd.grad(torch.minimum(x * extra, t).sum(), extra)
    torch.testing.assert_close(extra.grad, slope)
    with pytest.raises(RuntimeError, match="extra must broadcast to the shape of input"):
        word_loss(x, t, torch.ones(4))
    with pytest.raises(RuntimeError, match="input and target must have the same shape"):
        word_loss(x, torch.ones(3), extra)
