"""Writes repairs as edits: a stage behind a tensor, an index, a function around it, another argument, a further statement."""

from __future__ import annotations

import re

from netspec.diagnostics.base import Edit
from netspec.infer.repairs.lineage import Step, is_written
from netspec.record import record
from netspec.source import Span
from netspec.syntax import tree

OPEN, CLOSE = "([{", ")]}"
_CALLED = re.compile(r"[A-Za-z_][\w.]*\s*[(\[]")


@record
class Place:
    """A tensor as it stands in a call or before an arrow."""

    span: Span
    chained: bool = False
    """An arrow follows."""
    alone: bool = False
    """It is an argument: nothing stands beside it."""

    @property
    def text(self) -> str:
        return self.span.text

    @property
    def short(self) -> str:
        """The tensor in words."""
        return self.text if re.fullmatch(r"[\w.]+", self.text) else "…"


def is_closed(text: str) -> bool:
    """A name, a call, an index or parentheses: nothing beside it can reach in."""
    if re.fullmatch(r"[\w.]+", text):
        return True
    if not (text[:1] == "(" or _CALLED.match(text)) or text[-1:] not in CLOSE:
        return False
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in OPEN) - (sign in CLOSE)
        if depth == 0 and sign in CLOSE and place < len(text) - 1 and text[place + 1] not in OPEN:
            return False
        if depth == 0 and sign not in CLOSE and not (sign.isalnum() or sign in "_."):
            return False
    return True


def is_in_parentheses(text: str) -> bool:
    """The whole of it stands in one pair."""
    if text[:1] != "(" or text[-1:] != ")":
        return False
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in OPEN) - (sign in CLOSE)
        if depth == 0:
            return place == len(text) - 1
    return False


def insert(span: Span, at: int, text: str) -> Edit:
    return Edit(Span(span.source, at, at), text)


def put_behind(place: Place, stage: str) -> tuple[Edit, ...]:
    """`x` as `(x -> stage)`."""
    span = place.span
    if not is_written(span):
        return ()
    if place.chained:
        return (insert(span, span.end, f" -> {stage}"),)
    if is_in_parentheses(place.text):
        return (insert(span, span.end - 1, f" -> {stage}"),)
    head = place.text if is_closed(place.text) or "->" in place.text else f"({place.text})"
    if place.alone:
        return (Edit(span, f"{head} -> {stage}"),)
    return (Edit(span, f"({head} -> {stage})"),)


def put_index(place: Place, items: str) -> tuple[Edit, ...]:
    """`x` as `x[items]`."""
    if not is_written(place.span):
        return ()
    return (Edit(place.span, f"{place.text if is_closed(place.text) else f'({place.text})'}[{items}]"),)


def put_around(place: Place, function: str, more: str = "") -> tuple[Edit, ...]:
    """`x` as `function(x, more)`."""
    if not is_written(place.span):
        return ()
    return (Edit(place.span, f"{function}({place.text}{more and f', {more}'})"),)


def put_before(step: Step, stage: str) -> tuple[Edit, ...]:
    """A stage in front of one that stands behind an arrow."""
    return (insert(step.span, step.span.start, f"{stage} -> "),) if step.stage and is_written(step.span) else ()


def set_argument(step: Step, name: str, value: str) -> tuple[Edit, ...]:
    """The call with another value for an argument, or with the argument if it is not there."""
    if not is_written(step.span):
        return ()
    if name in step.written:
        return (Edit(step.written[name], value),) if is_written(step.written[name]) else ()
    text = step.span.text
    if text.endswith(")"):
        comma = "" if text[:-1].rstrip().endswith(("(", ",")) else ", "
        return (insert(step.span, step.span.end - 1, f"{comma}{name}={value}"),)
    return (insert(step.span, step.span.end, f"({name}={value})"),)


def take_out(step: Step) -> tuple[Edit, ...]:
    """The chain without a stage: with the arrow before it."""
    if not step.stage or not is_written(step.span):
        return ()
    text = step.span.source.text
    arrow = text.rfind("->", 0, step.span.start)
    if arrow < 0 or text[arrow + 2 : step.span.start].strip():
        return ()
    start = len(text[:arrow].rstrip())
    return (Edit(Span(step.span.source, start, step.span.end), ""),) if "#" not in text[start:arrow] else ()


def add_statement(definition: tree.Block | tree.Model, statements: list[str]) -> tuple[Edit, ...]:
    """Further statements of a body, behind its inputs."""
    inputs = [s for s in definition.body.statements if isinstance(s, tree.Input)]
    if not inputs or not is_written(inputs[-1].span):
        return ()
    span = inputs[-1].span
    text = span.source.text
    start = text.rfind("\n", 0, span.start) + 1
    indent = text[start : span.start]
    if indent.strip():
        return (insert(span, span.end, "".join(f"; {s}" for s in statements)),)
    end = text.find("\n", span.end)
    end = len(text) if end < 0 else end
    behind = text[span.end : end].strip()
    at = end if not behind or behind.startswith("#") else span.end
    return (insert(span, at, "".join(f"\n{indent}{s}" for s in statements) if at == end else "".join(f"; {s}" for s in statements)),)
