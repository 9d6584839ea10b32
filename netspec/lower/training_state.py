"""Defines the state of a training at one moment."""

from __future__ import annotations

from typing import Any, NamedTuple


class State(NamedTuple):
    """A tree that JAX can take: params and buffers by stored key, the optimizer's state (of several a dict of them, by the names of the
    updates), finished steps as i32[], where the spec has `ema` the average of the parameters, else (), and where steps that are no numbers
    are left out what is counted of them (`StepGuard`), else ()."""

    params: dict[str, Any]
    buffers: dict[str, Any]
    optimizer: Any
    step: Any
    average: Any = ()
    guard: Any = ()
