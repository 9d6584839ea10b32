"""Tensor types."""

import pytest

from netspec.limits import LIMITS
from netspec.shape.dims import Dim
from netspec.shape.types import DTYPES, WIDTHS, TensorType, elements, shape_of, shape_text

B, D = Dim.symbol("B"), Dim.symbol("D")


def test_a_type_reads_as_it_is_written():
    image = TensorType("f32", ("B", 28, 28, 1))
    assert str(image) == "f32[B, 28, 28, 1]"
    assert (image.rank, image.shape[0], image.shape[1]) == (4, B, 28)
    assert image.size == 784 * B and image.bytes == 3136 * B
    assert image.symbols() == {"B"} and not image.is_constant


def test_a_scalar():
    loss = TensorType("f32")
    assert (str(loss), loss.rank, loss.size, loss.bytes, loss.is_constant) == ("f32[]", 0, 1, 4, True)


def test_types_are_values():
    one, two = TensorType("f32", (B, 4 * D)), TensorType("f32", ["B", D * 4])
    assert one == two and hash(one) == hash(two) and len({one, two}) == 1
    assert one != TensorType("bf16", (B, 4 * D)) and one != TensorType("f32", (B,)) and one != "f32[B, 4*D]"
    with pytest.raises(AttributeError):
        one.dtype = "f16"


def test_changing_gives_a_new_type():
    x = TensorType("f32", (B, D))
    assert str(x.substitute({"D": 64})) == "f32[B, 64]"
    assert str(x.with_shape([1, 2])) == "f32[1, 2]"
    assert str(x.with_dtype("bf16")) == "bf16[B, D]"
    assert str(x) == "f32[B, D]"


def test_dtypes():
    import jax.numpy as jnp

    assert set(DTYPES) == set(WIDTHS)
    for name in DTYPES:
        tensor = TensorType(name)
        dtype = jnp.dtype(tensor.jax_dtype)
        assert dtype.itemsize == tensor.bytes
        assert jnp.issubdtype(dtype, jnp.floating) == tensor.is_float
        assert jnp.issubdtype(dtype, jnp.integer) == tensor.is_int


def test_an_unknown_dtype_is_refused():
    with pytest.raises(ValueError, match="float32"):
        TensorType("float32")


def test_shapes():
    assert shape_text(shape_of(["B", 3, D])) == "[B, 3, D]" and shape_text(()) == "[]"
    assert elements(shape_of([2, "B", 3])) == 6 * B
    assert LIMITS.axis_size == 2_147_483_647 and LIMITS.elements == 1_099_511_627_776
