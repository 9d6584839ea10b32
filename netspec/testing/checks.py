"""Holds subjects against laws: every law is tried, those that are broken are named, and what was checked is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from netspec.lazy import np

Law = Callable[[Any], None]
"""A function that raises AssertionError where its subject breaks it."""


class Count:
    """What laws have checked in this process, by the name of the law."""

    def __init__(self) -> None:
        self.held: Counter[str] = Counter()
        """How many subjects were held against it."""
        self.checks: Counter[str] = Counter()
        """How many single facts it compared."""
        self.law = "outside of a law"
        """The one that is being tried."""

    def add(self) -> None:
        """One more fact is about to be compared."""
        self.checks[self.law] += 1


COUNT = Count()


def require(holds: Any, message: str) -> None:
    """Raise AssertionError with the message unless it holds."""
    COUNT.add()
    if not holds:
        raise AssertionError(message)


def require_same(one: Any, other: Any, first: str, second: str) -> None:
    """Require two values to be equal; the words say what each of them is."""
    require(one == other, f"{first} {one}, {second} {other}")


def close(found: Any, wanted: Any, rtol: float, atol: float) -> None:
    """Require arrays to be equal up to `atol + rtol · |wanted|`."""
    COUNT.add()
    np.testing.assert_allclose(found, wanted, rtol, atol)


def law_name(law: Law) -> str:
    """A law's name as words."""
    return law.__name__.replace("_", " ")


def find_breaches(laws: Iterable[Law], subject: Any) -> Iterator[tuple[str, Exception]]:
    """The name of each law that the subject breaks, and what was raised: whatever an op raises where it should not breaks it too."""
    for law in laws:
        COUNT.law = law_name(law)
        COUNT.held[COUNT.law] += 1
        try:
            law(subject)
        except Exception as error:
            yield law_name(law), error


def hold(laws: Iterable[Law], *subjects: Any) -> None:
    """Hold each subject against all laws. Raises one AssertionError that names every law that is broken, and by what."""
    laws = tuple(laws)
    found = [(law, subject, error) for subject in subjects for law, error in find_breaches(laws, subject)]
    if found:
        lines = [f"- {law}, by {subject}: {error_text(error)}" for law, subject, error in found]
        raise AssertionError(f"{len(found)} broken:\n" + "\n".join(lines)) from found[0][2]


def error_text(error: Exception) -> str:
    """What an exception says, with its kind unless it is an AssertionError."""
    return str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
