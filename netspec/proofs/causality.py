"""Proves that a model can generate a sequence: a `Flow` goes through every node from the fed input to the output.

A use that decoding cannot pass through leaves a `Refusal` on its results, which silences all that is made of them; only a refusal that
reaches the output is a problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from netspec.diagnostics.base import Diagnostic, Mistake, Place
from netspec.diagnostics.training.serving import NotCausal
from netspec.ir import Apply, Body, Call, Literal, Node, Operand, Recur, Repeat, Variable, When
from netspec.library.contracts.sequence_axis import STILL, Flow, Passage, join_flows
from netspec.limits import LIMITS
from netspec.record import record, replace
from netspec.shape import Dim, TensorType

PHASE = "serve"


@record(eq=False)
class Refusal:
    """Stands for a tensor that decoding cannot make, and says why."""

    problem: Diagnostic | None
    """None: something else is wrong with it, which is reported already."""


Flows = dict[int, Flow | Refusal]


@record(eq=False)
class Causality:
    """The proof for one model; `positions` are the symbols that the length of the fed input is made of."""

    model: Body
    positions: frozenset[str]
    known: dict[Any, tuple[Flow | Refusal, ...]]

    @classmethod
    def of(cls, model: Body, length: Dim) -> Causality:
        return cls(model, model.facts.normal(length).symbols(), {})

    def output(self, fed: str, output: str) -> Flow | Refusal:
        """What an output knows of the sequence when one input is fed with it."""
        inputs = self.inputs(fed)
        results = self.body(self.model, inputs.values())
        return next(flow for port, flow in zip(list_ends(self.model), results, strict=True) if port.name == output)

    def inputs(self, fed: str) -> Flows:
        """What the inputs know of the sequence, by their wires."""
        return {p.wire: self._input(self.model.types[p.wire], p.name == fed) for p in self.model.inputs if isinstance(p.wire, int)}

    def flows(self, fed: str) -> Flows:
        """What every wire of the model knows of it, those inside regions and blocks left out."""
        flows = self.inputs(fed)
        self.run(self.model.nodes, self.model, flows)
        return flows

    def _input(self, kind: TensorType, fed: bool) -> Flow:
        axes = tuple(axis for axis, size in enumerate(kind.shape) if self.counts(size))
        return Flow(axes, 0 if fed else None)

    def counts(self, size: Dim) -> bool:
        return not self.positions.isdisjoint(self.model.facts.normal(size).symbols())

    # --- bodies ------------------------------------------------------------------------------------------------------

    def body(self, body: Body, inputs: Iterable[Flow | Refusal]) -> tuple[Flow | Refusal, ...]:
        """The flows of a body's outputs, from those of its inputs."""
        given = tuple(inputs)
        key = (id(body), tuple(id(flow.problem) if isinstance(flow, Refusal) else flow for flow in given))
        if key not in self.known:
            flows: Flows = dict(zip((p.wire for p in body.inputs if isinstance(p.wire, int)), given, strict=True))
            self.run(body.nodes, body, flows)
            self.known[key] = tuple(look(flows, port.wire) for port in list_ends(body))
        return self.known[key]

    def run(self, nodes: tuple[Node, ...], body: Body, flows: Flows) -> None:
        for node in nodes:
            match node:
                case Apply():
                    flows.update(zip(node.outputs, self.apply(node, body, flows), strict=True))
                case Call():
                    given = [look(flows, wire) for wire in node.inputs]
                    present = [wire for wire, port in zip(node.outputs, node.body.outputs, strict=True) if port in list_ends(node.body)]
                    flows.update(zip(present, (lead(flow, node, given) for flow in self.body(node.body, given)), strict=True))
                case Variable():
                    flows[node.output] = STILL
                case Repeat():
                    self.repeat(node, body, flows)
                case When():
                    self.when(node, body, flows)
                case Recur():
                    self.recur(node, body, flows)
                case _:
                    pass  # an exported value is only trained on

    def apply(self, node: Apply, body: Body, flows: Flows) -> tuple[Flow | Refusal, ...]:
        """The flows of an op's results."""
        given = [look(flows, operand) for operand in node.inputs]
        named = {name: look(flows, wire) for name, wire in node.optional}
        refusal = next((flow for flow in (*given, *named.values()) if isinstance(flow, Refusal)), None)
        if refusal is not None:
            return (refusal,) * len(node.outputs)
        types = tuple(operand.value if isinstance(operand, Literal) else body.types[operand] for operand in node.inputs)
        named_types = {name: body.types[wire] for name, wire in node.optional}
        results = tuple(body.types[wire] for wire in node.outputs)
        passage = Passage(node.op, types, tuple(given), named, named_types, results, self.positions, self.model.facts)  # type: ignore[arg-type]
        try:
            made = node.op.flow(passage)
            made = made if isinstance(made, tuple) else (made,)
            return tuple(self.fits(passage, flow, kind) for flow, kind in zip(made, results, strict=True))
        except Mistake as mistake:
            return (Refusal(replace(mistake.diagnostic, at=node.span)),) * len(node.outputs)

    def fits(self, passage: Passage, flow: Flow, kind: TensorType) -> Flow:
        """The axes that count positions count them one by one: the size is the number of positions, and a number more or less."""
        for axis, size in enumerate(kind.shape):
            if self.counts(size) and not (axis in flow.axes and self.steps(size)):
                passage.refuse(f"the size {size} of its result does not grow by one with each position", certain=False)
        return flow

    def steps(self, size: Dim) -> bool:
        """One element more makes the size one larger."""
        normal = self.model.facts.normal(size)
        linear = sum((Dim.symbol(symbol) for symbol in self.positions), Dim.of(0))
        return len(self.positions) == 1 and self.positions.isdisjoint((normal - linear).symbols())

    # --- regions -----------------------------------------------------------------------------------------------------

    def repeat(self, node: Repeat, body: Body, flows: Flows) -> None:
        carried = [look(flows, operand) for operand in node.carried]
        for _ in range(LIMITS.flow_rounds):
            inner = {**flows, **dict(zip(node.inner, carried, strict=True))}
            if node.index is not None:
                inner[node.index] = STILL
            self.run(node.nodes, body, inner)
            after = [meet(before, look(inner, operand)) for before, operand in zip(carried, node.results, strict=True)]
            if after == carried:
                break
            carried = after
        flows.update(zip(node.outputs, carried, strict=True))

    def when(self, node: When, body: Body, flows: Flows) -> None:
        inner = dict(flows)
        if node.phase == PHASE:
            self.run(node.nodes, body, inner)
        chosen = node.inside if node.phase == PHASE else node.otherwise
        flows.update({wire: look(inner, operand) for wire, operand in zip(node.outputs, chosen, strict=True) if operand is not None})

    def recur(self, node: Recur, body: Body, flows: Flows) -> None:
        """A recurrence over the positions passes the past on; over another axis it is like any op that mixes that one."""
        sequences = [look(flows, wire) for wire in node.sequences]
        outer = [*sequences, *(look(flows, wire) for wire in (*node.starts, node.lengths) if wire is not None)]
        refusal = next((flow for flow in outer if isinstance(flow, Refusal)), None)
        moving = any(isinstance(flow, Flow) and 1 in flow.axes for flow in sequences)
        results = (*node.outputs, *node.finals)
        if refusal is None and moving:
            refusal = self.backwards(node, flows)
        if refusal is not None:
            flows.update(dict.fromkeys(results, refusal))
            return
        made, finals = self.steps_of(node, body, flows, [flow for flow in sequences if isinstance(flow, Flow)], moving)
        flows.update(zip(node.outputs, (stack_steps(flow, moving) for flow in made), strict=True))
        last = refuse(node, "its last state is known only when the sequence has come to its end")
        flows.update(zip(node.finals, ((last if moving else flow) for flow in finals), strict=True))

    def backwards(self, node: Recur, flows: Flows) -> Refusal | None:
        if node.reverse:
            return refuse(node, "it runs from the last position to the first")
        begun = [look(flows, wire) for wire in (*node.starts, node.lengths) if wire is not None]
        if any(flow != STILL for flow in begun):
            return refuse(node, "its first states or lengths depend on what is generated")
        return None

    def steps_of(
        self, node: Recur, body: Body, flows: Flows, sequences: list[Flow], moving: bool
    ) -> tuple[list[Flow | Refusal], list[Flow | Refusal]]:
        """The flows of one step's outputs and of the states behind it, the same for all steps."""
        parts = [take_step(flow) for flow in sequences]
        states = [STILL if wire is None else look(flows, wire) for wire in node.starts]
        inner: Flows = {}
        for _ in range(LIMITS.flow_rounds):
            inner = {**flows, **dict(zip(node.steps, parts, strict=True)), **dict(zip(node.inner, states, strict=True))}
            self.run(node.nodes, body, inner)
            after = [meet(before, look(inner, wire)) for before, wire in zip(states, node.results, strict=True)]
            if after == states:
                break
            states = after
        made: list[Flow | Refusal] = [look(inner, wire) for wire in node.made]
        if moving and any(isinstance(flow, Flow) and flow.axes for flow in made):
            return [refuse(node, "a step of it takes in the whole sequence") for _ in made], states
        return made, states


