"""`quick_compilation`: imported by a test module, it makes XLA spend less on machine code that runs once."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import pytest


@pytest.fixture(scope="module", autouse=True)
def quick_compilation(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tiny programs are compiled with few optimizations, by a third faster; where slow tests run too, as users compile them."""
    quick = request.config.option.markexpr == "not slow"
    before = jax.config.values["jax_disable_most_optimizations"]
    jax.config.update("jax_disable_most_optimizations", quick or before)
    yield
    jax.config.update("jax_disable_most_optimizations", before)
