"""Shapes that repeat what is said beside them: which are said, which are silent, and that deleting them changes no meaning."""

from __future__ import annotations

import json
import random

import pytest

from netspec.compile import check
from netspec.diagnostics.edits import repair_text
from netspec.ir.fingerprint import ir_hash
from netspec.resolve.redundant_shapes import SHAPE
from netspec.source import Source
from netspec.syntax.parser import parse
from netspec.syntax.twin import to_json


def spec(body: str, blocks: str = "") -> str:
    lines = "\n".join(f"  {line}" for line in ("input x: f32[B, 8]", *body.split("\n")))
    return f"netspec 1\n\n{blocks}model M {{\n{lines}\n}}\n"


def found(text: str, path: str = "m.net") -> list[str]:
    """The shapes that are said to be redundant; nothing else is wrong."""
    problems = check(Source(path, text)).problems
    assert {p.slug() for p in problems} <= {"redundant-shape"}, [p.message() for p in problems]
    return [" ".join(problem.at.text.split()) for problem in problems]


SILENT = {
    "behind a layer": "h = x -> dense(8) -> [B, 8]\noutput y = h -> relu",
    "in other words": "h = x -> [B, 2 * 4]\noutput y = h -> dense(1)",
    "a param of the same size": "param n: int = 8\nh = x -> [B, n]\noutput y = h -> dense(1)",
    "another axis by its name": "output y = x -> [..., 8] -> dense(1)",
    "the name stands for another tensor since": "x = x -> dense(8)\noutput y = x -> [B, 8] -> dense(1)",
    "an annotation of another name": "h: f32[B, 4] = x -> dense(4)\ng = h -> dense(4)\noutput y = g -> [B, 4] -> dense(1)",
    "in a loop that goes on": "for i in range(2) {\n  x = x -> [B, 8] -> dense(8)\n}\noutput y = x",
    "in a repeat that goes on": "repeat 2 {\n  x = x -> [B, 8] -> dense(8)\n}\noutput y = x",
    "behind a loop": "h: f32[B, 8] = x -> dense(8)\nfor i in range(2) {\n  h = h -> dense(8)\n}\noutput y = h -> [B, 8] -> dense(1)",
    "behind a phase": "h: f32[B, 8] = x -> dense(8)\nwhen train {\n  h = h -> dense(8)\n}\noutput y = h -> [B, 8] -> dense(1)",
    "a size that has changed": (
        "n = 8\nh: f32[B, n] = x -> dense(8)\nm = n\nn = 2 * n\ng = x -> dense(n)\noutput y = concat(h, g, axis=-1) -> dense(m)"
        "\nk = h\nn = m\noutput z = k -> [B, n] -> dense(1)"
    ),
    "the type of one of several": "h, g: f32[B, 4] = (x -> dense(4), x -> dense(4) -> [B, 4])\noutput y = h + g",
    "the middle of a chain": "h: f32[B, 8] = x -> dense(8) -> [B, 8] -> relu\noutput y = h",
}  # fmt: skip

SAID = {
    "an input": ("output y = x -> [B, 8] -> dense(1)", ["[B, 8]"]),
    "with another spelling": ("output y = x -> [ B,(8) ] -> dense(1_0) -> [B, 10] -> [B, 1_0]", ["[ B,(8) ]", "[B, 1_0]"]),
    "the type of a name": ("h: f32[B, 4] = x -> dense(4) -> [B, 4]\noutput y = h -> relu", ["[B, 4]"]),
    "the type of an output": ("output y: f32[B, 4] = x -> dense(4) -> [B, 4]", ["[B, 4]"]),
    "a name with a type": ("h: f32[B, 4] = x -> dense(4)\noutput y = h -> [B, 4] -> relu", ["[B, 4]"]),
    "a name whose chain ends in it": ("h = x -> dense(4) -> [B, 4]\noutput y = h -> [B, 4] -> relu", ["[B, 4]"]),
    "another name of the same tensor": ("h: f32[B, 4] = x -> dense(4)\ng = h\noutput y = g -> [B, 4] -> relu", ["[B, 4]"]),
    "an output's name": ("output h: f32[B, 4] = x -> dense(4)\noutput y = h -> [B, 4] -> relu", ["[B, 4]"]),
    "a weight": ("weight w: f32[8, 4] = normal(0.1)\noutput y = x @ (w -> [8, 4])", ["[8, 4]"]),
    "within a call": ("output y = concat(x -> [B, 8], x, axis=-1)", ["[B, 8]"]),
    "in parentheses": ("output y = ((x -> dense(8) -> [B, 8])) -> [B, 8] -> relu", ["[B, 8]"]),
    "three in a row": ("output y = x -> dense(2) -> [B, 2] -> [B, 2] -> [B, 2]", ["[B, 2]", "[B, 2]"]),
    "a static name that is bound once": ("n = 2 * 4\nh: f32[B, n] = x -> dense(n)\noutput y = h -> [B, n] -> relu", ["[B, n]"]),
    "within one pass of a loop": (
        "for i in range(2) {\n  h: f32[B, 8] = x -> dense(8)\n  x = h -> [B, 8] -> relu\n}\noutput y = x",
        ["[B, 8]"],
    ),
    "in a branch that is not taken": ("output y = if false { x -> [B, 8] -> relu } else { x -> relu }", ["[B, 8]"]),
}  # fmt: skip


