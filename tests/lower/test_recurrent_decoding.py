"""Layers over time in models that generate: several of them go step by step, two directions only over what is known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from netspec.compile import check
from netspec.diagnostics.spec_error import SpecError
from netspec.source import Source
from tests.lower.generating import program, state, step_by_step

TRANSLATE = """
model M {
  input query: i32[B, S]
  input query_length: i32[B]
  input tokens: i32[B, T]
  _, ahead, back = query -> one_hot(11) -> bidirectional(gru_cell(6), lengths=query_length, return_state=true)
  output logits = tokens -> one_hot(11) -> gru(6, layers=2, dropout=0.5, initial={h_0: ahead.h, h_1: back.h}) -> dense(11)
}
"""
QUERY = np.array([[3, 4, 5, 0], [7, 8, 9, 10]], np.int32)


def test_layers_generate_step_by_step() -> None:
    made = program(TRANSLATE, "greedy(logits, start=2, stop=1, limit=6)")
    variables, lengths, begin = state(made), np.array([3, 4], np.int32), np.array([[2], [5]], np.int32)
    found = made.decode(variables, tokens=begin, query=QUERY, query_length=lengths)["tokens"]
    for row in range(2):
        given = {"query": QUERY[row : row + 1], "query_length": lengths[row : row + 1]}
        assert found[row].tolist() == step_by_step(made, variables, begin[row], 6, 1, False, **given)


def test_lengths_are_looked_at_when_it_generates() -> None:
    made = program(TRANSLATE, "greedy(logits, start=2, stop=1, limit=6)")
    with pytest.raises(SpecError) as caught:
        made.decode(state(made), query=QUERY, query_length=np.array([3, 5], np.int32))
    assert [p.slug() for p in caught.value.diagnostics] == ["length-out-of-range"]


def test_two_directions_over_what_is_generated_are_refused() -> None:
    model = "model M {\n  input tokens: i32[B, T]\n  output logits = tokens -> one_hot(11) -> bidirectional(gru_cell(6)) -> dense(11)\n}"
    text = f"netspec 1\n{model}\nserve M {{ tokens = greedy(logits, start=2, limit=4) }}\n"
    (problem,) = check(Source("m.net", text)).problems
    assert problem.slug() == "not-causal"
    assert "from the last position to the first" in problem.message()
