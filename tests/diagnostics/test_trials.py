"""Repairs are tried on the whole file before they are proposed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from netspec.diagnostics import catalog, patience
from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.edits import edits_of
from netspec.diagnostics.trials import try_repairs
from netspec.limits import LIMITS
from netspec.record import fields, record
from netspec.source import Source
from tests.diagnostics.samples import find, source


@record(kw_only=True)
class BadWord(Diagnostic):
    """A word that may not stand there, with words that may take its place."""

    word: str
    instead: tuple[str, ...] = ()

    def message(self) -> str:
        return f"`{self.word}` may not stand here"

    def repairs(self) -> Sequence[Repair]:
        return [Repair((Edit(self.at, word),), word) for word in self.instead]

    def help(self) -> str | None:
        return f"write {chosen.words}" if (chosen := self.chosen()) else None


@record(kw_only=True)
class DoubtfulWord(BadWord):
    """The same as a warning."""

    severity = "warning"


def found(
    text: Source, instead: dict[str, tuple[str, ...]], wrong: Callable[[list[str]], set[str]], kind: type[BadWord] = BadWord
) -> list[BadWord]:
    words = text.text.split()
    return [kind(at=find(text, word), word=word, instead=instead.get(word, ())) for word in words if word in wrong(words)]


def tried(text: str, instead: dict[str, tuple[str, ...]], wrong: Callable[[list[str]], set[str]]) -> list[BadWord]:
    """What is said of a text, in which some words are wrong."""
    first = source(text)
    problems = try_repairs(first, found(first, instead, wrong), lambda again: found(again, instead, wrong))
    return [p for p in problems if isinstance(p, BadWord)]


def test_the_first_repair_that_the_file_accepts_is_proposed_and_shown() -> None:
    (problem,) = tried("a b", {"a": ("x", "y", "z")}, lambda words: {"a", "x"})
    assert [e.text for e in edits_of(problem)] == ["y"] and problem.help() == "write y"


def test_a_repair_that_leads_to_another_problem_is_not_proposed() -> None:
    (problem,) = tried("a b", {"a": ("x",)}, lambda words: {"b"} if "x" in words else {"a"})
    assert edits_of(problem) == [] and problem.help() is None


def test_what_goes_with_the_repair_of_another_problem_had_the_same_cause() -> None:
    assert [p.word for p in tried("a b c", {"a": ("x",)}, lambda words: {"a", "b", "c"} if "a" in words else {"c"})] == ["a", "c"]


def test_no_warning_takes_an_error_away() -> None:
    text = source("a b")

    def check(again: Source) -> list[Diagnostic]:
        words = again.text.split()
        return [DoubtfulWord(at=find(again, "a"), word="a", instead=("x",)), BadWord(at=find(again, "b"), word="b")] if "a" in words else []

    assert [type(p) for p in try_repairs(text, check(text), check)] == [DoubtfulWord, BadWord]


def test_repairs_hold_together() -> None:
    """Two problems that would be mended by either of two edits: the second edit would be one too many."""
    problems = tried("a b", {"a": ("x",), "b": ("y",)}, lambda words: {"a", "b"} & set(words) if not {"x", "y"} <= set(words) else {"x"})
    assert [[e.text for e in edits_of(p)] for p in problems] == [["x"], []]


def test_a_long_file_has_few_trials_and_keeps_what_is_known_exactly() -> None:
    long = "a " + "b" * (LIMITS.repair_characters)
    (problem,) = tried(long, {"a": ("x",)}, lambda words: {"a"})
    assert not problem.tried and edits_of(problem) == []


def test_no_fact_of_a_problem_hides_what_every_problem_has() -> None:
    own = {name for name in vars(Diagnostic) if not name.startswith("_")} - {f.name for f in fields(Diagnostic)}
    for kind in catalog.catalog().values():
        facts = {f.name for f in fields(kind)} - {f.name for f in fields(Diagnostic)}
        assert not facts & own, f"{kind.__name__}: {facts & own}"


def test_what_is_proposed_is_asked_of_every_problem_in_one_way() -> None:
    """A class says its own repair in `own_edits` or `repairs`; `edits` is what held, for whoever applies it."""
    assert [kind.__name__ for kind in catalog.catalog().values() if "edits" in vars(kind)] == []


def test_a_repair_for_whose_check_there_is_no_time_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest check so far says how long the next one takes, the first one included."""
    clock = [0.0]
    monkeypatch.setattr(patience, "process_time", lambda: clock[0])

    def check(seconds: float) -> None:
        clock[0] += seconds

    left = patience.Patience()
    left.watch(check)(LIMITS.repair_seconds * 0.4)
    assert left.lasts()
    left.watch(check)(LIMITS.repair_seconds * 0.25)
    assert not left.lasts(), "0.65 are gone, and the longest took 0.4"
