"""Trains kernels as directions and lengths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netspec.lazy import jnp
from netspec.library.base import Array, Leaf, Transformation
from netspec.library.gradients.core import Tree, widen

DIRECTION, LENGTH = "direction", "length"
_LARGEST = 1e15
"""Gradients of directions beyond this count as this, so that squares of directions stay finite."""
Build = Callable[[Mapping[str, Leaf]], Transformation]


def split_direction_and_length(build: Build, decay: float, eps: float, leaves: Mapping[str, Leaf]) -> Transformation:
    """Every kernel w as length * v / (eps + ‖v‖), the norm being over all axes but the last; what `build` makes moves lengths and v.

    A kernel has more than one axis and more numbers than its last axis. The state keeps v; lengths follow from w and v. Both go by the
    logical paths of w.
    """

    def made(params: Tree) -> Transformation:
        return build({name: leaves[key] for key, p in params.items() for name in _names(key, is_kernel(p, leaves[key].stacked))})

    def split(params: Tree, directions: Tree) -> Tree:
        whole = {key: p for key, p in params.items() if key not in directions}
        lengths = {f"{key}/{LENGTH}": length_of(widen(params[key]), v, eps, leaves[key].stacked) for key, v in directions.items()}
        return {**whole, **{f"{key}/{DIRECTION}": v for key, v in directions.items()}, **lengths}

    def joined(both: Tree, directions: Tree) -> Tree:
        kernels = {key: kernel(both[f"{key}/{DIRECTION}"], both[f"{key}/{LENGTH}"], eps, leaves[key].stacked) for key in directions}
        return {**{key: x for key, x in both.items() if key in leaves and key not in directions}, **kernels}

    def gradients(grads: Tree, both: Tree, directions: Tree) -> Tree:
        found = {key: g for key, g in grads.items() if key not in directions}
        for key, v in directions.items():
            along, across = chain_rule(widen(grads[key]), v, both[f"{key}/{LENGTH}"], eps, leaves[key].stacked)
            found |= {f"{key}/{DIRECTION}": across + decay * v, f"{key}/{LENGTH}": along}
        return found

    def init(params: Tree) -> dict[str, Any]:
        directions = {key: unit(widen(p), leaves[key].stacked) for key, p in params.items() if is_kernel(p, leaves[key].stacked)}
        return {DIRECTION: directions, "inner": made(params).init(split(params, directions))}

    def update(updates: Tree, state: dict[str, Any], params: Tree, **given: Any) -> tuple[Tree, dict[str, Any]]:
        directions, inner = state[DIRECTION], made(params)
        both = split(params, directions)
        asked = {name: given[name] for name in inner.needs}
        if "value_fn" in asked:
            asked["value_fn"] = lambda own: given["value_fn"](joined(own, directions))
        if "grad_fn" in asked:
            asked["grad_fn"] = lambda own: gradients(given["grad_fn"](joined(own, directions)), own, directions)
        steps, moved = inner.update(gradients(updates, both, directions), state["inner"], both, **asked)
        after = {name: widen(x) + steps[name] for name, x in both.items()}
        new = joined(after, directions)
        kept = {key: after[f"{key}/{DIRECTION}"] for key in directions}
        return {key: new[key] - widen(p) for key, p in params.items()}, {DIRECTION: kept, "inner": moved}

    return Transformation(init, update, build(leaves).needs)


def is_kernel(p: Array, stacked: int) -> bool:
    """Has a slice several axes, and more numbers than its last axis?"""
    shape = p.shape[stacked:]
    return len(shape) > 1 and any(size > 1 for size in shape[:-1])


def norms(v: Array, stacked: int) -> Array:
    """Over all axes of a slice but the last, kept as axes of length 1."""
    return jnp.sqrt(_sum(jnp.square(v), stacked))


def unit(w: Array, stacked: int) -> Array:
    """The directions of a kernel's columns, of length 1; of a column of zeros that along which all inputs count alike."""
    size = norms(w, stacked)
    even = norms(jnp.ones_like(w), stacked)
    return jnp.where(size > 0, w / jnp.where(size > 0, size, 1), 1 / even)


def kernel(v: Array, length: Array, eps: float, stacked: int) -> Array:
    """The kernel of a direction and a length."""
    return length * (v / (eps + norms(v, stacked)))


def length_of(w: Array, v: Array, eps: float, stacked: int) -> Array:
    """The length with which w = length * v / (eps + ‖v‖); negative where w and v point to opposite sides."""
    size = norms(v, stacked)
    known = jnp.where(size > 0, size, 1)
    return _sum(w * (v / known), stacked) * (1 + eps / known)


def chain_rule(g: Array, v: Array, length: Array, eps: float, stacked: int) -> tuple[Array, Array]:
    """The gradients of length and v, from that of the kernel."""
    size = norms(v, stacked)
    along = _sum(g * (v / (eps + size)), stacked)
    outward = v / jnp.where(size > 0, size, 1)
    across = length / (eps + size) * (g - outward * along)
    return along, jnp.clip(across, -_LARGEST, _LARGEST)


def _sum(x: Array, stacked: int) -> Array:
    """The sum over all axes of a kernel but the last."""
    return jnp.sum(x, axis=tuple(range(stacked, x.ndim - 1)), keepdims=True)


def _names(key: str, split: bool) -> tuple[str, ...]:
    """Under which names the parts of a parameter are kept."""
    return (f"{key}/{DIRECTION}", f"{key}/{LENGTH}") if split else (key,)
