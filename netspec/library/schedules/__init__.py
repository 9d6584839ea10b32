"""Holds numbers that depend on the step. All are traced in the step, and stay at their last value after their end.

Steps are finished updates, counted from 0, so the first update uses `value(0)`. Values are f32, or f64 where JAX runs in 64 bits. The
families are in the modules beside this one; their classes are found here too, and a family is imported for the first class asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netspec.library.schedules.composition import Join, Restarts, Warmup
    from netspec.library.schedules.decays import Constant, Cosine, Exponential, Linear, Polynomial, Rsqrt
    from netspec.library.schedules.one_cycle import CosineOneCycle, LinearOneCycle
    from netspec.library.schedules.piecewise import Piecewise, Step
    from netspec.library.schedules.warmups import WarmupConstant, WarmupCosine, WarmupExponential, WarmupLinear

__all__ = [
    "Constant",
    "Cosine",
    "CosineOneCycle",
    "Exponential",
    "Join",
    "Linear",
    "LinearOneCycle",
    "Piecewise",
    "Polynomial",
    "Restarts",
    "Rsqrt",
    "Step",
    "Warmup",
    "WarmupConstant",
    "WarmupCosine",
    "WarmupExponential",
    "WarmupLinear",
]
FAMILIES = ("decays", "warmups", "piecewise", "one_cycle", "composition")


def __getattr__(name: str) -> Any:
    for family in FAMILIES if name in __all__ else ():
        module = importlib.import_module(f"{__name__}.{family}")
        if getattr(module, name, None) is not None:
            return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
