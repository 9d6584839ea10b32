"""Proposes repairs where a tensor does not have the type that is written for it, or that a block or an op wants."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.diagnostics.base import Edit, Repair
from netspec.diagnostics.calls.inputs import InputMismatch, WrongDtype
from netspec.diagnostics.shapes.attention import UnequalFeatures
from netspec.diagnostics.shapes.operands import UnequalDtypes, WrongOperand
from netspec.diagnostics.shapes.proofs import TypeMismatch
from netspec.infer.repairs import adapters
from netspec.infer.repairs.arguments import STRIDE, change_arguments
from netspec.infer.repairs.lineage import Line, is_written
from netspec.infer.repairs.own_arguments import own_step
from netspec.infer.repairs.rewriting import put_around, put_before, put_behind, take_out
from netspec.infer.repairs.scene import Scene, Side
from netspec.shape import Dim, TensorType
from netspec.shape.types import shape_text

IDS, FEATURES, CLASSES = 1000, 64, 10
"""What a proposed table has; the spec's own numbers are the user's to choose."""
Pattern = tuple[Dim | None, ...]


def flatten_images(scene: Scene, line: Line, pattern: Pattern) -> Iterator[Repair]:
    """An image that should have become a row of features before the first layer that works on features."""
    for place in reversed(range(len(line.steps))):
        step = line.steps[place]
        source = step.source
        if step.op is None or source is None or source.rank <= 2 or step.op.over_space or step.is_plain:
            continue
        if len(step.output.shape) != source.rank or source.shape[:-1] != step.output.shape[:-1] or not step.stage:
            continue
        if source.rank == 3 and line.replayed(scene.facts, place, step.result(scene.facts, step.op, drop_time(source))) is not None:
            made = line.replayed(scene.facts, place, step.result(scene.facts, step.op, drop_time(source)))
            if made is not None and fits(scene, made, pattern):
                shown = f"mean(axis=1) -> {step.span.text}"
                yield Repair(
                    put_before(step, "mean(axis=1)"),
                    f"it is one for each place of the sequence: write `{shown}`, or take the last by `[:, -1]`",
                    guess=True,
                )
        flat = source.with_shape((source.shape[0], source.with_shape(source.shape[1:]).size))
        made = line.replayed(scene.facts, place, step.result(scene.facts, step.op, flat))
        if made is not None and fits(scene, made, pattern):
            shown = f"flatten -> {step.span.text}"
            yield Repair(
                put_before(step, "flatten"), f"`{step.name}` works on the last axis alone: write `{shown}` in line {step.span.line}"
            )
            return


def drop_time(kind: TensorType) -> TensorType:
    """A sequence as one vector."""
    return kind.with_shape((kind.shape[0], kind.shape[2]))


def fits(scene: Scene, made: TensorType, pattern: Pattern) -> bool:
    """The type is as written."""
    return len(pattern) == made.rank and all(
        w is None or scene.facts.normal(w) == scene.facts.normal(d) for w, d in zip(pattern, made.shape, strict=True)
    )


def keep_claim(scene: Scene, problem: TypeMismatch) -> Iterator[Repair]:
    """What makes a tensor as it is written: a missing `flatten`, or the features of its last layer where the claim names them."""
    pattern = scene.want
    if pattern is None or not scene.sides:
        return
    side = scene.sides[0]
    yield from flatten_images(scene, side.line, pattern)
    named = [d for d in scene.claimed if d.isidentifier() and d.islower()]
    in_space = len(pattern) == side.type.rank > 2 and pattern[-1] == side.type.shape[-1]
    if named or in_space:
        yield from reach_pattern(scene, side, pattern, () if named else ("padding", STRIDE))
    if in_space and None not in pattern and isinstance(problem.at.text, str) and "f32" in problem.at.text:
        yield from adapters.crop(side.place, side.type, side.type.with_shape([d for d in pattern if d is not None]))


def reach_pattern(scene: Scene, side: Side, pattern: Pattern, only: tuple[str, ...] = ()) -> Iterator[Repair]:
    """Other arguments on the way to a tensor with which it is as written."""
    names = dict(zip(pattern, scene.claimed, strict=False)) if scene.claims_here else {}
    sizes = [d for d in pattern if d is not None]
    yield from change_arguments(
        scene.facts, side.line, lambda made: fits(scene, made, pattern), sizes, lambda size: names.get(size) or scene.name(size), only
    )


def fit_block(scene: Scene, problem: InputMismatch) -> Iterator[Repair]:
    """What makes a tensor as a block wants it, or the block as the tensor is."""
    pattern, side = scene.want, scene.sides[0] if scene.sides else None
    if pattern is None or side is None or any(d is None for d in pattern):
        return
    have, want = side.type, side.type.with_shape([d if d is not None else 1 for d in pattern])
    newest = side.line.steps[0] if side.line.steps else None
    if have.rank < len(pattern) and newest is not None and newest.source is not None and newest.source.rank == len(pattern):
        yield Repair(
            take_out(newest),
            f"leave out `{newest.span.text}` in line {newest.span.line}: `{problem.op}` takes {problem.wanted}",
            guess=True,
        )
    if have.rank == 3 and have.rank > len(pattern) and problem.declared.end and have.is_float:
        rest = problem.wanted.partition("[")[2].rstrip("]").split(", ")[1:]
        if len(rest) == 1:
            meant = f"{have.dtype}[..., {rest[0]}]"
            yield Repair(
                (Edit(problem.declared, meant),), f"let `{problem.op}` take any leading axes: `{problem.input}: {meant}`", guess=True
            )
    if have.rank > len(pattern) == 2:
        yield Repair(put_behind(side.place, "flatten"), f"flatten it first: `{side.place.short} -> flatten -> {problem.op}`")
    if have.rank == len(pattern):
        yield from adapters.reorder(scene.facts, side.place, have, want)
        yield from reach_pattern(scene, side, pattern)
        if have.shape[:-1] == want.shape[:-1]:
            yield from adapters.project(side.place, have, want, str)
        yield from adapters.crop(side.place, have, want)
    else:
        yield from adapters.add_axes(scene.facts, side.place, have, want)
        yield from adapters.drop_axis(side.place, have, want)
    if have.rank == len(pattern) and problem.declared.end:
        meant = have.dtype + shape_text(have.shape)
        yield Repair((Edit(problem.declared, meant),), f"let `{problem.op}` take it: `{problem.input}: {meant}`", guess=True)


def project_features(scene: Scene, problem: UnequalFeatures) -> Iterator[Repair]:
    """A tensor of as many features as the vectors that it is compared with."""
    side = scene.sides[0]
    want = side.type.with_shape((*side.type.shape[:-1], problem.features))
    yield from adapters.project(side.place, side.type, want, lambda size: scene.name(size))


def join_dtypes(scene: Scene, problem: UnequalDtypes) -> Iterator[Repair]:
    """Whole numbers beside floats: converted, or as vectors of their classes where an axis is missing too."""
    sides = [side for side in scene.sides if side.type.is_int or side.type.dtype == "bool"]
    floats = [side for side in scene.sides if side.type.is_float]
    if not sides or not floats:
        wide = "f32" if floats else "i32"
        sides = [side for side in scene.sides if side.type.dtype != wide]
    dtype = floats[0].type.dtype if floats else "i32"
    for side in sides:
        classes = list(write_classes(side)) if floats and side.type.is_int and side.type.rank == floats[0].type.rank - 1 else []
        joins = scene.op is not None and scene.op.variadic
        yield from classes if joins else ()
        yield from convert(scene, side, dtype, floats[0] if floats else None)
        yield from () if joins else classes


def write_classes(side: Side) -> Iterator[Repair]:
    """Class numbers as vectors."""
    shown = f"one_hot({side.place.short}, {CLASSES})"
    yield Repair(
        put_around(side.place, "one_hot", str(CLASSES)), f"write `{shown}`, {CLASSES} being how many classes there are", guess=True
    )


def fit_operand(scene: Scene, problem: WrongOperand) -> Iterator[Repair]:
    """Truth values and whole numbers where an operator wants others: converted, and with the axes that they lack."""
    sides = [side for side in scene.sides if side.type == problem.operand]
    floats = [side for side in scene.sides if side.type.is_float]
    if problem.op == "/" and not floats and is_written(scene.span):
        yield Repair((Edit(scene.span, "//"),), "write `//` for whole quotients")
    for side in sides:
        dtype = floats[0].type.dtype if floats else "f32"
        yield from convert(scene, side, dtype, floats[0] if floats else None)


def convert(scene: Scene, side: Side, dtype: str, beside: Side | None) -> Iterator[Repair]:
    """A side in another element type, with the axes that it lacks beside another."""
    around = put_behind(side.place, f"cast({dtype})") if side.place.chained else put_around(side.place, "cast", dtype)
    yield Repair(around, f"convert it: `cast({side.place.short}, {dtype})`")
    items = adapters.spread(scene.facts, side.type.shape, beside.type.shape) if beside is not None else None
    if items is not None and "none" in items and not side.place.chained:
        shown = f"cast({side.place.text}, {dtype})[{', '.join(items)}]"
        yield Repair((Edit(side.place.span, shown),), f"write `{shown}`: converted, and with the axes that it lacks")


def fit_dtype(scene: Scene, problem: WrongDtype) -> Iterator[Repair]:
    """Elements of another sort: numbers that stand for words are looked up, an input of floats for ids is declared as ids."""
    side = next((s for s in scene.sides if str(s.type) == problem.found), None)
    if side is None or problem.wanted == "bool":
        return
    declared = side.line.declared if not side.line.steps else None
    if problem.wanted == "whole" and side.type.is_float and declared is not None:
        meant = f"i32{shape_text(side.type.shape)}"
        dims = declared.type.span.text.partition("[")[2]
        yield Repair((Edit(declared.type.span, f"i32[{dims}"),), f"ids are whole numbers: write `input {declared.name}: {meant}`")
    if problem.wanted == "whole" and side.type.is_float and side.line.steps:
        own = own_step(scene)
        yield Repair(take_out(own), f"leave out `{own.span.text}`: it looks whole numbers up, and these are numbers already", guess=True)
        return
    if problem.wanted == "float" and side.type.dtype == "u8":
        around = put_behind(side.place, "cast(f32)") if side.place.chained else put_around(side.place, "cast", "f32")
        yield Repair(around, f"convert it: `cast({side.place.short}, f32)`, and divide by 255 for numbers from 0 to 1")
        return
    if problem.wanted == "float" and side.type.is_int and side.type.rank > 1 and not side.type.shape[-1].is_constant:
        call = f"embed({IDS}, {FEATURES})"
        shown = f"look the ids up: `{side.place.short} -> {call}`, {IDS} being how many there are"
        yield Repair(put_behind(side.place, call), shown, guess=True)
    dtype = {"float": "f32", "whole": "i32", "bool": "bool"}.get(problem.wanted)
    if dtype is not None:
        around = put_behind(side.place, f"cast({dtype})") if side.place.chained else put_around(side.place, "cast", dtype)
        whole = side.place.short if side.place.chained or "…" not in side.place.short else " ".join(side.place.span.text.split())
        yield Repair(around, f"convert it: `cast({whole}, {dtype})`")
