"""Follows padding through bodies: from the ops that take a mask back to the inputs, and on to where it is taken for elements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from netspec.deadline import tick
from netspec.diagnostics.base import Place
from netspec.diagnostics.merging import join_repairs
from netspec.diagnostics.shapes.masks import LastIsPadding, MaskDropped, OtherLengths, PaddingTaken, WindowOverPadding, ZerosCounted
from netspec.ir import OUTPUT, Apply, Body, Call, Measurement, Node, Objective, Operand, Recur, Repeat, TrainPlan, When
from netspec.ir.def_use import DefUse
from netspec.library.contracts.mask_effects import MIXES, NEAR, mask_inputs
from netspec.library.data.columns import LENGTH
from netspec.limits import LIMITS
from netspec.proofs.padding import (
    CLEAN,
    LAST,
    OTHER,
    ZEROS,
    Drop,
    Marks,
    Padded,
    Status,
    Use,
    Zeroed,
    find_masked,
    marks_of,
    pass_on,
    trace_source,
)
from netspec.record import field, record, replace

Known = dict[int, dict[int, Status]]
"""What is known of the axes of wires."""
SAYS_LENGTHS = "`lengths` say here how many of them count"
Ends = tuple[dict[int, Status], ...]
"""What is known of a body's inputs, or of its outputs."""


PROBLEMS: dict[str, type[PaddingTaken]] = {
    MIXES: MaskDropped,
    NEAR: WindowOverPadding,
    LAST: LastIsPadding,
    ZEROS: ZerosCounted,
    OTHER: OtherLengths,
}


class TooFar(Exception):
    """The file is too large to follow padding any further; never reaches a user."""


