"""The nearest names, and the words that offer them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netspec.diagnostics.suggestions.nearest import cutoff, did_you_mean, distance, divisors, nearest, one_of

SHELF = (
    "dense conv conv_transpose max_pool avg_pool global_avg_pool batch_norm layer_norm relu gelu dropout softmax flatten reshape "
    "self_attention attention embed concat softmax_cross_entropy mean_squared_error sgd adam adamw warmup_cosine lstm gru"
).split()

MEANT = {
    "Dense": ["dense"],
    "batchnorm": ["batch_norm"],
    "BatchNorm2d": ["batch_norm"],
    "BATCH_NORM": ["batch_norm"],
    "Linear": ["dense"],
    "Conv2D": ["conv"],
    "MaxPooling2D": ["max_pool"],
    "GlobalAveragePooling2D": ["global_avg_pool"],
    "CrossEntropyLoss": ["softmax_cross_entropy"],
    "MSELoss": ["mean_squared_error"],
    "MultiHeadAttention": ["attention", "self_attention"],
    "dens": ["dense"],
    "desne": ["dense"],
    "droput": ["dropout"],
    "rellu": ["relu"],
    "layer_nrom": ["layer_norm"],
    "softmaxcrossentropy": ["softmax_cross_entropy"],
    "adm": ["adam"],
    "global_sum_pool": [],
    "layer_norm_fast": ["layer_norm"],
    "softmax_cross_ent": ["softmax_cross_entropy"],
    "embed_label_smoothing": [],
    "x": [],
    "quantum": [],
    "": [],
}


@pytest.mark.parametrize("name", MEANT)
def test_what_was_meant(name: str) -> None:
    assert nearest(name, SHELF) == MEANT[name]


def test_the_nearest_comes_first_and_far_ones_not_at_all() -> None:
    assert nearest("learning_rat", ["padding", "learned_rate", "earning_rats", "learning_rate"]) == ["learning_rate", "earning_rats"]


def test_at_most_three() -> None:
    assert len(nearest("abcd", ["abce", "abcf", "abcg", "abch"])) == 3


def test_aliases_are_offered_only_where_they_exist() -> None:
    assert nearest("Linear", ["conv"]) == []


SHORT = st.text("abc", max_size=6)


def by_definition(a: str, b: str) -> int:
    """Optimal string alignment distance, straight from its definition."""
    if not a or not b:
        return len(a) + len(b)
    best = min(by_definition(a[:-1], b) + 1, by_definition(a, b[:-1]) + 1, by_definition(a[:-1], b[:-1]) + (a[-1] != b[-1]))
    if len(a) > 1 and len(b) > 1 and a[-1] == b[-2] and a[-2] == b[-1]:
        best = min(best, by_definition(a[:-2], b[:-2]) + 1)
    return best


@given(st.text("abc", max_size=5), st.text("abc", max_size=5), st.integers(0, 6))
def test_distance_agrees_with_its_definition(a: str, b: str, limit: int) -> None:
    assert distance(a, b, limit) == min(by_definition(a, b), limit + 1)


@given(SHORT, SHORT)
def test_distance_is_symmetric(a: str, b: str) -> None:
    assert distance(a, b, 9) == distance(b, a, 9)


@pytest.mark.parametrize(("length", "slips"), [(0, 0), (1, 0), (2, 1), (7, 1), (8, 2), (12, 3), (16, 4), (128, 4)])
def test_long_names_may_hold_more_slips(length: int, slips: int) -> None:
    assert cutoff("a" * length) == slips


def test_words() -> None:
    assert did_you_mean([]) is None
    assert did_you_mean(["a"]) == "did you mean `a`?"
    assert did_you_mean(["a", "b", "c"]) == "did you mean `a`, `b` or `c`?"
    assert one_of([str(i) for i in range(30)], limit=2) == "`0`, `1` or 28 more"


def test_divisors_are_found_quickly() -> None:
    assert [divisors(n) for n in (1, 2, 12, 36)] == [[1], [1, 2], [1, 2, 3, 4, 6, 12], [1, 2, 3, 4, 6, 9, 12, 18, 36]]
    assert divisors(2**31 - 1) == [1, 2**31 - 1]
