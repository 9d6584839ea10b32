"""Finds the names nearest to one that does not exist, for "did you mean". Floor 0."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from netspec.limits import LIMITS

_SUFFIX = re.compile(r"[123]d$")


def nearest(
    name: str, names: Iterable[str], aliases: Mapping[str, Sequence[str]] | None = None, limit: int = LIMITS.suggestions
) -> list[str]:
    """Up to `limit` of `names` that `name` may have meant, best first.

    The same letters in another case or with other underscores win alone (`BatchNorm` -> `batch_norm`), then well-known names of
    other libraries (`Linear` -> `dense`), then names at a small Damerau-Levenshtein distance, then names whose words begin with its own
    or the other way round. `aliases` are the well-known names; None stands for all that `aliases` lists.
    """
    candidates = take_candidates(names)
    found = find_same(name, candidates) or _find_aliased(name, candidates, aliases) or find_alike(name, candidates)
    return found[:limit]


_LEFT: ContextVar[list[int] | None] = ContextVar("names left to compare", default=None)


@contextmanager
def limit_search() -> Iterator[None]:
    """Inside, so many names are compared and no more: of thousands of unknown names each would else be held against thousands that exist,
    and nobody reads on behind the first hundreds.
    """
    token = _LEFT.set([LIMITS.compared_names])
    try:
        yield
    finally:
        _LEFT.reset(token)


def take_candidates(names: Iterable[str]) -> list[str]:
    """The names to look among, each once; none, and the names are not even listed, when enough have been compared in this check."""
    left = _LEFT.get()
    if left is not None and left[0] <= 0:
        return []
    found = list(dict.fromkeys(names))
    if left is not None:
        left[0] -= len(found)
    return found


def find_same(name: str, candidates: Iterable[str]) -> list[str]:
    """The candidates with the same letters."""
    wanted = squash(name)
    return [c for c in candidates if squash(c) == wanted]


def find_alike(name: str, candidates: Sequence[str]) -> list[str]:
    """The candidates that are a slip of the finger away, else those that say more or less of the same words."""
    return _find_close(name, candidates) or _find_prefixed(name, candidates)


@lru_cache(maxsize=10_000)
def squash(name: str) -> str:
    """A name without case, underscores, hyphens and a trailing 1d/2d/3d: what people remember of it."""
    return _SUFFIX.sub("", name.replace("_", "").replace("-", "").lower())


def _find_aliased(name: str, candidates: Sequence[str], aliases: Mapping[str, Sequence[str]] | None) -> list[str]:
    if aliases is None:
        from netspec.diagnostics.suggestions.aliases import aliases as known  # only specs with a problem need it

        aliases = known()
    return [c for c in aliases.get(squash(name), ()) if c in candidates]


def _find_close(name: str, candidates: Sequence[str]) -> list[str]:
    wanted = squash(name)
    limit, size, letters = cutoff(wanted), len(wanted), letters_of(wanted)
    alike = [c for c in candidates if abs(len(squash(c)) - size) <= limit and (letters_of(squash(c)) ^ letters).bit_count() <= 2 * limit]
    near = [(d, c) for c in alike if (d := distance(wanted, squash(c), limit)) <= limit and _same_words(name, c)]
    return [c for d, c in sorted(near) if d <= near_enough(min(near)[0])]


@lru_cache(maxsize=10_000)
def letters_of(name: str) -> int:
    """Which characters a name has, a bit for each: one slip changes two of them at most."""
    found = 0
    for character in name:
        found |= 1 << (ord(character) & 63)
    return found


def cutoff(name: str) -> int:
    """How many slips a name of this length may hold: none in one letter, then one per four letters, at most four."""
    return 0 if len(name) < 2 else min(max(len(name) // 4, 1), 4)


def near_enough(best: int) -> int:
    """Names more than one slip farther away than the best are noise."""
    return best + 1


def _same_words(a: str, b: str) -> bool:
    """Names of equally many words differ by slips within words: `global_max_pool` is not a slip of `global_avg_pool`."""
    ours, theirs = a.lower().split("_"), b.lower().split("_")
    if len(ours) != len(theirs) or len(ours) == 1:
        return True
    return all(distance(x, y, cutoff(x)) <= cutoff(x) for x, y in zip(ours, theirs, strict=True))


def _find_prefixed(name: str, candidates: Sequence[str]) -> list[str]:
    """Candidates that go on where the name stops, or that the name's whole words begin with and mostly are."""
    wanted = squash(name)
    found = [c for c in candidates if min(len(wanted), len(squash(c))) >= 4 and (squash(c).startswith(wanted) or _begins(c, name))]
    return sorted(found, key=lambda c: (abs(len(squash(c)) - len(wanted)), c))


def _begins(short: str, long: str) -> bool:
    return long.lower().startswith(short.lower() + "_") and 2 * len(short) >= len(long)


@lru_cache(maxsize=10_000)
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


def list_some(words: str, items: Sequence[str], limit: int) -> str:
    """`words` and what follows them: the first items, and how many more there are; "" without any."""
    more = f" and {len(items) - limit} more" if len(items) > limit else ""
    return f"{words}{', '.join(items[:limit])}{more}" if items else ""


def divisors(number: int) -> list[int]:
    """The divisors of a positive number in ascending order; the largest size of an axis has its own in a few milliseconds."""
    small = [n for n in range(1, math.isqrt(number) + 1) if number % n == 0]
    return small + [number // n for n in reversed(small) if n * n != number]
