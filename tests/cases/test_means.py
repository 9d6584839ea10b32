"""Means and examples, weights, classes: the cases of these kinds with their right answers, and siblings of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.diagnostics.spec_error import SpecError
from netspec.source import Source

CASES = Path(__file__).parent
RNG = np.random.default_rng(0)


def slugs(spec: str | Path) -> list[str]:
    """The problems of a spec, or of a case by its path below this folder."""
    source = Source("spec.net", spec) if isinstance(spec, str) else str(CASES / spec)
    return [problem.slug() for problem in netspec.check(source).problems]


def compiled(spec: str | Path) -> Any:
    return netspec.compile(Source("spec.net", spec) if isinstance(spec, str) else str(CASES / spec))


def refused(run: Any, *args: Any) -> Any:
    """The one problem that a call raises."""
    with pytest.raises(SpecError) as caught:
        run(*args)
    (problem,) = caught.value.diagnostics
    return problem


# --- a name has no secret meaning ------------------------------------------------------------------------------------

FISH = """netspec 1

model Fish {
  input height: f32[B]
  input weight: f32[B]
  output guess = (stack([height, weight], axis=-1) -> dense(1))[:, 0]
}

train Fish {
  data = arrays(fields={height: f32[], weight: f32[], width: f32[]}) -> batch(20)
  loss = mean_squared_error(guess, width)
  metric mae = mean_absolute_error(guess, width)
  optimizer = adam(0.05)
  duration = 5 epochs
  MORE
}
"""


def fish(count: int = 50) -> dict[str, np.ndarray]:
    height, weight = RNG.normal(size=count), RNG.normal(size=count)
    return {"height": height, "weight": weight, "width": height + weight}


def test_an_input_called_weight_is_a_field_like_any_other() -> None:
    assert slugs(Path("traps/28-input-called-weight.net")) == []
    made, data = compiled(Path("traps/28-input-called-weight.net")), fish()
    state = made.init(0)
    guess = np.asarray(made.predict(state, height=data["height"], weight=data["weight"])["guess"])
    found = made.evaluate(state, data)
    assert found["mae"] == pytest.approx(np.mean(np.abs(guess - data["width"])), rel=1e-5)


def test_a_spec_that_asks_for_weights_gets_them() -> None:
    made, data = compiled(FISH.replace("MORE", "weights = width")), fish()
    data["width"] = np.abs(data["width"])
    state = made.init(0)
    guess = np.asarray(made.predict(state, height=data["height"], weight=data["weight"])["guess"])
    wanted = np.average(np.abs(guess - data["width"]), weights=data["width"])
    assert made.evaluate(state, data)["mae"] == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("line", ["weights = nothing", "weights = 3", "weights = guess", "weights = label", "weights = [weight]"])
def test_only_a_field_of_numbers_weighs(line: str) -> None:
    spec = FISH.replace("width: f32[]}", "width: f32[], label: f32[2]}").replace("MORE", line)
    assert slugs(spec) in (["bad-setting"], ["unknown-name"])


@pytest.mark.parametrize("bad", [-1.0, -1e-9])
@pytest.mark.parametrize("whole", [True, False])
def test_negative_weights_are_refused_with_the_record(bad: float, whole: bool) -> None:
    chain = "" if whole else " -> normalize(mean=0.0, std=1.0, field=\"height\")"
    made, data = compiled(FISH.replace("-> batch", f"{chain} -> batch").replace("MORE", "weights = width")), fish()
    data["width"] = np.abs(data["width"])
    data["width"][33] = bad
    problem = refused(made.fit, data)
    assert (problem.slug(), problem.field, problem.record) == ("bad-example-weight", "width", 33)
    parts = [{name: values[:25] for name, values in data.items()}, {name: values[25:] for name, values in data.items()}]
    assert refused(made.fit, parts).record == 8


def test_weights_that_are_no_numbers_or_all_zero_are_refused() -> None:
    made, data = compiled(FISH.replace("MORE", "weights = width")), fish()
    assert refused(made.fit, {**data, "width": np.full(50, np.nan)}).slug() == "value-not-finite"
    assert refused(made.fit, {**data, "width": np.zeros(50)}).slug() == "no-example-counts"


def test_negative_numbers_of_a_field_called_weight_are_numbers() -> None:
    made = compiled(Path("traps/29-negative-example-weights.net"))
    x = RNG.normal(size=(32, 3))
    fit = made.fit({"x": x, "weight": np.full(32, -1.0), "t": x.sum(axis=1)})
    assert fit.history[-1].loss > 0
