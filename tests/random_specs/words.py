"""What mutations are made of: words of a text, hostile numbers, names, expressions and nests."""

from __future__ import annotations

import re
from random import Random

from netspec.library.shelf.index import names

WORD = re.compile(r'"(?:[^"\\\n]|\\.)*"|#[^\n]*|[A-Za-z_]\w*|\d[\w.]*|->|\*\*|//|[=!<>]=|\n|[ \t]+|.', re.DOTALL)

NUMBERS = (
    *(
        "0",
        "-1",
        "1",
        "2",
        "3",
        "0.5",
        "-0.0",
        "1e-320",
        "1e400",
        "-1e400",
        "inf",
        "-inf",
        "1e30",
        "10**30",
        "1" * 30,
        "9" * 400,
        "30M",
        "4GiB",
    ),
    *("2**31", "2**31 - 1", "2**40", "2**63", "10_000", "10_001", "50_000", "65", "1__0", "007", "0x10", "1.", ".5", "1e", "3 epochs"),
    *("5 steps", "0 steps", "1e30 epochs", "2.5", "999999999", "true", "none", '"SAME"', "nan", "1T", "B", "C", "T"),
)
"""Numbers, and what may stand where one does."""

BITS = (
    *"()[]{}\"';,=:+-*/%@!$\\`?.~^&|<>",
    *(
        "->",
        "**",
        "//",
        "==",
        "!=",
        "<=",
        "...",
        "\n",
        "\t",
        " ",
        "#",
        "##",
        "\r\n",
        "\r",
        "and",
        "or",
        "not",
        "if ",
        "else ",
        "for ",
        "in ",
    ),
    *(
        "repeat 2 {",
        "when train {",
        "input ",
        "output ",
        "param ",
        "model M {",
        "block K {",
        "train M {",
        "expect M {",
        "shared ",
        "weight ",
    ),
    *(
        "buffer ",
        "state ",
        "aux ",
        "require ",
        "assume ",
        "dim ",
        "import ",
        "let ",
        "metric ",
        "update ",
        "serve M {",
        "netspec 1",
        "netspec 2",
    ),
    *(
        "as ",
        "at ",
        "where ",
        "from ",
        "true",
        "false",
        "none",
        "inf",
        "range(3)",
        "len(x)",
        "zip([1], [2])",
        "reverse([1])",
        "sum([1, 2])",
    ),
    *(
        "max(1, 2)",
        "round(2.5)",
        "f32[B]",
        "i32[]",
        "list[int]",
        "layer",
        "initializer",
        "x",
        "_",
        "3",
        "é",
        "λ",
        "日本",
        "𝕏",
        "\u200b",
        "\u202e",
    ),
    *(
        "\ufeff",
        "\x00",
        "\x1b",
        "&&",
        "||",
        "/*",
        "*/",
        "None",
        "True",
        "{}",
        "[]",
        "()",
        "lambda",
        "import os",
        "__class__",
        "batch.label",
    ),
)
"""Pieces put anywhere."""

SHELF = tuple(name for name in names() if name.isidentifier())


def split(text: str) -> list[str]:
    """The words of a text, spaces and comments included: joined they are the text."""
    return WORD.findall(text)


def name(rng: Random) -> str:
    """A name: of the shelf, of the language, or none at all."""
    strange = ("x" * rng.choice([127, 129, 5_000]), "ñandú", "x.y.z", "a.b", "self", "B", "T", "_", "__", "x" + "\u0301", "logits", "label")
    return rng.choice(SHELF) if rng.random() < 0.6 else rng.choice(strange)


def expression(rng: Random, depth: int = 4) -> str:
    """A random expression, well-formed most of the time."""
    if depth == 0 or rng.random() < 0.2:
        return rng.choice([rng.choice(NUMBERS), name(rng), "x", "i", "D", "[1, 2, 3]", '"a"', "[]"])
    parts = [expression(rng, depth - 1) for _ in range(3)]
    return rng.choice(_FORMS)(rng, *parts)


