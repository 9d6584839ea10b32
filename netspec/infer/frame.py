"""Keeps where elaboration stands: the `World` of a file, a `Frame` for each body under construction, and what joins the rooms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from time import process_time
from typing import TYPE_CHECKING, Any, ClassVar

from netspec.deadline import tick
from netspec.diagnostics.base import Diagnostic, Mistake, Place
from netspec.diagnostics.calls.inputs import NotATensor
from netspec.diagnostics.calls.kinds import WrongKind
from netspec.diagnostics.names.bindings import DuplicateName, OnlyInPhase
from netspec.diagnostics.shapes.expansion import DEEP, DEEP_EXPRESSIONS, ExpansionTooLarge, SizeTooComplex
from netspec.infer.values import UNKNOWN, BlockValue, Given, Kinds, OpValue, Tensor, Unknown, Value
from netspec.ir import Affine, Apply, Body, Node, Segment, State, When, reads, regions
from netspec.ir import Call as CallNode
from netspec.library.base import Weight
from netspec.limits import LIMITS
from netspec.record import field, record, replace
from netspec.resolve.graph import Graph
from netspec.shape import Dim, DimTooComplex, Facts, TensorType
from netspec.source import NOWHERE, Span
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.infer.calls.call_rule import Bound, Call
    from netspec.library.base import Callable as CallableOp
    from netspec.proofs.meanings import Measured


@record
class Elaborator:
    """What a room asks of a room above it.

    Elaboration goes in circles: an expression holds calls, a call makes the instance of a block, and the block's statements hold
    expressions. Imports go one way all the same, since every step upwards goes through this record, which `infer/elaborator.py` fills.
    """

    call: Callable[[Frame, tree.Call, Kinds], Value]
    """`f(x, 3)`: asked by expressions, done by calls; so are the next five."""
    chain: Callable[[Frame, tree.Chain, Kinds], Value]
    operator: Callable[[Frame, str, tuple[Value, ...], tuple[Span, ...], tree.Binary | tree.Unary], Value]
    index: Callable[[Frame, tree.Index], Value]
    comprehension: Callable[[Frame, tree.Comprehension, Kinds], Value]
    late_name: Callable[[Frame, tree.Name, Kinds], Value]
    """A name that only the section can give a meaning."""
    builders: Mapping[str, Callable[[Frame, Call, OpValue, Bound], Value]]
    """What elaborates a use of an op that is more than one node, by the op's `built`."""
    use_block: Callable[[Frame, Call, BlockValue, Bound], Value]
    """The use of a block: asked by calls, done by bodies; so is the next."""
    cell_body: Callable[[Frame, Call, BlockValue, list[Given]], Body | None]
    """The body of a block with `state`, for one step of its sequences."""
    formula: Callable[[Frame, BlockValue], CallableOp | None]
    """A block as the function of one tensor that it is: asked where ops are made, done where blocks are called."""
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
    """Nodes of the model under construction; the others' are counted in `whole`."""
    edges: int = 0
    """Tensors that the nodes take."""
    work: int = 0
    """Static values computed for it."""
    proposals: int = 0
    """Problems of shapes that were looked through for what would mend them."""
    tries: int = 0
    """Other values of arguments that were held against shape rules, for what problems propose."""
    tried_seconds: float = 0.0
    """Of processor time that this took, and what was supposed behind problems."""
    functions: int = 0
    """How many functions of static values are being evaluated, one inside the other."""
    whole: Counter[str] = field(default_factory=Counter)
    """What the models that are done have taken, by the name of the count."""
    depth: int = 0
    """Expressions around the present one."""
    levels: int = 0
    """Bodies and regions around the present statement."""
    stopped: bool = False
    """The file is too large: no loop is unrolled any further."""
    seen: set[Any] = field(default_factory=set)
    ran: set[int] = field(default_factory=set)
    """Ids of the statements that were elaborated, and of the branches that were taken."""
    elaborated: set[int] = field(default_factory=set)
    """Ids of the definitions that were elaborated."""
    examined: dict[int, tuple[bool, int]] = field(default_factory=dict)
    """By id of a definition whether it has a problem, and how many of `problems` were looked through for that."""
    doubtful: Callable[[Diagnostic], bool] | None = None
    """What stays silent of a block that nobody uses, since it may be right in a use. None: every problem is reported."""

    repeats: list[tree.Repeat] = field(default_factory=list)
    """The `repeat` regions around the present statement that name their index."""

    unproved: list[Span] = field(default_factory=list)
    """Names of the models and sections that could not be proved."""

    def may_propose(self) -> bool:
        """One more problem of a shape may be looked through for what would mend it: as many as have their repairs tried."""
        self.proposals += 1
        return self.proposals <= LIMITS.repair_tries

    def may_try(self) -> bool:
        """Another value may be held against a shape rule: in one file so many are, and so long, and what is beyond gets no proposal."""
        self.tries += 1
        return self.tries <= LIMITS.tried_arguments and self.tried_seconds <= LIMITS.repair_seconds

    def may_suppose(self) -> bool:
        """Types may be supposed behind one more problem; behind the rest nothing is known, and nothing said."""
        return self.tried_seconds <= LIMITS.repair_seconds

    @contextmanager
    def timed(self) -> Iterator[None]:
        """What is done inside is a try."""
        start = process_time()
        try:
            yield
        finally:
            self.tried_seconds += process_time() - start

    def prove(self, name: Span, proved: bool) -> None:
        """Note what became of a model or section. One that is not proved has an error, or netspec has one."""
        if not proved:
            self.unproved.append(name)

    @contextmanager
    def instance(self, name: str) -> Iterator[None]:
        """While a model is elaborated, or a block by itself: it has limits of its own, and the file has them several times."""
        self.stack.append(name)
        before = self.nodes, self.edges, self.work
        self.nodes = self.edges = self.work = 0
        try:
            yield
        finally:
            self.stack.pop()
            self.whole.update(nodes=self.nodes, edges=self.edges, work=self.work)
            self.nodes, self.edges, self.work = before

    def hold_depth(self) -> None:
        """Raises Mistake where too many expressions stand inside one another."""
        if self.depth > LIMITS.depth:
            raise Mistake(ExpansionTooLarge(what="this", count=self.depth, limit=LIMITS.depth, things=DEEP_EXPRESSIONS))

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Inside is one more body or region. Raises Mistake when too many stand inside one another."""
        if self.levels >= LIMITS.levels:
            raise Mistake(ExpansionTooLarge(what="this", count=self.levels + 1, limit=LIMITS.levels, things=DEEP))
        self.levels += 1
        try:
            yield
        finally:
            self.levels -= 1

    def spend(self, value: Value) -> None:
        """Count a computed value. Raises Mistake when the file has computed more than it may."""
        tick()
        self.call(len(value) if isinstance(value, tuple) else 1)

    def call(self, work: int = LIMITS.call_values) -> None:
        """Count work in values; a call costs several times what another value does. Raises Mistake like `spend`."""
        self.work += work
        self.hold("work", self.work, LIMITS.values, "values")

    def hold(self, name: str, count: int, limit: int, things: str, at: Span = NOWHERE) -> None:
        """Raises Mistake where the present model, or all of the file, has more than it may."""
        whole, most = count + self.whole[name], limit * LIMITS.models
        if count > limit:
            what = f"`{self.stack[0]}`" if self.stack else "this file"
            raise Mistake(ExpansionTooLarge(at=at, what=what, count=count, limit=limit, things=things))
        if whole > most:
            raise Mistake(ExpansionTooLarge(at=at, what="this file", count=whole, limit=most, things=things))

    def connect(self, nodes: Iterable[Node]) -> None:
        """Count what nodes take. Raises Mistake when the file has more than it may."""
        self.edges += sum(len(getattr(node, "inputs", ())) for node in nodes)
        self.hold("edges", self.edges, LIMITS.edges, "edges between nodes")

    def report(self, problem: Diagnostic) -> Unknown:
        """Note a problem once per place and kind, with the calls that led there. Gives the value that stays silent from there on.

        This is how elaboration says that something is wrong. Code that knows no place (the library, sizes, static arithmetic, the limits
        above) raises `Mistake`, which whoever knows the place hands to `report_mistake`.
        """
        if self.doubtful is not None and self.doubtful(problem):
            return UNKNOWN
        once = isinstance(problem, ExpansionTooLarge)
        self.stopped |= once
        key = (problem.slug(), *(() if once else (id(problem.at.source), problem.at.start, problem.at.end)))
        if key in self.seen:
            return UNKNOWN
        self.seen.add(key)
        if self.repeats:
            from netspec.infer.loop_indices import blame_index  # few loops name an index, and fewer have a problem

            problem = blame_index(self.repeats, problem)
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


Assumption = tuple[str, Dim, Dim, Span, str]
"""A relation, its two sides, where it is assumed, and its text."""


@record
class Loop:
    """A loop of `count` passes around the present statement: a `for` with a fixed index, or a `repeat` (index None)."""

    index: int | None
    count: int = 1


@record(eq=False)
class Passes:
    """The numbers of a scalar in the passes of a `repeat`."""

    loop: object
    """The repeat; a `Grid` where the indices of several are in it."""
    values: tuple[Any, ...]


@record(eq=False)
class Grid:
    """The passes of several repeats together: each of the last for each of those before it."""

    loops: tuple[object, ...]
    counts: tuple[int, ...]


class Frame:
    """A body under construction: names, wires, nodes, and the numbers that paths are made of."""

    kinds: ClassVar[tuple[str, ...]] = ()
    """The kinds of op that its calls mean first, where the position does not ask for one."""

    def __init__(self, world: World, name: str, facts: Facts) -> None:
        self.world, self.name, self.facts = world, name, facts
        self.env: dict[str, Value] = {}
        self.types: dict[int, TensorType] = {}
        self.wire_names: dict[int, str] = {}
        self.origins: dict[int, Span] = {}
        self.nodes: list[Node] = []
        self.enclosing: list[list[Node]] = []
        """The nodes so far of the regions around the present one, the outermost first."""
        self.counters: Counter[str] = Counter()
        self.loops: list[Loop] = []
        self.labels: dict[tuple[str, tuple[Affine, ...]], Span] = {}
        self.shared: set[Segment] = set()
        self.layers: dict[Segment, Node] = {}
        """The first node of each shared instance."""
        self.used: set[Segment] = set()
        """Shared instances that are used, and those of them where that has a problem."""
        self.failed: set[Segment] = set()
        self.begun: dict[int, tuple[Weight, Segment]] = {}
        """Wires of weights and buffers as which others may begin: what they are, and the segment of the one as which they begin."""
        self.states: list[tuple[State, Tensor, Span]] = []
        """States declared so far: the state, the wire of its value before the step, its place."""
        self.assumed: list[Assumption] = []
        """What this body, and those it calls, assume of sizes: the caller's facts take it over."""
        self.passes: dict[int, Passes] = {}
        """Wires of scalars whose numbers in all passes of a `repeat` are known."""
        self.grids: dict[tuple[int, ...], Grid] = {}
        """The passes of several repeats together, by the identity of these."""
        self.phases: dict[int, str] = {}
        """Wires that exist in one phase only."""
        self.phase: list[str] = []
        """The phases of the `when` regions around the present statement."""
        self.buffers: set[str] = set()
        """The names of buffers declared so far."""
        self.settled: set[int] = set()
        """Wires of buffers whose next value is known."""
        self.written: dict[str, Span] = {}
        """Where the value of a param is written that the caller gives, and that of a loop's name in its list."""
        self.counted: dict[str, Span] = {}
        """Where the number of passes is written of the loops whose names count them."""
        self.of_model = False
        """It is the body of a model, not of a block."""

    def report(self, problem: Diagnostic) -> Unknown:
        """Report a problem; its value is unknown."""
        return self.world.report(problem)

    def sees(self, model: Body) -> None:
        """In a section about a model its params can be used, at their values in it; names that are bound already come first."""
        for name, value in model.arguments.items():
            self.env.setdefault(name, value)

    def named_wire(self, name: str, type_: TensorType, span: Span) -> Tensor:
        """A new wire that the spec has a name for."""
        tensor = self.wire(type_, span)
        self.wire_names[tensor.wire] = name
        return tensor

    def wire(self, type_: TensorType, origin: Span = NOWHERE) -> Tensor:
        """A new wire."""
        number = len(self.types)
        self.types[number] = type_
        self.origins[number] = origin
        return Tensor(number, type_)

    def emit(self, node: Node) -> None:
        """Add a node to the present region. Raises Mistake when the model has more than it may."""
        self.world.nodes += 1
        self.nodes.append(node)
        if isinstance(node, Apply | CallNode) and node.shared:
            self.layers.setdefault(node.segment, node)
        self.world.connect([node])
        self.world.hold("nodes", self.world.nodes, LIMITS.nodes, "nodes")
        check_phases(self, node)

    def take(self, assumed: Iterable[Assumption]) -> None:
        """Take over what the body of a call assumes of this body's sizes."""
        for op, left, right, span, text in assumed:
            self.facts = self.facts.require(op, left, right, span, text).facts
            self.assumed.append((op, left, right, span, text))

    # What only some sections have a place for: they override these.

    def use_in_section(self, use: Call, value: OpValue, bound: Bound) -> Value:
        """A use of a loss, metric or decoder."""
        return self.report(WrongKind(at=use.span, name=value.name, is_a=value.entry.kind, wanted="a layer or function"))

    def use_measured(self, use: Call, op: CallableOp, bound: Bound) -> Value | None:
        """A use of an op on finished means or parameters; None where it is one like any other."""
        return None

    def made_so_far(self) -> Measured:
        """What tells where the numbers of a tensor come from."""
        from netspec.proofs.meanings import Measured  # few ops ask

        return Measured(self.nodes)

    def fill_numbers(self, value: OpValue, bound: Bound) -> None:
        """Make tensors of the numbers that a loss or metric is given."""

    def select(self, name: str, node: tree.Call, pattern: str) -> Value:
        """`params(pattern)` or `aux(pattern)`."""
        return self.report(NotATensor(at=node.span, what=f"`{name}(…)`", wanted="a value outside of losses and metrics"))

    def late_name(self, node: tree.Name) -> Value | None:
        """What a name means that only the section can say; None where it means nothing there."""
        return None

    def unbound(self, node: tree.Name) -> Value:
        """The value of a name that is bound somewhere, and not here: that it is not is said elsewhere."""
        return UNKNOWN

    def answer(self, node: tree.Name) -> Value:
        """`serve.NAME`: what the file generates."""
        from netspec.diagnostics.training.decoders import AnswerUnknown  # few specs serve

        return self.report(AnswerUnknown(at=node.span, name=node.text, model=self.name, elsewhere=True))

    def find_origin(self, at: Span) -> Span:
        """Where the text stands that an argument's value comes from: a name's own value, in the call of the block or in its declaration."""
        return (self.find_declared(at.text) if at.text.isidentifier() else None) or at

    def find_declared(self, name: str) -> Span | None:
        """Where the value of a name is written: in the call of the block, in a loop's list, in the default of a param."""
        if name in self.written:
            return self.written[name]
        definition = self.world.graph.definitions.get(self.name)
        own = next((p for p in definition.params if p.name == name), None) if definition is not None else None
        param = own or self.world.graph.params.get(name)
        return param.default.span if param is not None and param.default is not None else None

    @contextmanager
    def region(self):
        """Nodes emitted inside go to the list that is yielded."""
        outer, self.nodes = self.nodes, []
        self.enclosing.append(outer)
        try:
            yield self.nodes
        finally:
            self.nodes = self.enclosing.pop()

    @property
    def depth(self) -> int:
        """Number of repeats around the present statement."""
        return sum(loop.index is None for loop in self.loops)

    def count(self, op: str) -> Segment:
        """The segment of an unlabelled use of an op."""
        number = self.counters[op]
        self.counters[op] += 1
        return Segment(op, (Affine(number, (0,) * self.depth),), counted=True)

    def label(self, name: str, span: Span) -> Segment:
        """The segment of a label: in loops it gets their indices. A label may be used once."""
        numbers, depth = [], 0
        for loop in self.loops:
            if loop.index is None:
                numbers.append(Affine(0, (0,) * depth + (1,)))
                depth += 1
            else:
                numbers.append(Affine(loop.index))
        segment = Segment(name, tuple(numbers))
        first = self.labels.setdefault((name, segment.numbers), span)
        if first is not span:
            self.world.report(DuplicateName(at=span, name=name, what="label", first=first))
        return segment

    def place(self, tensor: Tensor) -> Place:
        """Where a tensor was made, with its type, for the chain of a diagnostic."""
        return Place(self.origins.get(tensor.wire, NOWHERE), str(tensor.type))


def check_phases(frame: Frame, node: Node) -> None:
    """Report a node that reads a value which exists in one phase only, where it runs in others as well."""
    if not frame.phases:
        return
    for wire in (w for w in (*reads(node), *(end for region in regions(node) for end in region.results)) if w in frame.phases):
        phase, around = frame.phases[wire], (*frame.phase, node.phase) if isinstance(node, When) else frame.phase
        if phase not in around:
            frame.report(OnlyInPhase(at=node.span, name=frame.wire_names.get(wire, "this value"), phase=phase))


def places_of(frame: Frame, tensors: Iterable[Value]) -> tuple[Place, ...]:
    """The places of those values that are tensors of the frame."""
    found = [frame.place(t) for t in tensors if isinstance(t, Tensor)]
    return tuple(p for p in found if p.span is not NOWHERE)
