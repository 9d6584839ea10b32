"""netspec compiles `.net` specs of neural networks to JAX.

    import netspec
    program = netspec.compile("model.net")          # a Program; raises SpecError on a bad spec
    problems = netspec.check("model.net")           # the same problems as values; never raises, never imports JAX
    model = netspec.load("runs/model")              # a finished run, ready to predict

Importing the package imports nothing: each name is looked up on first use.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netspec.compile import check, compile, load
    from netspec.diagnostics.spec_error import SpecError

__version__ = "0.1.0"
__all__ = ["SpecError", "__version__", "check", "compile", "load"]

_HOMES = {
    "check": "netspec.compile",
    "compile": "netspec.compile",
    "load": "netspec.compile",
    "SpecError": "netspec.diagnostics.spec_error",
}


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
