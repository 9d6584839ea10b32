"""Writes a difference as JSON: every fact, nothing cut short. Floor 5."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.drawing.json_report import to_object
from netspec.record import fields, is_record
from netspec.shape import Dim
from netspec.tools.diff.difference import Difference

FORMAT = 1
"""Grows when a key is renamed or goes; new keys may come."""


def write_json(found: Difference) -> str:
    """The difference as text."""
    return json.dumps(difference_object(found), indent=2)


def write_json_problems(problems: Sequence[Diagnostic]) -> str:
    """What keeps two specs from being compared, as text."""
    return json.dumps(problems_object(problems), indent=2)


def difference_object(found: Difference) -> dict[str, Any]:
    """The difference as an object with the keys of `difference.py`; costs with free sizes are polynomials as text."""
    return {"format": FORMAT, **_plain(found)}


def problems_object(problems: Sequence[Diagnostic]) -> dict[str, Any]:
    """Each problem as `check --format json` has it."""
    return {"format": FORMAT, "problems": [to_object(p) for p in problems]}


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Dim):
        return value.value if value.is_constant else str(value)
    if is_record(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name != "drawing"}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
