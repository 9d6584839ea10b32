"""Knows how other languages write comments: `//`, `/* … */`, `--`, and strings that stand alone. Here they begin with `#`."""

from __future__ import annotations

import re

from netspec.syntax.foreign.form import Change, Form, Rule
from netspec.syntax.foreign.text_view import TextView

_BLOCK = re.compile(r"/\*+[ \t]*(.*?)[ \t]*\*+/[ \t]*", re.DOTALL)
_QUOTES = re.compile(r'"""[ \t]*(.*?)[ \t]*"""|' + r"'''[ \t]*(.*?)[ \t]*'''", re.DOTALL)


def line_comment(view: TextView, i: int) -> Form | None:
    """`// text` at the beginning of a line, or behind a statement; `--` and `%` at the beginning."""
    token = view.at(i)
    start = token.start_pos
    slashes = token.type == "FLOORDIV"
    dashes = token.type == "MINUS" and view.type(i + 1) == "MINUS" and view.touches(i)
    if token.type in ("", "NEWLINE") or not (slashes or dashes or token.type == "PERCENT"):
        return None
    first = not view.text[view.line_start(i) : start].strip()
    if not first and not (slashes and _is_prose(view, i)) and not (dashes and _is_prose(view, i + 1)):
        return None
    if first and not slashes and view.type(view.before(i)) in ("COMMA",):
        return None
    end = view.line_end(start)
    sign = re.compile(r"/{2,}|-{2,}|%+").match(view.text, start)
    stop = sign.end() if sign else start + 2
    if token.type == "PERCENT" and not _is_prose(view, i):
        return None
    return Form("comment", start, stop, ((start, stop, "#"),), hides=end)


def _is_prose(view: TextView, i: int) -> bool:
    """Whether what stands behind `//` on its line is text and no divisor: two words side by side, or a word without a line behind it."""
    j, count = i + 1, 0
    while view.type(j) not in ("NEWLINE", "") and view.spend(1):
        beside = view.ends_value(j) and view.type(j + 1) in ("NAME", "NUMBER", "STRING")
        if view.type(j) == "BAD" or beside:
            return True
        j, count = j + 1, count + 1
    text = view.text[view.stop(i) : view.line_end(view.start(i))]
    return count == 0 or (
        text.startswith(" ") and view.text[view.start(i) - 1] == " " and view.starts.get(i + 1) is None and _stands_alone(view, i)
    )


def _stands_alone(view: TextView, i: int) -> bool:
    """Whether a word behind `//` is none that the text binds, as in `-> relu  // nonlinearity`."""
    return view.type(i + 1) == "NAME" and str(view.at(i + 1)) not in view.bound and view.type(i + 2) in ("NEWLINE", "")


def block_comment(view: TextView, i: int) -> Form | None:
    """`/* text */`, over one line or several."""
    if view.type(i) != "SLASH" or not str(view.at(i + 1)).startswith("*") or not view.touches(i):
        return None
    match = _BLOCK.match(view.text, view.start(i))
    return None if match is None else _commented(view, match, i)


def docstring(view: TextView, i: int) -> Form | None:
    """A string that stands alone where a statement could."""
    match = _QUOTES.match(view.text, view.start(i)) if view.type(i) in ("STRING", "BAD") else None
    if match is not None and not view.text[view.line_start(i) : match.start()].strip():
        return _commented(view, match, i)
    if view.type(i) != "STRING" or i not in view.starts or view.end(i) > i:
        return None
    return Form("comment", view.start(i), view.stop(i), ((view.start(i), view.stop(i), f"# {view.at(i)[1:-1]}"),), found="a string")


def _commented(view: TextView, match: re.Match[str], i: int) -> Form:
    """The lines of a comment, each with its `#`; one in the middle of a line is deleted."""
    start, end = match.span()
    line_end = view.line_end(end)
    if view.text[end:line_end].strip():
        change: Change = (start, end, "")
    else:
        inside = next((g for g in match.groups() if g is not None), "")
        lines = [line.strip().lstrip("*").strip() for line in inside.split("\n")]
        lines = [line for n, line in enumerate(lines) if line or 0 < n < len(lines) - 1] or [""]
        change = (start, end, f"\n{view.indent(i)}".join(f"# {line}".rstrip() for line in lines))
    return Form("comment", start, end, (change,), found="/*" if match[0].startswith("/") else "a string", hides=end)


STATEMENTS: tuple[Rule, ...] = ()
RULES: tuple[Rule, ...] = (line_comment, block_comment, docstring)