@pytest.mark.parametrize("body", SILENT.values(), ids=SILENT.keys())
def test_what_says_something_is_no_problem(body: str) -> None:
    assert found(spec(body)) == []


@pytest.mark.parametrize(("body", "shapes"), SAID.values(), ids=SAID.keys())
def test_what_is_said_already_is_found_and_deleted(body: str, shapes: list[str]) -> None:
    text = spec(body)
    assert found(text) == shapes
    after = repair_text(Source("m.net", text), check(Source("m.net", text)).problems)
    assert found(after) == [] and meaning(after) == meaning(text)


def meaning(text: str) -> str:
    typed = check(Source("m.net", text)).typed
    assert typed is not None
    return ir_hash(typed)


BLOCK = "block Two {\n  input x: f32[..., D]\n  output y = x -> [..., D] -> dense(D)\n}\n\n"


def test_in_a_block_it_is_said_once_and_in_its_own_file_alone(tmp_path) -> None:
    (tmp_path / "two.net").write_text(f"netspec 1\n\n{BLOCK}")
    assert found(spec("output y = x -> Two -> Two", BLOCK)) == ["[..., D]"]
    (tmp_path / "m.net").write_text(spec("output y = x -> Two").replace("\n\n", '\n\nimport Two from "two.net"\n\n', 1))
    assert check(tmp_path / "m.net").problems == () and len(check(tmp_path / "two.net").problems) == 1


def test_a_spec_with_errors_is_not_asked() -> None:
    text = spec("output y: f32[B, 3] = x -> [B, 8] -> dense(2) -> [B, 3]")
    assert {problem.slug() for problem in check(Source("m.net", text)).problems} == {"type-mismatch"}


def test_a_remark_allows_it() -> None:
    assert found(spec("output y = x\n    -> [B, 8]  # netspec: allow redundant-shape\n    -> dense(1)")) == []
    assert found(spec("# netspec: allow redundant-shape\n  output y = x -> [B, 8] -> dense(1)")) == []


def test_in_json_too() -> None:
    text = spec("h = x -> dense(4) -> [B, 4] -> [B, 4] -> relu\noutput y: f32[B, 2] = h -> dense(2) -> [B, 2]")
    source = Source("m.json", twin(text))
    problems = check(source).problems
    assert [problem.message() for problem in problems] == [problem.message() for problem in check(Source("m.net", text)).problems]
    after = repair_text(source, problems)
    assert json.loads(after) == json.loads(twin(text.replace(" -> [B, 4] -> [B, 4]", " -> [B, 4]").replace(" -> [B, 2]", "")))


def twin(text: str) -> str:
    file, problems = parse(Source("m.net", text))
    assert file is not None and not problems
    return to_json(file)[0]


LAYOUTS = {
    "x -> [B, 8] -> relu": "x -> relu",
    "x -> [B, 8]  # eight\n    -> relu": "x  # eight\n    -> relu",
    "x\n    -> [B, 8]\n    -> relu": "x\n    -> relu",
    "x  # eight\n    -> [B, 8]\n    -> relu": "x  # eight\n    -> relu",
    "x  # eight\n    -> [B, 8] -> relu": "x  # eight\n    -> relu",
    "x\n    -> [B,\n      8] -> relu": "x\n    -> relu",
    "x ->\n    [B, 8] -> relu": "x -> relu",
    "x ->\n    [B, 8] ->\n    relu": "x ->\n    relu",
    "relu(x  # eight\n    -> [B, 8])": "relu(x  # eight\n    )",
    "x\n    # why\n    -> [B, 8]\n    -> relu": None,
    "x\n    -> [B, 8]  # why\n    -> relu": None,
}
"""What is deleted where, and nothing where a comment would lose its place."""


@pytest.mark.parametrize(("before", "after"), LAYOUTS.items())
def test_only_the_stage_goes(before: str, after: str | None) -> None:
    text = spec(f"output y = {before}")
    problems = check(Source("m.net", text)).problems
    assert [p.slug() for p in problems] == ["redundant-shape"]
    assert repair_text(Source("m.net", text), problems) == spec(f"output y = {after or before}")


def test_shapes_put_in_anywhere_again_are_found_and_leave_no_trace() -> None:
    chance = random.Random(15)
    for _ in range(12):
        layers = [chance.choice(["relu", "dense(4) -> [B, 4]", "dense(6) -> [B, 6]", "[B, 4]"]) for _ in range(5)]
        sizes, stages, wanted = ["8"], [], 0
        for layer in layers:
            size = layer[6] if layer.startswith("dense") else sizes[-1]
            if layer == "[B, 4]":  # said once more where a shape stands in front of it, or the input
                if stages and not stages[-1].endswith("]"):
                    continue
                layer, wanted = f"[B, {size}]", wanted + 1
            stages.append(layer)
            sizes.append(size)
        text = spec("output y = " + " -> ".join(["x", *stages, "dense(1)"]))
        assert len(found(text)) == wanted, text
        after = repair_text(Source("m.net", text), check(Source("m.net", text)).problems)
        assert meaning(after) == meaning(text) and found(after) == []


def test_a_row_of_hashes_behind_an_arrow_takes_no_time() -> None:
    """A pattern that can share hashes among its repetitions in many ways tries them all: 30 of them were minutes."""
    assert SHAPE.search("# a -> " + "#" * 10_000) is None and SHAPE.search("x -> # one\n  # two\n  [B, 8]")
