"""Writes facts as a text that a person reviews, and reads it again, trusting nothing of it. Floor 3.

It is JSON with one fact on a line, in the order of the model: a change of the spec is a change of some lines.
"""

from __future__ import annotations

import json
from typing import Any

FORMAT = "1"
"""The form of the file; another netspec may write another one."""
DEPTH = 8
"""So deep facts may be nested in a lock that is read."""

Facts = dict[str, Any]
"""Texts by name, some of them in groups."""


class Unreadable(Exception):
    """A text is no lock; the words say why."""


def write_lock(facts: Facts) -> str:
    """The text of a lock."""
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"


def parse_lock(content: bytes) -> Facts:
    """The facts of a lock. Raises Unreadable."""
    try:
        facts = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unreadable("it is no JSON in UTF-8" if not isinstance(error, json.JSONDecodeError) else f"it is no JSON: {error}") from None
    if not isinstance(facts, dict) or "lock" not in facts:
        raise Unreadable('it is no object with the key "lock"')
    if facts["lock"] != FORMAT:
        raise Unreadable("it has a form that this netspec does not know")
    _require_texts(facts, DEPTH)
    if not all(isinstance(facts.get(name), str) for name in ("hash", "netspec", "language")):
        raise Unreadable("it lacks a hash, or the versions of the language and of netspec")
    return facts


def _require_texts(value: object, depth: int) -> None:
    """Raises Unreadable for what is neither a text nor a group of texts."""
    if isinstance(value, str):
        if not _is_text(value):
            raise Unreadable("it holds half a character")
    elif isinstance(value, dict) and depth:
        for name, inner in value.items():
            _require_texts(name, 0)
            _require_texts(inner, depth - 1)
    else:
        raise Unreadable("it holds something else than texts and groups of texts")


def _is_text(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)
