"""Repairs as edits."""

from __future__ import annotations

from netspec.diagnostics.base import Edit
from netspec.diagnostics.edits import apply_edits, repair_text
from netspec.source import Span
from tests.diagnostics.samples import SampleProblem, find, source

TEXT = source("x -> dens(3) -> relo\n")


def test_edits_are_made_in_place_whatever_their_order() -> None:
    edits = [Edit(find(TEXT, "relo"), "relu"), Edit(find(TEXT, "dens"), "dense"), Edit(Span(TEXT, 0, 0), "y = ")]
    assert apply_edits(TEXT, edits) == "y = x -> dense(3) -> relu\n"


def test_the_same_edit_twice_counts_once_and_overlapping_ones_do_not_mix() -> None:
    edits = [Edit(find(TEXT, "dens"), "dense"), Edit(find(TEXT, "dens"), "dense"), Edit(find(TEXT, "ns(3)"), "!")]
    assert apply_edits(TEXT, edits) == "x -> dense(3) -> relo\n"


def test_edits_of_other_files_are_left_alone() -> None:
    other = source("abc", "other.net")
    assert apply_edits(TEXT, [Edit(Span(other, 0, 3), "")]) == TEXT.text


def test_the_edits_of_all_problems_together() -> None:
    problems = [SampleProblem(changes=(Edit(find(TEXT, t), t.upper()),)) for t in ("relo", "dens")]
    assert repair_text(TEXT, problems) == "x -> DENS(3) -> RELO\n"
