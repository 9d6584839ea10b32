"""Random data of any shape, made from a seed: to try a model, and to time it, before there are data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example, Positive
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.data.datasets.user_data import FieldTypes, batch_types
from netspec.shape import TensorType
from netspec.shape.types import RANGES

Highest = Annotated[int, Field(gt=0)]
TESTED = 4
"""One example for the test part for so many of training."""
WORD = 2**64


class Synthetic(Dataset):
    """Random examples that fit the fields, the same for the same seed. No files are needed, and there is nothing in them to learn.

    Floats are evenly spread in 0..1 (24 bits of them), whole numbers from 0 below what `below` says (2 where it says nothing), truth values
    even. The test part has a quarter as many examples, drawn apart from those of training.
    """

    fields: FieldTypes
    """The type of each field of one example: `{image: f32[32, 32, 3], label: i32[]}`; every size is a number."""
    count: Positive = 1024
    """How many examples there are for training."""
    below: dict[str, Highest] = Field(default_factory=dict)
    """Fields of whole numbers, and how many different ones they have: `{label: 10}`."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Another seed gives other data."""
    part: Literal["train", "test"] = "train"
    """Which part: "train" or "test"."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        types = {"image": TensorType("f32", (32, 32, 3)), "label": TensorType("i32")}
        return (Example(cls(fields=types, below={"label": 10})), Example(cls(fields=types, count=64, seed=1, part="test")))

    @model_validator(mode="after")
    def _makes_sense(self) -> Synthetic:
        """Refuses sizes that are no numbers, and bounds of fields that have none."""
        for name, kind in self.fields.items():
            if not kind.is_constant:
                raise ValueError(f"`{name}: {kind}`, whose sizes are not all numbers")
        for name, count in self.below.items():
            kind = self.fields.get(name)
            if kind is None or not kind.is_int:
                raise ValueError(f"`{name}` among `below`, which is no field of whole numbers")
            if count - 1 > RANGES[kind.dtype][1]:
                raise ValueError(f"`below` of `{name}: {kind}` is {count}, more than it holds")
        return self

    def batch_types(self) -> dict[str, TensorType]:
        return batch_types(self.fields)

    def class_counts(self) -> Mapping[str, int]:
        return {name: count for name, count in self.below.items() if not self.fields[name].rank}

    def known_count(self) -> int | None:
        return self._examples

    def load(self, folder: Path | None) -> dict[str, Any]:
        return {name: self._draw(place, name, kind) for place, (name, kind) in enumerate(self.fields.items())}

    def test_part(self) -> Dataset | None:
        return self.replaced(part="test") if self.part == "train" else None

    @property
    def _examples(self) -> int:
        """How many examples the part has."""
        return self.count if self.part == "train" else max(self.count // TESTED, 1)

    def _draw(self, place: int, name: str, kind: TensorType) -> Array:
        """The values of a field, from raw outputs of the counter-based generator, which stay the same in every version of NumPy."""
        shape = (self._examples, *(dim.value for dim in kind.shape))
        key = np.array([self.seed % WORD, 2 * place + (self.part == "test")], np.uint64)
        raw = np.random.Philox(key=key).random_raw(int(np.prod(shape, dtype=np.int64))).reshape(shape)
        if kind.is_float:
            return ((raw >> np.uint64(40)) / 2.0**24).astype("float32" if kind.dtype == "bf16" else kind.jax_dtype)
        if kind.is_int:
            return (raw % np.uint64(self.below.get(name, 2))).astype(kind.jax_dtype)
        return (raw & np.uint64(1)).astype(bool)
