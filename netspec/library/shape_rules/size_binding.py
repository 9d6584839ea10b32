"""Binds arguments that are symbolic sizes (`reshape([B, 7, 7, -1])`, `wpe[:T]`) to numbers when the sizes of the inputs are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from netspec.library.base import Op
from netspec.record import fields, is_record, replace
from netspec.shape import Dim

AnyOp = TypeVar("AnyOp", bound=Op)


def bind_sizes(op: AnyOp, sizes: Mapping[str, int]) -> AnyOp:
    """The op with every dim among its arguments evaluated; the op itself when it has none. Raises KeyError for a symbol without size."""
    changed = {name: new for name, old in vars(op).items() if (new := _number(old, sizes)) is not old}
    return op.replaced(**changed) if changed else op


def _number(value: Any, sizes: Mapping[str, int]) -> Any:
    """The value with dims evaluated, the same object when nothing changes."""
    if isinstance(value, Dim):
        return value.evaluate(sizes)
    if isinstance(value, Op):
        return bind_sizes(value, sizes)
    if isinstance(value, tuple):
        items = tuple(_number(item, sizes) for item in value)
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if isinstance(value, Mapping):
        named = {name: _number(item, sizes) for name, item in value.items()}
        return named if any(named[name] is not item for name, item in value.items()) else value
    if is_record(value):
        return _fields(value, sizes)
    return value


def _fields(value: Any, sizes: Mapping[str, int]) -> Any:
    """A dataclass with the sizes in its fields as numbers; itself where it has none."""
    olds = {field.name: getattr(value, field.name) for field in fields(value)}
    changed = {name: new for name, old in olds.items() if (new := _number(old, sizes)) is not old}
    return replace(value, **changed) if changed else value
