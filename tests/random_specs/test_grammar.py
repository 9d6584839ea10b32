"""What the grammar makes: most of it is read without a problem, and `check` has an answer for all of it."""

from __future__ import annotations

from random import Random

import pytest

from netspec.source import Source
from netspec.syntax.parser import parse
from tests.random_specs import derive, grammar
from tests.random_specs.mutate import Report
from tests.random_specs.mutate import run as run_mutations


def test_most_of_what_is_derived_can_be_read() -> None:
    """Not all: some words are too long on purpose, and some braces are read otherwise by those who know the context."""
    texts = [derive.derived(Random(n)) for n in range(150)]
    read = sum(not parse(Source("derived.net", text))[1] for text in texts)
    assert read > 100 and len(set(texts)) > 100


def test_every_rule_is_derived() -> None:
    """But for holes, which stand for what cannot be read."""
    assert set(derive.grammar()) == set(derive.heights())
    text = "\n".join(grammar.made(0, n).decode() for n in range(400))
    for word in derive.SPELLED.values():
        assert word in text, word


def test_the_same_seed_makes_the_same() -> None:
    assert [grammar.made(3, n) for n in range(20)] == [grammar.made(3, n) for n in range(20)]


@pytest.mark.slow
@pytest.mark.parametrize(("run", "count"), [(run_mutations, 1_500), (grammar.run, 1_000)], ids=["mutate", "grammar"])
def test_soak(run: object, count: int) -> None:
    report: Report = run(count, seed=1, limit=10)  # type: ignore[operator]
    assert not report.wrong, report.wrong[:5]
    assert report.refused > count // 2 and report.accepted > count // 50 and len(report.slugs) > 50, str(report)
