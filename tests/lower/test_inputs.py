"""What a program is given is checked against its types before JAX sees it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import jax
import numpy as np
import pytest

from netspec.diagnostics.running.weights import ArrayMismatch, MissingArray, UnknownInput
from netspec.diagnostics.spec_error import SpecError
from netspec.ir import Port
from netspec.lower.input_arrays import accept
from netspec.lower.precision import FULL, PRECISIONS
from netspec.shape import Dim, Facts, TensorType
from tests.lower.build import tensor
from tests.lower.models import batch, deep, program

TYPES = {"image": tensor("f32[B, 8, 8]"), "label": tensor("i32[B]")}


def problems(types: dict[str, TensorType], **given: Any) -> list[str]:
    with pytest.raises(SpecError) as caught:
        accept(types, given, FULL)
    return [d.message() for d in caught.value.diagnostics]


def test_arrays_that_fit_pass_in_the_types_of_the_spec() -> None:
    given = {"image": np.zeros((5, 8, 8)), "label": [1, 2, 3, 4, 5], "other": "left out"}
    taken = accept(TYPES, given, FULL)
    assert {k: (str(v.dtype), v.shape) for k, v in taken.items()} == {"image": ("float32", (5, 8, 8)), "label": ("int32", (5,))}
    assert accept(TYPES, given, PRECISIONS["f64"])["image"].dtype == np.float64


def test_an_array_that_fits_is_not_copied() -> None:
    image = np.zeros((5, 8, 8), np.float32)
    assert accept({"image": TYPES["image"]}, {"image": image}, FULL)["image"] is image


@pytest.mark.parametrize(
    "array, found",
    [
        (np.zeros((5, 8), np.float32), "f32[5, 8]"),
        (np.zeros((5, 8, 7), np.float32), "f32[5, 8, 7]"),
        (np.zeros((0, 8, 8), np.float32), "f32[0, 8, 8]"),
        (np.zeros((5, 8, 8), np.uint8), "u8[5, 8, 8]"),
        (np.zeros((5, 8, 8), bool), "bool[5, 8, 8]"),
        (np.zeros((5, 8, 8), np.complex64), "complex64[5, 8, 8]"),
        (np.full((5, 8, 8), "a"), "<U1[5, 8, 8]"),
    ],
)
def test_arrays_that_do_not_fit(array: np.ndarray, found: str) -> None:
    assert problems({"image": TYPES["image"]}, image=array) == [f"`image` must be f32[B, 8, 8], but it is {found}."]


def test_a_symbol_has_one_size_in_all_arrays() -> None:
    with pytest.raises(SpecError) as caught:
        accept(TYPES, {"image": np.zeros((5, 8, 8)), "label": np.zeros(4, int)}, FULL)
    (problem,) = caught.value.diagnostics
    assert isinstance(problem, ArrayMismatch)
    assert problem.message() == "`label` must be i32[B], but it is i64[4]."
    assert problem.help() == "B is 5 by the other inputs"


def test_sizes_that_are_expressions_are_checked_wherever_they_stand() -> None:
    t = Dim.symbol("T")
    types = {"pairs": TensorType("f32", [t * t, 2 * t + 1]), "x": TensorType("f32", [t])}
    accept(types, {"pairs": np.zeros((9, 7)), "x": np.zeros(3)}, FULL)
    assert problems(types, pairs=np.zeros((9, 6)), x=np.zeros(3)) == ["`pairs` must be f32[T**2, 2*T + 1], but it is f64[9, 6]."]


def test_whole_numbers_must_fit_their_type() -> None:
    assert accept({"n": tensor("u8[B]")}, {"n": np.array([0, 255])}, FULL)["n"].dtype == np.uint8
    message = "`n` must be u8[B], but it is i64[2]: its values run from 0 to 256."
    assert problems({"n": tensor("u8[B]")}, n=np.array([0, 256])) == [message]


def test_every_problem_comes_at_once() -> None:
    found = problems(TYPES, image=np.zeros((5, 8, 8), np.int32), labels=np.zeros(5))
    assert found == ["`label` is missing: i32[B].", "`image` must be f32[B, 8, 8], but it is i32[5, 8, 8]."]


def test_a_batch_without_a_field() -> None:
    p = program(deep(2))
    with pytest.raises(SpecError) as caught:
        p.train_step(p.init(), {"x": batch()["x"], "labels": batch()["label"]})
    (problem,) = caught.value.diagnostics
    assert isinstance(problem, MissingArray)
    assert (problem.field, problem.help()) == ("label", "did you mean `labels`?")


def test_weights_count_examples() -> None:
    p = program(deep(2))
    with pytest.raises(SpecError, match="`example weights` must be f32\\[B\\], but it is f64\\[7\\]"):
        p.eval_step(p.init(), {**batch(), "example weights": np.ones(7)})


def test_an_input_that_the_model_does_not_have() -> None:
    p = program(deep(2))
    with pytest.raises(SpecError) as caught:
        p.predict(p.init(), X=batch()["x"])
    (problem,) = caught.value.diagnostics
    assert isinstance(problem, UnknownInput)
    assert problem.help() == "did you mean `x`?"


def test_sizes_that_the_spec_excludes() -> None:
    types, t = {"x": tensor("f32[B, T]")}, Dim.symbol("T")
    facts = Facts().bound("T", hi=1024).divisible(t, 16)
    accept(types, {"x": np.zeros((1, 32))}, FULL, facts)
    for size, message in (
        (2048, "`T` is 2048 here, but the spec allows 16 to 1024."),
        (33, "`T` is 33 here, which a `require` of the spec excludes."),
    ):
        with pytest.raises(SpecError) as caught:
            accept(types, {"x": np.zeros((1, size))}, FULL, facts)
        assert [d.message() for d in caught.value.diagnostics] == [message]


def test_f64_needs_no_switch_but_a_trace_in_64_bits() -> None:
    p = program(deep(2), precision="f64")
    state, given = p.init(), {port.name: batch()[port.name] for port in p.model.inputs}
    assert {x.dtype.name for x in state.params.values()} == {"float64"} and not jax.config.read("jax_enable_x64")
    with pytest.raises(SpecError, match="`Deep` computes in f64, but it is called in a trace of JAX that runs in 32 bits"):
        jax.eval_shape(lambda inputs: p.apply(state, **inputs), given)


def test_the_state_of_another_model_is_refused() -> None:
    state = program(deep(2)).init()
    with pytest.raises(SpecError, match=re.escape("Block_{0:2}/dense_0/kernel is [2, 6, 6] instead of [2, 7, 7]")):
        program(deep(2, width=7)).train_step(state, batch())


def test_fields_that_nothing_reads_are_not_needed() -> None:
    p = program(deep(2))
    assert p.plan is not None
    body = p.plan.objective.body
    wide = replace(body, inputs=(*body.inputs, Port("unread", 99)), types={**body.types, 99: tensor("f32[B]")})
    p = replace(p, plan=replace(p.plan, objective=replace(p.plan.objective, body=wide)))
    p.train_step(p.init(), batch())
