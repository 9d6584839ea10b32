"""After a mistake reading goes on: all problems of a file in one run, and no problem that only follows from another."""

from __future__ import annotations

from typing import Any

import pytest

from netspec.syntax import tree
from tests.syntax.texts import SAMPLES, formatted, in_model, read, slugs

SEVERAL = """netspec 1
model A {
  input x: f32[B]
  y, z = x -> + 3
  for i i range(3) {
    x = x -> dense(3
    y = 1 2
  }
  output y
}
modle Foo {
  input x: f32[B]
  w =
  output x
}
train Foo(3 {
  data = x
  y = "abc
}
x = 3
y = 4

model Last { output x }
"""


def test_all_problems_in_one_run() -> None:
    file, problems = read(SEVERAL)
    assert [(p.slug(), p.at.line) for p in problems] == [
        ("stage-is-no-call", 4),
        ("unexpected-word", 5),
        ("unclosed-bracket", 6),
        ("missing-operator", 7),
        ("unknown-section", 11),
        ("missing-operand", 13),
        ("unclosed-bracket", 16),
        ("unclosed-string", 18),
        ("outside-section", 20),
    ]
    assert [type(s).__name__ for s in file.sections] == ["Model", "Model", "Hole", "Hole", "Hole", "Model"]


def test_a_hole_has_the_names_that_were_meant() -> None:
    file, _ = read(SEVERAL)
    first = file.sections[0]
    assert isinstance(first, tree.Model)
    holes = [s for s in first.body.statements if isinstance(s, tree.Hole)]
    assert [h.names for h in holes] == [("y", "z"), ("x", "y")]
    assert "x" in holes[0].mentions and isinstance(first.body.statements[-1], tree.Output)


NAMES = [
    ("a, b = $", ("a", "b")),
    ("a: f32[B] = $", ("a",)),
    ("output y = $", ("y",)),
    ("output y: f32", ("y",)),
    ("param size = 3", ("size",)),
    ("weight w: f32[B]", ("w",)),
    ("h x -> f", ("h",)),
    ("state = x", ("state",)),
    ("a = x b = x", ("a", "b")),
    ("require a = b", ()),
    ("block Half { }", ("Half",)),
]


@pytest.mark.parametrize(("line", "names"), NAMES, ids=[n[0] for n in NAMES])
def test_names_of_holes(line: str, names: tuple[str, ...]) -> None:
    (model,) = read(in_model(line))[0].sections
    assert isinstance(model, tree.Model)
    (hole,) = [s for s in model.body.statements if isinstance(s, tree.Hole)]
    assert set(names) <= set(hole.names) and (names or not hole.names)


BRACKETS = [
    ("model M {\n  for i in x {\n    y = x\n  output y\n}\n", [("unclosed-bracket", 3, 14)]),
    ("model M {\n  output y\n\nmodel N { }\n", [("unclosed-bracket", 2, 9)]),
    ("model M {\n  output y\n", [("unclosed-bracket", 2, 9)]),
    ("model M {\n  y = f(a, g(b)\n  z = 1\n}\n", [("unclosed-bracket", 3, 8)]),
    ("model M {\n  y = f(a,\n    b\n  z = 1\n}\n", [("unclosed-bracket", 3, 8)]),
    ("model M {\n  y = [1, 2\n}\nmodel N { }\n", [("unclosed-bracket", 3, 7)]),
    ("model M {\n  repeat 2 {\n    x = f(x)\n  }\n  }\n  output x\n}\n", [("stray-bracket", 6, 3)]),
    ("model M {\n  y = f(a])\n}\n", [("stray-bracket", 3, 10)]),
    ("model M {\n  y = f a)\n}\n", [("stray-bracket", 3, 10)]),
    ("model M {\n  output x\n}\n}\n", [("stray-bracket", 5, 1)]),
    ("model M\n  output x\n}\n", [("missing-brace", 2, 7)]),
    ("model M {\n  for i in x\n    y = i\n  }\n  output y\n}\n", [("missing-brace", 3, 12)]),
    ("train M(a=1 {\n  seed = 0\n}\n", [("unclosed-bracket", 2, 8)]),
    ("model M {\ninput x: f32[B]\noutput x\n\nmodel N { }\n", [("unclosed-bracket", 2, 9)]),
]


@pytest.mark.parametrize(("text", "expected"), BRACKETS, ids=[repr(b[0]) for b in BRACKETS])
def test_brackets(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert [(p.slug(), p.at.line, p.at.column) for p in read("netspec 1\n" + text)[1]] == expected


def test_an_unclosed_bracket_shows_where_it_was_noticed() -> None:
    (problem,) = read("netspec 1\nmodel M {\n  y = f(a, b\n  z = 1\n}\n")[1]
    assert [(p.span.line, p.span.text) for p in problem.places()] == [(4, "z")]


def test_an_unclosed_string_takes_no_bracket_with_it() -> None:
    assert slugs(in_model('y = f(g("abc, 3), {a: 1}) -> h', 'repeat 2 { x = f("a }', "z = 1")) == ["unclosed-string"] * 2


def test_at_most_twenty() -> None:
    text = in_model(*(f"y{i} = 1 2" for i in range(50)))
    assert slugs(text) == ["missing-operator"] * 20


def _mutations() -> list[Any]:
    """Each sample with one bracket left out, at a few places outside of strings and comments."""
    cases = []
    for path in SAMPLES:
        text = formatted(path.read_text(encoding="utf-8"))
        code = [i for i, c in enumerate(text) if c in "()[]{}" and "#" not in text[text.rfind("\n", 0, i) + 1 : i]]
        places = [i for i in code if text.count('"', 0, i) % 2 == 0]
        cases += [pytest.param(text, i, id=f"{path.stem}:{i}") for i in places[7::40]]
    return cases


@pytest.mark.parametrize(("text", "place"), _mutations())
def test_one_missing_bracket_is_one_or_two_problems(text: str, place: int) -> None:
    _, problems = read(text[:place] + text[place + 1 :])
    line = text[:place].count("\n") + 1
    assert 1 <= len(problems) <= 2
    assert any(abs(p.at.line - line) <= 3 or p.slug() == "unclosed-bracket" for p in problems)
