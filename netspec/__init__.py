"""netspec compiles `.net` specs of neural networks to JAX.

    import netspec
    program = netspec.compile("model.net")          # a Program; raises SpecError on a bad spec
    problems = netspec.check("model.net").problems  # the same problems as values; never raises, never imports JAX
    run = netspec.load("runs/model")                # a finished run, ready to predict

Importing the package imports nothing: each name is looked up on first use. docs/python.md shows all of it at work.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netspec.compile import Checked as Checked
    from netspec.compile import check as check
    from netspec.compile import compile as compile
    from netspec.compile import load as load
    from netspec.diagnostics.base import Diagnostic as Diagnostic
    from netspec.diagnostics.base import Edit as Edit
    from netspec.diagnostics.spec_error import SpecError as SpecError
    from netspec.from_torch import convert_weights as convert_weights
    from netspec.library.base.trainables import Clock as Clock
    from netspec.lower.training_state import State as State
    from netspec.source import Source as Source
    from netspec.source import Span as Span
    from netspec.train.trainable_model import Fit as Fit
    from netspec.train.trainable_model import Program as Program
    from netspec.train.trained_run import Loaded as Loaded

__version__ = "0.1.0"

_HOMES = {
    "check": "netspec.compile",
    "compile": "netspec.compile",
    "load": "netspec.compile",
    "Checked": "netspec.compile",
    "Clock": "netspec.library.base.trainables",
    "Diagnostic": "netspec.diagnostics.base",
    "Edit": "netspec.diagnostics.base",
    "Fit": "netspec.train.trainable_model",
    "Loaded": "netspec.train.trained_run",
    "Program": "netspec.train.trainable_model",
    "Source": "netspec.source",
    "Span": "netspec.source",
    "SpecError": "netspec.diagnostics.spec_error",
    "State": "netspec.lower.training_state",
    "convert_weights": "netspec.from_torch",
}
__all__ = [
    "Checked",
    "Clock",
    "Diagnostic",
    "Edit",
    "Fit",
    "Loaded",
    "Program",
    "Source",
    "Span",
    "SpecError",
    "State",
    "__version__",
    "check",
    "compile",
    "convert_weights",
    "load",
]


class _Package(ModuleType):
    """The package, whose `compile` stays the function: importing the module `netspec.compile` would bind its own name over it."""

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and _HOMES.get(name) == value.__name__:
            value = getattr(value, name)
        super().__setattr__(name, value)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


sys.modules[__name__].__class__ = _Package
