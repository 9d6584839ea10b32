"""What a training is at one moment."""

from __future__ import annotations

from typing import Any, NamedTuple


class State(NamedTuple):
    """A tree that JAX can take: params and buffers by stored key, the optimizer's state, and finished updates as i32[]."""

    params: dict[str, Any]
    buffers: dict[str, Any]
    optimizer: Any
    step: Any
