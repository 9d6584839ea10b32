"""Lists the words and signs of the language in groups. The grammar says what each may do."""

from __future__ import annotations

SECTIONS = frozenset({"netspec", "import", "param", "dim", "let", "block", "model", "train", "serve", "expect"})
BODY = frozenset(
    {"param", "dim", "input", "output", "weight", "buffer", "state", "shared", "aux", "for", "repeat", "when", "require", "assume"}
)
SETTINGS = frozenset({"metric", "let", "update"})
CLAIMS: frozenset[str] = frozenset()
GROUP_NAMES = {"stop": frozenset({"metric"})}
"""Settings of groups inside `train` that are called like a keyword: there it is none."""

RESERVED = frozenset({"and", "or", "not", "if", "else", "true", "false", "none", "inf"})
"""Keywords wherever a value may stand."""

OPERATORS = frozenset(
    {"PLUS", "MINUS", "STAR", "SLASH", "PERCENT", "MATMUL", "POWER", "FLOORDIV", "COMPARE", "IN", "AND", "OR", "NOT", "IF"}
)
"""Tokens that make the tree of an expression one deeper."""

CONTINUES = frozenset(
    {
        "PLUS",
        "MINUS",
        "STAR",
        "SLASH",
        "PERCENT",
        "MATMUL",
        "POWER",
        "FLOORDIV",
        "COMPARE",
        "IN",
        "AND",
        "OR",
        "NOT",
        "EQUAL",
        "COMMA",
        "ARROW",
    }
)
"""A line that ends in one of these goes on in the next."""

VALUE_ENDS = frozenset({"NAME", "NUMBER", "UNIT", "STRING", "RPAR", "RSQB", "RBRACE", "QMARK", "TRUE", "FALSE", "NONE", "INF"})
"""Tokens that can end a value."""


def keywords_of(section: str) -> frozenset[str]:
    """The keywords that start statements in the body of a section with this first word."""
    section = guess_section(section)
    if section in ("train", "serve"):
        return SETTINGS
    return CLAIMS if section == "expect" else BODY


SECTION_OF = {"block": "BLOCK", "model": "MODEL", "train": "TRAIN", "serve": "SERVE", "expect": "EXPECT"}
"""The words of sections with a body, and their tokens."""


def guess_section(word: str) -> str:
    """The section that a first word means: itself, the nearest word, or a model."""
    if word in SECTION_OF:
        return word
    from netspec.diagnostics.suggestions.nearest import nearest

    return next(iter(nearest(word, SECTION_OF, aliases=_SECTION_ALIASES)), "model")


_SECTION_ALIASES = {
    **dict.fromkeys(("layer", "module", "component", "cell", "def", "function", "fn", "macro"), ("block",)),
    **dict.fromkeys(("network", "net", "class", "architecture", "graph"), ("model",)),
    **dict.fromkeys(("training", "trainer", "fit", "learn", "optimize"), ("train",)),
    **dict.fromkeys(("inference", "decode", "predict"), ("serve",)),
    **dict.fromkeys(("assert", "test", "check", "ensure"), ("expect",)),
}
