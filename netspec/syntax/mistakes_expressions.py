"""Recognises mistakes in expressions: operators, chains, arguments, conditions."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.limits import LIMITS
from netspec.source import Span
from netspec.syntax import problems
from netspec.syntax.mistake_place import NOTHING, Place, describe
from netspec.syntax.token import Token
from netspec.syntax.words import BODY, CONTINUES, OPERATORS, SETTINGS

_LISTS = ("call", "paren", "list", "index", "dict")
_OPENING = {"LPAR", "LSQB", "LBRACE"}
_CLOSING = {"RPAR", "RSQB", "RBRACE"}


# --- chains ----------------------------------------------------------------------------------------------------------


def split_arrow(p: Place) -> Diagnostic | None:
    """`- >` with a space in it."""
    if p.token == ">" and p.previous.type == "MINUS":
        return problems.ForeignOperator(at=p.span(p.previous).to(p.here), found="- >", sign="->")
    return None


def operator_after_stage(p: Place) -> Diagnostic | None:
    """`x -> f + b`, `x -> f[0]`."""
    if p.token.type not in OPERATORS | {"LSQB"} or p.token.type in ("IF", "NOT") or not p.after_value:
        return None
    arrows = [i for i, t in enumerate(p.part()) if t.type == "ARROW"]
    if not arrows:
        return None
    part = p.part()
    chain = p.text(part[0], p.previous)
    chain = chain if len(chain) <= LIMITS.quoted_characters else f"{part[0]} -> … -> {p.text(part[arrows[-1] + 1], p.previous)}"
    return problems.StageNeedsParentheses(at=p.here, operator=str(p.token), arrow=p.span(part[arrows[-1]]), head=chain)


def no_stage(p: Place) -> Diagnostic | None:
    """Something behind `->` that is no call."""
    if p.previous.type == "ARROW" and not p.ends and p.token.type not in ("ARROW", "RPAR", "RSQB", "RBRACE", "COMMA", "EQUAL"):
        found = "a parenthesis" if p.token.type == "LPAR" else describe(p.token)
        return problems.StageIsNoCall(at=p.here, found=found)
    return None


# --- conditions ------------------------------------------------------------------------------------------------------


def equals_in_condition(p: Place) -> Diagnostic | None:
    """`=` where `==` was meant."""
    if p.token.type != "EQUAL":
        return None
    part = p.part()
    ifs = [i for i, t in enumerate(part) if t.type == "IF"]
    in_if = ifs and not any(t.type == "LBRACE" for t in part[ifs[-1] :])
    in_condition = p.first.type in ("REQUIRE", "ASSUME") and p.index > p.start + 1 and p.enclosing != "call"
    if in_if or in_condition or p.body == "claims" or any(t.type == "WHERE" for t in p.level):
        return problems.EqualsInCondition(at=p.here)
    return None


def chained_comparison(p: Place) -> Diagnostic | None:
    """`1 < x < 3`, which the language has no meaning for."""
    if p.token.type != "COMPARE" or not p.after_value:
        return None
    part = p.part()
    last = max((i for i, t in enumerate(part) if t.type == "COMPARE"), default=None)
    if last is None or any(t.type in ("AND", "OR", "NOT", "IF", "ARROW") for t in part[last:]):
        return None
    middle = p.text(part[last + 1], p.previous) if last + 1 < len(part) else "…"
    return problems.ChainedComparison(at=p.here, middle=middle, operator=str(p.token), first=p.span(part[last]))


def trailing_if(p: Place) -> Diagnostic | None:
    """`a if c else b`."""
    if p.token.type != "IF" or not p.after_value:
        return None
    part = p.part()
    filters = p.enclosing == "list" and any(t.type == "FOR" for t in p.rest()) and all(t.type != "ELSE" for t in p.rest())
    return problems.TrailingIf(at=p.here, value=p.text(part[0], p.previous) if part else str(p.previous), filters=filters)


# --- arguments and items ---------------------------------------------------------------------------------------------


def colon_in_arguments(p: Place) -> Diagnostic | None:
    """`conv(32, kernel: 3)`; an arrow before the name would make it a label."""
    if p.token.type == "COLON" and p.enclosing in ("call", "paren") and p.previous.type == "NAME" and p.at(-2).type != "ARROW":
        return problems.ColonForEquals(at=p.here, name=str(p.previous))
    return None


def equals_in_dict(p: Place) -> Diagnostic | None:
    """`=` where a dict has `:`."""
    if p.token.type == "EQUAL" and p.enclosing == "dict" and p.previous.type in ("NAME", "STRING", "ELSE"):
        return problems.EqualsInDict(at=p.here, key=str(p.previous))
    return None


def unknown_unit(p: Place) -> Diagnostic | None:
    """`10 iterations`: on one line, behind a number, at the end of a value."""
    if p.token.type != "NAME" or p.previous.type != "NUMBER" or p.next.type not in ("SEP", "$END", "", "RPAR", "RSQB", "RBRACE", "COMMA"):
        return None
    return problems.UnknownUnit(at=p.here, number=str(p.previous), found=str(p.token))


def bare_comprehension(p: Place) -> Diagnostic | None:
    """`sum(i for i in sizes)`, `{k: 1 for k in names}`: only a list is made so, and it has its brackets."""
    parts = p.enclosing == "list" and any(t.type == "COMMA" for t in p.level)
    if p.token.type != "FOR" or not (parts or p.enclosing in ("call", "paren", "dict")) or p.opened is None:
        return None
    first, last = (p.level[0], p.previous) if parts else (p.part()[0], _find_end(p))
    edges = (p.span(first).start, p.span(last).end) if p.enclosing != "dict" else ()
    insertions = tuple(Span(p.lexed.source, edge, edge) for edge in edges)
    return problems.BareComprehension(at=p.here, found=p.text(first, last), edges=insertions, parts=parts)


def item_before_for(p: Place) -> Diagnostic | None:
    """`[for x in xs]`: what each item is stands before its `for`."""
    if p.enclosing != "list" or not p.level or str(p.level[0]) != "for" or not p.before_value:
        return None
    return problems.MissingOperand(at=p.span(p.level[0]), after="", found="`for`")


def _find_end(p: Place) -> Token:
    """The last word before the bracket around the place closes, or before the next argument of a call begins with its name."""
    depth, last, rest = 0, p.token, p.rest()
    for token, after, behind in zip(rest, [*rest[1:], NOTHING], [*rest[2:], NOTHING, NOTHING], strict=False):
        depth += (token.type in _OPENING) - (token.type in _CLOSING)
        if depth < 0 or (depth == 0 and token.type == "COMMA" and after.type == "NAME" and behind.type == "EQUAL"):
            return last
        last = token
    return last


def missing_comma(p: Place) -> Diagnostic | None:
    """Two values side by side in a list."""
    fors = [place for place, t in enumerate(p.level) if t.type == "FOR"]
    if fors and not any(t.type == "IN" for t in p.level[fors[-1] :]):
        return None
    if p.after_value and p.before_value and p.enclosing in _LISTS and p.opened is not None and p.token.type != "IF":
        return problems.MissingComma(at=p.here, opened=p.span(p.opened))
    return None


# --- values ----------------------------------------------------------------------------------------------------------


def line_goes_on(p: Place) -> Diagnostic | None:
    """`x = a +` and `y = b` or `output y` on the next line: the first line ends in an operator."""
    before = p.at(-2)
    binds = p.token.type in ("EQUAL", "COLON") or (p.token.type == "NAME" and str(p.previous) in BODY | SETTINGS)
    if not binds or before.type not in CONTINUES or p.previous.type != "NAME":
        return None
    if p.span(before).line == p.span(p.previous).line or p.enclosing in _LISTS:
        return None
    return problems.MissingOperand(at=p.span(before), after=str(before), found=describe(p.token), continued=p.span(p.previous).to(p.here))


def missing_operand(p: Place) -> Diagnostic | None:
    """Nothing where a value must stand: `x = `, `a + )`, `f(, b)`, `* b`."""
    previous = p.previous
    binary = p.token.type in OPERATORS - {"NOT", "IF", "MINUS"} or p.token.type == "ARROW"
    ends = p.ends or p.token.type in ("RPAR", "RSQB", "RBRACE", "COMMA", "EQUAL", "COLON", "LBRACE") or binary
    if not ends or p.after_value:
        return None
    if previous.type in CONTINUES | {"NOT", "IN", "AT", "WHERE", "AS", "COLON", "IF"} | _KEYWORDS and p.index > p.start:
        return problems.MissingOperand(at=p.span(previous), after=str(previous), found=describe(p.token))
    if previous.type in _OPENING or previous is NOTHING:
        return problems.MissingOperand(at=p.here, after="", found=describe(p.token))
    return None


_KEYWORDS = {"REQUIRE", "ASSUME", "REPEAT", "OUTPUT"}


def no_target(p: Place) -> Diagnostic | None:
    """`x[0] = 1`, `(a, b) = f(x)`, and a value without any `=`."""
    plain = p.first.type in ("NAME", "NUMBER", "LPAR", "LSQB", "LBRACE", "MINUS", "NOT", "TRUE", "FALSE", "NONE", "INF")
    if not plain or p.body not in ("statements", "settings") or p.index > p.start + 1 or p.open_brackets:
        return None
    tokens = [*p.line, *p.rest()]
    if _assigns(tokens):
        kinds = {"LSQB": "an index", "LPAR": "a call", "DOT": "a name with a dot"}
        found = "a parenthesis" if p.index == p.start and p.token.type == "LPAR" else kinds.get(p.token.type, describe(p.token))
        return problems.InvalidTarget(at=p.here, found=found)
    if p.token.type in ("NAME", "STRING") and p.index > p.start:
        return None
    return problems.UnboundValue(at=p.span(tokens[0]), first="loss" if p.body == "settings" else "y")


def _assigns(tokens: list[Token]) -> bool:
    """Whether `=` stands outside of all brackets."""
    depth = 0
    for token in tokens:
        depth += token.type in _OPENING
        depth -= token.type in ("RPAR", "RSQB", "RBRACE")
        if token.type == "EQUAL" and depth == 0:
            return True
    return False


def side_by_side(p: Place) -> Diagnostic | None:
    """Two values with nothing between them."""
    if p.after_value and p.before_value and "PLUS" in p.parser.choices():
        return problems.MissingOperator(at=p.here, left=str(p.previous), right=str(p.token))
    return None


EXPRESSION_RULES = (
    split_arrow,
    line_goes_on,
    operator_after_stage,
    no_stage,
    equals_in_condition,
    chained_comparison,
    trailing_if,
    colon_in_arguments,
    equals_in_dict,
    unknown_unit,
    bare_comprehension,
    item_before_for,
    missing_comma,
    no_target,
    missing_operand,
    side_by_side,
)
