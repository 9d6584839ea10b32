"""Plans how a model that generates runs on a stretch of its sequence: which nodes are known beforehand, and which go step by step.

All follows from the flows that prove the model causal (`proofs.causality`): what reaches no generated element is computed once, for all
positions; everything else runs on the stretch, each op by its `step`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from netspec.ir import Apply, Body, Call, Literal, Node, Recur, Repeat, ServePlan, Variable, When, pair_inputs, reads_inside, writes
from netspec.library.contracts.sequence_axis import STILL, Flow
from netspec.proofs.causality import PHASE, Causality, look
from netspec.shape import Dim

WHOLE, STEP, ALWAYS, NEVER = "whole", "step", "always", "never"
"""A node runs once, on each stretch, both (a parameter is read), or not at all, as the answer does not need it."""


class Stepless(Exception):
    """Such a model runs anew for each element; the text says why."""


@dataclass(frozen=True, eq=False)
class Part:
    """Nodes of a body on one level, in one use. Blocks and loops that run on the stretch have a part of their own."""

    nodes: tuple[Node, ...]
    body: Body
    flows: Mapping[int, Any]
    kinds: tuple[str, ...]
    children: Mapping[int, Part]
    """By the place of the node."""
    keep: Mapping[int, int | None] = field(default_factory=dict)
    """Wires that are known beforehand and needed on the stretch, each with its axis of examples."""

    def known(self, wire: Any) -> bool:
        """The wire is known beforehand."""
        return is_reached(self.flows.get(wire)) is False


def is_reached(flow: Any) -> bool | None:
    """Whether a flow has to do with what is generated; None where it cannot be made."""
    return flow.reach is not None if isinstance(flow, Flow) else None


@lru_cache(maxsize=64)
def derive_part(plan: ServePlan) -> Part | str:
    """How the plan's model runs on a stretch, or why it does not."""
    body = plan.model
    kind = body.input_types()[plan.feeds]
    batch, length = kind.shape
    if len(batch.symbols()) != 1 or batch != Dim.symbol(next(iter(batch.symbols()))):
        return f"`{plan.feeds}` has a fixed number of examples"
    causality = Causality.of(body, length)
    inputs = [p for p in body.inputs if isinstance(p.wire, int)]
    flows = causality.flows(plan.feeds)
    try:
        return _Derivation(causality, batch, length).part(body.nodes, body, flows, frozenset(p.wire for p in inputs))
    except Stepless as refusal:
        return str(refusal)


@dataclass(frozen=True)
class _Derivation:
    """Finds what is known beforehand, body by body."""

    causality: Causality
    batch: Dim
    length: Dim

    def part(
        self, nodes: tuple[Node, ...], body: Body, flows: Mapping[int, Any], made: frozenset[Any] = frozenset(), ends: Any = ()
    ) -> Part:
        """`made` are wires of this level that are handed to it anew; `ends` those that it gives besides."""
        kinds = tuple(self.kind(node, flows) for node in nodes)
        children, needed, own = {}, set(ends), set(made)
        for place, (node, kind) in enumerate(zip(nodes, kinds, strict=True)):
            if kind == STEP:
                self.check(node, body, flows)
                child = self.child(node, body, flows)
                if child is not None:
                    children[place] = child
                needed.update(reads_inside(node))
            if kind in (WHOLE, STEP):
                own.update(writes(node))
        kept = {wire: self.example_axis(wire, body) for wire in sorted(own & needed) if is_reached(flows.get(wire)) is False}
        return Part(nodes, body, flows, kinds, children, kept)

    def kind(self, node: Node, flows: Mapping[int, Any]) -> str:
        if isinstance(node, Variable):
            return ALWAYS
        made = [is_reached(flows.get(wire)) for wire in writes(node)]
        if all(each is None for each in made):
            return NEVER
        if all(is_reached(flows.get(wire, STILL)) is False for wire in reads_inside(node)):
            return WHOLE
        return STEP

    def child(self, node: Node, body: Body, flows: Mapping[int, Any]) -> Part | None:
        """The part inside of a block, loop or region that the stretch runs through."""
        match node:
            case Call():
                inner: dict[int, Any] = {port: look(flows, wire) for port, wire in pair_inputs(node)}
                self.causality.run(node.body.nodes, node.body, inner)
                return self.part(node.body.nodes, node.body, inner)
            case Repeat():
                inner = {**flows, **{own: look(flows, out) for own, out in zip(node.inner, node.outputs, strict=True)}}
                made = {*node.inner, *(() if node.index is None else (node.index,))}
                inner.update({} if node.index is None else {node.index: STILL})
                self.causality.run(node.nodes, body, inner)
                return self.part(node.nodes, body, inner, frozenset(made), [wire for wire in node.results if isinstance(wire, int)])
            case When():
                inner = dict(flows)
                if node.phase == PHASE:
                    self.causality.run(node.nodes, body, inner)
                return self.part(node.nodes if node.phase == PHASE else (), body, inner)
            case _:
                return None

    # --- what can be stepped -----------------------------------------------------------------------------------------

    def check(self, node: Node, body: Body, flows: Mapping[int, Any]) -> None:
        """Raises `Stepless`."""
        if isinstance(node, Apply):
            given = tuple(look(flows, operand) for operand in node.inputs)
            if why := node.op.explain_stepless(given):  # type: ignore[arg-type]
                raise Stepless(why)
        if isinstance(node, Recur) and not all(1 in flows[wire].axes for wire in node.sequences):
            raise Stepless("a recurrence runs over another axis")
        if isinstance(node, Repeat):
            self.check_start(node, flows)
        for wire in writes(node):
            if is_reached(flows.get(wire)):
                self.check_wire(wire, body, flows[wire])

    def check_start(self, node: Repeat, flows: Mapping[int, Any]) -> None:
        """Raises `Stepless` for a loop that carries a number where the stretch needs a tensor."""
        for start, end, out in zip(node.carried, node.results, node.outputs, strict=True):
            if is_reached(flows.get(out)) and (isinstance(start, Literal) or isinstance(end, Literal)):
                raise Stepless("a loop begins or ends with a number")

    def check_wire(self, wire: int, body: Body, flow: Flow) -> None:
        """What runs on a stretch has one axis of positions, as many as are fed, and one of examples."""
        normal = self.causality.model.facts.normal
        shape = body.types[wire].shape
        if len(flow.axes) != 1 or normal(shape[flow.axes[0]]) != normal(self.length):
            raise Stepless(f"a value {body.types[wire]} does not have one position for each of `{self.length}`")
        if self.example_axis(wire, body) is None:
            raise Stepless(f"a value {body.types[wire]} is made of several examples")

    def example_axis(self, wire: int, body: Body) -> int | None:
        """The axis of a wire that counts examples; None where there is none."""
        normal, batch = self.causality.model.facts.normal, self.causality.model.facts.normal(self.batch)
        symbols, shape = batch.symbols(), body.types[wire].shape
        axes = [axis for axis, size in enumerate(shape) if not symbols.isdisjoint(normal(size).symbols())]
        if len(axes) > 1 or (axes and normal(shape[axes[0]]) != batch):
            raise Stepless(f"a value {body.types[wire]} does not count examples one by one")
        return axes[0] if axes else None
