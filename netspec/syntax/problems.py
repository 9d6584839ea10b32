"""The problems of this floor by class name. A family is imported when its first problem is met: a clean spec pays for none of them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netspec.diagnostics.syntax import *  # noqa: F403
    from netspec.diagnostics.syntax_chains import *  # noqa: F403
    from netspec.diagnostics.syntax_expressions import *  # noqa: F403
    from netspec.diagnostics.syntax_foreign import *  # noqa: F403
    from netspec.diagnostics.syntax_lists import *  # noqa: F403
    from netspec.diagnostics.syntax_sections import *  # noqa: F403
    from netspec.diagnostics.syntax_statements import *  # noqa: F403
    from netspec.diagnostics.syntax_text import *  # noqa: F403
    from netspec.diagnostics.syntax_words import *  # noqa: F403

FAMILIES = (
    "syntax",
    "syntax_chains",
    "syntax_expressions",
    "syntax_foreign",
    "syntax_lists",
    "syntax_sections",
    "syntax_statements",
    "syntax_text",
    "syntax_words",
)


def __getattr__(name: str) -> Any:
    for family in FAMILIES if name[0].isupper() else ():
        module = importlib.import_module(f"netspec.diagnostics.{family}")
        if hasattr(module, name):
            return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
