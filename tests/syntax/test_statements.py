"""Every statement, setting, claim and section, and where lines end."""

from __future__ import annotations

from typing import Any

import pytest

from netspec.syntax import tree
from tests.syntax.drawing import draw
from tests.syntax.texts import clean, in_model, slugs, statements


def facts(node: Any) -> tuple[Any, ...]:
    """The kind of a statement and what it says, expressions drawn."""
    names = [f for f in node.__dataclass_fields__ if f not in ("span", "comments", "blank_before", "name_span")]
    return type(node).__name__, *(_fact(getattr(node, n)) for n in names)


def _fact(value: Any) -> Any:
    if isinstance(value, tree.Body | tree.Settings):
        inside = value.statements if isinstance(value, tree.Body) else value.items
        return [facts(s) for s in inside]
    if isinstance(value, tuple):
        return tuple(_fact(v) for v in value)
    if isinstance(value, tree.Target):
        return value.name if value.type is None else f"{value.name}: {draw(value.type)}"
    if isinstance(value, tree.ParamType):
        return (value.name, _fact(value.item), value.optional) if value.item or value.optional else value.name
    if isinstance(value, tree.At):
        return f"{value.name}={draw(value.value)}"
    return draw(value) if isinstance(value, tree.Node) else value


STATEMENTS = [
    ("param heads: int", ("Param", "heads", "int", None, None)),
    ("param d: int = 512 where d % h == 0", ("Param", "d", "int", "512", "(== (% d h) 0)")),
    ("param widths: list[int]? = none", ("Param", "widths", ("list", "int", True), "none", None)),
    ("param where: bool = where where where", ("Param", "where", "bool", "where", "where")),
    ("dim T <= 1024", ("DimBound", "T", "<=", "1024")),
    ("input x: f32[..., B, 4 * D]", ("Input", "x", "f32[... B (* 4 D)]")),
    ("output x", ("Output", None, None, "x")),
    ("output (y + x) -> relu", ("Output", None, None, "(-> paren((+ y x)) relu)")),
    ("output y = x", ("Output", "y", None, "x")),
    ("output y: f32[B]", ("Output", "y", "f32[B]", "y")),
    ("output y: f32[] = x", ("Output", "y", "f32[]", "x")),
    ("weight w: f32[D, 3] = normal(0.02)", ("Weight", "w", "f32[D 3]", "normal(0.02)")),
    ("buffer b: f32[D] = zeros", ("Buffer", "b", "f32[D]", "zeros")),
    ("state h: f32[B, D] = zeros", ("State", "h", "f32[B D]", "zeros")),
    ("shared e = embed(vocab, d)", ("Shared", "e", "embed(vocab d)")),
    ("aux load = x -> mean", ("Aux", "load", "(-> x mean)")),
    ("h, _ = x -> lstm(8)", ("Binding", ("h", "_"), "(-> x lstm(8))")),
    ("y: f32[B], z: i32[] = f(x)", ("Binding", ("y: f32[B]", "z: i32[]"), "f(x)")),
    ("for i in range(3) { }", ("For", ("i",), "range(3)", [])),
    ("for i, v in list { x = v }", ("For", ("i", "v"), "list", [("Binding", ("x",), "v")])),
    ("repeat 12 as i { x = f(i) }", ("Repeat", "12", "i", [("Binding", ("x",), "f(i)")])),
    ("repeat n - 1 { }", ("Repeat", "(- n 1)", None, [])),
    ("when train { x = f(x) }", ("When", "train", [("Binding", ("x",), "f(x)")])),
    ('require a % 2 == 0, "a={a}"', ("Require", "(== (% a 2) 0)", "'a={a}'")),
    ("require a and b", ("Require", "(and a b)", None)),
    ("assume T == S", ("Assume", "(== T S)")),
    ("train = model -> serve", ("Binding", ("train",), "(-> model serve)")),
    ("for in in in { }", ("For", ("in",), "in", [])),
]


@pytest.mark.parametrize(("text", "expected"), STATEMENTS, ids=[s[0] for s in STATEMENTS])
def test_statement(text: str, expected: tuple[Any, ...]) -> None:
    (statement,) = statements(text)
    assert facts(statement) == expected
    assert statement.span.text == text