def list_ends(body: Body) -> list[Any]:
    """The outputs that there are when the model serves."""
    return [port for port in body.outputs if port.phase in (None, PHASE)]


def look(flows: Mapping[int, Flow | Refusal], operand: Operand) -> Flow | Refusal:
    """A value made where it cannot be seen (an output inside `repeat`) is a problem of its own."""
    return STILL if isinstance(operand, Literal) else flows.get(operand, Refusal(None))


def meet(one: Flow | Refusal, other: Flow | Refusal) -> Flow | Refusal:
    """What holds of a tensor that may be either."""
    if isinstance(one, Refusal):
        return one
    return other if isinstance(other, Refusal) else join_flows(one, other)


def take_step(flow: Flow) -> Flow:
    """One time step of a sequence, whose axis 1 is gone."""
    return Flow(tuple(axis - (axis > 1) for axis in flow.axes if axis != 1), flow.reach)


def stack_steps(flow: Flow | Refusal, moving: bool) -> Flow | Refusal:
    """Steps one after the other along axis 1."""
    if isinstance(flow, Refusal):
        return flow
    return Flow((*(axis + (axis >= 1) for axis in flow.axes), *((1,) if moving else ())), flow.reach)


def lead(flow: Flow | Refusal, call: Call, given: Iterable[Flow | Refusal]) -> Flow | Refusal:
    """A refusal that arose inside a block gets the call that led there."""
    if (
        isinstance(flow, Flow)
        or flow.problem is None
        or any(isinstance(before, Refusal) and before.problem is flow.problem for before in given)
    ):
        return flow
    return Refusal(replace(flow.problem, trail=(*flow.problem.trail, Place(call.span, f"in this use of `{call.body.name}`"))))


def refuse(node: Recur, why: str) -> Refusal:
    """Decoding cannot pass through a recurrence."""
    return Refusal(NotCausal(at=node.span, op=node.layer_name, why=why))
