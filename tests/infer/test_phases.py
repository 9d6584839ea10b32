"""Outputs of blocks that exist in one phase only, and what may be done with them."""

from __future__ import annotations

import pytest

from tests.infer.elaborated import said
from tests.infer.specs import model, problems

NOISY = "block Noisy {\n  input x: f32[B, D]\n  output y = x -> dense(D)\n  when train { output noise = 0.1 * x }\n}\n"


def using(*lines: str) -> str:
    return NOISY + "model M {\n  input x: f32[B, 8]\n  y, noise = x -> Noisy\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


FINE = {
    "in the phase": ["when train { y = y + noise }", "output z = y"],
    "as an output of the model": ["output y", "output noise"],
    "as an output of the phase": ["output y", "when train { output loud = 2.0 * noise }"],
    "dropped": ["output z = y -> relu", "_ = noise"],
    "through a block of the phase": ["when train { y, _ = (y + noise) -> Noisy }", "output y"],
}
WRONG = {
    "arithmetic": (["output z = y + noise"], "+"),
    "a block": (["h, _ = noise -> Noisy", "output z = h + y"], "Noisy"),
    "another phase": (["when eval { y = y + noise }", "output z = y"], "+"),
    "carried around": (["repeat 2 { y = noise }", "output z = y"], "repeat 2 { y = noise }"),
    "an optional input": (["output z = (y[:, None] -> self_attention(2, mask=noise > 0.0))"], ">"),
}


@pytest.mark.parametrize("lines", FINE.values(), ids=FINE)
def test_what_may_be_done(lines: list[str]) -> None:
    assert [p.slug() for p in problems(using(*lines)) if p.severity == "error"] == []


@pytest.mark.parametrize(("lines", "blamed"), WRONG.values(), ids=WRONG)
def test_what_may_not(lines: list[str], blamed: str) -> None:
    assert ("only-in-phase", blamed) in said(using(*lines))


def test_the_models_output_knows_its_phase() -> None:
    assert {p.name: p.phase for p in model(using("output y", "output noise")).outputs} == {"y": None, "noise": "train"}


def test_what_is_bound_anew_in_its_phase_is_still_of_that_phase_alone() -> None:
    """In the others there is nothing that it could be."""
    text = using("when train { noise = 2.0 * noise }", "output y", "output noise")
    assert {p.name: p.phase for p in model(text).outputs} == {"y": None, "noise": "train"}
    assert ("only-in-phase", "+") in said(using("when train { noise = 2.0 * noise }", "output z = y + noise"))


def test_a_cell_has_its_outputs_in_all_phases() -> None:
    cell = "block Cell {\n  input x: f32[B, D]\n  state h: f32[B, D] = zeros\n  h = h + x\n  when train { output y = h }\n}\n"
    text = cell + "model M {\n  input x: f32[B, T, 8]\n  output y = x -> rnn(Cell)\n}\n"
    assert [slug for slug, _ in said(text)] == ["only-in-phase"]


def test_a_buffer_is_written_with_what_is_there() -> None:
    block = "block K {\n  input x: f32[B, D]\n  buffer b: f32[B, D] = zeros\n  y, e = x -> Two\n  b = e\n  output y\n}\n".replace(
        "f32[B, D] = zeros", "f32[8, 8] = zeros"
    )
    two = "block Two {\n  input x: f32[B, D]\n  output y = x -> relu\n  when eval { output e = x }\n}\n"
    assert ("only-in-phase", "buffer b: f32[8, 8] = zeros") in said(
        two + block + "model M {\n  input x: f32[8, 8]\n  output y = x -> K\n}\n"
    )
