"""Patterns over parameter paths: what they cover, and what is proposed for one that covers nothing."""

from __future__ import annotations

import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.optimizers import PatternMatchesNothing
from netspec.library.base.path_patterns import matches, select


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("**/kernel", ["kernel", "dense/kernel", "a/b/kernel", "a/kernel_0"], ["kernel/a", "a/kernels", "a/my_kernel"]),
        ("embed/**", ["embed/embedding", "embed_0/embedding", "embed_1_2/x/y", "embed"], ["embedding/x", "embed_a/x", "a/embed/x"]),
        ("*/bias", ["dense_0/bias"], ["a/b/bias", "bias"]),
        ("**/mlp_*/kernel", ["mlp_up/kernel", "block_3/mlp_down/kernel"], ["mlp/kernel", "block/kernel"]),
        ("down_0/kernel", ["down_0/kernel", "down_0_1/kernel"], ["down/kernel", "down_1/kernel"]),
        ("**", ["a", "a/b"], []),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a", "b", "a/b/c"]),
        ("a.c/b+", ["a.c/b+"], ["abc/b", "a.c/bb"]),
    ],
)
def test_patterns(pattern, yes, no):
    assert [p for p in yes + no if matches(pattern, p)] == yes
    assert select(pattern, yes + no) == set(yes)


def test_long_patterns_stay_fast():
    assert not matches("/".join(["**", "*a*"] * 40), "/".join(["aaaa"] * 200 + ["b"] * 20) + "/c")


@pytest.mark.parametrize(
    ("pattern", "help"),
    [
        ("block_1/dense", "`block_1/dense/**`?"),
        ("kernel", "`**/kernel`?"),
        ("dense", "`**/dense/**`?"),
        ("**/kernels", "did you mean `**/kernel`?"),
        ("head/**", "the paths are"),
    ],
)
def test_what_is_proposed_for_a_pattern_that_covers_nothing(pattern, help):
    with pytest.raises(Mistake) as caught:
        select(pattern, ["block_0/dense/kernel", "block_1/dense/kernel", "block_1/dense/bias"])
    assert isinstance(caught.value.diagnostic, PatternMatchesNothing)
    assert help in (caught.value.diagnostic.help() or "")
