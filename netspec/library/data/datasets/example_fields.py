"""Makes fields of values as Python has them (numbers, lists, texts), strictly: what one cannot hold is said in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.base.field_bounds import Field
from netspec.library.data.columns import Ragged
from netspec.library.data.datasets.json_objects import describe_value, has_axes, is_number, leaves
from netspec.limits import LIMITS
from netspec.shape import TensorType
from netspec.shape.types import RANGES

Words = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
"""The words of a field's classes, in the order of their numbers."""


def require_fields(
    fields: Mapping[str, TensorType], names: Mapping[str, str], classes: Mapping[str, Sequence[str]], pictures: bool = False
) -> None:
    """Raises ValueError for arguments that say something of fields that are not there, and for fields that no value fills. With `pictures`
    a field of three axes may have any sizes."""
    for setting, given in {"names": names, "classes": classes}.items():
        if unknown := next((name for name in given if name not in fields), None):
            raise ValueError(f"`{unknown}` among `{setting}`, which is not one of `fields`")
    for name, kind in fields.items():
        if not all(dim.is_constant for dim in kind.shape[1:]) and not (pictures and kind.rank == 3 and kind.is_float):
            raise ValueError(f"`{name}: {kind}`: only the first axis of a sequence may have any length")
        if name in classes and (not kind.is_int or kind.rank):
            raise ValueError(f"`classes` for `{name}: {kind}`, which is not one whole number")
        words = classes.get(name, ())
        if len(set(words)) < len(words):
            raise ValueError(f"a word twice among the `classes` of `{name}`, where it is to have one number")
        if words and len(words) - 1 > RANGES[kind.dtype][1]:
            raise ValueError(f"{len(words)} `classes` for `{name}: {kind}`, which holds numbers up to {RANGES[kind.dtype][1]}")


def find_sequence(fields: Mapping[str, TensorType]) -> str:
    """The first field of sequences; "" without one."""
    return next((name for name, kind in fields.items() if kind.rank and not kind.shape[0].is_constant), "")


class FieldReader:
    """One field under construction."""

    def __init__(self, kind: TensorType, classes: Sequence[str]) -> None:
        self.kind, self.classes = kind, {word: number for number, word in enumerate(classes)}
        self.values: list[Any] = []
        self.wanted = "one of its classes" if classes else str(kind.with_shape(kind.shape[1:]))
        self.made = np.dtype("float32" if kind.dtype == "bf16" else kind.jax_dtype)

    def add(self, value: Any) -> None:
        """Takes the value of the next example. Raises ValueError with what it is, where the field cannot hold it."""
        self.values.append(self._convert(value))

    def _convert(self, value: Any) -> Any:
        """The value as an array. Raises ValueError with what it is instead."""
        if isinstance(value, str):
            if self.kind.dtype == "u8" and self.kind.rank == 2 and not self.kind.shape[1].is_constant:
                return _bytes_of(value)
            if value not in self.classes:
                raise ValueError(_shown(value))
            return np.array(self.classes[value], self.made)
        if self.classes or not has_axes(value, self.kind):
            raise ValueError(describe_value(value))
        return self._numbers(value)

    def _numbers(self, value: Any) -> Array:
        """Numbers of the field's kind that it holds."""
        bad = next((leaf for leaf in leaves(value) if not is_number(leaf, self.kind)), leaves)
        if bad is not leaves:
            raise ValueError(_shown(bad))
        try:
            wide = np.asarray(value, np.float64 if self.kind.is_float else np.int64 if self.kind.is_int else np.bool_)
        except OverflowError:
            raise ValueError("a number that is too large") from None
        with np.errstate(over="ignore"):
            made = wide.astype(self.made)
        kept = np.isfinite(made) if self.kind.is_float else made == wide
        if not np.all(kept):
            raise ValueError(_shown(wide.reshape(-1)[int(np.argmin(kept.reshape(-1)))].item()))
        return made if len(self.kind.shape) < 2 or made.size else made.reshape(0, *(dim.value for dim in self.kind.shape[2:]))

    def finish(self) -> Any:
        """All values of all files."""
        if self.kind.rank > 1 and not self.kind.shape[1].is_constant:
            return Ragged.of(self.values, self.made)
        return np.stack(self.values)


def _bytes_of(text: str) -> Array:
    """A text in UTF-8. Raises ValueError for half a character, which JSON can write."""
    try:
        return np.frombuffer(text.encode(), np.uint8)
    except UnicodeEncodeError:
        raise ValueError("a text with half a character") from None


def _shown(value: Any) -> str:
    """A value as a message repeats it."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LIMITS.value_characters else text[: LIMITS.value_characters] + "…"


def encode_words(values: Any, classes: Sequence[str]) -> Any:
    """Words of a list as the numbers of their classes; anything else as it is."""
    if not classes or not isinstance(values, list | tuple):
        return values
    table = {word: number for number, word in enumerate(classes)}
    return [table.get(value, value) if isinstance(value, str) else value for value in values]
