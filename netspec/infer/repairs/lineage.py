"""Traces how a tensor was made: the ops behind it, the newest first, each with its text and the values of its arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.infer.frame import Frame
from netspec.infer.types import goes_in, try_shape
from netspec.ir import Apply, Call, Literal, Node
from netspec.library.base import Callable
from netspec.library.shelf import index
from netspec.record import field, record, replace
from netspec.shape import DimTooComplex, Facts, TensorType
from netspec.source import Meant, Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

LONGEST = 24
"""Ops behind a tensor that are looked at."""


@record
class Step:
    """A use of an op or a block on the way to a tensor."""

    span: Span
    """The call's text."""
    op: Callable | None
    """None for a block."""
    inputs: tuple[Any, ...]
    """Types, or numbers beside them."""
    optional: Mapping[str, TensorType]
    through: int
    """The input that the way goes on through."""
    output: TensorType
    wire: int
    """What it makes."""
    written: Mapping[str, Span] = field(default_factory=dict)
    """The values of its arguments as they stand in the spec, by name."""
    stage: bool = False
    """It stands behind an arrow."""

    @property
    def name(self) -> str:
        return self.span.text.partition("(")[0].strip()

    @property
    def source(self) -> TensorType | None:
        """The type of what came in."""
        found = self.inputs[self.through]
        return found if isinstance(found, TensorType) else None

    @property
    def is_plain(self) -> bool:
        """It has nothing that is learned, so that nothing is lost without it."""
        if self.op is None or self.op.built:
            return False
        if not goes_in(self.op, self.inputs, self.optional):
            return type(self.op).params is Callable.params
        try:
            return not self.op.params(*self.inputs, **self.optional)
        except (Mistake, DimTooComplex):  # its inputs do not fit
            return False

    def result(self, facts: Facts, op: Callable | None, given: TensorType | None = None) -> TensorType | None:
        """What the step makes with other arguments, or of something else; None where that does not go."""
        if op is None:
            return None
        inputs = self.inputs if given is None else (*self.inputs[: self.through], given, *self.inputs[self.through + 1 :])
        made = try_shape(facts, op, inputs, self.optional)
        return made if isinstance(made, TensorType) else None


@record
class Line:
    """How a tensor was made, as far back as can be seen."""

    type: TensorType
    wire: int
    steps: tuple[Step, ...] = ()
    start: int = -1
    """The wire that the oldest step took."""
    declared: tree.Input | None = None
    """The input that it begins with."""

    def before(self, wire: int) -> Line:
        """Only what was done since a tensor."""
        own = next((i for i, step in enumerate(self.steps) if step.wire == wire), len(self.steps))
        return replace(self, steps=self.steps[:own], start=wire)

    def replayed(self, facts: Facts, place: int, made: TensorType | None) -> TensorType | None:
        """What the tensor would be if step `place` made something else."""
        for step in reversed(self.steps[:place]):
            made = step.result(facts, step.op, made) if made is not None else None
        return made


def trace(frame: Frame, wire: int) -> Line:
    """How a tensor of a body under construction was made."""
    makers = {out: node for node in walk_open(frame) if isinstance(node, Apply | Call) for out in node.outputs}
    calls, steps, at = read_calls(frame), [], wire
    while (node := makers.get(at)) is not None and len(steps) < LONGEST:
        through = find_main(frame, node, at)
        if through is None:
            break
        steps.append(read_step(frame, node, at, through, calls))
        at = wires_of(node)[through]
    origin = frame.origins.get(at)
    definition = frame.world.graph.definitions.get(frame.name)
    declared = next((i for i in definition.inputs if origin is not None and i.name_span == origin), None) if definition else None
    return Line(frame.types[wire], wire, tuple(steps), at, declared)  # type: ignore[arg-type]


def wires_of(node: Apply | Call) -> dict[int, int]:
    """The inputs that are wires, by place."""
    return {place: operand for place, operand in enumerate(node.inputs) if isinstance(operand, int)}


def find_main(frame: Frame, node: Apply | Call, wire: int) -> int | None:
    """The input that the way goes on through: the first, or the one that others are stretched to."""
    wires = wires_of(node)
    alike = (place for place, operand in wires.items() if frame.types[operand] == frame.types[wire])
    first = next(iter(wires), None)
    elementwise = isinstance(node, Apply) and len(wires) > 1 and frame.types[wires[first]].size != frame.types[wire].size  # type: ignore[index]
    return next(alike, first) if elementwise else first


def walk_open(frame: Frame) -> Iterator[Node]:
    """All nodes of the body so far, those of the regions around the present one included."""
    for nodes in (*frame.enclosing, frame.nodes):
        yield from nodes


def read_step(frame: Frame, node: Apply | Call, wire: int, through: int, calls: Mapping[tuple[int, int], Written]) -> Step:
    """A node as a step on the way."""
    inputs = tuple(o.value if isinstance(o, Literal) else frame.types[o] for o in node.inputs)
    op = node.op if isinstance(node, Apply) else None
    optional = {name: frame.types[w] for name, w in node.optional} if isinstance(node, Apply) else {}
    found = calls.get((node.span.start, node.span.end))
    written = name_arguments(op, found) if found and op else {}
    return Step(node.span, op, inputs, optional, through, frame.types[wire], wire, written, found is not None and found.stage)


@record
class Written:
    """A call as it stands in the text."""

    node: tree.Call | tree.Name
    stage: bool

    @property
    def args(self) -> tuple[tree.Arg, ...]:
        return self.node.args if isinstance(self.node, tree.Call) else ()


def read_calls(frame: Frame) -> dict[tuple[int, int], Written]:
    """The calls in the text of the body under construction, by place."""
    definition = frame.world.graph.definitions.get(frame.name)
    return calls_in(definition.node.body) if definition is not None else {}


def calls_in(body: tree.Node) -> dict[tuple[int, int], Written]:
    """The calls in a tree, by place."""
    found: dict[tuple[int, int], Written] = {}
    for node in descendants(body):
        if isinstance(node, tree.Stage):
            found[node.call.span.start, node.call.span.end] = Written(node.call, True)
        elif isinstance(node, tree.Call):
            found.setdefault((node.span.start, node.span.end), Written(node, False))
    return found


def name_arguments(op: Callable, call: Written) -> dict[str, Span]:
    """The arguments' texts by name, as the call rule binds them."""
    entry = next((e for e in index.entries(op.op_name())), None)
    if entry is None:
        return {}
    positional = [a.value.span for a in call.args if a.name is None]
    taken = 0 if call.stage else sum(not optional for _, optional in entry.inputs)
    names = [a.name for a in entry.signature]
    return dict(zip(names, positional[taken:], strict=False)) | {a.name: a.value.span for a in call.args if a.name in names}


def is_written(span: Span) -> bool:
    """The span's text stands there as it is, so that a part of it can be replaced."""
    return not isinstance(span, Meant) and span.end > span.start


def meeting_point(one: Line, other: Line) -> int | None:
    """The newest tensor that both come from."""
    mine = {step.wire for step in one.steps} | {one.start}
    return next((wire for wire in (other.wire, *(s.wire for s in other.steps), other.start) if wire in mine), None)
