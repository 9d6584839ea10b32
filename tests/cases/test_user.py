"""What a user meets who follows the help: auxiliary heads, batches that mix, masks, indices, names; each with its siblings."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import netspec
from netspec.diagnostics.base import Diagnostic
from netspec.source import Source


def problems(text: str) -> list[Diagnostic]:
    return list(netspec.check(Source("spec.net", "netspec 1\n\n" + text)).problems)


def slugs(text: str) -> list[str]:
    return [problem.slug() for problem in problems(text)]


def compiled(text: str) -> Any:
    return netspec.compile(Source("spec.net", "netspec 1\n\n" + text))


# --- an auxiliary head -----------------------------------------------------------------------------------------------
DEEP = """model Deep {{
  input x: f32[B, 4]
  h = x -> dense(6) -> relu
  when train {{ output early = h -> dense(3) }}
  output logits = h -> dense(3)
}}

train Deep {{
  data = arrays(fields={{x: f32[4], label: i32[]}}, test=0.5) -> batch(8)
  {lines}
  optimizer = sgd(0.1)
  duration = 2 steps
}}
"""
LATE, EARLY = "softmax_cross_entropy(logits, label)", "softmax_cross_entropy(early, label)"


def measured(*lines: str) -> dict[str, Any]:
    """What an evaluation of the auxiliary head's model reports, by name."""
    made = compiled(DEEP.format(lines="\n  ".join(lines)))
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=(16, 4)).astype("f4"), "label": rng.integers(0, 3, 16).astype("i4")}
    return made.evaluate(made.init(0), data)


def test_a_metric_that_reads_the_head_is_left_out_as_a_whole() -> None:
    found = measured(
        f"let both = 0.5 * ({LATE} + {EARLY})",
        "let gain = accuracy(logits, label) - accuracy(early, label)",
        f"loss = {LATE} + 0.3 * {EARLY}",
        f"metric late = {LATE}",
        "metric q1 = accuracy(logits, label) - accuracy(early, label)",
        "metric q2 = 0.5 * (accuracy(logits, label) + accuracy(early, label))",
        f"metric q3 = exp({EARLY} - {LATE})",
        "metric q4 = gain",
        "metric q5 = both",
        "metric q6 = 1.0 - gain",
    )
    assert not {f"q{n}" for n in range(1, 7)} & found.keys()
    assert found["loss"] == pytest.approx(found["late"])


@pytest.mark.parametrize(
    "lines",
    [
        [f"loss = {EARLY} + {LATE} + 0.1 * {LATE}"],
        [f"loss = {LATE} + ({EARLY} + 0.1 * {LATE})"],
        [f"let all = 0.3 * {EARLY} + {LATE}", f"loss = all + 0.1 * {LATE}"],
        [f"let all = 1.1 * {LATE} - {EARLY}", "let more = all", "loss = more"],
        [f"loss = {EARLY} - ({EARLY} - 1.1 * {LATE})"],
        [f"let t = {LATE}", f"loss = 1.1 * t + 0.5 * ({LATE} + {EARLY})"],
    ],
)
def test_a_loss_keeps_its_other_terms_as_they_are(lines: list[str]) -> None:
    found = measured(*lines, f"metric late = {LATE}")
    assert found["loss"] == pytest.approx(1.1 * found["late"], rel=1e-5)


@pytest.mark.parametrize(
    "lines", [[f"loss = ({LATE} + {EARLY}) / 2"], [f"let both = {LATE} + {EARLY}", "loss = 0.5 * both"], [f"loss = log({LATE} + {EARLY})"]]
)
def test_a_loss_of_one_term_that_reads_it_is_refused(lines: list[str]) -> None:
    (problem,) = problems(DEEP.format(lines="\n  ".join(lines)))
    assert problem.slug() == "loss-only-in-training" and "loss(y, label) + 0.3 * loss(first, label)" in str(problem.help())


def test_names_of_sums_do_not_grow() -> None:
    names = [f"let a0 = {LATE} + {EARLY}", *(f"let a{n} = a{n - 1} + a{n - 1}" for n in range(1, 30))]
    assert slugs(DEEP.format(lines="\n  ".join([*names, "loss = a29"]))) == []
