"""What tensor functions do at their edges, beside the laws that every op keeps."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.library.base import Op
from netspec.library.functions.einops import Rearrange, Reduce, Repeat
from netspec.library.functions.einsum import Einsum
from netspec.library.functions.gather import Gather, OneHot, SegmentMax, SegmentMean, SegmentSum
from netspec.library.functions.order import TopK
from netspec.library.functions.reductions import Norm, Sum
from netspec.shape import Facts
from tests.library.scope import TestScope, applied, parse


def run(op: Any, *inputs: Any) -> Any:
    return applied(op, TestScope(), *map(jnp.asarray, inputs))


def flops(op: Any, *types: str) -> int:
    return int(op.flops(*map(parse, types)).value)


def slug(op: Op, *types: str) -> str:
    with pytest.raises(Mistake) as caught:
        op.shape(Facts(), *map(parse, types))  # type: ignore[attr-defined]
    return caught.value.diagnostic.slug()


def test_an_index_outside_the_axis_gives_nan_and_no_gradient() -> None:
    x = np.arange(3, dtype="float32")
    np.testing.assert_array_equal(run(Gather(), x, [0, 3, -1, -4]), [0, np.nan, 2, np.nan])
    slope = jax.grad(lambda x: jnp.nansum(run(Gather(), x, [0, 3, 0])))(x)
    np.testing.assert_array_equal(slope, [2, 0, 0])


def test_a_class_outside_gives_zeros() -> None:
    np.testing.assert_array_equal(run(OneHot(classes=2), [-1, 0, 1, 2]), [[0, 0], [1, 0], [0, 1], [0, 0]])


@pytest.mark.parametrize("cls", [SegmentSum, SegmentMean, SegmentMax])
def test_an_empty_segment_is_zero_and_strangers_are_dropped(cls: type[Op]) -> None:
    found = run(cls(segments=3), np.array([-1.0, -2, 9], "float32"), np.array([0, 0, 5]))  # type: ignore[call-arg]
    assert found.tolist()[1:] == [0, 0]
    assert found[0] in (-3, -1.5, -1)


def test_the_norm_of_zeros_has_a_gradient() -> None:
    np.testing.assert_array_equal(jax.grad(lambda x: run(Norm(), x))(jnp.zeros(3)), np.zeros(3))


def test_sums_of_small_types_are_wide() -> None:
    assert run(Sum(), np.full(1000, 100, "int8")) == 100_000
    assert run(Sum(), jnp.full(4096, 1, jnp.bfloat16)) == 4096


def test_of_equal_elements_the_first_is_first() -> None:
    _, places = run(TopK(k=3), np.array([1, 5, 5, 0], "float32"))
    assert places.tolist() == [1, 2, 0]


def test_einsum_costs() -> None:
    assert flops(Einsum(equation="ij,jk->ik"), "f32[4, 3]", "f32[3, 5]") == 2 * 4 * 3 * 5
    assert flops(Einsum(equation="i,j->ij"), "f32[4]", "f32[3]") == 4 * 3
    assert flops(Einsum(equation="ij->i"), "f32[4, 3]") == 12
    assert flops(Einsum(equation="ij->ji"), "f32[4, 3]") == 0
    assert flops(Einsum(equation="ij,jk,kl->il"), "f32[4, 3]", "f32[3, 5]", "f32[5, 2]") == 2 * 4 * 3 * 5 + 2 * 4 * 5 * 2
    assert flops(Einsum(equation="...i,ij->...j"), "f32[7, 6, 3]", "f32[3, 5]") == 2 * 7 * 6 * 3 * 5


@pytest.mark.parametrize(
    ("op", "kind", "wanted"),
    [
        (Rearrange(pattern="b (h d) t -> b h t d", sizes={"h": 4}), "f32[B, 32, T]", "f32[B, 4, T, 8]"),
        (Rearrange(pattern="... d -> d ..."), "f32[B, T, 8]", "f32[8, B, T]"),
        (Rearrange(pattern="b ... -> b (...)"), "f32[B, 4, 8]", "f32[B, 32]"),
        (Rearrange(pattern="... -> (...)"), "f32[]", "f32[1]"),
        (Rearrange(pattern="b () d -> b d ()"), "f32[B, 1, 8]", "f32[B, 8, 1]"),
        (Reduce(pattern="b ... ->", reduction="max"), "f32[B, T, 8]", "f32[]"),
        (Reduce(pattern="b t -> b", reduction="sum"), "bool[B, T]", "i32[B]"),
        (Reduce(pattern="b t -> b", reduction="mean"), "i32[B, T]", "f32[B]"),
        (Repeat(pattern="b -> b n 3", sizes={"n": 2}), "i32[B]", "i32[B, 2, 3]"),
    ],
)
def test_patterns(op: Any, kind: str, wanted: str) -> None:
    assert op.shape(Facts(), parse(kind)) == parse(wanted)


@pytest.mark.parametrize(
    ("op", "kind", "wanted"),
    [
        (Rearrange(pattern="a b"), "f32[2, 3]", "bad-pattern"),
        (Rearrange(pattern="a b -> b -> a"), "f32[2, 3]", "bad-pattern"),
        (Rearrange(pattern="a (b -> b a"), "f32[2, 3]", "bad-pattern"),
        (Rearrange(pattern="a b) -> b a"), "f32[2, 3]", "bad-pattern"),
        (Rearrange(pattern="a ((b)) -> b a"), "f32[2, 3]", "bad-pattern"),
        (Rearrange(pattern="a + b -> b a"), "f32[2, 3]", "bad-pattern"),
        (Rearrange(pattern="a 0 -> a"), "f32[2, 3]", "bad-pattern"),
        (Rearrange(pattern="... a ... -> a ..."), "f32[2, 3]", "bad-pattern"),
        (Rearrange(pattern="(a ...) -> a ..."), "f32[2, 3]", "bad-pattern"),
        (Rearrange(pattern="a 2 -> 2 a"), "f32[2, 2]", "bad-pattern"),
        (Rearrange(pattern="a a -> a"), "f32[2, 2]", "pattern-names"),
        (Rearrange(pattern="a b -> a"), "f32[2, 3]", "pattern-names"),
        (Rearrange(pattern="a -> a b"), "f32[2]", "pattern-names"),
        (Rearrange(pattern="a ... -> a"), "f32[2, 3]", "pattern-names"),
        (Repeat(pattern="a -> a b"), "f32[2]", "pattern-names"),
        (Rearrange(pattern="a b -> b a"), "f32[2]", "pattern-rank"),
        (Rearrange(pattern="a b ... -> a b ..."), "f32[2]", "pattern-rank"),
        (Rearrange(pattern="(a b) -> a b"), "f32[6]", "pattern-unknowns"),
        (Rearrange(pattern="(a b) -> a b", sizes={"a": 4}), "f32[6]", "pattern-size"),
        (Rearrange(pattern="(a b) -> a b", sizes={"a": 4, "b": 2}), "f32[6]", "pattern-size"),
        (Rearrange(pattern="a 1 -> a"), "f32[2, 3]", "pattern-size"),
        (Rearrange(pattern="a -> a", sizes={"b": 4}), "f32[6]", "unused-size"),
        (Rearrange(pattern="(a b) -> a b", sizes={"a": 4}), "f32[T]", "unproven-size"),
        (Einsum(equation="ij"), "f32[2, 3]", "bad-pattern"),
        (Einsum(equation="i1->i"), "f32[2, 3]", "bad-pattern"),
        (Einsum(equation="ij->ii"), "f32[2, 3]", "pattern-names"),
        (Einsum(equation="ij->k"), "f32[2, 3]", "pattern-names"),
        (Einsum(equation="ij->"), "f32[2]", "pattern-rank"),
        (Einsum(equation="ii->i"), "f32[2, 3]", "einsum-dims"),
        (Einsum(equation="i,i->i"), "f32[2]", "einsum-operands"),
    ],
)
def test_wrong_patterns(op: Any, kind: str, wanted: str) -> None:
    assert slug(op, kind) == wanted
