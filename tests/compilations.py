"""Counts what XLA compiles. (The size of a jitted function's cache says less: JAX drops entries when a process has very many.)"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax

from tests.programs import compiled_anew

EVENT = "/jax/core/compile/backend_compile_duration"


@contextmanager
def compilations() -> Iterator[list[str]]:
    """A list that gets an entry for each program compiled inside the `with`, where none is loaded from disk."""
    found: list[str] = []

    def seen(event: str, seconds: float, **more: Any) -> None:
        if event == EVENT:
            found.append(str(more.get("fun_name", "?")))

    jax.monitoring.register_event_duration_secs_listener(seen)
    try:
        with compiled_anew():
            yield found
    finally:
        jax.monitoring.unregister_event_duration_listener(seen)
