"""Proposes repairs where a window or a layer meets an image that is not as it needs it: too small, its channels in front, of free sides."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.calls.inputs import WrongRank
from netspec.diagnostics.shapes.windows import WindowTooLarge
from netspec.infer.repairs.lineage import Line, Step, is_written
from netspec.infer.repairs.own_arguments import accept_inputs, accept_words, own_step
from netspec.infer.repairs.rewriting import put_behind, put_index, take_out
from netspec.infer.repairs.scene import Scene
from netspec.shape.types import BATCH
from netspec.syntax import tree

CHANNELS = (1, 3, 4)


def fit_window(scene: Scene, problem: WindowTooLarge) -> Iterator[Repair]:
    """A window that is longer than the image."""
    line = scene.sides[0].line
    yield from turn_channels(line)
    own = own_step(scene)
    if own.is_plain and problem.size.is_constant and problem.size.value == 1:
        yield from leave_out(own)
    yield from accept_words(scene, problem)
    yield from leave_out(own) if own.is_plain else ()
    yield from accept_inputs(scene, problem)
    yield from chain.from_iterable(leave_out(step) for step in line.steps if step.is_plain and step.op is not None and step.op.over_space)


def leave_out(step: Step) -> Iterator[Repair]:
    yield Repair(
        take_out(step), f"leave out `{step.span.text}` in line {step.span.line}: the image is too small for it by then", guess=True
    )


def turn_channels(line: Line) -> Iterator[Repair]:
    """An image that is declared with its channels in front."""
    declared = line.declared
    if declared is None or not is_written(declared.type.span):
        return
    dims = [d.span.text for d in declared.type.dims]
    if (
        len(dims) not in (4, 5)
        or not dims[1].isdigit()
        or int(dims[1]) not in CHANNELS
        or (dims[-1].isdigit() and int(dims[-1]) in CHANNELS)
    ):
        return
    meant = f"{declared.type.dtype}[{', '.join([dims[0], *dims[2:], dims[1]])}]"
    yield Repair((Edit(declared.type.span, meant),), f"channels stand last here: write `input {declared.name}: {meant}`")


def without_examples(scene: Scene, problem: WrongRank) -> tree.Input | None:
    """The model's input that a tensor with one axis too few is made of, if it has no axis of examples."""
    declared = scene.sides[0].line.declared if scene.sides else None
    if declared is None or not scene.frame.of_model or problem.wanted != scene.sides[0].type.rank + 1 or not is_written(declared.type.span):
        return None
    return None if declared.type.dims and declared.type.dims[0].span.text == BATCH else declared


def give_axes(scene: Scene, problem: WrongRank) -> Iterator[Repair]:
    """A tensor with too few axes: what took them away is left out, rows of pixels are images again."""
    side = scene.sides[0]
    declared = without_examples(scene, problem)
    if declared is not None:
        meant = f"{declared.type.dtype}[{', '.join([BATCH, *(d.span.text for d in declared.type.dims)])}]"
        yield Repair((Edit(declared.type.span, meant),), f"input {declared.name}: {meant}")
    for step in side.line.steps:
        if step.is_plain and step.source is not None and step.source.rank >= problem.wanted > step.output.rank:
            yield Repair(
                take_out(step),
                f"leave out `{step.span.text}` in line {step.span.line}: `{problem.op}` needs {problem.wanted} axes",
                guess=True,
            )
    last = side.type.shape[-1] if side.type.rank == 2 else None
    if scene.op is not None and scene.op.over_space and last is not None and last.is_constant:
        for channels in (1, 3):
            width = round((last.value / channels) ** 0.5)
            if width * width * channels == last.value and width > 1:
                shape = f"[{scene.name(side.type.shape[0], side.line)}, {width}, {width}, {channels}]"
                yield Repair(
                    put_behind(side.place, f"reshape({shape})"),
                    f"make images of the rows: `{side.place.short} -> reshape({shape})`",
                    guess=True,
                )
    own = own_step(scene)
    if own.is_plain:
        yield Repair(take_out(own), f"leave out `{own.span.text}`: {side.type} has no axes for it", guess=True)
    if problem.wanted == side.type.rank + 1:
        axes = ", ".join([":"] * (side.type.rank - 1))
        yield Repair(put_index(side.place, f"{axes}, none"), f"add the axis that is missing: `{side.place.short}[{axes}, none]`")


def pool_free_image(scene: Scene, problem: Diagnostic) -> Iterator[Repair]:
    """Images of any size have no fixed number of pixels, but a mean over all of them."""
    for step in scene.sides[0].line.steps:
        if step.is_plain and step.output.rank == 2 and step.source is not None and step.source.rank in (3, 4, 5) and is_written(step.span):
            shown = f"write `global_avg_pool` for `{step.span.text}` in line {step.span.line}: images of any size have a mean"
            yield Repair((Edit(step.span, "global_avg_pool"),), shown, guess=True)
            return
