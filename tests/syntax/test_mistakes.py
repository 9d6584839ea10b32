"""Labelled mistakes by example: `«»` marks the offending token, and it gets this class and no other problem is reported."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from netspec.diagnostics.base import Diagnostic
from netspec.source import Source
from netspec.syntax import problems
from netspec.syntax.parser import parse, parse_as_meant
from tests.problems.pages import specs
from tests.syntax.texts import in_model, read

IN_MODEL = [
    ("StageNeedsParentheses", "y = x -> f «+» b"),
    ("StageNeedsParentheses", "y = x -> f(1) «*» b"),
    ("StageNeedsParentheses", "y = g(x -> f «-» b)"),
    ("StageNeedsParentheses", "y = x -> f «[»0]"),
    ("StageNeedsParentheses", "y = x -> f «and» b"),
    ("StageIsNoCall", "y = x -> «(»f)"),
    ("StageIsNoCall", "y = x -> «3»"),
    ("StageIsNoCall", 'y = x -> «"f"»'),
    ("ForeignOperator", "y = x «- >» f"),
    ("ForeignOperator", "y = a «&&» b"),
    ("ForeignOperator", "y = a «||» b"),
    ("ForeignOperator", "y = «!»a"),
    ("ForeignOperator", "y = a «^» 2"),
    ("ForeignOperator", "y = a «→» f"),
    ("ForeignOperator", "x «+=» 1"),
    ("ForeignConstant", "y = f(bias=«True»)"),
    ("ForeignConstant", "y = «None»"),
    ("ForeignKeyword", "«def» f(x):"),
    ("ForeignKeyword", "«return» x"),
    ("ForeignKeyword", "«let» y = x"),
    ("ForeignKeyword", "«while» a { }"),
    ("ForeignKeyword", "y = if a { b } «elif» c { d } else { e }"),
    ("ForeignKeyword", 'require a, «f»"text"'),
    ("ForeignComment", "«//» text"),
    ("ForeignComment", '«"text"»'),
    ("WrongQuotes", "y = f(«'a'»)"),
    ("WrongQuotes", "y = f(«“a”»)"),
    ("BareComprehension", "y = max(2 * i «for» i in range(3))"),
    ("MissingShape", "input x: «f32»(B, 8)"),
    ("BareComprehension", "y = sum(i «for» i in sizes)"),
    ("BareComprehension", "y = {k: i «for» i in sizes}"),
    ("BareComprehension", "y = [i, i «for» i in sizes]"),
    ("MissingOperand", "y = [«for» i in sizes]"),
    ("UnexpectedWord", "y = [i for i «[»1]]"),
    ("TrailingIf", "y = [i «if» i > 1 for i in sizes]"),
    ("ForeignKeyword", "«let» f(a: int) = a"),
    ("OneOutput", "output y«,» z = f(x)"),
    ("TrailingIf", "y = a «if» c else b"),
    ("IfIsAnExpression", "«if» a { x = b }"),
    ("IfIsAnExpression", "y = if a { b «=» 1 } else { c }"),
    ("MissingElse", "y = «if» a { b }"),
    ("MissingBrace", "y = if a«:» b"),
    ("MissingBrace", "for i in range(3)«:»"),
    ("MissingBrace", "repeat 3 as «i»"),
    ("EqualsInCondition", "y = if a «=» b { c } else { d }"),
    ("EqualsInCondition", "require a «=» b"),
    ("EqualsInCondition", "param a: int where a «=» 3"),
    ("ChainedComparison", "require a < b «<» c"),
    ("ChainedComparison", "y = f(a == b «==» c)"),
    ("MissingSemicolon", "y = x -> f(4) «output» z = y"),
    ("MissingSemicolon", "y = a «repeat» 3 { y = f(y) }"),
    ("WrongBracket", "y = [4, 8«)»"),
    ("WrongBracket", "y = (a + b«]» -> f"),
    ("WrongBracket", "y = f(a, b«]»"),
    ("ReservedWord", "«state» = x"),
    ("ReservedWord", "«input»: f32[B]"),
    ("ReservedWord", "input «if»: f32[B]"),
    ("ReservedWord", "«not» = x"),
    ("MissingName", "«output» = x"),
    ("MissingName", "«param»"),
    ("MissingName", '«weight»("w", f32[8, 3])'),
    ("MissingName", "«aux»(x)"),
    ("MissingName", "«buffer» [3]"),
    ("MissingType", "param «size» = 3"),
    ("MissingType", "input «x»"),
    ("MissingType", "weight «w» = zeros"),
    ("MissingShape", "input x: «f32»"),
    ("MissingShape", "y: «f32» = x"),
    ("MissingValue", "weight w: f32[B«]»"),
    ("MissingValue", "shared «e»"),
    ("MissingEquals", "h «x» -> f"),
    ("MissingEquals", "shared e «embed»(3)"),
    ("MissingSemicolon", "a = x «b» = x"),
    ("MissingSemicolon", "repeat 2 { x = f(x) } «b» = x"),
    ("UnboundValue", "«x» -> f"),
    ("UnboundValue", "«f»(x)"),
    ("InvalidTarget", "x«[»0] = 3"),
    ("InvalidTarget", "x«.»y = 3"),
    ("InvalidTarget", "«(»a, b) = f(x)"),
    ("ColonForEquals", "y = f(a«:» 3)"),
    ("EqualsInDict", "y = {a «=» 3}"),
    ("MissingComma", "y = f(a «b»)"),
    ("MissingComma", "y = f(1 «k»=2)"),
    ("MissingComma", "y = [1 «2»]"),
    ("MissingOperand", "y «=»"),
    ("MissingOperand", "y = a «+»"),
    ("MissingOperand", "y = f(a«,», b)"),
    ("MissingOperand", "y = x «->»"),
    ("MissingOperand", "y = a «*» * b"),
    ("MissingOperator", "y = x «relu»"),
    ("PositionalAfterNamed", "y = f(a=1, «2»)"),
    ("UnknownUnit", "y = f(10 «batches»)"),
    ("BadNumber", "y = «1__0»"),
    ("BadNumber", "y = «1.»"),
    ("BadNumber", "y = «12abc»"),
    ("BadNumber", "y = «0x1F»"),
    ("BadNumber", "y = «1e999»"),
    ("BadEscape", 'y = "a«\\d»b"'),
    ("BadEscape", 'y = "a«\\ud800»b"'),
    ("UnclosedString", 'y = f(«"abc, 3)»'),
    ("UnclosedBracket", "y = f«(»a"),
    ("StrayBracket", "y = f(a)«)»"),
    ("UnknownCharacter", "y = x «$» 3"),
    ("UnknownCharacter", "y = «naïve»"),
    ("NestedSection", "«block A» { }"),
    ("TooLarge", "y = «1234567890123456789»"),
    ("ForeignLoop", "«for i of x» { }"),
    ("LayerCalledTwice", "y = «dense(3)(x)»"),
    ("OperatorFirst", "y = x\n    «*» a"),
    ("MissingArrow", "y = a\n    «f»(3)"),
    ("TrailingComma", "y = a«,»"),
]
IN_FILE = [
    ("MissingVersion", "«model» M { }\n"),
    ("MissingVersion", "«»"),
    ("BadVersion", "«netspec»\nmodel M { }\n"),
    ("BadVersion", "«netspc 1»\nmodel M { }\n"),
    ("UnknownSection", "netspec 1\n«modle» M { }\n"),
    ("UnknownSection", "netspec 1\n«class» Net { input x: f32[B] }\n"),
    ("ForeignKeyword", "netspec 1\ntrain M {\n  «param» n: int = 3\n}\n"),
    ("OutsideSection", "netspec 1\n«x» = 3\ny = 4\n"),
    ("ParametersInHeader", "netspec 1\nblock A«(»a) { }\n"),
    ("MissingName", "netspec 1\n«model» { }\n"),
    ("MissingName", "netspec 1\n«let» (v: float) = v\n"),
    ("BadFunction", "netspec 1\nlet f «=» 3\n"),
    ("BadFunction", "netspec 1\n«let» f(a, b) = a\n"),
    ("BadFunction", "netspec 1\n«let» f(a: int, b) = a\n"),
    ("BadFunction", "netspec 1\nlet f(a: int) = { a «+» 1 }\n"),
    ("BadFunction", "netspec 1\nlet f(a: int) «->» int = 3\n"),
    ("BadFunction", "netspec 1\n«def» f(a: int) = 3\n"),
    ("MissingBrace", "netspec 1\nmodel «M»\n"),
    ("MissingBrace", "netspec 1\nmodel «M»\n  input x: f32[B]\n}\n"),
    ("BadImport", 'netspec 1\nimport «"a.net"»\n'),
    ("ColonForEquals", "netspec 1\ntrain M { loss«:» a }\n"),
    ("MissingValue", "netspec 1\ntrain M { «shuffle» }\n"),
    ("MissingEquals", "netspec 1\ntrain M { loss «a» }\n"),
    ("EqualsInCondition", "netspec 1\nexpect M { params «=» 3 }\n"),
]
MEANT = [
    ("ListMethod", "«fs.append»(x)"),
    ("ListMethod", "y = «fs.pop()»"),
    ("TensorMethod", "y = «a.mean(1)»"),
    ("LibraryName", "y = «nn.relu»(a)"),
]
"""What can be read, and is a problem of the text for a check alone."""


def _check(label: str, marked: str, parse: Callable[[Source], tuple[object, list[Diagnostic]]] = parse) -> None:
    start, end = marked.index("«"), marked.index("»") - 1
    text = marked.replace("«", "").replace("»", "")
    _, found = parse(Source("m.net", text))
    assert [type(p).__name__ for p in found] == [label], [p.message() for p in found]
    (problem,) = found
    assert (problem.at.start, problem.at.text) == (start, text[start:end])
    assert problem.message().endswith((".", "`", "?")) and problem.help() != ""
    assert all(place.text for place in problem.places())


@pytest.mark.parametrize(("label", "line"), IN_MODEL, ids=[f"{c}: {t}" for c, t in IN_MODEL])
def test_mistake_in_a_model(label: str, line: str) -> None:
    _check(label, in_model("a = 1", line, "c = 1"))


@pytest.mark.parametrize(("label", "line"), MEANT, ids=[f"{c}: {t}" for c, t in MEANT])
def test_mistake_of_what_can_be_read(label: str, line: str) -> None:
    _check(label, in_model("a = 1", "fs = [a]", line, "c = 1"), parse_as_meant)


@pytest.mark.parametrize(("label", "text"), IN_FILE, ids=[f"{c}: {t!r}" for c, t in IN_FILE])
def test_mistake_in_a_file(label: str, text: str) -> None:
    _check(label, text)


FROM_BYTES = {"InvalidEncoding", "ForbiddenCharacter"}
"""What stands in the bytes of a file, and is gone from the text that is parsed."""


def _classes() -> list[type[Diagnostic]]:
    import importlib

    modules = [importlib.import_module(family) for family in problems.FAMILIES]
    return [
        c for m in modules for c in vars(m).values() if isinstance(c, type) and issubclass(c, Diagnostic) and c.__module__ == m.__name__
    ]


def test_every_class_has_a_labelled_example() -> None:
    assert {c.__name__ for c in _classes()} == {label for label, _ in IN_MODEL + IN_FILE + MEANT} | FROM_BYTES | {"NewerVersion"}


@pytest.mark.parametrize("cls", [c for c in _classes() if c.__name__ not in FROM_BYTES], ids=lambda c: c.slug())
def test_the_examples_of_its_page(cls: type[Diagnostic]) -> None:
    for role in ("bad", "repaired", "good"):
        for slug, text in specs(role):
            if slug == cls.slug():
                _, found = parse_as_meant(Source("m.net", text))
                assert {type(p) for p in found} == ({cls} if role == "bad" else set())


REPAIRS = [
    ("y = a && b", "y = a and b"),
    ("y = !a", "y = not a"),
    ("y = f(bias=True)", "y = f(bias=true)"),
    ("y = f('a\"b')", 'y = f("a\\"b")'),
    ("require a = b", "require a == b"),
    ("require a < b < c", "require a < b and b < c"),
    ("param size = 3", "param size: int = 3"),
    ("param size = 0.5", "param size: float = 0.5"),
    ("h x -> f", "h = x -> f"),
    ("a = x b = x", "a = x ; b = x"),
    ("y = f(a: 3)", "y = f(a= 3)"),
    ("y = {a = 3}", "y = {a : 3}"),
    ("y = f(a b)", "y = f(a, b)"),
    ("y = 1__0", "y = 1_0"),
    ("y = .5", "y = 0.5"),
    ("y = 0x1F", "y = 31"),
    ('y = "\\d"', 'y = "\\\\d"'),
    ("y = f(a))", "y = f(a)"),
    ("// text", "# text"),
]


@pytest.mark.parametrize(("line", "after"), REPAIRS, ids=[r[0] for r in REPAIRS])
def test_repairs_are_exact(line: str, after: str) -> None:
    from netspec.diagnostics.edits import repair_text

    text = in_model(line)
    mended = repair_text(Source("m.net", text), read(text)[1])
    assert mended == in_model(after)
    assert not read(mended)[1]
