"""Initial values that are computed: the numbers are those of NumPy on what the initializers draw, on the host and in a trace."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from netspec.compile import check
from netspec.diagnostics.spec_error import SpecError
from netspec.library.shelf.op_text import value_text
from netspec.lower.initial_values import generator
from netspec.lower.program import Program
from netspec.source import Source

ROW = np.linspace(1, 4, 4)
SAME: dict[str, Any] = {
    "log(linspace(1, 4))": np.log(ROW),
    "-exp(linspace(1, 4)) + 1": 1 - np.exp(ROW),
    "2 ** (linspace(1, 4) - 1)": 2 ** (ROW - 1),
    "sqrt(square(linspace(1, 4)) / 4) * abs(-ones)": ROW / 2,
    "sin(linspace(1, 4)) * cos(linspace(1, 4)) - tanh(zeros)": np.sin(ROW) * np.cos(ROW),
    "log1p(expm1(linspace(1, 4)))": ROW,
    "from_values([[log(1 + n) * sqrt(k) for n in range(4)] for k in range(3)])": np.log(ROW) * np.sqrt(np.arange(3))[:, None],
    "constant(exp(-1.0)) * square(layers)": np.full(4, 16 / np.e),
}


def initial(text: str) -> tuple[np.ndarray, np.ndarray, str]:
    """A weight's first value on the host, in a trace, and its text."""
    head = "netspec 1\n\nmodel M {\n  param layers: int = 4\n  input x: f32[B, 3]\n"
    spec = f"{head}  weight w: f32[3, 4] = {text}\n  output y = (x @ w) * layers\n}}\n"
    found = check(Source("m.net", spec))
    assert found.typed is not None and found.ok, [p.message() for p in found.problems]
    made = Program.of(found.typed)
    traced = jax.jit(made.init_traced)(jax.random.key(0))
    return np.asarray(made.init(5).params["w"]), np.asarray(traced.params["w"]), value_text(made.model.nodes[0].weight.init)  # type: ignore[union-attr]


@pytest.mark.parametrize("text", SAME)
def test_what_is_not_drawn_is_the_same_both_ways(text: str) -> None:
    host, traced, _ = initial(text)
    np.testing.assert_allclose(host, np.broadcast_to(SAME[text], (3, 4)), 2e-6)
    np.testing.assert_allclose(traced, host, 2e-6)


def test_draws_are_those_that_the_initializer_makes_alone() -> None:
    """The first draw is the one of the path; the second goes on with the same generator. The text means the same again."""
    rng = generator(5, "w")
    first, second = (rng.standard_normal((3, 4), np.float32) for _ in range(2))
    host, _, text = initial("normal(0.02) * 0.5")
    np.testing.assert_allclose(host, 0.01 * first, 1e-6)
    assert text == "normal(0.02) * 0.5"
    host, traced, text = initial("exp(normal(1.0)) - normal(1.0) / sqrt(layers)")
    np.testing.assert_allclose(host, np.exp(first) - second / 2, 1e-5)
    assert np.isfinite(traced).all() and text == "exp(normal(1.0)) - (normal(1.0) / 2.0)"
    np.testing.assert_array_equal(initial(text)[0], host)


NO_NUMBERS = {
    "log(linspace(-1, 1))": "`log` cannot fill `w` [3, 4]: element 0 of the last axis would be no number",
    "linspace(1, 16) / 0": "`/` cannot fill `w` [3, 4]: element 0 of the last axis would be infinite",
    "1 / linspace(0, 1)": "element 0 of the last axis would be infinite",
    "10 ** linspace(0, 400)": "element 1 of the last axis would be 2.154e+133, beyond f32",
    "0 / zeros": "nan is no value of f32, the element type of what `/` makes here",
    "(-1) ** linspace(0, 1)": "element 1 of the last axis would be no number",
}


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_known_to_be_no_number_is_a_problem_of_the_spec(text: str) -> None:
    (problem,) = check(Source("m.net", WEIGHT.replace("VALUE", text))).problems
    assert NO_NUMBERS[text] in problem.message() and problem.at.text == text


def test_what_is_drawn_and_comes_out_as_no_number_is_told_by_init() -> None:
    found = check(Source("m.net", WEIGHT.replace("VALUE", "log(normal(1.0))")))
    assert found.typed is not None and found.ok
    with pytest.raises(SpecError, match=r"`log` cannot fill `w` \[3, 4\]: \d of the 12 elements that are drawn") as caught:
        Program.of(found.typed).init(5)
    assert caught.value.diagnostics[0].at.text == "weight w: f32[3, 4] = log(normal(1.0))"


@pytest.mark.parametrize(
    "text", ["1 / (1 / linspace(0, 1))", "exp(-1 / linspace(0, 1))", "(-2) ** linspace(0, 3)", "tanh(1 / linspace(0, 1))"]
)
def test_an_infinite_number_on_the_way_to_one_is_none_of_it(text: str) -> None:
    assert np.isfinite(initial(text)[0]).all()


WEIGHT = "netspec 1\n\nmodel M {\n  input x: f32[B, 3]\n  weight w: f32[3, 4] = VALUE\n  output y = x @ w\n}\n"
