"""Mends text that is nearly JSON: commas before a closing bracket, comments, single quotes, words of Python, keys without quotes."""

from __future__ import annotations

import json
import re

_WORDS = {"True": "true", "False": "false", "None": "null", "undefined": "null", "nil": "null", "NaN": '"nan"', "Infinity": '"inf"'}
_PIECE = re.compile(
    r'(?P<string>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<quoted>'(?:[^'\\\n]|\\.)*')"
    r"|(?P<comment>[ \t]*(?://|\#)[^\n]*|[ \t]*/\*(?:[^*]|\*(?!/))*\*/)"
    r"|(?P<comma>,(?=(?:\s|//[^\n]*|\#[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*[\]}]))"
    r'|(?P<gap>(?<=["}\]\w])\s+(?=["{\[])|(?<=[}\]])(?=["{\[]))'
    r"|(?P<key>[A-Za-z_$][\w$]*(?=\s*:))"
    r"|(?P<word>[A-Za-z_]\w*)"
)


def mend_json(text: str) -> list[tuple[int, int, str]]:
    """The characters [start, end) that are not as JSON has them, and what takes their place; nothing where that is not enough."""
    changes, comment_end = [], -1
    for match in _PIECE.finditer(text):
        if match.lastgroup == "gap" and match.start() == comment_end:
            continue
        comment_end = match.end() if match.lastgroup == "comment" else -1
        new = _mend(match.lastgroup or "", match[0])
        if new is not None:
            changes.append((match.start(), match.start() if match.lastgroup == "gap" else match.end(), new))
    if changes and _is_json(text, changes):
        return changes
    closed = _close(text)
    return closed if closed and _is_json(text, closed) else []


def _close(text: str) -> list[tuple[int, int, str]]:
    """The brackets that are missing: each before the one that closes what is around it, or at the end."""
    changes: list[tuple[int, int, str]] = []
    opened: list[str] = []
    end = 0
    for match in re.finditer(r'"(?:[^"\\\n]|\\.)*"|[\[\]{}]|[^\s\[\]{}"]+', text):
        sign = match[0]
        if sign in ("{", "["):
            opened.append("}" if sign == "{" else "]")
        elif sign in ("}", "]"):
            missing = ""
            while opened and opened[-1] != sign and sign in opened:
                missing += opened.pop()
            changes += [(end, end, missing)] * bool(missing)
            opened = opened[:-1]
        end = match.end()
    return [*changes, (end, end, "".join(reversed(opened)))] if opened else changes


def _mend(kind: str, piece: str) -> str | None:
    """A piece as JSON writes it; None where it is so already."""
    if kind == "gap":
        return ","
    if kind in ("comment", "comma"):
        return ""
    if kind == "quoted":
        inside = piece[1:-1].replace("\\'", "'").replace('"', '\\"')
        return f'"{inside}"'
    if kind == "key":
        return f'"{piece}"'
    return _WORDS.get(piece) if kind == "word" else None


def _is_json(text: str, changes: list[tuple[int, int, str]]) -> bool:
    """Whether the text is JSON behind the changes."""
    parts, at = [], 0
    for start, end, new in changes:
        parts += [text[at:start], new]
        at = end
    try:
        json.loads("".join([*parts, text[at:]]))
    except (ValueError, RecursionError):
        return False
    return True
