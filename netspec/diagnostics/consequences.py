"""Leaves out what follows from another problem: a name that is never used, where something is missing that may have been it. Floor 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.names.bindings import UnusedBinding
from netspec.source import Span


def leave_out_unused(problems: Iterable[Diagnostic], bodies: Sequence[Span]) -> list[Diagnostic]:
    """The problems without unused names of bodies in which a value is missing, and no repair says which one: it may be that."""
    found = list(problems)
    gaps = [body for body in bodies if any(p.lacks_a_value and p.held is None and lies_in(p.at, body) for p in found)]
    return [p for p in found if not (isinstance(p, UnusedBinding) and any(lies_in(p.at, body) for body in gaps))]


def lies_in(span: Span, body: Span) -> bool:
    return span.source is body.source and body.start <= span.start and span.end <= body.end
