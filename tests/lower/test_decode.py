"""Decoding: greedy, sampled and by beams, held against the model run element by element, against chance, and against every answer."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.spec_error import SpecError
from tests.lower.generating import CELL, FIXED, GPT, LLAMA, LSTM, SHIFTED, program, state, step_by_step

QUERY = {"query": np.array([[3, 4, 5, 0], [7, 8, 9, 10]], np.int32), "query_length": np.array([3, 4], np.int32)}
SEGMENT = {"segment": np.ones((2, 8), np.int32)}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt": (GPT, {}),
    "llama": (LLAMA, {}),
    "lstm": (LSTM, QUERY),
    "cell": (CELL, {}),
    "shifted": (SHIFTED, SEGMENT),
}
each_model = pytest.mark.parametrize("name", MODELS)


def of_example(inputs: dict[str, Any], row: int) -> dict[str, Any]:
    return {key: x[row : row + 1] for key, x in inputs.items()}


@each_model
def test_greedy_is_the_model_element_by_element(name: str) -> None:
    text, inputs = MODELS[name]
    made = program(text, "greedy(logits, start=2, stop=1, limit=5)")
    variables = state(made)
    begin = np.array([[2], [5]], np.int32)
    found = made.decode(variables, tokens=begin, **inputs)
    for row in range(2):
        wanted = step_by_step(made, variables, begin[row], 5, 1, name == "shifted", **of_example(inputs, row))
        assert found["tokens"][row].tolist() == wanted
        assert found["tokens_length"][row] == (wanted.index(1) + 1 if 1 in wanted else 5)


@each_model
def test_sequences_go_on_from_beginnings_of_different_length(name: str) -> None:
    text, inputs = MODELS[name]
    made = program(text, "greedy(logits, limit=4)")
    variables, begin, lengths = state(made, 2), np.array([[2, 9, 9], [5, 6, 7]], np.int32), np.array([1, 3], np.int32)
    found = made.decode(variables, tokens=begin, prefix_length=lengths, **inputs)
    for row in range(2):
        mine = begin[row, : lengths[row]]
        assert found["tokens"][row].tolist() == step_by_step(made, variables, mine, 4, None, name == "shifted", **of_example(inputs, row))


@each_model
@pytest.mark.parametrize("decoder", ["greedy(logits, start=2, stop=1, limit=4)", "beam(logits, start=2, stop=1, limit=4, size=3)"])
def test_examples_do_not_see_each_other(name: str, decoder: str) -> None:
    text, inputs = MODELS[name]
    made = program(text, decoder)
    variables, begin = state(made, 3), np.array([[2], [5]], np.int32)
    both = made.decode(variables, tokens=begin, **inputs)
    for row in range(2):
        alone = made.decode(variables, tokens=begin[row : row + 1], **of_example(inputs, row))
        assert np.array_equal(both["tokens"][row], alone["tokens"][0])
        np.testing.assert_allclose(both["tokens_score"][row], alone["tokens_score"][0], 1e-4)


def test_a_model_that_moves_its_input_itself_needs_no_beginning() -> None:
    made = program(SHIFTED, "greedy(logits, limit=4)")
    variables = state(made)
    found = made.decode(variables, segment=np.ones((1, 4), np.int32))
    assert found["tokens"][0].tolist() == step_by_step(made, variables, [], 4, None, True, segment=np.ones((1, 4), np.int32))


def test_the_score_is_the_probability_of_the_answer() -> None:
    made = program(GPT, "greedy(logits, start=2, limit=3)")
    variables = state(made)
    found = made.decode(variables)
    whole = np.concatenate([[[2]], found["tokens"]], 1).astype(np.int32)
    logits = np.asarray(made.predict(variables, tokens=whole)["logits"], np.float64)[0]
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    assert found["tokens_score"][0] == pytest.approx(sum(logs[i, t] for i, t in enumerate(found["tokens"][0])), rel=1e-4)


# --- sampling --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", ["temperature=0.0001", "top_k=1", "top_p=0.000001"])
def test_a_sample_from_the_likeliest_alone_is_greedy(cut: str) -> None:
    greedy, sample = program(GPT, "greedy(logits, start=2, limit=5)"), program(GPT, f"sample(logits, start=2, limit=5, {cut})")
    variables = state(greedy)
    assert np.array_equal(sample.decode(variables, examples=3)["tokens"], greedy.decode(variables, examples=3)["tokens"])


def shares(decoder: str, count: int, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    """How often each element was drawn, and the probabilities that the model gives them."""
    made = program(FIXED, decoder)
    variables = state(made, 5)
    table = made.unpack(variables)["params"]["table"]
    logits = np.asarray(made.predict(variables, tokens=np.zeros((1, 1), np.int32))["logits"], np.float64)[0, 0]
    assert logits.shape == table.shape
    drawn = made.decode(variables, examples=count, **options)["tokens"]
    return np.bincount(drawn.ravel(), minlength=5), np.exp(logits) / np.exp(logits).sum()


def chi_square(counts: np.ndarray, probability: np.ndarray) -> float:
    wanted = counts.sum() * probability
    return float(((counts - wanted) ** 2 / wanted).sum())


def test_samples_are_drawn_with_the_models_probabilities() -> None:
    counts, probability = shares("sample(logits, start=0, limit=4)", 1500)
    assert chi_square(counts, probability) < 18.5  # 4 degrees of freedom, one in a thousand


def test_temperature_sharpens() -> None:
    counts, probability = shares("sample(logits, start=0, limit=4, temperature=0.5)", 1500)
    assert chi_square(counts, probability**2 / (probability**2).sum()) < 18.5
    assert chi_square(counts, probability) > 40


def test_top_k_and_top_p_leave_the_likeliest() -> None:
    counts, probability = shares("sample(logits, start=0, limit=4, top_k=2)", 500)
    assert set(np.flatnonzero(counts)) == set(np.argsort(probability)[-2:])
    order = np.argsort(probability)[::-1]
    enough = int(np.searchsorted(np.cumsum(probability[order]), 0.7)) + 1
    counts, _ = shares("sample(logits, start=0, limit=4, top_p=0.7)", 500)
    assert 1 < enough < 5 and set(np.flatnonzero(counts)) == set(order[:enough])


def test_draws_depend_on_seed_and_example_not_on_the_batch() -> None:
    made = program(GPT, "sample(logits, start=2, limit=5)")
    variables = state(made)
    all_of_them = made.decode(variables, examples=4)["tokens"]
    assert np.array_equal(made.decode(variables, examples=2, first_example=2)["tokens"], all_of_them[2:])
    assert len({tuple(row) for row in all_of_them}) > 1
    assert not np.array_equal(made.decode(variables, examples=4, seed=7)["tokens"], all_of_them)
    assert np.array_equal(made.decode(variables, examples=4, seed=0)["tokens"], all_of_them)


# --- beams -----------------------------------------------------------------------------------------------------------


def ranked(made: Any, variables: Any, limit: int, stop: int | None, penalty: float) -> list[tuple[float, tuple[int, ...]]]:
    """Every answer with its rank, the best first, by the model on whole sequences."""
    classes = 5
    answers = set()
    for tokens in itertools.product(range(classes), repeat=limit):
        end = tokens.index(stop) + 1 if stop in tokens else limit
        answers.add(tokens[:end])
    longest = np.array([[0, *a, *([0] * (limit - len(a)))] for a in sorted(answers)], np.int32)
    logits = np.asarray(made.predict(variables, tokens=longest)["logits"], np.float64)
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    totals = [(sum(log[i, t] for i, t in enumerate(a)), a) for log, a in zip(logs, sorted(answers), strict=True)]
    return sorted(((total / ((5 + len(a)) / 6) ** penalty, a) for total, a in totals), reverse=True)


CHAIN = """
model M {
  input tokens: i32[B, T]
  output logits = tokens -> one_hot(5) -> lstm(6) -> dense(5)
}
"""


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("stop", [1, None])
@pytest.mark.parametrize("penalty", [0.0, 0.6, 2.0])
def test_a_wide_beam_finds_the_best_of_all_answers(seed: int, stop: int | None, penalty: float) -> None:
    rule = f"beam(logits, start=0, limit=3, size=125, length_penalty={penalty}{'' if stop is None else f', stop={stop}'})"
    made = program(CHAIN, rule)
    variables = state(made, seed)
    found = made.decode(variables)
    rank, answer = ranked(made, variables, 3, stop, penalty)[0]
    assert tuple(found["tokens"][0][: found["tokens_length"][0]]) == answer
    assert found["tokens_score"][0] / ((5 + len(answer)) / 6) ** penalty == pytest.approx(rank, rel=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_a_beam_of_one_without_a_stop_is_greedy(seed: int) -> None:
    greedy, beam = program(CHAIN, "greedy(logits, start=0, limit=6)"), program(CHAIN, "beam(logits, start=0, limit=6, size=1)")
    variables = state(greedy, seed)
    assert np.array_equal(beam.decode(variables)["tokens"], greedy.decode(variables)["tokens"])


def test_a_wider_beam_is_never_worse() -> None:
    scores = []
    for size in (1, 2, 4, 8):
        made = program(CHAIN, f"beam(logits, start=0, limit=4, size={size}, length_penalty=0.0)")
        scores.append([made.decode(state(made, seed))["tokens_score"][0] for seed in range(5)])
    assert np.mean(scores, 1).tolist() == sorted(np.mean(scores, 1).tolist())
    assert np.mean(scores[0]) < np.mean(scores[-1])


# --- what a program is given -----------------------------------------------------------------------------------------


def test_a_sequence_cannot_begin_with_nothing() -> None:
    made = program(GPT, "greedy(logits, limit=3)")
    with pytest.raises(SpecError, match="has no beginning to go on from"):
        made.decode(state(made))


@pytest.mark.parametrize("length", [[0, 1], [1, 4], [1], [1.0, 2.0]])
def test_lengths_of_beginnings_are_checked(length: list[float]) -> None:
    made = program(GPT, "greedy(logits, limit=3)")
    with pytest.raises(SpecError, match="has no beginning to go on from: its lengths"):
        made.decode(state(made), tokens=np.ones((2, 3), np.int32), prefix_length=np.array(length))


def test_beginnings_are_whole_numbers() -> None:
    made = program(GPT, "greedy(logits, limit=3)")
    with pytest.raises(SpecError, match="tokens"):
        made.decode(state(made), tokens=np.ones((2, 3), np.float32))


def test_what_is_longer_than_the_model_takes_is_refused() -> None:
    made = program(GPT, "greedy(logits, limit=6)")
    assert made.decode(state(made), tokens=np.ones((1, 7), np.int32))["tokens"].shape == (1, 6)
    with pytest.raises(SpecError, match="T"):
        made.decode(state(made), tokens=np.ones((1, 8), np.int32))


def test_inputs_along_the_positions_are_needed_for_all_of_them() -> None:
    made = program(SHIFTED, "greedy(logits, limit=4)")
    variables = state(made)
    long = made.decode(variables, segment=np.ones((1, 9), np.int32))
    assert np.array_equal(long["tokens"], made.decode(variables, segment=np.ones((1, 4), np.int32))["tokens"])
    with pytest.raises(SpecError, match="segment"):
        made.decode(variables, segment=np.ones((1, 3), np.int32))


def test_a_program_without_serve_has_nothing_to_generate() -> None:
    made = program(GPT, "greedy(logits, start=2, limit=3)")
    with pytest.raises(SpecError, match="generates `logits`, only `tokens`"):
        made.decode(state(made), "logits")
