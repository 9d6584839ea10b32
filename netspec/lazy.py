"""Imports JAX and NumPy when a name of theirs is first touched, so that `check` never pays for them. Floor 0.

`from netspec.lazy import jnp` binds a proxy; the first attribute read imports the real module.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any


class _Lazy:
    """A module that is imported when a name of it is looked up."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def __getattr__(self, attribute: str) -> Any:
        module = importlib.import_module(self.__dict__["_name"])
        value = getattr(module, attribute)
        self.__dict__[attribute] = value
        return value

    def __repr__(self) -> str:
        return f"<lazy {self.__dict__['_name']}>"


if TYPE_CHECKING:
    import jax
    import jax.numpy as jnp
    import numpy as np
    from jax import lax
else:
    jax, jnp, lax, np = _Lazy("jax"), _Lazy("jax.numpy"), _Lazy("jax.lax"), _Lazy("numpy")

__all__ = ["jax", "jnp", "lax", "np"]
