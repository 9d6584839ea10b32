"""Gives the problems of this floor by class name. A family is imported when its first problem is met, so a clean spec pays for none."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netspec.diagnostics.text.brackets import *  # noqa: F403
    from netspec.diagnostics.text.chains import *  # noqa: F403
    from netspec.diagnostics.text.characters import *  # noqa: F403
    from netspec.diagnostics.text.expressions import *  # noqa: F403
    from netspec.diagnostics.text.first_line import *  # noqa: F403
    from netspec.diagnostics.text.foreign_forms import *  # noqa: F403  # noqa: F403
    from netspec.diagnostics.text.literals import *  # noqa: F403
    from netspec.diagnostics.text.sections import *  # noqa: F403
    from netspec.diagnostics.text.statements import *  # noqa: F403
    from netspec.diagnostics.text.words import *  # noqa: F403

FAMILIES = (
    "netspec.diagnostics.text.brackets",
    "netspec.diagnostics.text.chains",
    "netspec.diagnostics.text.expressions",
    "netspec.diagnostics.text.first_line",
    "netspec.diagnostics.text.foreign_forms",
    "netspec.diagnostics.text.sections",
    "netspec.diagnostics.text.statements",
    "netspec.diagnostics.text.characters",
    "netspec.diagnostics.text.literals",
    "netspec.diagnostics.text.words",
)


def __getattr__(name: str) -> Any:
    """Looks a problem up in its family when it is first met."""
    for family in FAMILIES if name[0].isupper() else ():
        module = importlib.import_module(family)
        if hasattr(module, name):
            return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
