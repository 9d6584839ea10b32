"""Finds other arguments with which an op accepts its inputs: the nearest numbers, a word, an axis that is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.shapes.sizes import UnevenGroups
from netspec.infer.repairs.arguments import with_argument, words_of, write_value
from netspec.infer.repairs.lineage import Step, is_written
from netspec.infer.repairs.literals import find_literal
from netspec.infer.repairs.rewriting import insert
from netspec.infer.repairs.scene import Scene
from netspec.library.base import Callable
from netspec.shape import Dim

FARTHEST, FURTHER = 600, 16
"""How far from the number that is written another one is looked for; and how much further, as a share and at least, when one was found."""


def accept_inputs(scene: Scene, problem: Diagnostic) -> Iterator[Repair]:
    """The call with another value for what its shape rule blames."""
    op, name = scene.op, problem.blame
    if op is None or name is None or name not in op.arguments():
        return
    now = getattr(op, name)
    last = FARTHEST
    for value in list_nearest(now, getattr(problem, "smallest", 1)) if isinstance(now, int) and not isinstance(now, bool) else []:
        if abs(value - now) > last or not scene.frame.world.may_try():
            break
        if accepts(scene, with_argument(op, name, value)):
            last = min(last, 2 * abs(value - now) + FURTHER)
            yield from write_other(scene, name, value)


def list_nearest(now: int, least: int) -> Iterator[int]:
    """Numbers in the order of their distance from one."""
    for distance in range(1, FARTHEST):
        if now - distance >= least:
            yield now - distance
        yield now + distance


def accept_groups(scene: Scene, problem: UnevenGroups) -> Iterator[Repair]:
    """As many groups as divide the features; or, of a convolution, features that the groups divide."""
    if problem.others is not None and problem.features != problem.input.shape[-1] and "features" in scene.args:
        now = getattr(scene.op, "features", None)
        for value in list_nearest(now, 1) if isinstance(now, int) else ():
            if accepts(scene, with_argument(scene.op, "features", value)):  # type: ignore[arg-type]
                yield from write_other(scene, "features", value)
                break
    yield from accept_inputs(scene, problem)


def accept_words(scene: Scene, problem: Diagnostic) -> Iterator[Repair]:
    """The call with a word such as `padding="SAME"`, with which it accepts its inputs."""
    if scene.op is None:
        return
    for name, argument in scene.op.arguments().items():
        for word in words_of(argument.annotation):
            if word != getattr(scene.op, name) and accepts(scene, with_argument(scene.op, name, word)):
                yield from write_other(scene, name, word)


def accepts(scene: Scene, op: Callable | None) -> bool:
    """The op's shape rule takes its inputs, without any further fact."""
    return own_step(scene).result(scene.facts, op) is not None


def own_step(scene: Scene) -> Step:
    """The call itself as a step."""
    inputs = tuple(g.value.type if hasattr(g.value, "type") else g.value for g in scene.given)
    kind = scene.sides[0].type
    return Step(
        scene.span, scene.op, inputs, {}, 0, kind, -1, {n: g.span for n, g in scene.args.items()}, bool(scene.sides[0].place.chained)
    )


def write_other(scene: Scene, name: str, value: Any) -> Iterator[Repair]:
    """The edit that gives an argument another value, where the present one is written."""
    text = write_value(value, str)
    if name not in scene.args:
        call = scene.span
        if not is_written(call):
            return
        inside = call.text.endswith(")")
        comma = "" if call.text[:-1].rstrip().endswith(("(", ",")) else ", "
        edit = insert(call, call.end - 1, f"{comma}{name}={text}") if inside else insert(call, call.end, f"({name}={text})")
    else:
        at = find_literal(scene.frame, scene.args[name].span) if isinstance(value, int | Dim) else scene.args[name].span
        if at is None or not is_written(at):
            return
        edit = Edit(at, text)
    start, whole = scene.span.start, scene.span.text
    own = scene.span.start <= edit.span.start and edit.span.end <= scene.span.end and edit.span.source is scene.span.source
    shown = whole[: edit.span.start - start] + edit.text + whole[edit.span.end - start :] if own else f"{name}={text}"
    where = "" if own else f", in line {edit.span.line}"
    yield Repair((edit,), f"the nearest that fits: `{shown}`{where}" if isinstance(value, int) else f"write `{shown}`", guess=True)
