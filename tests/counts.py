"""What a test run checked: by law, how many subjects were held against it and how many facts it compared; and passed assertions by file."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

Counts = dict[str, dict[str, int]]

_ASSERTIONS: Counter[str] = Counter()
"""`assert` statements that passed, by test module; counted only where pytest is asked for its hook."""
_OTHERS: dict[str, Counter[str]] = {}
"""What the other processes of the run counted."""


def passed(item: pytest.Item) -> None:
    """An `assert` of a test module held."""
    _ASSERTIONS[item.nodeid.partition("::")[0]] += 1


def take() -> Counts:
    """What this process counted; nothing of laws where no test wanted them."""
    laws = sys.modules.get("netspec.testing.checks")
    of_laws = {"subjects": dict(laws.COUNT.held), "facts": dict(laws.COUNT.checks)} if laws else {}
    return {**of_laws, "assertions": dict(_ASSERTIONS)}


def add(found: Counts) -> None:
    """Take over what another process counted."""
    for kind, counted in found.items():
        _OTHERS.setdefault(kind, Counter()).update(counted)


def lines() -> list[str]:
    """A table of what all processes counted: a line per law, and one per file with assertions."""
    add(take())
    subjects, facts, assertions = (_OTHERS.get(kind, Counter()) for kind in ("subjects", "facts", "assertions"))
    table = [f"laws: {len(subjects)}, with {subjects.total()} subjects and {facts.total()} facts compared"]
    table += [f"  {law}: {subjects[law]} subjects, {facts[law]} facts" for law in sorted(subjects.keys() | facts.keys())]
    table += [f"assertions of test modules that passed: {assertions.total()}"]
    return table + [f"  {file}: {assertions[file]}" for file in sorted(assertions)]
