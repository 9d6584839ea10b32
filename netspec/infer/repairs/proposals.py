"""Proposes repairs for problems of shapes by their kind, in the order of preference; which one holds is tried on the whole file."""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Iterator
from itertools import islice

from netspec.diagnostics.base import Diagnostic, Place, Repair
from netspec.diagnostics.calls.inputs import InputMismatch, WrongDtype, WrongRank
from netspec.diagnostics.shapes.attention import UnequalFeatures, UnevenHeads
from netspec.diagnostics.shapes.axes import AxisNotOne, NotAPermutation, ReshapeCount, ReshapeRemainder
from netspec.diagnostics.shapes.expansion import FreeParameter
from netspec.diagnostics.shapes.operands import InnerDims, UnequalDims, UnequalDtypes, WrongOperand
from netspec.diagnostics.shapes.parts import UnequalParts, UnequalSplit
from netspec.diagnostics.shapes.patterns import EinsumDims, PatternSize
from netspec.diagnostics.shapes.proofs import TypeMismatch
from netspec.diagnostics.shapes.sizes import AxisOutOfRange, UnevenGroups, UnprovenSize
from netspec.diagnostics.shapes.windows import OnlyPadding, WindowTooLarge
from netspec.infer.frame import Frame
from netspec.infer.repairs import axes, claims, equal_sides, windows
from netspec.infer.repairs.claims import Pattern
from netspec.infer.repairs.own_arguments import accept_groups, accept_inputs
from netspec.infer.repairs.scene import Scene
from netspec.infer.values import Given
from netspec.library.base import Callable, Measure
from netspec.record import replace
from netspec.source import NOWHERE, Span

MOST = 8
"""Repairs of one problem that are worth trying."""


def with_proposals(
    frame: Frame, span: Span, op: Callable | None, given: list[Given], args: dict[str, Given], problem: Diagnostic
) -> Diagnostic:
    """The problem with what might mend it."""
    return add_proposals(Scene(frame, span, op, given, problem, args))


def with_claim(frame: Frame, span: Span, given: Given, want: Pattern | None, claimed: tuple[str, ...], problem: Diagnostic) -> Diagnostic:
    """The same for a tensor that is not as it is written."""
    scene = Scene(frame, span, None, [given], problem, {})
    scene.want, scene.claimed = want, claimed
    return add_proposals(scene)


def add_proposals(scene: Scene) -> Diagnostic:
    """The problem of a scene with what might mend it."""
    problem = scene.problem
    if isinstance(scene.op, Measure) and not isinstance(problem, UnprovenSize):  # a section knows what else it may be
        return problem
    if scene.op is not None and not isinstance(scene.op, Callable):
        return problem
    if problem.at is NOWHERE or not problem.at.source.text or not scene.frame.world.may_propose():
        return problem
    found = [repair for repair in dict.fromkeys(islice(propose(scene), MOST)) if repair.edits]
    problem = replace(problem, chain=(*problem.chain, *find_remainders(scene)))
    declared = windows.without_examples(scene, problem) if isinstance(problem, WrongRank) else None
    if declared is not None and found and found[0].edits[0].span == declared.type.span:
        problem = replace(problem, at=declared.type.span, chain=(*problem.chain, Place(problem.at, "needs an axis of examples before it")))
    own = tuple(problem.own_edits())
    return replace(problem, ways=(*found, *problem.ways, *([Repair(own, guess=problem.guesses)] if own else []))) if found else problem


def find_remainders(scene: Scene) -> list[Place]:
    """Where the sides of images that are to be equal have lost what a window left over."""
    rule = scene.problem.rule if isinstance(scene.problem, UnprovenSize) else scene.problem
    if not isinstance(rule, UnequalDims | UnequalParts):
        return []
    places: list[Place] = []
    for step in (step for side in scene.sides for step in side.line.steps if step.op is not None and step.op.over_space):
        source = step.source
        if source is None or source.rank != step.output.rank:
            continue
        for before, after in zip(source.shape[1:-1], step.output.shape[1:-1], strict=True):
            if before.is_constant and after.is_constant and after.value < before.value and before.value % after.value:
                rest = f", {before.value % after.value} left over" if before.value >= 2 * after.value else ""
                places.append(Place(step.span, f"{before} becomes {after} here{rest}"))
                break
    return list(dict.fromkeys(places))[:2]


def propose(scene: Scene) -> Iterator[Repair]:
    """What might mend a problem."""
    problem = scene.problem
    rule = problem.rule if isinstance(problem, UnprovenSize) and problem.rule is not None else problem
    if rule is not problem and isinstance(rule, WindowTooLarge):
        yield from windows.turn_channels(scene.sides[0].line)
        return
    for kind, found in PROPOSALS.items():
        if isinstance(rule, kind):
            yield from found(scene, rule)


PROPOSALS: dict[type, Function] = {
    AxisNotOne: axes.take_one,
    AxisOutOfRange: axes.other_axis,
    EinsumDims: axes.reorder_letters,
    FreeParameter: windows.pool_free_image,
    InputMismatch: claims.fit_block,
    NotAPermutation: axes.swap_two,
    OnlyPadding: accept_inputs,
    PatternSize: axes.share_axis,
    ReshapeCount: axes.keep_count,
    ReshapeRemainder: axes.leave_no_remainder,
    TypeMismatch: claims.keep_claim,
    UnequalDtypes: claims.join_dtypes,
    UnequalFeatures: claims.project_features,
    UnequalSplit: axes.share_out,
    UnevenGroups: accept_groups,
    UnevenHeads: accept_inputs,
    WindowTooLarge: windows.fit_window,
    WrongDtype: claims.fit_dtype,
    WrongOperand: claims.fit_operand,
    WrongRank: windows.give_axes,
    UnequalDims: equal_sides.make_equal,
    UnequalParts: equal_sides.join_parts,
    InnerDims: equal_sides.multiply,
}
