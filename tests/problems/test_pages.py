"""A section of `docs/problems/` is a problem's test: what is wrong raises exactly this class with this output, what is right is clean.

`pytest tests/problems --update` rewrites the outputs and what the proposed edits make of the specs.
"""

from __future__ import annotations

import re

import pytest

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.catalog import catalog, describe, find_classes
from netspec.diagnostics.drawing.formats import FORMATS, render
from netspec.diagnostics.pages import PHASES, Section, read_page, read_sections
from netspec.testing.checks import hold
from tests.literate import Case
from tests.problems.pages import FOLDER, cases_of, numbered
from tests.spec.trial import try_case

SECTIONS = [pytest.param(section, id=section.slug) for section in read_sections().values()]
SLUG = re.compile(r"^(?:error|warning)\[([a-z0-9-]+)\]", re.MULTILINE)


def test_every_class_has_its_section_and_every_section_its_class() -> None:
    assert sorted(read_sections()) == sorted(catalog()) == sorted(cls.slug() for cls in find_classes())


def test_no_section_stands_twice() -> None:
    slugs = [slug for phase in PHASES for slug in re.findall(r"^## (.*)$", read_page(phase), re.MULTILINE)]
    assert len(slugs) == len(set(slugs))


def the_page_is_that_of_the_class_s_phase(cls: type[Diagnostic]) -> None:
    assert cls.__module__.split(".")[:3] == ["netspec", "diagnostics", read_sections()[cls.slug()].phase]


def it_begins_with_the_class_s_words(cls: type[Diagnostic]) -> None:
    section = read_sections()[cls.slug()]
    assert (section.meaning, section.severity) == (describe(cls), cls.severity)


def its_outputs_name_only_itself(cls: type[Diagnostic]) -> None:
    for case in cases_of(cls.slug()):
        [said] = [block.text for block in case.expected if block.language == "diagnostic"]
        assert set(SLUG.findall(said)) == {cls.slug()}, f"line {case.line}"


def test_sections_are_those_of_their_classes() -> None:
    hold((the_page_is_that_of_the_class_s_phase, it_begins_with_the_class_s_words, its_outputs_name_only_itself), *catalog().values())


@pytest.mark.parametrize("section", SECTIONS)
def test_what_is_wrong_raises_exactly_this_and_what_is_right_nothing(section: Section, update: bool) -> None:
    shown = cases_of(section.slug)
    assert shown, "a section has a wrong spec or a situation"
    for number, case in numbered(section.slug):
        _has_all_parts(case)
        problems = try_case(FOLDER / f"{section.phase}.md", number, case, update)
        assert {p.slug() for p in problems} <= {section.slug}
        assert not problems or all(section.slug in render(problems, format) for format in FORMATS)


def _has_all_parts(case: Case) -> None:
    assert case.is_bad and (case.good or case.repaired), f"line {case.line}: what would be right?"
