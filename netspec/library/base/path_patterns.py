"""Matches patterns with logical parameter paths: `**/kernel`, `encoder/*/bias`, `embed/**`.

A pattern and a path are compared from end to end, segment by segment. `**` stands for any number of segments (also none), `*` for any
characters within one segment. A segment also matches the numbered copies that loops and unlabelled uses make: `embed` matches `embed`,
`embed_0` and `embed_1_2`, but not `embedding`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.optimizers import PatternMatchesNothing


def matches(pattern: str, path: str) -> bool:
    """True when the pattern covers the whole path."""
    return _match(tuple(pattern.split("/")), tuple(path.split("/")))


def select(pattern: str, paths: Iterable[str], blame: str | None = None) -> frozenset[str]:
    """The paths that the pattern matches. Raises `Mistake` when there is none; `blame` names the argument that holds the pattern."""
    known = tuple(paths)
    found = frozenset(path for path in known if matches(pattern, path))
    if not found:
        raise Mistake(PatternMatchesNothing(pattern=pattern, paths=known, wider=_widen_pattern(pattern, known), blame=blame))
    return found


def _widen_pattern(pattern: str, paths: tuple[str, ...]) -> str:
    """The pattern that was meant where a layer stands for its parameters, or the end of a path for the whole; else nothing."""
    wider = (f"{pattern}/**", f"**/{pattern}", f"**/{pattern}/**")
    return next((w for w in wider if any(matches(w, path) for path in paths)), "")


def _match(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Row by row: `reached[i]` says whether the first segments of the pattern match the first i segments of the path."""
    reached = [True] + [False] * len(path)
    for part in pattern:
        if part == "**":
            first = reached.index(True) if True in reached else len(reached)
            reached = [i >= first for i in range(len(reached))]
        else:
            reached = [False] + [reached[i] and _segment(part).fullmatch(name) is not None for i, name in enumerate(path)]
    return reached[-1]


@lru_cache(maxsize=1024)
def _segment(part: str) -> re.Pattern[str]:
    """One segment of a pattern; `layer` stands for `layer_3` too."""
    body = "[^/]*".join(re.escape(piece) for piece in re.split(r"\*+", part))
    return re.compile(body + r"(_\d+)*")