@record(eq=False, frozen=False)
class PaddingAnalysis:
    """The study of one file."""

    problems: list[PaddingTaken] = field(default_factory=list)
    """What is found, in order."""
    places: dict[Any, int] = field(default_factory=dict)
    """By class, repair and tensor, which of the problems it is."""
    trail: list[Place] = field(default_factory=list)
    """The calls on the way to the present body, outermost first."""
    bodies: dict[Any, tuple[Ends, Ends]] = field(default_factory=dict)
    wanted: dict[Any, Ends] = field(default_factory=dict)
    left: int = LIMITS.padding_nodes
    """Nodes that may still be looked at."""

    def _step(self) -> None:
        tick()
        self.left -= 1
        if self.left < 0:
            raise TooFar

    # --- bodies ------------------------------------------------------------------------------------------------------
    def follow(self, body: Body, given: Ends, later: Ends) -> tuple[Ends, Ends]:
        """What is known of a body's inputs and outputs, by what is known around it before and later; notes what is dropped inside."""
        key = (id(body), _make_key(given), _make_key(later))
        if key not in self.bodies:
            self.bodies[key] = ((), ())  # a body is never inside itself
            known = self._trace_body(body, later)
            for port, marks in zip(body.inputs, given, strict=False):
                if isinstance(port.wire, int) and marks:
                    known[port.wire] = known.get(port.wire, {}) | marks
            self.run(body.nodes, body, known, {wire: dict(marks) for wire, marks in known.items()})
            self.bodies[key] = (_gather_ends(body.inputs, body, known), _gather_ends(body.outputs, body, known))
        return self.bodies[key]

    def follow_training(self, plan: TrainPlan, padded: Iterable[str], objectives: Iterable[Objective]) -> None:
        """The model of a section on padded data, and its objectives on what is known of the outputs."""
        fields = {name: mark_field(plan, name) for name in padded}
        given = tuple(fields.get(port.name, {}) for port in plan.model.inputs)
        inputs, outputs = self.follow(plan.model, given, ())
        known = {port.name: dict(marks) for port, marks in zip(plan.model.inputs, inputs, strict=False)}
        known |= {OUTPUT + port.name: dict(marks) for port, marks in zip(plan.model.outputs, outputs, strict=False)}
        shared = {port.name for port in plan.model.inputs}  # what the objective calls by the same name
        for marks in known.values():
            for axis, status in marks.items():
                if isinstance(status, Padded) and status.body is plan.model and status.name in shared:
                    marks[axis] = replace(status, body=None)
        for objective in objectives:
            self.follow_objective(objective, fields | known)

    def follow_objective(self, objective: Objective, by_name: dict[str, dict[int, Status]]) -> None:
        body = objective.body
        known: Known = {}
        for use in reversed(objective.measurements):
            self._note_masked(use, body, known)
        self._trace(body.nodes, body, known)
        for port in body.inputs:
            if isinstance(port.wire, int) and by_name.get(port.name):
                known[port.wire] = by_name[port.name] | known.get(port.wire, {})
        self.run(body.nodes, body, known, {wire: dict(marks) for wire, marks in known.items()})
        for use in objective.measurements:
            _, drop = pass_on(use, [marks_of(known, operand, body.types) for operand in use.inputs], body)
            if drop is not None:
                self.report(use, drop, body)

    # --- back to what was padded -------------------------------------------------------------------------------------
    def _trace_body(self, body: Body, later: Ends) -> Known:
        """The wires that are padded because something made of them, element by element, is taken with a mask."""
        known: Known = {}
        for port, marks in zip(body.outputs, later, strict=False):
            if isinstance(port.wire, int):
                _note(known, port.wire, marks)
        self._trace(body.nodes, body, known)
        return known

    def _note_masked(self, use: Use, body: Body, known: Known) -> None:
        for wire, axis, padded in find_masked(use, body):
            _note(known, wire, {axis: padded})

    def _trace(self, nodes: Sequence[Node], body: Body, known: Known) -> None:
        for node in reversed(nodes):
            self._step()
            match node:
                case Apply():
                    self._note_masked(node, body, known)
                    for axis, status in _list_padded(known, node.outputs[0]):
                        for wire, at in trace_source(node, axis, body):
                            _note(known, wire, {at: status})
                case Call():
                    later = tuple(dict(_list_padded(known, wire)) for wire in node.outputs)
                    for wire, marks in zip(node.inputs, self._infer_inputs(node.body, later), strict=False):
                        _note(known, wire, marks)
                case Repeat():
                    self._trace_loop(node, body, known)
                case When():
                    self._note_same(node.outputs, node.inside, known)
                    self._note_same(node.outputs, node.otherwise, known)
                    self._trace(node.nodes, body, known)
                case Recur():
                    self._trace_time(node, body, known)

    def _infer_inputs(self, body: Body, later: Ends) -> Ends:
        key = (id(body), _make_key(later))
        if key not in self.wanted:
            self.wanted[key] = ()
            self.wanted[key] = _gather_ends(body.inputs, body, self._trace_body(body, later))
        return self.wanted[key]

    def _trace_loop(self, node: Repeat, body: Body, known: Known) -> None:
        self._note_same(node.outputs, node.results, known)
        for _ in range(LIMITS.padding_rounds):
            self._trace(node.nodes, body, known)
            self._note_same(node.inner, node.results, known)
        self._note_same(node.inner, node.carried, known)

    def _trace_time(self, node: Recur, body: Body, known: Known) -> None:
        """Each step of the outputs is made of the steps up to that one; lengths say how many steps there are."""
        marks = {axis: status for wire in node.outputs for axis, status in _list_padded(known, wire) if axis == 1}
        if node.lengths is not None:
            marks = {1: mark_steps(node, body)}
        for wire in node.sequences:
            _note(known, wire, marks)

    def _note_same(self, ones: Iterable[int], others: Iterable[Operand | None], known: Known) -> None:
        for one, other in zip(ones, others, strict=True):
            if isinstance(other, int):
                _note(known, other, dict(_list_padded(known, one)))

    # --- and on to where it is dropped -------------------------------------------------------------------------------
    def run(self, nodes: Sequence[Node], body: Body, known: Known, wanted: Known) -> None:
        """Add what is known of all results. `wanted` is what they are known to be by what follows."""
        for node in nodes:
            self._step()
            match node:
                case Apply():
                    made, drop = pass_on(node, [marks_of(known, operand, body.types) for operand in node.inputs], body)
                    self._bind(node.outputs, made, known, wanted)
                    if drop is not None:
                        self.report(node, drop, body)
                case Call():
                    self._run_call(node, body, known, wanted)
                case Repeat():
                    self._run_loop(node, body, known, wanted)
                case When():
                    self.run(node.nodes, body, known, wanted)
                    pairs = zip(node.inside, node.otherwise, strict=True)
                    self._bind(node.outputs, [_meet_either(known, pair) for pair in pairs], known, wanted)
                case Recur():
                    self._run_time(node, body, known, wanted)

    def _bind(self, outputs: Sequence[int], made: Sequence[Marks], known: Known, wanted: Known) -> None:
        """What an op says of its results comes first, then what follows from later uses."""
        for wire, marks in zip(outputs, made, strict=False):
            known[wire] = wanted.get(wire, {}) | dict(marks)

    def _run_call(self, node: Call, body: Body, known: Known, wanted: Known) -> None:
        given = tuple(dict(marks_of(known, wire, body.types)) for wire in node.inputs)
        later = tuple(wanted.get(wire, {}) for wire in node.outputs)
        self.trail.append(Place(node.span, f"in this use of `{node.body.name}`"))
        _, outputs = self.follow(node.body, given, later)
        self.trail.pop()
        self._bind(node.outputs, outputs, known, wanted)

    def _run_loop(self, node: Repeat, body: Body, known: Known, wanted: Known) -> None:
        carried = [known.get(x, {}) if isinstance(x, int) else {} for x in node.carried]
        for _ in range(LIMITS.padding_rounds):
            self._bind(node.inner, carried, known, wanted)
            self.run(node.nodes, body, known, wanted)
            carried = [known.get(x, {}) if isinstance(x, int) else {} for x in node.results]
        self._bind(node.outputs, carried, known, wanted)

    def _run_time(self, node: Recur, body: Body, known: Known, wanted: Known) -> None:
        """A step knows those before it, so padding behind does no harm, but the last state has gone through it."""
        found = [known.get(wire, {}).get(1) for wire in node.sequences]
        padded = next((status for status in found if isinstance(status, Padded)), None)
        marks: dict[int, Status] = {} if padded is None else {1: padded}
        if padded and node.lengths is None and (node.reverse or _is_read(body, node.finals)):
            self.report(node, Drop(found.index(padded), 1, padded), body)
            marks = {1: CLEAN}
        if node.lengths is not None:
            marks = {1: mark_steps(node, body)}
        self._bind(node.outputs, [marks] * len(node.outputs), known, wanted)

    # --- words -------------------------------------------------------------------------------------------------------
    def report(self, use: Apply | Measurement | Recur, drop: Drop, body: Body) -> None:
        """Note a use that takes padding for elements."""
        takes = ("lengths",) if isinstance(use, Recur) else mask_inputs(use.op)
        inputs = use.sequences if isinstance(use, Recur) else use.inputs
        kind, padded = body.types[inputs[drop.place]], drop.padded  # type: ignore[index]
        self._note_problem(
            (id(body), inputs[drop.place], drop.axis),
            PROBLEMS[drop.how](
                at=use.span,
                op=use.layer_name if isinstance(use, Recur) else getattr(use.op, "symbol", "") or use.op.op_name(),
                takes=takes[0] if takes else "",
                type=str(kind),
                axis=drop.axis,
                size=str(kind.shape[drop.axis]),
                rank=kind.rank,
                says=padded.says(body),
                masked=padded.place,
                by_length=padded.by_length,
                told=body.names.get(drop.told, "") if drop.told is not None else "",
                filler="" if isinstance(use, Recur) else use.op.filler or "",
                trail=tuple(reversed(self.trail)),
            ),
        )

    def _note_problem(self, taken: Any, problem: PaddingTaken) -> None:
        """One more problem, or one more place of an earlier one: where the same repair of the same tensor helps another branch too."""
        from netspec.proofs.mask_repairs import propose_telling  # few specs have these problems

        key = (type(problem), problem.help(), taken)
        number = self.places.setdefault(key, len(self.problems))
        ways = propose_telling(problem)
        if number == len(self.problems):
            self.problems.append(replace(problem, ways=ways))
        elif problem.at not in ((first := self.problems[number]).at, *first.others):
            both = (join_repairs([first.ways[0], ways[0]]),) if first.ways and ways else ()
            self.problems[number] = replace(first, others=(*first.others, problem.at), ways=both)


