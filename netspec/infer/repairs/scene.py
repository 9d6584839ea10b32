"""Holds what a repair looks at: the call with a problem, the tensors that it gets, and how each of them was made."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.calls.inputs import InputMismatch
from netspec.infer.frame import Frame
from netspec.infer.repairs.lineage import Line, meeting_point, trace
from netspec.infer.repairs.rewriting import Place
from netspec.infer.repairs.sizes import name_size
from netspec.infer.values import Given, Tensor
from netspec.library.base import Callable
from netspec.record import replace
from netspec.shape import Dim, Facts, TensorType
from netspec.source import Span

if TYPE_CHECKING:
    from netspec.syntax import tree


class Side:
    """A tensor that a call gets."""

    def __init__(self, frame: Frame, given: Given, chained: bool, alone: bool) -> None:
        self.place = Place(given.span, chained, alone)
        self.wire: int = given.value.wire
        self.type: TensorType = given.value.type
        self.line: Line = trace(frame, self.wire)


class Scene:
    """A call that has a problem, with what stands around it."""

    def __init__(
        self, frame: Frame, span: Span, op: Callable | None, given: list[Given], problem: Diagnostic, args: dict[str, Given]
    ) -> None:
        self.frame, self.span, self.op, self.given, self.problem, self.args = frame, span, op, given, problem, args
        self.want: tuple[Dim | None, ...] | None = None
        """The shape that is written for the tensor."""
        self.claimed: tuple[str, ...] = ()
        """Its dims as they stand there."""
        self.claims_here = not isinstance(problem, InputMismatch)
        """The names of those dims mean the same here."""

    @property
    def facts(self) -> Facts:
        return self.frame.facts

    @cached_property
    def sides(self) -> list[Side]:
        """The tensors, in their order."""
        return [Side(self.frame, g, self.is_before(g.span), self.is_inside(g.span)) for g in self.given if isinstance(g.value, Tensor)]

    def is_inside(self, span: Span) -> bool:
        """The tensor is an argument of the call."""
        return self.span.start < span.start and span.end < self.span.end

    def is_before(self, span: Span) -> bool:
        """The tensor stands before the arrow of the call."""
        text = self.span.source.text
        return span.end <= self.span.start and text[span.end : self.span.start].partition("#")[0].strip()[:2] in ("->", ":")

    def name(self, size: Dim, *lines: Line) -> str:
        """A size as this body says it."""
        return name_size(self.frame, size, *lines)

    def pair(self, one: int = 0, other: int = 1) -> tuple[Side, Side] | None:
        """Of two tensors first the one that skips what the other goes through; else the left one."""
        if len(self.sides) <= max(one, other):
            return None
        left, right = self.sides[one], self.sides[other]
        meeting = meeting_point(left.line, right.line)
        if meeting is not None:
            a, b = left.line.before(meeting), right.line.before(meeting)
            left.line, right.line = a, b
            if len(b.steps) < len(a.steps):
                return right, left
        elif len(right.line.steps) < len(left.line.steps):
            return right, left
        return left, right

    @property
    def model(self) -> tree.Block | tree.Model | None:
        """The model under construction, whose sizes are free."""
        stack = self.frame.world.stack
        definition = self.frame.world.graph.definitions.get(stack[0]) if stack else None
        return definition.node if definition is not None and definition.is_model else None


def with_axis(shape: TensorType, axis: int, size: Dim) -> TensorType:
    """The type with another size on one axis."""
    sizes = list(shape.shape)
    sizes[axis] = size
    return shape.with_shape(sizes)


def placed(problem: Diagnostic, span: Span) -> Diagnostic:
    return replace(problem, at=span)