_OPERATORS = ("+", "-", "*", "/", "//", "%", "**", "@", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or", "->")
_FUNCTIONS = ("range", "len", "enumerate", "reverse", "zip", "sum", "min", "max", "floor", "ceil", "round")
_FORMS = (
    lambda rng, a, b, c: f"{a} {rng.choice(_OPERATORS)} {b}",
    lambda rng, a, b, c: f"({a} {rng.choice(_OPERATORS)} {b}) {rng.choice(_OPERATORS)} {c}",
    lambda rng, a, b, c: f"{a} ** {b} ** {c}",
    lambda rng, a, b, c: f"{a}[{b}]",
    lambda rng, a, b, c: f"x[{a}:{b}:{c}, ..., {b}]",
    lambda rng, a, b, c: f"{rng.choice(_FUNCTIONS)}({a}, {b})",
    lambda rng, a, b, c: f"{rng.choice(_FUNCTIONS)}({a})",
    lambda rng, a, b, c: f"[{a}, {b}, {c}]",
    lambda rng, a, b, c: f"({a}, k={b})",
    lambda rng, a, b, c: f"{{a: {a}, b: {b}}}",
    lambda rng, a, b, c: f"[{a} for i, (x, j) in {b} if {c}]",
    lambda rng, a, b, c: f"[{{a: {a}, b: {b}}}][{c}].{rng.choice('abc')}",
    lambda rng, a, b, c: f"if {a} {{ {b} }} else {{ {c} }}",
    lambda rng, a, b, c: f"{name(rng)}({a}, {b})",
    lambda rng, a, b, c: f"({a} -> {name(rng)}({b}) -> lab: {name(rng)}({c}))",
    lambda rng, a, b, c: f"not {a}",
    lambda rng, a, b, c: f"-({a})",
)


def long(rng: Random) -> str:
    """Something very deep or very long, as an expression."""
    n = rng.choice([20, 63, 65, 99, 101, 300, 2_000])
    forms = (
        "(" * n + "x" + ")" * n,
        "[" * n + "1" + "]" * n,
        "{a: " * n + "1" + "}" * n,
        "relu(" * n + "x" + ")" * n,
        "x[" * n + "0" + "]" * n,
        "if true { " * n + "x" + " } else { x }" * n,
        "-" * n + "1",
        "not " * n + "true",
        " ** ".join(["2"] * n),
        " + ".join(["x"] * n),
        " and ".join(["true"] * n),
        " * ".join(["B"] * n),
        " // 2 + ".join(["B"] * n),
        " * ".join(["(B + T + D + 1)"] * min(n, 99)),
        "(B + T + D + 1) ** 8 // 3 ** 8",
        "[" + ", ".join(["1"] * n) + "]",
        "x" + " -> relu" * n,
        "x" + " -> dense(4)" * n,
        "x" + "[0]" * n,
        "f(" + ", ".join(f"a{i}={i}" for i in range(n)) + ")",
        '"' + "a" * (3 * n) + '"',
        "1" * n,
        "range(10_000)",
        "zip(range(10_000), range(10_000))",
        "[" + ", ".join(["range(10_000)"] * min(n, 99)) + "]",
        "+ ".join(["range(10_000)"] * min(n, 99)),
        "sum(" + "+ ".join(["range(10_000)"] * min(n, 99)) + ")",
        " + ".join(['"' + "a" * 99 + '"'] * n),
    )
    return rng.choice(forms)


def nest(rng: Random, inside: str) -> str:
    """Statements inside many loops, or many statements."""
    depth = rng.choice([1, 2, 3, 5, 30, 70])
    count = rng.choice(["2", "3", "10", "100", "1_000", "10_000", "10_001", "10**9", "0", "-1", "B", "x", "D"])
    over = (f"for i in range({count}) {{", "for i, v in enumerate([1, 2, 3]) {")
    heads = (f"repeat {count} {{", f"repeat {count} as i {{", *over, "when train {")
    head = rng.choice(heads) if rng.random() < 0.7 else None
    opened = "\n".join(head or rng.choice(heads) for _ in range(depth))
    statement = rng.choice([inside, "x = x -> relu", "x = x + x", "x = x -> dense(8)", "l = l + l", "n = n * 2", "x = concat(x, x)"])
    return f"\n{opened}\n{statement}\n" + "}\n" * depth
