"""Data that a spec declares: types as values, the inputs that they fill, and what is said where they do not."""

from __future__ import annotations

from typing import Any

import pytest

from netspec.compile import check
from netspec.diagnostics.edits import repair_text
from netspec.infer.sections.missing_inputs import can_unify, propose_renames
from netspec.shape import TensorType
from netspec.source import Source
from tests.library.scope import parse

SPEC = """netspec 1

param width: int = 8

model M {{
  {inputs}
  output y = {first} -> flatten -> dense(1)
}}

train M {{
  data      = {data} -> shuffle -> batch(16)
  loss      = mean_squared_error(y[:, 0], {target})
  optimizer = adam(0.05)
  duration  = 3 epochs
}}
"""


def checked(data: str, inputs: tuple[str, ...] = ("x: f32[B, 8]",), target: str = "y[:, 0]") -> Any:
    lines = "\n  ".join(f"input {text}" for text in inputs)
    return check(Source("m.net", SPEC.format(inputs=lines, first=inputs[0].split(":")[0], data=data, target=target)))


def types(data: str, **others: Any) -> dict[str, str]:
    found = checked(data, **others)
    assert found.ok, [p.message() for p in found.problems]
    return {name: str(kind) for name, kind in found.typed.trains[0].data.fields.items()}


@pytest.mark.parametrize(
    ("written", "batch"),
    [
        ("i32[]", "i32[B]"),
        ("f32[T, 8]", "f32[B, T, 8]"),
        ("f32[width, 2 * 4]", "f32[B, 8, 8]"),
        ("bool[3,]", "bool[B, 3]"),
        ("u8[N]", "u8[B, N]"),
    ],
)
def test_a_type_is_a_value_where_one_is_wanted(written: str, batch: str) -> None:
    assert types(f"arrays(fields={{x: f32[8], more: {written}}})") == {"x": "f32[B, 8]", "more": batch}


def test_over_several_lines_and_in_json() -> None:
    from netspec.syntax.parser import parse as parse_text
    from netspec.syntax.printer import print_file
    from netspec.syntax.twin import parse_json, to_json

    text = SPEC.format(inputs="input x: f32[B, 8]", first="x", data="arrays(fields={\n  x: f32[8],\n  t: i32[],\n})", target="y[:, 0]")
    file, problems = parse_text(Source("m.net", text))
    assert file is not None and not problems
    printed = print_file(file)
    assert "arrays(fields={x: f32[8], t: i32[]})" in " ".join(printed.split()).replace("{ ", "{").replace(", }", "}")
    again, problems = parse_json(Source("m.json", to_json(file)[0]))
    assert again is not None and not problems and print_file(again) == printed


@pytest.mark.parametrize(
    ("fields", "slug"),
    [
        ("{x: f32[8], x2: f32[...]}", "not-static"),
        ("{x: f32[8], x2: f32[1:2]}", "not-static"),
        ("{x: f32[8], x2: f32[0]}", "size-out-of-range"),
        ("{x: f32[8], x2: f32[1.5]}", "not-static"),
        ("{x: f32[8], x2: f32[B]}", "bad-argument"),
        ("{x: f32[8], x2: f32}", "bad-argument"),
        ("{x: f32[8], x2: 3}", "bad-argument"),
        ("{}", "bad-argument"),
        ("{x: f32[8], y2: i32[], y2: i32[]}", "duplicate-name"),
        ("f32[8]", "bad-argument"),
        ("{x: f32[8], x2: f33[8]}", "unknown-name"),
        ("{x: f32[8], x2: f32[t]}", "unknown-name"),
    ],
)
def test_what_is_no_type_of_an_example(fields: str, slug: str) -> None:
    assert [p.slug() for p in checked(f"arrays(fields={fields})").problems] == [slug]


def test_a_misspelt_element_type_is_offered() -> None:
    [problem] = checked("arrays(fields={x: f33[8]})").problems
    assert "`f32`" in (problem.help() or "")


