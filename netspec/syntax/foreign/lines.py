"""Knows how other languages break lines: an operator first on the next one, a backslash, a comma at the end of a statement."""

from __future__ import annotations

from netspec.syntax.foreign.form import Change, Form, Rule
from netspec.syntax.foreign.text_view import TextView

_SIGNS = {"PLUS", "STAR", "SLASH", "PERCENT", "MATMUL", "POWER", "FLOORDIV", "COMPARE", "MINUS", "EQUAL"}
_WORDS = ("and", "or", "in")


def operator_first(view: TextView, i: int) -> Form | None:
    """`y = tanh(x)` and `* sigmoid(x)` on the next line: all such lines of the statement at once."""
    if not _goes_first(view, i) or _continued(view, view.before(i)):
        return None
    start = _statement_of(view, i)
    if start is None:
        return None
    signs = [i]
    last = view.end(i)
    while _goes_first(view, after := view.skip_lines(last + 1)) and view.type(last + 1) == "NEWLINE":
        signs.append(after)
        last = view.end(after)
    changes: list[Change] = []
    for sign in signs:
        before, behind = view.stop(view.before(sign)), view.start(sign + 1)
        changes += [(before, before, f" {view.at(sign)}"), (view.start(sign), behind, "")]
    value = _value_start(view, start, i)
    first = view.before(i)
    if value is not None and any(view.type(k) == "ARROW" for k in view.top(value, first)) and view.type(i) != "EQUAL":
        changes += [(view.start(value), view.start(value), "("), (view.stop(first), view.stop(first), ")")]
        changes.sort(key=lambda c: (c[0], c[1], c[2] != ")"))
    end = view.stop(last)
    return Form("operator first", view.start(i), view.stop(i), tuple(changes), whole=(view.start(start), end))


def _goes_first(view: TextView, i: int) -> bool:
    """Whether an operator stands first on the line of a statement's continuation."""
    if i not in view.starts or not (view.type(i) in _SIGNS or view.is_word(i, *_WORDS)):
        return False
    return view.type(i + 1) not in ("EQUAL", "COLON", "NEWLINE", "") and str(view.at(i + 1)) != str(view.at(i))


def _continued(view: TextView, before: int) -> bool:
    """Whether nothing that could go on ends before the line."""
    return before < 0 or not view.ends_value(before)


def _statement_of(view: TextView, i: int) -> int | None:
    """Where the statement begins that the line before belongs to."""
    start = view.statement(i - 1)
    while start is not None and (view.starts[start] != view.starts[i] or _goes_first(view, start)):
        start = view.statement(start - 1)
    return start


def _value_start(view: TextView, start: int, i: int) -> int | None:
    """Where the statement's value begins."""
    equals = [k for k in view.top(start, i - 1) if view.type(k) == "EQUAL"]
    if equals:
        return equals[0] + 1
    return start + 1 if view.is_word(start, "output", "require", "return") else None


def backslash(view: TextView, i: int) -> Form | None:
    """`\\` at a line's end."""
    if view.at(i) != "\\" or view.type(i + 1) != "NEWLINE":
        return None
    after = view.skip_lines(i + 1)
    start = len(view.text[: view.start(i)].rstrip())
    if view.type(after) == "ARROW":
        return Form("backslash", view.start(i), view.stop(i), ((start, view.stop(i), ""),))
    return Form("backslash", view.start(i), view.stop(i), ((start, view.start(after), " "),))


def trailing_comma(view: TextView, i: int) -> Form | None:
    """`loss = mse(y, label),` with another statement on the next line."""
    if view.type(i) != "COMMA" or view.type(i + 1) not in ("NEWLINE", ""):
        return None
    start = view.statement(i - 1)
    after = view.skip_lines(i + 1)
    if start is None or i not in view.top(start, i) or not any(view.type(k) in ("EQUAL", "COLON") for k in view.top(start, i)):
        return None
    next_starts = view.type(after) in ("RBRACE", "") or view.type(after + 1) in ("EQUAL", "COLON") or view.is_word(after, *_STATEMENTS)
    return Form("trailing comma", view.start(i), view.stop(i), ((view.start(i), view.stop(i), ""),)) if next_starts else None


_STATEMENTS = (
    "input",
    "output",
    "param",
    "weight",
    "shared",
    "metric",
    "for",
    "repeat",
    "when",
    "require",
    "buffer",
    "state",
    "aux",
    "let",
    "update",
)


def trailing_operator(view: TextView, i: int) -> Form | None:
    """`y = x ->` with a new statement on the next line, or nothing behind it."""
    if view.type(i) not in ("ARROW", "PLUS", "STAR", "MINUS") or view.type(i + 1) not in ("NEWLINE", "", "RBRACE"):
        return None
    after = view.skip_lines(i + 1)
    ends = (
        view.type(after) in ("RBRACE", "")
        or view.is_word(after, *_STATEMENTS)
        or (view.type(after) == "NAME" and view.type(after + 1) == "EQUAL")
    )
    if not ends or not view.ends_value(i - 1):
        return None
    return Form(
        "trailing operator",
        view.start(i),
        view.stop(i),
        ((view.stop(i - 1), view.stop(i), ""),),
        whole=(view.start(i), view.stop(min(after, view.last))),
    )


def arrow_left_out(view: TextView, i: int) -> Form | None:
    """`y = x` and an indented `dense(3) -> relu` on the next line: the arrow between them is missing."""
    if i not in view.starts or view.starts[i] == 0 or view.type(i) != "NAME" or str(view.at(i)) in view.bound:
        return None
    before = view.before(i)
    start = view.statement(i - 1)
    if start is None or view.starts[start] != view.starts[i] or not view.ends_value(before) or view.type(before) == "RBRACE":
        return None
    valued = any(view.type(k) == "EQUAL" for k in view.top(start, before)) or view.is_word(start, "output")
    deeper = len(view.indent(i)) > len(view.indent(start))
    last = view.end(i)
    call = view.path_end(i) == last or (
        view.type(view.path_end(i) + 1) in ("LPAR", "ARROW") and not any(view.type(k) == "EQUAL" for k in view.top(i, last))
    )
    if not (valued and deeper and call):
        return None
    return Form(
        "arrow left out", view.start(i), view.stop(i), ((view.start(i), view.start(i), "-> "),), whole=(view.start(start), view.stop(last))
    )


STATEMENTS: tuple[Rule, ...] = (operator_first, arrow_left_out)
RULES: tuple[Rule, ...] = (backslash, trailing_comma, trailing_operator)
