"""Ops that keep rows apart need no number for the batch: measures are traced without one, and what is traced is lowered everywhere.

That `apply` of every other op is traced is a law (`netspec.testing.apply_laws.any_batch_is_traced`).
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import jax
import pytest

import netspec.library
from netspec.library.base import Callable, Measure
from netspec.library.shelf.index_writer import classes
from netspec.testing import apply_laws
from netspec.testing.case import Case, has_apply, phases

COMPUTING: list[Any] = [cls for cls in classes() if issubclass(cls, Callable) and has_apply(cls)]
MEASURES: list[Any] = [cls for cls in COMPUTING if issubclass(cls, Measure)]
PLATFORMS = ("cpu", "cuda", "tpu")
LIBRARY = Path(netspec.library.__path__[0])


@pytest.mark.parametrize("cls", MEASURES, ids=lambda cls: f"{cls.kind}-{cls.op_name()}")
def test_a_measure_is_traced_for_any_batch(cls: type[Measure]) -> None:
    """Its values and its weights."""
    for example in cls.examples():
        apply_laws.any_batch_is_traced(Case(example))


@pytest.mark.slow
@pytest.mark.parametrize("cls", COMPUTING, ids=lambda cls: f"{cls.kind}-{cls.op_name()}")
def test_what_is_traced_for_any_batch_is_lowered_for_every_platform(cls: type[Callable]) -> None:
    cases = [Case(example, training) for example in cls.examples()[:2] for training in phases(example.op)]  # type: ignore[arg-type]
    for case in filter(apply_laws.rows_stay_apart, cases):
        size = jax.export.symbolic_shape("B")[0]
        assert jax.export.export(jax.jit(case.run_on_any), platforms=PLATFORMS)(*case.symbolic(size)).platforms == PLATFORMS


def test_most_ops_are_held_to_it() -> None:
    """Left out are only those that mix rows, or whose shapes or weights depend on the batch: for each example its own methods say so."""
    held = {cls for cls in COMPUTING if any(apply_laws.rows_stay_apart(Case(example)) for example in cls.examples())}
    assert len(held) > 0.9 * len(COMPUTING)


def types_made(function: ast.FunctionDef) -> list[int]:
    """The lines on which a function makes a type of an array's shape."""
    arrays = {a.arg for a in (*function.args.args, *function.args.kwonlyargs) if a.annotation and ast.unparse(a.annotation) == "Array"}
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and ast.unparse(node.func) == "TensorType"]
    return [call.lineno for call in calls if function.name == "apply" or any(f"{name}.shape" in ast.unparse(call) for name in arrays)]


def test_no_op_makes_a_type_of_an_array() -> None:
    """Types come with the scope: an array's shape may hold sizes that nobody knows yet."""
    found = []
    for file in sorted(LIBRARY.rglob("*.py")):
        functions = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)]
        found += [f"{file.relative_to(LIBRARY)}:{line}" for function in functions for line in types_made(function)]
    assert not found
