"""Widens whole numbers that count or choose something to 32 bits, before an op computes with them.

Labels, ids, indices, positions and lengths come in whatever type holds them: u8, i8, u32. In that type a constant such as the number of
classes may not exist, and a difference wraps. So an op never sees them in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from netspec.kernels.array_forms import widen_places
from netspec.lazy import jnp
from netspec.library.base.op_scope import Array

if TYPE_CHECKING:
    from netspec.library.base.op import Callable


def widen_wholes(op: Callable, inputs: tuple[Any, ...] | list[Any], optional: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What `apply` of an op gets for these inputs: those that it `widens` are i32, unless it only moves their values."""
    if op.variadic:
        return tuple(inputs), dict(optional)
    declared = {each.name: each for each in op.inputs}
    required = [each for each in op.inputs if not each.optional]
    known = zip_longest(inputs, required[: len(inputs)])
    moved = required[0] if op.keeps_values and required else None
    given = tuple(x if each is None or each is moved else _widen(x, op.widens(each), each.named) for x, each in known)
    return given, {name: _widen(x, op.widens(declared[name]), declared[name].named) for name, x in optional.items()}


def _widen(x: Any, counts: bool, named: bool) -> Any:
    """The array in i32 where its numbers count something."""
    dtype = getattr(x, "dtype", None)
    return x if not counts or dtype is None or not jnp.issubdtype(dtype, jnp.integer) else widen_whole(x, named)


def widen_whole(x: Array, named: bool = False) -> Array:
    """Whole numbers in i32; names keep their bits, where others that i32 does not hold become its largest number."""
    return x.astype(jnp.int32) if named else widen_places(x)
