"""The words of the language of lossops.define."""

import ast
import math
import operator

MAX_LENGTH = 4000
MAX_DEPTH = 64
MAX_NODES = 600
MAX_PRODUCT = 16  # whole exponents up to this one, of either sign, become products

CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf}

FUNCTIONS: dict[str, tuple[str, ...]] = {  # and what their arguments stand for
    "abs": ("x",),
    "clamp": ("x", "low", "high"),
    "cos": ("x",),
    "detach": ("x",),
    "erf": ("x",),
    "exp": ("x",),
    "expm1": ("x",),
    "hinge": ("x",),
    "hypot": ("x", "c"),
    "log": ("x",),
    "log1p": ("x",),
    "log_cosh": ("x",),
    "logsigmoid": ("x",),
    "maximum": ("x", "y"),
    "minimum": ("x", "y"),
    "power": ("x", "y"),
    "relu": ("x",),
    "select": ("condition", "x", "y"),
    "sigmoid": ("x",),
    "sign": ("x",),
    "sin": ("x",),
    "softplus": ("x",),
    "sqrt": ("x",),
    "square": ("x",),
    "tanh": ("x",),
    "xlogx": ("x",),
    "xlogy": ("x", "y"),
}
NUMBER_ARGUMENTS = ("c",)

ALIASES = {  # names that people try first
    "absolute": "abs",
    "clip": "clamp",
    "fabs": "abs",
    "ln": "log",
    "log_sigmoid": "logsigmoid",
    "max": "maximum",
    "min": "minimum",
    "pow": "power",
    "where": "select",
}
ENDINGS = ("mean", "sum")
MODULES = ("F", "math", "torch")  # whose functions are written with their name in front

ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
COMPARISONS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
RELATIONS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
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
STATEMENTS = {
    ast.AnnAssign: "an annotation",
    ast.Assign: "an assignment to more than a name",
    ast.AugAssign: "an assignment that changes a value, such as '+=',",
    ast.For: "'for'",
    ast.FunctionDef: "'def'",
    ast.If: "'if' as a statement",
    ast.Import: "'import'",
    ast.ImportFrom: "'import'",
    ast.Return: "'return' before the end",
    ast.While: "'while'",
}
