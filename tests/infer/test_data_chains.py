"""Data chains: what stands where, data that are one whole, and the data of evaluations."""

from __future__ import annotations

from typing import Any

import pytest

from netspec.compile import check
from netspec.ir import TrainPlan
from netspec.library.shelf import index
from netspec.shape import Dim
from netspec.source import Source

GRAPH = """netspec 1
model M {
  input nodes: f32[34, 34]
  output logits = nodes -> dense(2)
}
train M {
  data = CHAIN
  loss = softmax_cross_entropy(logits, label)
  optimizer = adam(0.01)
  duration = 20 steps
  EVAL
}
"""
WORDS = """netspec 1
model M {
  dim LIMIT
  input words: i32[B, S]
  output logits = words -> embed(50, 8) -> dense(9)
}
train M {
  data = CHAIN
  loss = softmax_cross_entropy(logits[:, 1:], tag[:, 1:], mask=words[:, 1:] != 0)
  optimizer = adam(0.01)
  duration = 20 steps
  EVAL
}
"""
CONLLU = 'conllu("a.conllu", size=50) -> batch(4)'


def problems(text: str, chain: str, evaluation: str = "", limit: str = "S >= 2") -> list[tuple[str, str]]:
    source = Source("m.net", text.replace("CHAIN", chain).replace("EVAL", evaluation).replace("LIMIT", limit))
    return [(p.slug(), p.message()) for p in check(source).problems]


def plan(text: str, chain: str, evaluation: str = "") -> TrainPlan:
    checked = check(Source("m.net", text.replace("CHAIN", chain).replace("EVAL", evaluation).replace("LIMIT", "S >= 2")))
    assert checked.problems == () and checked.typed is not None
    found = checked.typed.train()
    assert found is not None
    return found


def test_data_that_are_one_whole_are_trained_and_evaluated_as_they_are() -> None:
    found = plan(GRAPH, "karate_club()")
    assert found.data.batch is None and found.eval.data is not None
    assert found.eval.data.dataset == found.data.dataset and found.eval.data.batch is None


@pytest.mark.parametrize("cut", ["batch(8)", "shuffle"])
def test_one_whole_is_not_cut(cut: str) -> None:
    [(slug, message)] = problems(GRAPH, f"karate_club() -> {cut}")
    assert slug == "not-a-data-chain" and "`karate_club` into batches, which is one whole" in message


def test_a_step_is_one_example_where_nothing_counts_them() -> None:
    text = GRAPH.replace("adam(0.01)", "adam(0.01 * batch_size)")
    assert plan(text, "karate_club()").optimizer == plan(GRAPH, "karate_club()").optimizer


def test_sizes_are_called_as_the_model_calls_them() -> None:
    """Else `dim S >= 2` would not hold of the data, whose sequences are `T` long."""
    found = plan(WORDS, CONLLU, 'eval { data = conllu("b.conllu") -> batch(2) }')
    assert {str(kind) for kind in found.data.fields.values()} == {"i32[B, S]", "i32[B]"}
    assert found.eval.data is not None and found.eval.data.fields == found.data.fields


def test_what_the_model_says_of_its_sizes_is_needed() -> None:
    assert {slug for slug, _ in problems(WORDS, CONLLU, limit="S >= 1")} == {"unproven-size"}


def test_an_evaluation_is_proved_on_its_own_sizes() -> None:
    packed = WORDS.replace("words", "tokens").replace("tag", "tokens")
    found = plan(
        packed, 'text_lines("a.txt") -> bpe(50) -> pack(16) -> batch(4)', 'eval { data = text_lines("b.txt") -> bpe(50) -> batch(4) }'
    )
    sizes = [o.body.input_types()["tokens"].shape[1] for o in (found.objective, found.eval.objective)]
    assert sizes == [Dim.of(16), Dim.symbol("S")]


@pytest.mark.parametrize(
    ("evaluation", "slug"),
    [
        ('conllu("b.conllu") -> rename(tag="other") -> batch(4)', "eval-field-missing"),
        ('conllu("b.conllu") -> rename(words="other") -> batch(4)', "input-not-a-field"),
        ("digits() -> batch(4)", "input-not-a-field"),
        ('conllu("b.conllu")', "not-a-data-chain"),
    ],
)
def test_data_of_an_evaluation_that_do_not_do(evaluation: str, slug: str) -> None:
    assert [found for found, _ in problems(WORDS, CONLLU, f"eval {{ data = {evaluation} }}")] == [slug]


@pytest.mark.parametrize(
    ("chain", "late"),
    [
        ("bpe(50) -> bucket_by_length([4]) -> pack(16) -> batch(4)", "pack"),
        ("bpe(50) -> bucket_by_length([4]) -> bucket_by_length([8]) -> batch(4)", "bucket_by_length"),
        ("bucket_by_length([4]) -> bpe(50) -> batch(4)", "bpe"),
        ("batch(4) -> bpe(50)", "bpe"),
        ('bpe(50) -> rename(segment="s") -> bucket_by_length([4]) -> batch(4)', "bucket_by_length"),
    ],
)
def test_what_works_on_all_examples_stands_in_front(chain: str, late: str) -> None:
    found = problems(WORDS.replace("words", "tokens").replace("tag", "tokens"), f'text_lines("a.txt") -> {chain}')
    assert [slug for slug, _ in found] == ["not-a-data-chain"] and f"has `{late}`" in found[0][1]


def test_a_vocabulary_of_no_size_is_for_evaluation_only() -> None:
    assert [slug for slug, _ in problems(WORDS, 'conllu("a.conllu") -> batch(4)')] == ["vocabulary-size-needed"]


def test_a_transform_without_a_form_for_evaluation_needs_eval(monkeypatch: pytest.MonkeyPatch) -> None:
    text = GRAPH.replace("nodes: f32[34, 34]", "image: f32[B, 8, 8, 1]").replace("nodes ->", "image -> flatten ->")
    text = text.replace("dense(2)", "dense(10)")
    flip: Any = index.load("flip", "transform")
    chain = "digits() -> flip -> batch(8)"
    assert problems(text, chain) == []
    monkeypatch.setattr(flip, "has_eval_form", False)
    assert [slug for slug, _ in problems(text, chain)] == ["eval-data-needed"]
    assert problems(text, chain, 'eval { data = digits(part="test") -> batch(8) }') == []