SECTIONS = [
    ('import A, B as C from "x/y.net"', ("Import", "A", "B as C", "'x/y.net'")),
    ("train M(a=1, b=[2]) as small { seed = 0 }", ("Train", "M", ("a=1", "b=[2]"), "small", [("Setting", "seed", "0", False)])),
    ("serve M { a = greedy(b) }", ("Serve", "M", (), [("Setting", "a", "greedy(b)", False)])),
    ("block A { }", ("Block", "A", [])),
    ("model A { ; ;; }", ("Model", "A", [])),
    ("param p: int = 3", ("Param", "p", "int", "3", None)),
    ("dim T < 9", ("DimBound", "T", "<", "9")),
]


@pytest.mark.parametrize(("text", "expected"), SECTIONS, ids=[s[0] for s in SECTIONS])
def test_section(text: str, expected: tuple[Any, ...]) -> None:
    (section,) = clean(f"netspec 1\n{text}\n").sections
    if isinstance(section, tree.Import):
        names = [n.name if n.alias is None else f"{n.name} as {n.alias}" for n in section.names]
        assert ("Import", *names, draw(section.path)) == expected
    else:
        assert facts(section) == expected


def test_settings() -> None:
    text = """netspec 1
train M {
  metric top = accuracy(a, b)
  let kl, _ = f(a)
  eval { every = 1 epoch; metric m = a }
  update critic { loss = a }
  shard { "**/kernel" = [_, model]
    "bias" = [model] }
  mesh = {
    data: 4,

    model: 2,
  }
}"""
    (section,) = clean(text).sections
    assert facts(section)[4] == [
        ("Metric", "top", "accuracy(a b)"),
        ("Let", ("kl", "_"), "f(a)"),
        ("Group", "eval", None, [("Setting", "every", "1 epoch", False), ("Metric", "m", "a")]),
        ("Group", "update", "critic", [("Setting", "loss", "a", False)]),
        ("Group", "shard", None, [("Setting", "**/kernel", "[_ model]", True), ("Setting", "bias", "[model]", True)]),
        ("Setting", "mesh", "{data:4 model:2}", False),
    ]


def test_claims() -> None:
    (section,) = clean("netspec 1\nexpect M(a=1) { params == 8 * 3; flops <= 30M at B=1, T=2\n state: f32[B]\n}").sections
    assert isinstance(section, tree.Expect)
    assert [facts(c) for c in section.claims] == [
        ("Claim", "params", "==", "(* 8 3)", ()),
        ("Claim", "flops", "<=", "30000000", ("B=1", "T=2")),
        ("OutputClaim", "state", "f32[B]"),
    ]


ONE_STATEMENT = [
    "y = x\n    -> f\n    -> g",
    "y = x ->\n    f",
    "y =\n    x",
    "y = a +\n    b",
    "y = a and\n\n    b",
    "y, \n z = f(x)",
    "y = f(\n    a,\n\n    b,\n  )",
    "y = [1,\n 2]",
    "y = {a: 1,\n b: 2}",
    "y = if a { b }\n    else { c }",
    "y = if a {\n    b\n\n  } else {\n    c -> f\n      -> g\n  }",
    "y = x  # one\n    # two\n    -> f\n    # three\n\n    -> g",
    "y = (if a {\n b\n } else { c })",
]


@pytest.mark.parametrize("text", ONE_STATEMENT)
def test_lines_that_go_on(text: str) -> None:
    assert len(statements(text)) == 1


def test_semicolons_and_empty_lines_end_statements() -> None:
    assert len(statements("a = x; b = x;; c = x", "", ";", "d = x;", "e = x")) == 5


def test_line_ends_of_other_systems_and_tabs() -> None:
    assert len(statements("a = x\t+\ty\t")) == 1


def test_a_name_that_is_a_keyword_elsewhere() -> None:
    assert not slugs(in_model("a = input + state(x) -> for.when", "b = f(train=1, in=2, as=3, where=4)"))