def mark_steps(node: Recur, body: Body) -> Padded:
    """The steps of a recurrence that is told how many of them count."""
    name = body.names.get(node.lengths, "") if node.lengths is not None else ""
    return Padded(Place(node.span, SAYS_LENGTHS), name, body, True, lengths=node.lengths)


def mark_field(plan: TrainPlan, name: str) -> dict[int, Status]:
    place = Place(plan.data.span, f"`{LENGTH}` counts what each `{name}` has; a batch is padded to the longest")
    return {1: Padded(place, LENGTH, by_length=True)}


# --- what is known ---------------------------------------------------------------------------------------------------
def _note(known: Known, wire: int, marks: Marks) -> None:
    """Add what is known by an earlier use, which comes later on the way back."""
    if marks:
        known[wire] = known.get(wire, {}) | dict(marks)


def _list_padded(known: Known, wire: int) -> list[tuple[int, Status]]:
    return [(axis, status) for axis, status in known.get(wire, {}).items() if isinstance(status, Padded)]


def _meet_either(known: Known, pair: Iterable[Operand | None]) -> dict[int, Status]:
    """What may be: padded, where one of them is."""
    made: dict[int, Status] = {}
    for operand in pair:
        for axis, status in known.get(operand, {}).items() if isinstance(operand, int) else ():
            made[axis] = status if isinstance(status, Padded) else made.get(axis, status)
    return made


def _gather_ends(ports: Sequence[Any], body: Body, known: Known) -> Ends:
    return tuple(dict(marks_of(known, port.wire, body.types)) for port in ports)


def _make_key(ends: Ends) -> tuple[Any, ...]:
    """What two visits of a body must have in common to find the same."""
    return tuple(tuple(sorted((axis, _name_status(status)) for axis, status in marks.items())) for marks in ends)


def _name_status(status: Status) -> str:
    if isinstance(status, str):
        return status
    return "zeroed" if isinstance(status, Zeroed) else "moved" if status.moved else "padded"


def _is_read(body: Body, wires: Sequence[int]) -> bool:
    """Does anything of the body read one of these?"""
    return not DefUse.of(body).readers.keys().isdisjoint(wires)
