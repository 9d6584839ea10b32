"""Did you mean …? The names nearest to one that does not exist. Floor 0."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from netspec.diagnostics.aliases import ALIASES

MAX_SUGGESTIONS = 3
_SUFFIX = re.compile(r"[123]d$")


def nearest(name: str, names: Iterable[str], aliases: Mapping[str, Sequence[str]] = ALIASES, limit: int = MAX_SUGGESTIONS) -> list[str]:
    """Up to `limit` of `names` that `name` may have meant, best first.

    The same letters in another case or with other underscores win alone (`BatchNorm` -> `batch_norm`), then well-known names of
    other libraries (`Linear` -> `dense`), then names at a small Damerau-Levenshtein distance, then names that it begins or that begin it.
    """
    candidates = list(dict.fromkeys(names))
    same = [c for c in candidates if squash(c) == squash(name)]
    return (same or _aliased(name, candidates, aliases) or _close(name, candidates) or _prefixed(name, candidates))[:limit]


@lru_cache(maxsize=10_000)
def squash(name: str) -> str:
    """A name without case, underscores, hyphens and a trailing 1d/2d/3d: what people remember of it."""
    return _SUFFIX.sub("", name.replace("_", "").replace("-", "").lower())


def _aliased(name: str, candidates: Sequence[str], aliases: Mapping[str, Sequence[str]]) -> list[str]:
    return [c for c in aliases.get(squash(name), ()) if c in candidates]


def _close(name: str, candidates: Sequence[str]) -> list[str]:
    limit = cutoff(name)
    near = [(d, c) for c in candidates if (d := distance(squash(name), squash(c), limit)) <= limit]
    return [c for d, c in sorted(near) if d <= near_enough(min(near)[0])]


def cutoff(name: str) -> int:
    """How many slips a name of this length may hold: none in one letter, then one per three letters, at most four."""
    return 0 if len(name) < 2 else min(max(len(name) // 3, 1), 4)


def near_enough(best: int) -> int:
    """Names more than one slip farther away than the best are noise."""
    return best + 1


def _prefixed(name: str, candidates: Sequence[str]) -> list[str]:
    wanted = squash(name)
    found = [c for c in candidates if min(len(wanted), len(squash(c))) >= 4 and _one_begins_other(wanted, squash(c))]
    return sorted(found, key=lambda c: (abs(len(squash(c)) - len(wanted)), c))


def _one_begins_other(a: str, b: str) -> bool:
    return a.startswith(b) or b.startswith(a)


@lru_cache(maxsize=50_000)
def distance(a: str, b: str, limit: int) -> int:
    """Damerau-Levenshtein distance (insert, delete, replace, swap neighbours; optimal string alignment), or limit + 1 when it is larger."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, previous, row = row, before, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, previous[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


def did_you_mean(names: Sequence[str]) -> str | None:
    """``did you mean `a`, `b` or `c`?``, or None without names."""
    if not names:
        return None
    return f"did you mean {one_of(names)}?"


def one_of(names: Sequence[str], limit: int = 20) -> str:
    """`` `a`, `b` or `c` ``; of a long list the first ones and how many more there are."""
    quoted = [f"`{n}`" for n in names[:limit]]
    if len(names) > limit:
        quoted.append(f"{len(names) - limit} more")
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def divisors(number: int) -> list[int]:
    """The divisors of a positive number in ascending order; the largest size of an axis has its own in a few milliseconds."""
    small = [n for n in range(1, math.isqrt(number) + 1) if number % n == 0]
    return small + [number // n for n in reversed(small) if n * n != number]
