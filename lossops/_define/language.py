"""The words of the language of lossops.define."""

import ast
import math

MAX_LENGTH = 4000
MAX_DEPTH = 64
MAX_PRODUCT = 16  # whole exponents up to this one, of either sign, become products

CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf}

FUNCTIONS: dict[str, tuple[str, ...]] = {  # and what their arguments stand for
    "abs": ("x",),
    "clamp": ("x", "low", "high"),
    "exp": ("x",),
    "expm1": ("x",),
    "hinge": ("x",),
    "hypot": ("x", "c"),
    "log": ("x",),
    "log1p": ("x",),
    "logsigmoid": ("x",),
    "maximum": ("x", "y"),
    "minimum": ("x", "y"),
    "power": ("x", "p"),
    "relu": ("x",),
    "select": ("condition", "x", "y"),
    "sigmoid": ("x",),
    "sign": ("x",),
    "softplus": ("x",),
    "sqrt": ("x",),
    "square": ("x",),
    "tanh": ("x",),
    "xlogx": ("x",),
    "xlogy": ("x", "y"),
}
NUMBER_ARGUMENTS = ("c", "p")

OTHER_NAMES = {  # under which people look for a function
    "absolute": "abs",
    "clip": "clamp",
    "fabs": "abs",
    "infinity": "inf",
    "ln": "log",
    "log_sigmoid": "logsigmoid",
    "logistic": "sigmoid",
    "max": "maximum",
    "min": "minimum",
    "pow": "power",
    "sgn": "sign",
    "where": "select",
}

ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
COMPARISONS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

FOREIGN_OPERATORS = {
    ast.FloorDiv: "'//'",
    ast.Mod: "'%'",
    ast.MatMult: "'@'",
    ast.BitXor: "'^' (a power is written x ** p)",
    ast.LShift: "'<<'",
    ast.RShift: "'>>'",
    ast.Is: "'is'",
    ast.IsNot: "'is not'",
    ast.In: "'in'",
    ast.NotIn: "'not in'",
}
CONSTRUCTS = {
    ast.Attribute: "an attribute",
    ast.Subscript: "a subscript",
    ast.Lambda: "a lambda",
    ast.JoinedStr: "an f-string",
    ast.NamedExpr: "':='",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a generator expression",
    ast.Tuple: "a tuple",
    ast.List: "a list",
    ast.Set: "a set",
    ast.Dict: "a dictionary",
    ast.Starred: "a starred argument",
    ast.Await: "'await'",
    ast.Yield: "'yield'",
    ast.YieldFrom: "'yield from'",
}
