"""Elaborates arguments that differ from pass to pass of a `repeat`: every pass is checked, and the running program has the numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netspec.diagnostics.base import Place
from netspec.infer import passes
from netspec.infer.calls.construction import construct_use
from netspec.infer.frame import Frame, Passes
from netspec.infer.values import UNKNOWN, Given, OpValue, Tensor, Unknown
from netspec.library.base import Op
from netspec.library.shelf import index
from netspec.record import replace


def find_varying(frame: Frame, args: Mapping[str, Given]) -> dict[str, Tensor]:
    """The arguments whose numbers are known for each pass."""
    return {name: given.value for name, given in args.items() if passes.known(frame, given.value)} if frame.passes else {}


def list_rows(frame: Frame, args: Mapping[str, Given], varying: Mapping[str, Tensor]) -> Iterator[dict[str, Given]]:
    """The arguments in each pass, each row of numbers once. What is reported of a row is of its pass."""
    columns = {name: numbers for name, tensor in varying.items() if (numbers := passes.known(frame, tensor)) is not None}
    loops = {id(each.loop): each for each in columns.values()}
    seen = set()
    for place in range(max(len(each.values) for each in loops.values())):
        row = {name: each.values[place % len(each.values)] for name, each in columns.items()}
        if tuple(row.values()) not in seen:
            seen.add(tuple(row.values()))
            at = args[next(iter(row))].span
            frame.world.trail.append(Place(at, f"in the pass of `repeat` with the number {place}"))
            try:
                yield {**args, **{name: Given(number, args[name].span) for name, number in row.items()}}
            finally:
                frame.world.trail.pop()


def construct_varying(frame: Frame, value: OpValue, varying: Mapping[str, Tensor]) -> Op | Unknown:
    """The op as it is in the first pass; unknown after a problem in any of them, or with an argument that is the same in all."""
    taken = index.load(value.entry).by_pass
    if any(name not in taken for name in varying):
        return construct_use(frame, value)  # which says what it thinks of a tensor there
    made = [construct_use(frame, replace(value, args=row)) for row in list_rows(frame, value.args, varying)]
    return UNKNOWN if any(isinstance(op, Unknown) for op in made) else made[0]


def key_of_passes(numbers: Passes, loops: list[object]) -> tuple:
    """What tells instances apart: the numbers, and which of them go together."""
    if not any(numbers.loop is loop for loop in loops):
        loops.append(numbers.loop)
    return ("passes", numbers.values, next(place for place, loop in enumerate(loops) if loop is numbers.loop))