def test_a_type_elsewhere_is_an_error_in_words() -> None:
    text = "netspec 1\n\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> dense(i32[3])\n}\n"
    [problem] = check(Source("m.net", text)).problems
    assert problem.slug() == "bad-argument" and "the type `i32[3]`" in problem.message()


def test_an_unknown_dataset_lists_those_that_there_are() -> None:
    [problem] = checked("movielens()").problems
    assert problem.slug() == "unknown-name" and all(f"`{n}`" in (problem.help() or "") for n in ("arrays", "csv", "npz", "mnist"))
    [problem] = checked("arrays(fields={x: f32[8]}) -> nonsensical()").problems
    assert "`mnist`" not in (problem.help() or "") and "no transform" in problem.message()


# --- inputs that no field fills --------------------------------------------------------------------------------------


def test_all_missing_inputs_are_one_problem() -> None:
    problems = checked("digits()", ("x: f32[B, 8]", "user: i32[B]", "item: i32[B]")).problems
    [problem] = [p for p in problems if p.severity == "error"]
    assert problem.slug() == "input-not-a-field" and all(f"`{n}`" in problem.message() for n in ("x", "user", "item"))
    assert "arrays(fields={x: f32[8], user: i32[], item: i32[]})" in (problem.help() or "") and not problem.edits()


def test_own_data_are_told_to_declare_what_is_missing() -> None:
    problems = checked("arrays(fields={t: i32[]})", ("x: f32[B, 8]", "user: i32[B, 2]")).problems
    [problem] = [p for p in problems if p.severity == "error"]
    assert "`fields={x: f32[8], user: i32[2], …}`" in (problem.help() or "")


def test_a_rename_that_would_fill_them_all_is_offered_and_works() -> None:
    found = checked("arrays(fields={image: f32[8], t: f32[]})", ("picture: f32[B, 8]",), target="t")
    [problem] = found.problems
    assert '-> rename(image="picture")' in (problem.help() or "")
    assert check(Source("m.net", repair_text(found.source, found.problems))).ok


def test_a_field_that_the_loss_reads_is_not_taken_away() -> None:
    [problem] = checked("arrays(fields={score: f32[8], t: f32[]})", ("x: f32[B, 8]",), target="score[:, 0]").problems
    assert problem.slug() == "input-not-a-field" and not problem.edits()


@pytest.mark.parametrize(
    ("missing", "free", "found"),
    [
        ({"x": "f32[B, 3]"}, {"a": "f32[B, 3]"}, (("a", "x"),)),
        ({"x": "f32[B, 3]"}, {"a": "f32[B, 4]"}, ()),
        ({"x": "f32[B, N]"}, {"a": "f32[B, 4]"}, (("a", "x"),)),
        ({"x": "f32[B, 3]"}, {"a": "i32[B, 3]"}, ()),
        ({"x": "f32[B, 3]"}, {"a": "f32[B, 3]", "b": "f32[B, 3]"}, ()),
        ({"user": "i32[B]", "item": "i32[B]"}, {"users": "i32[B]", "items": "i32[B]"}, (("users", "user"), ("items", "item"))),
        ({"user": "i32[B]", "x": "f32[B, 3]"}, {"users": "i32[B]"}, ()),
        ({"user": "i32[B]", "item": "i32[B]"}, {"a": "i32[B]"}, ()),
    ],
)
def test_a_rename_is_found_only_where_it_is_clear(missing: dict[str, str], free: dict[str, str], found: tuple) -> None:
    assert propose_renames({n: parse(t) for n, t in missing.items()}, {n: parse(t) for n, t in free.items()}) == found


def test_types_that_can_be_one() -> None:
    assert can_unify(TensorType("f32", ("B", 3)), TensorType("f32", ("B", "N")))
    assert not can_unify(TensorType("f32", ("B", 3)), TensorType("f32", ("B",)))
