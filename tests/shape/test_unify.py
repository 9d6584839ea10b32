"""Shapes meet patterns, each other, and windows."""

import pytest

from netspec.shape.dims import Dim
from netspec.shape.facts import NO_FACTS, REFUTED, UNKNOWN
from netspec.shape.types import shape_of
from netspec.shape.unification import Bindings, Mismatch, broadcast, conv_out, unify

B, T, D, H, S = map(Dim.symbol, "BTDHS")
FREE = Bindings()


def shape(*sizes):
    return shape_of(sizes)


def test_plain_symbols_bind_at_their_first_occurrence():
    bound = unify(shape("B", "T", "D"), shape("N", 16, 64), FREE, NO_FACTS)
    assert bound == {"B": Dim.symbol("N"), "T": 16, "D": 64}
    assert FREE == {}, "the bindings given are not changed"


def test_later_occurrences_and_expressions_are_checked():
    assert unify(shape("D", "D"), shape(4, 4), FREE, NO_FACTS) == {"D": 4}
    assert unify((H // 2, H), shape(7, 14), FREE, NO_FACTS) == {"H": 14}
    assert unify(shape("D", "D"), shape(4, 5), FREE, NO_FACTS) == [Mismatch(1, Dim.of(4), Dim.of(5), REFUTED)]
    assert unify(shape("D", "D"), (T, S), FREE, NO_FACTS) == [Mismatch(1, T, S, UNKNOWN)]
    assert unify(shape("D", "D"), (T, S), FREE, NO_FACTS.assume_equal(T, S)) == {"D": T}


def test_every_mismatch_is_reported():
    wrong = unify(shape(3, "D", 5), shape(4, 9, 6), FREE, NO_FACTS)
    assert [(m.axis, m.expected, m.found) for m in wrong] == [(0, 3, 4), (2, 5, 6)]


def test_what_was_bound_before_is_checked():
    assert unify(shape("B"), shape(3), Bindings({"B": Dim.of(2)}), NO_FACTS) == [Mismatch(0, Dim.of(2), Dim.of(3), REFUTED)]


def test_ranks():
    assert unify(shape("B", "T"), shape(1, 2, 3), FREE, NO_FACTS) == [Mismatch(None, Dim.of(2), Dim.of(3), REFUTED)]
    assert unify((..., T, D), shape(1), FREE, NO_FACTS) == [Mismatch(None, Dim.of(2), Dim.of(1), REFUTED)]


def test_an_expression_over_a_symbol_that_nothing_binds():
    (wrong,) = unify((2 * H,), shape(8), FREE, NO_FACTS)
    assert (wrong.verdict, wrong.unbound) == (UNKNOWN, {"H"})


def test_leading_dims():
    bound = unify((..., D), shape("B", 7, 64), FREE, NO_FACTS)
    assert bound == {"D": 64} and bound.leading == shape("B", 7)
    assert bound.fill((..., 4 * D)) == shape("B", 7, 256)
    assert unify((..., D), shape("B", 7, 64), bound, NO_FACTS) == {"D": 64}
    assert unify((..., D), shape("B", 8, 64), bound, NO_FACTS) == [Mismatch(1, Dim.of(7), Dim.of(8), REFUTED)]
    assert unify((..., D), shape("B", 64), bound, NO_FACTS) == [Mismatch(None, Dim.of(2), Dim.of(1), REFUTED)]
    assert unify((..., D), shape(64), FREE, NO_FACTS).leading == ()


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (shape("B", "T", "D"), shape("T", "D"), shape("B", "T", "D")),
        (shape("D"), shape("B", "D"), shape("B", "D")),
        (shape("B", 1), shape("B", 64), shape("B", 64)),
        (shape("B", "D"), shape(1, "D"), shape("B", "D")),
        (shape(), shape("B", 3), shape("B", 3)),
        (shape(1), shape(1), shape(1)),
        (shape("B", 1), shape(1, "D"), shape("B", "D")),
    ],
)
def test_broadcast(a, b, expected):
    assert broadcast(a, b, NO_FACTS) == expected


def test_what_does_not_broadcast():
    assert broadcast(shape("B", 64), shape("B", 128), NO_FACTS) == Mismatch(-1, Dim.of(64), Dim.of(128), REFUTED)
    assert broadcast(shape("B", "T", 64), shape(1, 64), NO_FACTS) == Mismatch(-2, T, Dim.of(1), UNKNOWN), "a 1 stretches only at equal rank"
    assert broadcast(shape("T"), shape("S"), NO_FACTS) == Mismatch(-1, T, S, UNKNOWN)


def test_broadcast_knows_facts():
    assert broadcast(shape("T"), shape("S"), NO_FACTS.assume_equal(T, S)) == (T,)
    assert broadcast(shape("T"), shape(4), NO_FACTS.assume_equal(T, 4)) == shape(4)
    assert broadcast(shape("T"), shape("S"), NO_FACTS.assume_equal(T, 1)) == (S,)


def test_windows_agree_with_jax():
    import jax

    for size in (5, 8, 13, 28):
        for kernel in (1, 2, 3, 5):
            for stride in (1, 2, 3):
                for dilation in (1, 2):
                    for padding in ("SAME", "VALID", (1, 1), (0, 2)):
                        _agrees(jax, size, kernel, stride, dilation, padding)


def _agrees(jax, size, kernel, stride, dilation, padding):
    ours = conv_out(size, kernel, stride, dilation, padding)
    if ours.value < 1:
        return
    symbolic = conv_out(H, kernel, stride, dilation, padding)
    assert symbolic.evaluate({"H": size}) == ours
    pads = padding if isinstance(padding, str) else [padding]
    image, window = jax.ShapeDtypeStruct((1, 1, size), "float32"), jax.ShapeDtypeStruct((1, 1, kernel), "float32")
    out = jax.eval_shape(lambda x, w: jax.lax.conv_general_dilated(x, w, (stride,), pads, rhs_dilation=(dilation,)), image, window)
    assert out.shape[-1] == ours


def test_symbolic_windows_read_well():
    assert str(conv_out(H, 3, 2, 1, "SAME")) == "(H + 1)//2"
    assert str(conv_out(H, 2, 2, 1, "VALID")) == "H//2"
    assert str(conv_out(H, 3, 1, 1, "VALID")) == "H - 2"
    assert conv_out(H, 3, 1, 1, (1, 1)) == H


def test_windows_below_one_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        conv_out(H, 0, 1, 1, "SAME")
