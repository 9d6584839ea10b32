"""Logical paths: how uses are counted, what labels are called in loops, and that the program stores parameters under the same names."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.compile import check
from netspec.ir.paths import count, parameters
from tests.infer.specs import body, in_model, model, problems

BLOCK = "block Two {\n  input x: f32[B, D]\n  output x -> dense(D) -> dense(D)\n}\n"


def layers(statements: str, spec: str = "") -> list[str]:
    """The paths of kernels, without the leaf."""
    return [p.removesuffix("/kernel") for p in parameters(model(spec + in_model(statements))) if p.endswith("/kernel")]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("  output y = x -> dense(8) -> relu -> dense(8)", ["dense_0", "dense_1"]),
        ("  output y = x -> a: dense(8) -> dense(8) -> b: dense(8)", ["a", "dense_0", "b"]),
        ("  for i in range(3) { x = x -> dense(8) }\n  output y = x -> dense(8)", ["dense_0", "dense_1", "dense_2", "dense_3"]),
        ("  for i in range(2) { x = x -> f: dense(8) -> dense(8) }\n  output y = x", ["f_0", "dense_0", "f_1", "dense_1"]),
        ("  for i in range(2) { for k in range(2) { x = x -> f: dense(8) } }\n  output y = x", ["f_0_0", "f_0_1", "f_1_0", "f_1_1"]),
        ("  repeat 3 { x = x -> dense(8) }\n  output y = x -> dense(8)", ["dense_0", "dense_1", "dense_2", "dense_3"]),
        ("  x = x -> dense(8)\n  repeat 2 { x = x -> dense(8) }\n  output y = x -> dense(8)", ["dense_0", "dense_1", "dense_2", "dense_3"]),
        ("  repeat 2 { x = x -> dense(8) -> dense(8) }\n  output y = x", ["dense_0", "dense_2", "dense_1", "dense_3"]),
        ("  repeat 2 { x = x -> f: dense(8) }\n  output y = x", ["f_0", "f_1"]),
        ("  repeat 0 { x = x -> dense(8) }\n  output y = x -> dense(8)", ["dense_0"]),
        (
            "  repeat 2 { repeat 3 { x = x -> dense(8) } }\n  output y = x -> dense(8)",
            ["dense_0", "dense_1", "dense_2", "dense_3", "dense_4", "dense_5", "dense_6"],
        ),
        ("  repeat 2 { repeat 2 { x = x -> f: dense(8) } }\n  output y = x", ["f_0_0", "f_0_1", "f_1_0", "f_1_1"]),
        (
            "  for i in range(2) { repeat 2 { x = x -> dense(8) -> f: dense(8) } }\n  output y = x",
            ["dense_0", "dense_1", "f_0_0", "f_0_1", "dense_2", "dense_3", "f_1_0", "f_1_1"],
        ),
        (
            "  repeat 2 { for i in range(2) { x = x -> f: dense(8) } }\n  output y = x",
            ["f_0_0", "f_1_0", "f_0_1", "f_1_1"],
        ),
        ("  shared f = dense(8)\n  output y = x -> f -> f", ["f"]),
        ("  shared f = dense(8)\n  repeat 3 { x = x -> f }\n  output y = x", ["f"]),
        (
            "  output y = x -> Two -> t: Two -> Two",
            ["Two_0/dense_0", "Two_0/dense_1", "t/dense_0", "t/dense_1", "Two_1/dense_0", "Two_1/dense_1"],
        ),
        ("  repeat 2 { x = x -> Two }\n  output y = x", ["Two_0/dense_0", "Two_1/dense_0", "Two_0/dense_1", "Two_1/dense_1"]),
    ],
)
def test_paths(statements: str, expected: list[str]) -> None:
    assert layers(statements, BLOCK if "Two" in statements else "") == expected


@pytest.mark.parametrize("outer", ["for i in range(2)", "repeat 2"])
def test_for_and_repeat_give_the_same_paths(outer: str) -> None:
    found = layers(f"  {outer} {{ x = x -> dense(8) -> f: dense(8) -> Two }}\n  output y = x", BLOCK)
    kernels = ["dense_0", "f_0", "Two_0/dense_0", "Two_0/dense_1", "dense_1", "f_1", "Two_1/dense_0", "Two_1/dense_1"]
    assert sorted(found) == sorted(kernels)


def test_weights_have_their_shapes() -> None:
    found = parameters(body("  output y = x -> dense(4) -> layer_norm"))
    assert {p: tuple(map(int, map(str, w.shape))) for p, w in found.items()} == {
        "dense_0/kernel": (8, 4),
        "dense_0/bias": (4,),
        "layer_norm_0/scale": (4,),
        "layer_norm_0/bias": (4,),
    }


def test_buffers_are_no_parameters() -> None:
    assert list(parameters(body("  output y = x -> batch_norm"))) == ["batch_norm_0/scale", "batch_norm_0/bias"]


def test_uses_are_counted_without_being_written_out() -> None:
    assert count(body("  repeat 10_000 { x = x -> dense(8) -> relu }\n  output y = x -> relu")) == 20_001
    assert count(model(BLOCK + in_model("  repeat 5 { x = x -> Two }\n  output y = x -> Two"))) == 12


@pytest.mark.parametrize(
    ("statements", "name"),
    [
        ("  output y = x -> dense(8) -> dense_0: dense(8)", "dense_0"),
        ("  for i in range(2) { x = x -> f: dense(8) }\n  output y = x -> f_1: dense(8)", "f_1"),
        ("  repeat 3 { x = x -> f: dense(8) }\n  output y = x -> f_1: dense(8)", "f_1"),
        ("  repeat 3 { x = x -> dense(8) }\n  output y = x -> dense_1: dense(8)", "dense_1"),
    ],
)
def test_two_parameters_never_share_a_path(statements: str, name: str) -> None:
    [problem] = problems(in_model(statements))
    assert (problem.slug(), problem.name, problem.what) == ("duplicate-name", name, "path")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "statements", ["  output y = x -> conv_1: dense(8) -> dense(8)", "  output y = x -> a_0: dense(8) -> b_0: dense(8)"]
)
def test_labels_with_numbers_are_fine_where_nothing_else_has_them(statements: str) -> None:
    assert len(parameters(body(statements))) == 4


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_the_program_stores_parameters_under_these_paths(name: str) -> None:
    from netspec.lower.survey import survey

    typed = check(Path(__file__).parents[2] / "models" / f"{name}.net").typed
    assert typed is not None
    for found in typed.models.values():
        stored = [path for s in survey(found).params.values() for path in s.paths]
        assert sorted(stored) == sorted(parameters(found)) and stored


@pytest.mark.parametrize(
    "statements",
    [
        "  repeat 2 { repeat 3 { x = x -> dense(8) -> f: Two } }\n  output y = x -> Two",
        "  for i in range(2) { repeat 3 { x = x -> dense(8) -> f: Two } }\n  output y = x -> Two",
        "  shared s = Two\n  repeat 3 { x = x -> s -> dense(8) }\n  output y = x -> s",
    ],
)
def test_the_program_stores_loops_under_these_paths(statements: str) -> None:
    from netspec.lower.survey import survey

    found = model(BLOCK + in_model(statements))
    stored = {path: s.slice_shape for s in survey(found).params.values() for path in s.paths}
    assert stored == {path: tuple(map(int, map(str, w.shape))) for path, w in parameters(found).items()}
