"""Turns nested dicts by path segment into one flat dict by whole path, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """{"a/b": x} -> {"a": {"b": x}}."""
    root: dict[str, Any] = {}
    for path, value in flat.items():
        *groups, name = path.split("/")
        place = root
        for group in groups:
            place = place.setdefault(group, {})
        place[name] = value
    return root


def flatten(nested: Mapping[str, Any]) -> dict[str, Any]:
    """{"a": {"b": x}} -> {"a/b": x}. Empty dicts vanish."""
    return dict(_leaves(nested, ""))


def _leaves(nested: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in nested.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}", value
