"""What drawings do not show: colours, limits, and that any span at all can be drawn."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netspec.diagnostics.base import Mistake, Place
from netspec.diagnostics.drawing.cells import visible, width
from netspec.diagnostics.drawing.text import choose_chain, render_text, summarize
from netspec.diagnostics.spec_error import SpecError
from netspec.source import Source, Span
from tests.diagnostics.drawings import DRAWINGS
from tests.diagnostics.samples import SampleProblem, SampleWarning, find, source

TEXT = source("netspec 1\nmodel M {\n  y = x\n}\n")


@pytest.mark.parametrize("name", DRAWINGS)
def test_colours_add_nothing_but_colours(name: str) -> None:
    problems = DRAWINGS[name]()
    assert re.sub(r"\x1b\[[\d;]*m", "", render_text(problems, color=True)) == render_text(problems)


def test_colours_tell_the_guilty_place_from_others() -> None:
    problem = SampleProblem(at=find(TEXT, "x"), under="guilty", others=(Place(find(TEXT, "M"), "other"),))
    drawn = render_text([problem], color=True)
    assert "\x1b[1;31m^\x1b[0m \x1b[1;31mguilty\x1b[0m" in drawn and "\x1b[1;34m-\x1b[0m \x1b[1;34mother\x1b[0m" in drawn


def test_no_problems() -> None:
    assert render_text([]) == ""


def test_a_long_message_is_cut() -> None:
    assert len(render_text([SampleProblem(says="x" * 1_000_000)])) < 2_100


def test_a_huge_line_is_drawn_quickly_and_shortly() -> None:
    huge = source("netspec 1\n" + "x" * 1_000_000 + "\n")
    problems = [SampleProblem(at=Span(huge, 500_000 + i, 500_001 + i)) for i in range(300)]
    assert len(render_text(problems)) < 300 * 400


def test_summary_counts() -> None:
    problem, warning = SampleProblem(at=find(TEXT, "x")), SampleWarning(at=find(TEXT, "y"))
    assert summarize([problem, problem]) == "2 problems in 1 file."
    assert summarize([warning, warning]) == "2 warnings in 1 file."
    assert summarize([problem, warning]) == "1 problem and 1 warning in 1 file."


def test_equal_shapes_in_a_chain_say_nothing() -> None:
    span = find(TEXT, "x")
    a, b, c = Place(span, "f32[B, 8]"), Place(span, "f32[B, 8]"), Place(span, "f32[B, 4]")
    assert choose_chain([a, b, c]) == [a, c]


def test_a_spec_error_shows_its_problems() -> None:
    error = SpecError([SampleProblem(at=find(TEXT, "x"), says="wrong.")])
    assert "error[sample-problem]: wrong." in str(error) and "3 |   y = x" in str(error)
    assert str(Mistake(SampleProblem(says="wrong."))) == "wrong."


CHARACTERS = st.text(st.sampled_from(list("ab \n\t層e\u0301\u202e\x00\U0001f600")), max_size=60)


@given(CHARACTERS, st.data())
def test_any_places_can_be_drawn(text: str, data: st.DataObject) -> None:
    """No line is wider than asked for, apart from the words behind a mark, and nothing raises."""
    offsets = st.integers(0, len(text))
    spans = data.draw(st.lists(st.tuples(offsets, offsets), min_size=1, max_size=5))
    spec = Source("m.net", text)
    at, *others = [Span(spec, min(pair), max(pair)) for pair in spans]
    drawn = render_text([SampleProblem(at=at, others=tuple(Place(s, "") for s in others))], width=30)
    line, column = spec.position(at.start)
    assert f"--> m.net:{line}:{column}\n" in drawn
    body = [row for row in drawn.split("\n") if re.match(r" *\d* \|", row)]
    assert any("^" in row for row in body) or not text
    assert all(width(row) <= 30 for row in body)


@given(st.text(max_size=30))
def test_visible_text_is_one_printable_line(text: str) -> None:
    assert all(c.isprintable() or c == "\u3000" or width(c) for c in visible(text)) and "\n" not in visible(text)
