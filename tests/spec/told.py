"""What netspec says in situations of `docs/problems/` that no test can bring about, by slug."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic

TOLD: dict[str, Diagnostic] = {}
