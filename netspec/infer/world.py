"""What all bodies of a file share: the `World`, the limits of its size, and the `Elaborator` by which rooms reach those above them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from netspec.deadline import tick
from netspec.diagnostics.base import Diagnostic, Mistake, Place
from netspec.diagnostics.shapes.expansion import ExpansionTooLarge, SizeTooComplex
from netspec.infer.values import UNKNOWN, BlockValue, Given, Kinds, OpValue, Unknown, Value
from netspec.ir import Body, Node
from netspec.record import field, record, replace
from netspec.resolve.graph import Graph
from netspec.shape import DimTooComplex
from netspec.source import NOWHERE, Span
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.infer.frame import Frame
    from netspec.infer.uses import Bound, Call


NODE_LIMIT = 8_000
"""Nodes that a file may expand to: so many are elaborated in less than two seconds."""
EDGE_LIMIT = 100_000
"""Tensors that all nodes together may take: so many are looked at in less than two seconds."""
WORK_LIMIT = 300_000
"""Static values that a file may compute, each item of a list counted."""
CALL_WORK = 5
"""What a call counts: binding its arguments takes as long as so many values."""
MEASURE_WORK = 60
"""What a loss or metric counts besides."""
RECURRENCE_WORK = 60
"""What a layer over time counts besides."""


@record
class Elaborator:
    """What a room asks of a room above it.

    Elaboration goes in circles: an expression holds calls, a call makes the instance of a block, and the block's statements hold
    expressions. Imports go one way all the same, since every step upwards goes through this record, which `infer/elaborator.py` fills.
    """

    call: Callable[[Frame, tree.Call, Kinds], Value]
    """`f(x, 3)`: asked by expressions, done by calls; so are the next four."""
    chain: Callable[[Frame, tree.Chain, Kinds], Value]
    operator: Callable[[Frame, str, tuple[Value, ...], tuple[Span, ...], tree.Binary | tree.Unary], Value]
    index: Callable[[Frame, tree.Index], Value]
    late_name: Callable[[Frame, tree.Name, Kinds], Value]
    """A name that only the section can give a meaning."""
    builders: Mapping[str, Callable[[Frame, Call, OpValue, Bound], Value]]
    """What elaborates a use of an op that is more than one node, by the op's `built`."""
    use_block: Callable[[Frame, Call, BlockValue, Bound], Value]
    """The use of a block: asked by calls, done by bodies; so is the next."""
    cell_body: Callable[[Frame, Call, BlockValue, Given], Body | None]
    """The body of a block with `state`, for one step of a sequence."""
    statements: Mapping[type, Callable[[Frame, Any], None]]
    """What elaborates a statement, by its kind."""


@record(frozen=False)
class World:
    """What all bodies of a file share: the graph, the problems, the instances made so far, the calls on the way."""

    graph: Graph
    elaborate: Elaborator
    problems: list[Diagnostic] = field(default_factory=list)
    instances: dict[Any, Any] = field(default_factory=dict)
    globals: dict[int, Value] = field(default_factory=dict)
    """Values of the files' params, by id of the param."""
    trail: list[Place] = field(default_factory=list)
    stack: list[str] = field(default_factory=list)
    nodes: int = 0
    edges: int = 0
    """Tensors that the nodes take."""
    work: int = 0
    """Static values computed so far."""
    stopped: bool = False
    """The file is too large: no loop is unrolled any further."""
    seen: set[Any] = field(default_factory=set)

    def spend(self, value: Value) -> None:
        """Count a computed value. Raises Mistake when the file has computed more than it may."""
        tick()
        self.call(len(value) if isinstance(value, tuple) else 1)

    def call(self, work: int = CALL_WORK) -> None:
        """Count work in values; a call costs several times what another value does. Raises Mistake like `spend`."""
        self.work += work
        if self.work > WORK_LIMIT:
            raise Mistake(ExpansionTooLarge(what="this file", count=self.work, limit=WORK_LIMIT, things="values"))

    def connect(self, nodes: Iterable[Node]) -> None:
        """Count what nodes take. Raises Mistake when the file has more than it may."""
        self.edges += sum(len(getattr(node, "inputs", ())) for node in nodes)
        if self.edges > EDGE_LIMIT:
            raise Mistake(ExpansionTooLarge(what="this file", count=self.edges, limit=EDGE_LIMIT, things="edges between nodes"))

    def report(self, problem: Diagnostic) -> Unknown:
        """Note a problem once per place and kind, with the calls that led there. Gives the value that stays silent from there on.

        This is how elaboration says that something is wrong. Code that knows no place (the library, sizes, static arithmetic, the limits
        above) raises `Mistake`, which whoever knows the place hands to `report_mistake`.
        """
        once = isinstance(problem, ExpansionTooLarge)
        self.stopped |= once
        key = (problem.slug(), *(() if once else (id(problem.at.source), problem.at.start, problem.at.end)))
        if key in self.seen:
            return UNKNOWN
        self.seen.add(key)
        if self.trail and not problem.trail:
            problem = replace(problem, trail=tuple(reversed(self.trail)))
        self.problems.append(problem)
        return UNKNOWN

    def report_mistake(self, mistake: Mistake | DimTooComplex, at: Span) -> Unknown:
        """Report what was raised without a place, here."""
        if isinstance(mistake, DimTooComplex):
            return self.report(SizeTooComplex(at=at))
        problem = mistake.diagnostic
        return self.report(replace(problem, at=at) if problem.at.source is NOWHERE.source else problem)

    def report_all(self, problems: Iterable[Diagnostic]) -> None:
        """Note what a proof has found."""
        for problem in problems:
            self.report(problem)

    def global_named(self, name: str) -> Value:
        """The value of the main file's param of that name, or None."""
        param = self.graph.params.get(name)
        return None if param is None else self.globals.get(id(param))

    @contextmanager
    def entering(self, name: str, span: Span):
        """While a block is elaborated: its call is on the trail of the problems found inside."""
        self.trail.append(Place(span, f"in this use of `{name}`"))
        self.stack.append(name)
        try:
            yield
        finally:
            self.trail.pop()
            self.stack.pop()
