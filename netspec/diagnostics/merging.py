"""Makes one problem of the same mistake at several places, which names them all and repairs them together. Floor 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netspec.diagnostics.base import Diagnostic, Place, Repair
from netspec.record import replace


def merge_alike(problems: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The problems, each mistake once, where it stands first; the other places of it are drawn, and its repair repairs them too."""
    groups: dict[object, list[Diagnostic]] = {}
    for problem in problems:
        mistake = problem.mistake()
        key = (id(problem),) if mistake is None else (problem.slug(), mistake, problem.at.source.path, *(p.span for p in problem.trail))
        groups.setdefault(key, []).append(problem)
    return [join(group) if len(group) > 1 else group[0] for group in groups.values()]


def join(group: Sequence[Diagnostic]) -> Diagnostic:
    """The first of several, with the places and repairs of the others."""
    first, *others = group
    repairs = [problem.repairs() for problem in group]
    count = max(map(len, repairs)) if all(repairs) else 0
    ways = (join_repairs([own[min(n, len(own) - 1)] for own in repairs]) for n in range(count))
    places = tuple(Place(problem.at, "here too") for problem in others if problem.at.source is first.at.source)
    return replace(first, ways=tuple(dict.fromkeys(ways)), chain=(*first.chain, *places))


def join_repairs(repairs: Sequence[Repair]) -> Repair:
    """All edits of several repairs, in the words of the first."""
    return Repair(
        tuple(dict.fromkeys(edit for repair in repairs for edit in repair.edits)), repairs[0].words, any(repair.guess for repair in repairs)
    )
