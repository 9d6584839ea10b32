"""One mistake is one report: clean specs with one thing broken (`python -m tests.soak breaks --count 2000` tries many)."""

from __future__ import annotations

from tests.answers import breaks


def test_one_thing_broken_is_one_problem_at_its_line_or_with_it_among_its_places() -> None:
    report = breaks.run(72, 3)
    assert not report.wrong, "\n".join(report.wrong)
    tried, single = sum(report.tried.values()), sum(report.single.values())
    assert tried >= 50 and single / tried >= 0.9, "\n".join((str(report), *report.several))
