"""Leaves out what is found again: a file is looked at for each that imports it, and what is wrong in it is one problem. Floor 6."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from functools import cache

from netspec.diagnostics.base import Diagnostic
from netspec.source import NO_SOURCE, Span


def drop_repeated(paths: Sequence[str], found: Sequence[Sequence[Diagnostic]]) -> list[list[Diagnostic]]:
    """The problems of each file without those of another one's. A problem stays with the file that it stands in, where that is checked
    itself, else with the first that imports it."""
    if len(paths) < 2:
        return [list(of_file) for of_file in found]

    @cache
    def real(path: str) -> str:
        return os.path.realpath(path)

    keys = [[key_of(problem, real) for problem in of_file] for of_file in found]
    owners: dict[Hashable, int] = {}
    for number, path in enumerate(paths):
        owners |= {key: number for key, problem in zip(keys[number], found[number], strict=True) if problem.at.source.path == path}
    for number, of_file in enumerate(keys):
        for key in of_file:
            owners.setdefault(key, number)
    return [
        [problem for key, problem in zip(of_file, problems, strict=True) if owners[key] == number]
        for number, (of_file, problems) in enumerate(zip(keys, found, strict=True))
    ]


def key_of(problem: Diagnostic, real: Callable[[str], str]) -> Hashable:
    """By what two problems are the same: where they stand, what they say, and what led there. One without a place is like no other."""
    if problem.at.source is NO_SOURCE:
        return id(problem)

    def place(span: Span) -> Hashable:
        return real(span.source.path), span.start, span.end

    others = tuple((place(other.span), other.text) for other in (*problem.trail, *problem.places()))
    return problem.slug(), place(problem.at), problem.message(), others
