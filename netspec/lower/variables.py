"""Reads weights as a caller has them: leaves as they are stored or nested dicts by logical path, with the buffers or the parameters
alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from netspec.diagnostics.running.weights import ArrayMismatch, WeightsMismatch
from netspec.diagnostics.spec_error import SpecError
from netspec.lazy import jax, np
from netspec.lower.input_arrays import as_array, describe
from netspec.lower.layout import BUFFERS, PARAMS, Layout
from netspec.lower.precision import is_traced
from netspec.lower.training_state import State

STATE = "a state, as `init`, `train_step` and `fit` give it"
COPY = "`jax.tree.map(jnp.copy, state)`"


def collections_of(given: Any, buffers: Any = None) -> dict[str, Any]:
    """{"params", "buffers"} of a state, of these two, or of the parameters alone. Raises `SpecError` for what is none of them."""
    require_alive(given)
    if isinstance(given, State):
        found: Mapping[str, Any] = {PARAMS: given.params, BUFFERS: given.buffers}
    elif not isinstance(given, Mapping):
        expected = f"{STATE}, or arrays by path"
        raise SpecError([ArrayMismatch(field="state", expected=expected, found=type(given).__name__)])
    else:
        found = given if are_collections(given) else {PARAMS: given}
    return dict(found) if buffers is None else {**found, BUFFERS: buffers}


def are_collections(given: Mapping[str, Any]) -> bool:
    """Whether a dict holds the parameters and the buffers, and not the parameters themselves."""
    return PARAMS in given and all(isinstance(given[name], Mapping) for name in (PARAMS, BUFFERS) if name in given)


def require_state(layout: Layout, given: Any, batch: Any = None) -> State:
    """The state, when it is one and its leaves are those of the model. Raises `SpecError` or `Mistake`."""
    if not isinstance(given, State):
        swapped = isinstance(batch, State)
        call = "the state comes first: `train_step(state, batch)`" if swapped else ""
        raise SpecError([ArrayMismatch(field="state", expected=STATE, found=type(given).__name__, repair=call)])
    if not isinstance(given.params, Mapping) or not isinstance(given.buffers, Mapping):
        raise SpecError([ArrayMismatch(field="state", expected=STATE, found="one whose params or buffers are no dicts")])
    require_alive(given)
    layout.require_stored({PARAMS: given.params, BUFFERS: given.buffers})
    return given


def require_alive(given: Any) -> None:
    """Raises `SpecError` for a state, or a tree of its arrays, that a step of training has taken over."""
    if _is_gone(given):
        repair = "keep the state that it returns, `state, statistics = program.train_step(state, batch)`, or give it a copy: " + COPY
        found = "one that was given away to `train_step`, which donates it"
        raise SpecError([ArrayMismatch(field="state", expected=STATE, found=found, repair=repair)])


def _is_gone(tree: Any) -> bool:
    """Whether an array of the tree is deleted."""
    if isinstance(tree, Mapping):
        return any(map(_is_gone, tree.values()))
    if isinstance(tree, list | tuple):
        return any(map(_is_gone, tree))
    return isinstance(tree, jax.Array) and not is_traced(tree) and tree.is_deleted()


def require_dict(batch: Any, names: Iterable[str] = ()) -> Mapping[str, Any]:
    """The batch, when it is a dict by field. Raises `SpecError`."""
    if not isinstance(batch, Mapping):
        fields = ", ".join(f'"{name}": …' for name in names)
        expected = "a dict of arrays by field" + (f", {{{fields}}}" if fields else "")
        raise SpecError([ArrayMismatch(field="batch", expected=expected, found=f"a value of {type(batch).__name__}")])
    return batch


def as_leaf(path: str, value: Any, dtype: Any) -> Any:
    """A leaf of the weights in its dtype. Raises `SpecError` for what holds no numbers, or such as the dtype does not hold."""
    array = as_array(value)
    if getattr(array.dtype, "kind", "") in "OUSM":
        raise SpecError([ArrayMismatch(field=path, expected=f"an array of {dtype}", found=describe(array))])
    if getattr(array.dtype, "kind", "") == "c":
        raise SpecError([WeightsMismatch(lost=((path, f"complex numbers in place of {np.dtype(dtype)}"),))])
    with np.errstate(over="ignore", invalid="ignore"):  # which is told in words
        made = array.astype(dtype)
    if (number := find_lost(array, made)) is not None:
        raise SpecError([WeightsMismatch(lost=((path, f"{number}, which {np.dtype(dtype)} does not hold"),))])
    return made


def find_lost(given: Any, made: Any) -> str | None:
    """The first number that another dtype does not hold: too large for its floats, or for its whole numbers, or a fraction. Arrays of JAX
    are not read."""
    if not isinstance(given, np.ndarray | np.generic) or np.dtype(given.dtype).kind not in "fiu":
        return None
    kind = "f" if np.issubdtype(made.dtype, np.floating) or np.dtype(made.dtype).kind == "V" else np.dtype(made.dtype).kind
    if kind == "f":
        lost = ~np.isfinite(made) & np.isfinite(given)
    elif kind in "iu":
        lost = made != given
    else:
        return None
    return f"{np.asarray(given)[lost].flat[0]:.6g}" if lost.any() else None


def are_arrays(tree: Any) -> bool:
    """Whether all leaves of a tree are arrays of numbers, or numbers."""
    return all(hasattr(leaf, "dtype") or isinstance(leaf, np.generic | int | float) for leaf in jax.tree.leaves(tree))
