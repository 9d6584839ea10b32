"""Finds what a function returns without compiling it, where every array of its result is filled with one number.

The first states of most optimizers are zeros of the parameters' shapes. XLA takes 50 to 150 ms to compile a program that makes them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netspec.lazy import jax, np

SAME = ("broadcast_in_dim", "copy", "reshape")
"""Primitives whose result is filled with what their operand is filled with."""


def find_fills(function: Callable[..., Any], *arguments: Any) -> Any | None:
    """The function's result as arrays of NumPy, each a view of one number; None where something of it depends on the arguments, or is more
    than a number that fills an array."""
    closed, shapes = jax.make_jaxpr(function, return_shape=True)(*arguments)
    known: dict[int, Any] = {}
    for var, value in zip(closed.jaxpr.constvars, closed.consts, strict=True):
        if np.ndim(value) == 0:
            known[id(var)] = np.asarray(value)
    for equation in closed.jaxpr.eqns:
        if (fill := _fill(equation, known)) is not None:
            known[id(equation.outvars[0])] = fill
    found = [_value(var, known) for var in closed.jaxpr.outvars]
    fills = [fill for fill in found if fill is not None]
    if len(fills) < len(found):
        return None
    leaves, tree = jax.tree.flatten(shapes)
    return jax.tree.unflatten(
        tree, [np.broadcast_to(fill.astype(leaf.dtype), leaf.shape) for leaf, fill in zip(leaves, fills, strict=True)]
    )


def _fill(equation: Any, known: dict[int, Any]) -> Any | None:
    """The number that an equation's result is filled with, in its dtype; None where that is not known."""
    name, operand = equation.primitive.name, _value(equation.invars[0], known) if equation.invars else None
    if operand is None or len(equation.outvars) != 1:
        return None
    if name in SAME:
        return operand
    return operand.astype(equation.params["new_dtype"]) if name == "convert_element_type" else None


def _value(var: Any, known: dict[int, Any]) -> Any | None:
    """The number that a literal is, or that a variable is filled with."""
    if hasattr(var, "val"):
        return np.asarray(var.val, var.aval.dtype) if np.ndim(var.val) == 0 else None
    return known.get(id(var))
