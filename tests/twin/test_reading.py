"""JSON that is wrong: one problem per mistake, each with its pointer; never a traceback."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from netspec.compile import check
from netspec.diagnostics.drawing.formats import FORMATS, render
from netspec.diagnostics.drawing.text import render_text
from netspec.diagnostics.edits import repair_text
from netspec.files import models_dir
from netspec.source import Source
from netspec.syntax import tree
from tests.twin.forms import below, json_of, pointers, read, read_data, slugs, statement, value

CALL = {"kind": "call", "op": "f"}
NOT_JSON = {
    "": "the end of the file",
    "{": "a key in double quotes",
    '{"netspec": 1,}': "a key in double quotes",
    '{"netspec" 1}': "`:`",
    '{"netspec": 1 "sections": []}': "`,` or `}`",
    '{"netspec": 1, "sections": []} x': "the end of the file",
    '{"netspec": NaN}': "NaN",
    '{"netspec": -Infinity}': "Infinity",
    '{"netspec": 01}': "a value",
    "{'netspec': 1}": "double quotes",
    '{"a": "b\nc"}': "line ends",
    '{"a": "\\x"}': "escapes",
    '{"a": "b': "closed",
    "# comment\n{}": "comments",
    '{"a": True}': "`true`",
}


@pytest.mark.parametrize("text", NOT_JSON)
def test_what_is_not_json(text: str) -> None:
    file, (problem,) = read(text)
    assert file is None and problem.slug() == "invalid-json" and problem.at.pointer is None
    assert NOT_JSON[text] in problem.message() + str(problem.help())


def test_words_are_counted_over_all_strings() -> None:
    """Each string alone is within the limit of a file."""
    long = "[" + "1," * 50_000 + "]"
    assert slugs(value({**CALL, "args": [long] * 5})) == ["too-large"]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"netspec": ' + "1" * 100 + "}", "[" + "1," * 500_000 + "1]"])
def test_what_is_too_large(text: str) -> None:
    assert [p.slug() for p in read(text)[1]] == ["too-large"]


WRONG: list[tuple[Any, list[str], list[str]]] = [
    ([], ["wrong-json-type"], [""]),
    ({"netspec": 1}, ["missing-key"], [""]),
    ({"sections": []}, ["missing-key"], [""]),
    ({"netspec": "1", "sections": []}, ["wrong-json-type"], ["/netspec"]),
    ({"netspec": True, "sections": []}, ["wrong-json-type"], ["/netspec"]),
    ({"netspec": 2, "sections": "?"}, ["newer-version"], ["/netspec"]),
    ({"netspec": 0, "sections": []}, ["older-version"], ["/netspec"]),
    ({"netspec": 1, "sections": {}}, ["wrong-json-type"], ["/sections"]),
    ({"netspec": 1, "sections": [3]}, ["wrong-json-type"], ["/sections/0"]),
    ({"netspec": 1, "sections": [{}]}, ["missing-key"], ["/sections/0"]),
    ({"netspec": 1, "sections": [{"kind": "input", "name": "x", "type": "f32[]"}]}, ["unknown-kind"], ["/sections/0/kind"]),
    ({"netspec": 1, "section": []}, ["unknown-key"], ["/section"]),
    (statement(kind="input", name="x", typ="f32[B]"), ["unknown-key"], ["/sections/0/body/0/typ"]),
    (statement(kind="input", name="x", type="f32[B]", colour=1), ["unknown-key"], ["/sections/0/body/0/colour"]),
    (statement(kind="input"), ["missing-key"], ["/sections/0/body/0"]),
    (statement(kind="input", name="not", type="f32[B]"), ["bad-json-text"], ["/sections/0/body/0/name"]),
    (statement(kind="input", name="a.b", type="f32[B]"), ["bad-json-text"], ["/sections/0/body/0/name"]),
    (statement(kind="input", name="n" * 200, type="f32[B]"), ["too-large"], ["/sections/0/body/0/name"]),
    (statement(kind="input", name="x", type="f32[B"), ["unclosed-bracket"], ["/sections/0/body/0/type"]),
    (statement(kind="input", name="x", type={"dtype": "f32"}), ["wrong-json-type"], ["/sections/0/body/0/type"]),
    (statement(kind="binding", targets=["input"], value="x"), ["bad-json-text"], ["/sections/0/body/0"]),
    (statement(kind="binding", targets=[], value="x"), ["wrong-json-type"], ["/sections/0/body/0/targets"]),
    (statement(kind="binding", targets=["y: f32[B,"], value="x"), ["unclosed-bracket"], ["/sections/0/body/0/targets/0"]),
    (statement(kind="output", type="f32[B]", value="x"), ["bad-json-text"], ["/sections/0/body/0"]),
    (statement(kind="dim", name="T", op="=<", bound="3"), ["bad-json-text"], ["/sections/0/body/0/op"]),
    (statement(kind="for", names=["a", "(b, 1)"], iterable="x", body=[]), ["bad-json-text"], ["/sections/0/body/0/names/1"]),
    (
        statement(kind="assume", condition="T == S", comments={"before": ["why"]}),
        ["bad-json-text"],
        ["/sections/0/body/0/comments/before/0"],
    ),
    (statement(kind="assume", condition="T == S", comments={"behind": "# why"}), ["unknown-key"], ["/sections/0/body/0/comments/behind"]),
    (statement(kind="assume", condition="T == S", blank_before=1), ["wrong-json-type"], ["/sections/0/body/0/blank_before"]),
    (value(4), ["wrong-json-type"], ["/sections/0/body/0/value"]),
    (value(None), ["wrong-json-type"], ["/sections/0/body/0/value"]),
    (value("4 *"), ["missing-operand"], ["/sections/0/body/0/value"]),
    (value("4 # four"), ["bad-json-text"], ["/sections/0/body/0/value"]),
    (value("4) -> f("), ["stray-bracket", "unclosed-bracket"], ["/sections/0/body/0/value"] * 2),
    (value("x\u202ey"), ["forbidden-character"], ["/sections/0/body/0/value"]),
    (value({**CALL, "kind": "cal"}), ["unknown-kind"], ["/sections/0/body/0/value/kind"]),
    (value({**CALL, "op": "f g"}), ["bad-json-text"], ["/sections/0/body/0/value/op"]),
    (value({**CALL, "args": "1"}), ["wrong-json-type"], ["/sections/0/body/0/value/args"]),
    (value({**CALL, "args": [1, 2.5]}), ["wrong-json-type"] * 2, [f"/sections/0/body/0/value/args/{i}" for i in (0, 1)]),
    (value({**CALL, "named": {"a b": "1"}}), ["bad-json-text"], ["/sections/0/body/0/value/named/a%20b"]),
    (value({**CALL, "named": {"a": {"kind": "call"}}}), ["missing-key"], ["/sections/0/body/0/value/named/a"]),
    (value({"kind": "chain", "head": "x", "stages": []}), ["wrong-json-type"], ["/sections/0/body/0/value/stages"]),
    (
        value({"kind": "chain", "head": "x", "stages": [{"kind": "shape", "dims": ["B", "("]}]}),
        ["unclosed-bracket"],
        ["/sections/0/body/0/value/stages/0/dims/1"],
    ),
]


@pytest.mark.parametrize(("data", "expected", "where"), WRONG, ids=lambda v: json.dumps(v)[:60] if isinstance(v, dict) else None)
def test_one_problem_per_mistake(data: Any, expected: list[str], where: list[str]) -> None:
    assert slugs(data) == expected, [p.message() for p in read_data(data)[1]]
    assert pointers(data) == where


def test_what_cannot_be_read_does_not_cascade() -> None:
    """The names it would have bound are known, and those in it count as used."""
    data = statement(kind="input", name="x", type="f32[B, 8]")
    data["sections"][0]["body"] += [
        {"kind": "binding", "targets": ["h"], "value": "x +"},
        {"kind": "output", "name": "y", "value": {"kind": "chain", "head": "h", "stages": [{"kind": "call", "op": "relu"}]}},
    ]
    assert [p.slug() for p in check(Source("m.json", json.dumps(data))).problems] == ["missing-operand"]


def test_an_error_in_a_string_points_into_it() -> None:
    text = json.dumps(value('x + relu("a\\\\" + dens(3, "é"))'), ensure_ascii=True)
    problem = next(p for p in check(Source("m.json", text)).problems if p.slug() == "unknown-name" and p.at.text == "dens")
    assert text[problem.at.start : problem.at.end] == "dens" and problem.at.pointer == "/sections/0/body/0/value"


def later(**change: Any) -> tuple[str, list[Any]]:
    body = [
        {"kind": "input", "name": "x", "type": "f32[B, 8, 8, 3]"},
        {
            "kind": "output",
            "name": "y",
            "value": {"kind": "chain", "head": "x", "stages": [{"kind": "call", "op": "conv", "args": ["4"], "named": change}]},
        },
    ]
    text = json.dumps({"netspec": 1, "sections": [{"kind": "model", "name": "M", "body": body}]}, indent=1)
    return text, list(check(Source("m.json", text)).problems)


def test_later_problems_carry_the_pointer_in_every_format() -> None:
    text, (problem,) = later(kernal="3")
    pointer = "/sections/0/body/1/value/stages/0/named/kernal"
    assert problem.slug() == "unknown-argument" and problem.at.pointer == pointer
    assert all(pointer in render([problem], format) for format in FORMATS)
    assert f"--> m.json:{problem.at.line}:{problem.at.column} (#{pointer})" in render_text([problem])
    assert check(Source("m.json", repair_text(Source("m.json", text), [problem]))).ok


def test_repairs_in_json_are_escaped() -> None:
    text, (problem,) = later(kernel="3", padding="SAME")
    assert problem.slug() == "needs-quotes"
    mended = repair_text(Source("m.json", text), [problem])
    assert '"\\"SAME\\""' in mended and check(Source("m.json", mended)).ok


def test_values_written_as_objects_are_quoted_as_the_language_has_them() -> None:
    """Messages that repeat a piece of the spec show `f(1, k=2)` and not an object."""
    file, _ = read(json_of("netspec 1\nmodel M { y = x -> [B, 4] -> f(1, k=g(2)) }"))
    assert file is not None and isinstance(file.sections[0], tree.Model)
    (binding,) = file.sections[0].body.statements
    assert isinstance(binding, tree.Binding) and isinstance(binding.value, tree.Chain)
    assert binding.value.span.text == "x -> [B, 4] -> f(1, k=g(2))"
    assert [s.span.text for s in binding.value.stages] == ["[B, 4]", "f(1, k=g(2))"]


def test_deep_nesting_is_a_problem_and_not_a_crash() -> None:
    deep: Any = "x"
    for _ in range(45):
        deep = {**CALL, "args": [deep]}
    assert slugs(value(deep)) == []
    for _ in range(40):
        deep = {**CALL, "args": [deep]}
    assert slugs(value(deep)) == ["too-large"] and check(Source("m.json", json.dumps(value(deep)))).problems
    assert slugs(value({**CALL, "args": ["(" * 50 + "x" + ")" * 50]})) == []


def mutants(rng: Random, text: str) -> str:
    """A small change of a JSON text: of its characters, or of one of its values."""
    if rng.random() < 0.3:
        place = rng.randrange(len(text))
        return text[:place] + rng.choice(["", '"', "{", "]", ",", "\\", "\u0000", "NaN", "9", "é"]) + text[place + rng.randrange(3) :]
    data = json.loads(text)
    inside = [part for part in below(data) if isinstance(part, dict | list) and part]
    chosen = rng.choice(inside)
    key = rng.choice(list(chosen) if isinstance(chosen, dict) else range(len(chosen)))
    if rng.random() < 0.3:
        del chosen[key]
    elif isinstance(chosen, dict) and rng.random() < 0.3:
        chosen[rng.choice(["kind", "name", "value", "argss", "op", "comments"])] = chosen.pop(key)
    else:
        values = [None, True, 3, -1.5, "", "x y", "f(", "1e", "-> f", '"', [], {}, ["x"], {"kind": "call"}, {"kind": "chain", "head": 1}]
        chosen[key] = rng.choice(values)
    return json.dumps(data)


def test_mutated_json_never_crashes() -> None:
    texts = [json_of(p.read_text()) for p in models_dir().glob("*.net")]
    rng = Random(7)
    for _ in range(100):
        text = mutants(rng, rng.choice(texts))
        for problem in check(Source("m.json", text)).problems:
            assert problem.at.source.path == "m.json" and 0 <= problem.at.start <= problem.at.end <= len(text), text
            render([problem], "full")
