"""Defines the type of a tensor: an element type and a shape of dims, `f32[B, 28, 28, 1]`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from netspec.shape.dims import ONE, Dim

DTYPES = ("bool", "u8", "i8", "i32", "u32", "f16", "bf16", "f32", "f64")
FLOATS = frozenset({"f16", "bf16", "f32", "f64"})
INTEGERS = frozenset({"u8", "i8", "i32", "u32"})
WIDTHS = {"bool": 1, "u8": 1, "i8": 1, "i32": 4, "u32": 4, "f16": 2, "bf16": 2, "f32": 4, "f64": 8}
"""Bytes of one element."""
BATCH = "B"
"""The symbol that counts the examples of a batch, which no spec fixes."""
RANGES = {"u8": (0, 2**8 - 1), "i8": (-(2**7), 2**7 - 1), "i32": (-(2**31), 2**31 - 1), "u32": (0, 2**32 - 1)}
"""The least and the greatest whole number that each integer type holds."""
EXACT = {"f16": 2**11, "bf16": 2**8, "f32": 2**24, "f64": 2**53}
"""Up to which whole number, and down to which, each type of floats holds all."""
LARGEST = {"f16": 65504.0, "bf16": 3.3895313892515355e38, "f32": 3.4028234663852886e38, "f64": math.inf}
"""The greatest finite number of each type of floats; what a spec can write is below that of f64."""
JAX_DTYPES = {
    "bool": "bool",
    "u8": "uint8",
    "i8": "int8",
    "i32": "int32",
    "u32": "uint32",
    "f16": "float16",
    "bf16": "bfloat16",
    "f32": "float32",
    "f64": "float64",
}


Shape = tuple[Dim, ...]


def shape_of(sizes: Iterable[int | str | Dim]) -> Shape:
    """A shape from numbers, symbols' names and dims."""
    return tuple([size if type(size) is Dim else Dim.of(size) for size in sizes])


def shape_text(shape: Iterable[Dim | int]) -> str:
    """`[B, 28, 28, 1]`, and `[]` for a scalar."""
    return "[" + ", ".join(map(str, shape)) + "]"


def elements(shape: Iterable[Dim]) -> Dim:
    """The product of the dims; 1 for a scalar."""
    product = ONE
    for size in shape:
        product = product * size
    return product


class TensorType:
    """An immutable, hashable element type and shape. Raises ValueError for an unknown dtype."""

    __slots__ = ("_dtype", "_shape")

    def __init__(self, dtype: str, shape: Iterable[int | str | Dim] = ()) -> None:
        if dtype not in WIDTHS:
            raise ValueError(f"unknown dtype {dtype!r}")
        self._dtype = dtype
        self._shape = shape_of(shape)

    @property
    def dtype(self) -> str:
        return self._dtype

    @property
    def shape(self) -> Shape:
        return self._shape

    @property
    def rank(self) -> int:
        return len(self._shape)

    @property
    def size(self) -> Dim:
        """Number of elements."""
        return elements(self._shape)

    @property
    def bytes(self) -> Dim:
        """Bytes that the elements take."""
        return self.size * WIDTHS[self._dtype]

    @property
    def jax_dtype(self) -> str:
        """The dtype's name in JAX and NumPy: `float32` for `f32`."""
        return JAX_DTYPES[self._dtype]

    @property
    def is_float(self) -> bool:
        return self._dtype in FLOATS

    @property
    def is_int(self) -> bool:
        """True for whole-number types; bool is not one of them."""
        return self._dtype in INTEGERS

    @property
    def is_constant(self) -> bool:
        """True when no dim has a symbol."""
        return all(size.is_constant for size in self._shape)

    def symbols(self) -> frozenset[str]:
        """The symbols of all dims."""
        return frozenset().union(*(size.symbols() for size in self._shape))

    def substitute(self, values: Mapping[str, Dim | int]) -> TensorType:
        """The type with some symbols replaced."""
        return TensorType(self._dtype, [size.substitute(values) for size in self._shape])

    def with_shape(self, shape: Iterable[int | str | Dim]) -> TensorType:
        return TensorType(self._dtype, shape)

    def with_dtype(self, dtype: str) -> TensorType:
        return TensorType(dtype, self._shape)

    def __eq__(self, other: object) -> bool:
        return type(other) is TensorType and self._dtype == other._dtype and self._shape == other._shape

    def __hash__(self) -> int:
        return hash((self._dtype, self._shape))

    def __str__(self) -> str:
        return self._dtype + shape_text(self._shape)

    def __repr__(self) -> str:
        return f"TensorType({self})"
