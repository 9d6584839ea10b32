"""Tells which names a place of a body can see."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.record import field, record
from netspec.source import Span


@record(frozen=False)
class Known:
    """A name bound in a body: what it is, where it was declared, and whether anyone read it."""

    what: str  # param input weight buffer state shared binding loop dim
    span: Span
    read: bool = False
    layer: bool = False
    """A binding of a layer, a function or a block, or of a choice among such."""
    reported: bool = field(default=False)
    unshared: Span | None = None
    """Where the binding stands whose value is a layer without its input: `shared` is missing before it."""


class Scope:
    """Names of one body; `inner` scopes (for, repeat, when) see the outer ones, may rebind them, and keep their new names."""

    def __init__(self, outer: Scope | None = None) -> None:
        self.outer = outer
        self.names: dict[str, Known] = {}
        self.dims: list[str] = []

    def find(self, name: str) -> Known | None:
        """What a name is bound to here or in a scope around this one."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None

    def bind(self, name: str, what: str, span: Span, layer: bool = False) -> Known | None:
        """Bind or rebind; returns what the name was before, if it was known."""
        before = self.find(name)
        if before is not None:
            before.layer = layer
        else:
            self.names[name] = Known(what, span, layer=layer)
            if what == "dim":
                self.dims.append(name)
        return before

    def read(self, name: str) -> None:
        """Notes that a name is read, so that it is not reported as unused."""
        known = self.find(name)
        if known is not None:
            known.read = True

    def names_in_sight(self) -> Iterator[str]:
        """The names that can be seen here, those of the outermost scope first; one may come twice."""
        if self.outer:
            yield from self.outer.names_in_sight()
        yield from self.names

    def dims_in_sight(self) -> Iterator[str]:
        """The symbols among them."""
        if self.outer:
            yield from self.outer.dims_in_sight()
        yield from self.dims
