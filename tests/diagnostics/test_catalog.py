"""Classes are found by slug and say what they are; `explain` prints their sections."""

from __future__ import annotations

import pytest

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.catalog import catalog, describe, find_classes
from netspec.diagnostics.drawing.paint import COLOR
from netspec.diagnostics.explanation import UnknownSlug, draw_index, draw_phase, explain, find_section
from netspec.diagnostics.pages import PHASES, read_sections
from netspec.testing.checks import hold


def test_no_two_classes_share_a_slug() -> None:
    slugs = sorted(catalog())  # which imports every family
    assert sorted(c.slug() for c in find_classes()) == slugs


def it_says_what_it_means(cls: type[Diagnostic]) -> None:
    assert describe(cls).endswith((".", "…")), "begin with a sentence"
    assert "```" not in str(cls.__doc__), "examples stand in docs/problems"


def explain_prints_its_section(cls: type[Diagnostic]) -> None:
    slug = cls.slug()
    section, text = read_sections()[slug], explain(slug, whole=True)
    assert text.startswith(f"{cls.severity}[{slug}]\n\n")
    for kind, title in {" bad": "Wrong:", " repaired": "Repaired as proposed:", " good": "Right:"}.items():
        shown = [line for line in section.text.splitlines() if line.startswith("```") and kind in line]
        assert text.count(f"\n\n{title}\n\n    ") == len(shown)
    assert "```" not in text and "\n\n\n" not in text and "\x1b" not in text


def test_classes() -> None:
    hold((it_says_what_it_means, explain_prints_its_section), *catalog().values())


def test_further_cases_are_named_and_shown_on_demand() -> None:
    short, whole = explain("unknown-name"), explain("unknown-name", whole=True)
    titles = read_sections()["unknown-name"].further
    assert len(titles) > 5 and "netspec explain unknown-name --all" in short and short.count("Wrong:") == 1
    assert all(f"\n  {title}\n" in short and f"\n{title}\n" in whole for title in titles)
    assert "--all" not in whole and "--all" not in explain("recursion").split("Right:")[1] or read_sections()["recursion"].further


def test_explain_paints_titles() -> None:
    text = explain("bad-argument", COLOR, whole=True)
    assert text.startswith("\x1b[1;31merror[bad-argument]\x1b[0m") and "\x1b[1mRight:\x1b[0m" in text


def test_slugs_are_found_as_people_write_them() -> None:
    section = find_section("no-such-file")
    assert section is not None and section is find_section("error[no-such-file]:") is find_section(" NoSuchFile ")
    assert find_section("no-such-thing") is None


def test_an_unknown_slug_offers_the_nearest() -> None:
    with pytest.raises(UnknownSlug, match="`no-such-flie`; did you mean `no-such-file`"):
        explain("no-such-flie")
    with pytest.raises(UnknownSlug, match="did you mean `shapes`"):
        explain("shape")


@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_lists_its_problems(phase: str) -> None:
    text = explain(phase)
    own = [s for s in read_sections().values() if s.phase == phase]
    assert text == draw_phase(phase) and text.startswith(f"{phase}: ")
    assert text.splitlines()[2:] == [f"  {s.slug}: {s.summary}" for s in own]
    assert all(s.summary.endswith((".", "…")) for s in own)


def test_the_index_has_every_phase_and_problem() -> None:
    assert draw_index() == "\n".join(draw_phase(phase) for phase in PHASES)
