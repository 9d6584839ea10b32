"""Knows how other languages hold a body together: by `:` and indentation, by `do` and `end`, by a brace on the next line."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.record import record
from netspec.syntax.foreign.form import Change, Form, Rule
from netspec.syntax.foreign.text_view import TextView

BODIED = {
    "for",
    "repeat",
    "when",
    "block",
    "model",
    "train",
    "serve",
    "expect",
    "update",
    "eval",
    "checkpoint",
    "shard",
    "foreach",
    "while",
    "loop",
}
_OPENING = {"do", "then", "begin", "times", "loop"}
_CLOSING = {"end", "done", "endfor", "end_for", "endwhile", "fi", "od", "rof", "endif", "next"}


@record
class Header:
    """The line that begins a statement with a body."""

    last: int
    """Its last word before the body."""
    kind: str
    """What follows: "brace", "colon", "word", "below" (a brace on the next line) or "" for nothing."""
    opener: int
    """The word that opens the body; the last one without any."""


def read_header(view: TextView, i: int) -> Header:
    """The header that begins at word `i`."""
    j = i + 1
    while view.type(j) not in ("NEWLINE", "", "SEMICOLON"):
        kind = _opens(view, j)
        if kind:
            return Header(j - 1, kind, j)
        j = view.partner.get(j, j) + 1 if view.type(j) in ("LPAR", "LSQB") else j + 1
    below = view.skip_lines(j)
    if view.type(below) == "LBRACE" and below > j:
        return Header(j - 1, "below", below)
    return Header(j - 1, "", j - 1)


def _opens(view: TextView, j: int) -> str:
    """How a body opens at a word, if it does."""
    if view.type(j) == "LBRACE":
        return "brace"
    if view.is_word(j, *_OPENING) and view.ends_value(j - 1) and view.type(j + 1) in ("NEWLINE", "LBRACE"):
        return "word"
    if view.type(j) == "COLON":
        return "colon" if view.type(j + 1) in ("NEWLINE", "", "LBRACE") or _states(view, j + 1) else ""
    return ""


def _states(view: TextView, j: int) -> bool:
    """Whether a statement with `=` stands on the rest of the line, and no brace."""
    found = False
    while view.type(j) not in ("NEWLINE", ""):
        if view.type(j) == "LBRACE":
            return False
        found = found or view.type(j) == "EQUAL" or str(view.at(j)) in ("+=", "*=", "-=")
        j = view.partner.get(j, j) + 1 if view.type(j) in ("LPAR", "LSQB") else j + 1
    return found


def open_body(view: TextView, i: int, header: Header) -> tuple[Change, ...] | None:
    """The changes that put a body into braces; none where it has them, None where it is not known where it ends."""
    if header.kind == "brace":
        return ()
    opener, last = header.opener, header.last
    if header.kind == "below":
        return ((view.stop(last), view.start(opener), " "),) if view.text[view.stop(last) : view.start(opener)].strip() == "" else None
    if view.type(opener + 1) == "LBRACE" and header.kind:
        return ((view.start(opener), view.start(opener + 1), ""),)
    rest = view.text[view.stop(opener) : view.line_end(view.stop(opener))].split("#")[0].strip()
    if rest:
        end = view.end(opener + 1)
        return ((view.start(opener), view.stop(opener), " {"), (view.stop(end), view.stop(end), " }")) if header.kind == "colon" else None
    opens = (view.stop(last), view.stop(opener), " {")
    return _close(view, i, opens)


def _close(view: TextView, i: int, opens: Change) -> tuple[Change, ...] | None:
    """Closes a body that is indented deeper than its header: at its `end`, or behind its last line."""
    indent = view.indent(i)
    lines = _lines_below(view, opens[1])
    inside = 0
    last = opens[1]
    for start, text in lines:
        if text.strip():
            own = text[: len(text) - len(text.lstrip())]
            if len(own.expandtabs()) <= len(indent.expandtabs()):
                break
            last, inside = start + len(text), inside + 1
    else:
        start, text = len(view.text), ""
    word = text.split("#")[0].strip()
    if word in _CLOSING and start > opens[1]:
        first = start + text.index(word)
        return (opens, (first, first + len(word), "}"))
    if word.startswith("}") and view.surplus:
        return (opens,)
    return (opens, (last, last, f"\n{indent}}}")) if inside else None


def _lines_below(view: TextView, position: int) -> Iterator[tuple[int, str]]:
    """The lines behind a place, each with where it starts; lines that hold a comment alone count as empty."""
    start = view.line_end(position) + 1
    while start <= len(view.text) and start > 0 and view.spend(1):
        end = view.line_end(start)
        text = view.text[start:end]
        yield start, "" if text.strip().startswith("#") else text
        start = end + 1


def foreign_body(view: TextView, i: int) -> Form | None:
    """`repeat 3:`, `model M` with its brace below, `when train do … end`; loops have a rule of their own."""
    if (
        i not in view.starts
        or not view.is_word(i, *(BODIED - {"for", "foreach", "while", "loop"}))
        or view.type(i + 1) in ("EQUAL", "COLON")
    ):
        return None
    if view.type(i + 1) in ("NEWLINE", "LBRACE") and not view.is_word(i, "eval", "checkpoint", "shard"):
        return None
    header = read_header(view, i)
    if header.kind in ("brace", "") and not (header.kind == "" and _indented(view, i)):
        return None
    changes = open_body(view, i, header)
    return body_form(view, i, header, changes) if changes else None


def body_form(view: TextView, i: int, header: Header, changes: tuple[Change, ...]) -> Form:
    """The form of a body that stands in no braces, at what should have been one."""
    colon = header.kind in ("colon", "word")
    start, end = (view.start(header.opener), view.stop(header.opener)) if colon else (view.stop(header.last) - 1, view.stop(header.last))
    found = view.written(i, header.last) + (":" if header.kind == "colon" else "")
    return Form("body", start, end, changes, found=found, whole=(view.start(i), max(end for _, end, _ in changes)))


def _indented(view: TextView, i: int) -> bool:
    """Whether a section's lines stand below it, indented, without any brace."""
    below = view.skip_lines(read_header(view, i).last + 1)
    return view.is_word(i, "model", "block", "train", "repeat", "when") and len(view.indent(below)) > len(view.indent(i))


STATEMENTS: tuple[Rule, ...] = (foreign_body,)
RULES: tuple[Rule, ...] = ()
