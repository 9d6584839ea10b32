"""Reads weights as a caller has them: leaves as they are stored or nested dicts by logical path, with the buffers or the parameters
alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.diagnostics.running.weights import ArrayMismatch
from netspec.diagnostics.spec_error import SpecError
from netspec.lower.layout import BUFFERS, PARAMS, Layout
from netspec.lower.training_state import State

STATE = "a state, as `init`, `train_step` and `fit` give it"


def collections_of(given: Any, buffers: Any = None) -> dict[str, Any]:
    """{"params", "buffers"} of a state, of these two, or of the parameters alone. Raises `SpecError` for what is none of them."""
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
    layout.require_stored({PARAMS: given.params, BUFFERS: given.buffers})
    return given
