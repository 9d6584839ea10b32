"""Writes how a use that takes padding for elements is told what counts, in the names of its body."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netspec.diagnostics.base import Edit, Repair
from netspec.diagnostics.shapes.masks import LastIsPadding, MaskDropped, PaddingTaken
from netspec.source import Meant, Span

POOLS = {"mean": "global_avg_pool", "max": "global_max_pool"}
"""The op that does the same along the axes between the first and the last, and takes a mask."""
_LAST = re.compile(r"(\w+)\[:, -1(?:, :)?\]")
_REDUCED = re.compile(r"\w+\((?:(\w+), )?(?:axis=)?1\)")


def propose_telling(problem: PaddingTaken) -> tuple[Repair, ...]:
    """The repairs of a problem; none where what counts has no name at its place, or the place is not written as usual."""
    if not problem.says or problem.axis != 1 or isinstance(problem.at, Meant) or problem.at.source.pointers is not None:
        return ()
    return tuple(Repair((edit,), shown) for edit, shown in _propose(problem))


def _propose(problem: PaddingTaken) -> Iterator[tuple[Edit, str]]:
    at = problem.at
    if isinstance(problem, LastIsPadding):
        found = _LAST.fullmatch(at.text)
        if found is not None:
            counted = problem.says if problem.by_length else f"sum(cast({problem.says}, i32), axis=-1)"
            yield Edit(at, f"last({found[1]}, {counted})"), f"last({found[1]}, {counted})"
    elif isinstance(problem, MaskDropped) and problem.takes == "lengths":
        yield from _add(at, f"lengths={problem.says}") if problem.by_length else ()
    elif isinstance(problem, MaskDropped) and (mask := _name_mask(problem)):
        if problem.takes:
            yield from _add(at, f"{problem.takes}={mask}")
        elif problem.op in POOLS and problem.rank == 3 and (found := _REDUCED.fullmatch(at.text)) is not None:
            inside = ", ".join([*([found[1]] if found[1] else []), f"mask={mask}"])
            yield Edit(at, f"{POOLS[problem.op]}({inside})"), f"{POOLS[problem.op]}({inside})"


def _name_mask(problem: PaddingTaken) -> str:
    """The mask in the body's names; "" where it has none."""
    if not problem.by_length:
        return problem.says
    return f"iota({problem.size})[none, :] < {problem.says}[:, none]" if problem.size.isidentifier() else ""


def _add(at: Span, argument: str) -> Iterator[tuple[Edit, str]]:
    """One more argument of a call, or of an op without parentheses."""
    text = at.text
    if re.fullmatch(r"\w+", text):
        yield Edit(at, f"{text}({argument})"), f"{text}({argument})"
    elif text.endswith(")") and re.match(r"\w+\(", text):
        end = Span(at.source, at.end - 1, at.end - 1)
        more = argument if text.endswith("()") else f", {argument}"
        yield Edit(end, more), f"{text[:-1]}{more})"
