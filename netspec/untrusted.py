"""Refuses what the specs of strangers may not do, beyond the limits that hold for every spec (docs/language.md lists both).

`check(…, untrusted=True)` keeps the limits of time, of what is read, and of what the models would hold. `netspec check --untrusted` does so
in a process of its own, to which the system gives no more memory and time than that.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import prod

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.running.limits import FileRefused
from netspec.diagnostics.shapes.expansion import ExpansionTooLarge
from netspec.diagnostics.text.characters import TooLarge
from netspec.ir import Typed
from netspec.ir.paths import parameters
from netspec.limits import LIMITS
from netspec.resolve.graph import Graph
from netspec.shape import Dim
from netspec.source import Source
from netspec.syntax import tree


def read(path: str) -> tuple[Source, list[Diagnostic]]:
    """A stranger's file. Raises `Mistake` when it cannot be read, or is not a plain file with one name."""
    from netspec.files import read_plain
    from netspec.syntax.source_reader import read_source

    return read_source(path, read_plain(path, LIMITS.json_file_bytes))


def refuse_other(source: Source) -> FileRefused:
    """The problem of a file that is no spec, without its text."""
    return FileRefused(path=source.path, why="it does not begin with `netspec 1`, so it is no spec, and its text is not shown")


def find_too_long(file: tree.File) -> list[Diagnostic]:
    """The statement that is one too many."""
    last = next(islice(statements(file.sections), LIMITS.untrusted_statements, None), None)
    return [] if last is None else [TooLarge(at=last.span, what="statements in one file", limit=LIMITS.untrusted_statements)]


def statements(parts: tuple) -> Iterator[tree.Statement | tree.Section]:
    """Sections, statements, settings and claims at any depth, in order."""
    stack = list(reversed(parts))
    while stack:
        part = stack.pop()
        yield part
        body = getattr(part, "body", None)
        inside = getattr(part, "claims", ()) if body is None else getattr(body, "statements", None) or getattr(body, "items", ())
        stack += reversed(inside)


def find_too_many_parameters(graph: Graph, typed: Typed) -> list[Diagnostic]:
    """A problem for each model that would have more parameters than a stranger's may."""
    found: list[Diagnostic] = []
    for name, body in typed.models.items():
        count = sum(prod(Dim.of(size).value for size in weight.shape) for weight in parameters(body).values())
        if count > LIMITS.untrusted_parameters:
            at = graph.definitions[name].node.name_span
            found.append(ExpansionTooLarge(at=at, what=f"`{name}`", count=count, limit=LIMITS.untrusted_parameters, things="parameters"))
    return found
