"""A section of `docs/problems/` is a problem's test: what is wrong raises exactly this class with this output, what is right is clean.

`pytest tests/problems --update` rewrites the outputs and what the proposed edits make of the specs.
"""

from __future__ import annotations

import re

import pytest

from netspec.diagnostics.catalog import catalog, describe, find_classes
from netspec.diagnostics.drawing.formats import FORMATS, render
from netspec.diagnostics.pages import PHASES, Section, read_page, read_sections
from tests.literate import Case
from tests.problems.pages import FOLDER, cases_of, numbered
from tests.spec.trial import try_case

CLASSES = [pytest.param(cls, id=slug) for slug, cls in catalog().items()]
SECTIONS = [pytest.param(section, id=section.slug) for section in read_sections().values()]
SLUG = re.compile(r"^(?:error|warning)\[([a-z0-9-]+)\]", re.MULTILINE)


def test_every_class_has_its_section_and_every_section_its_class() -> None:
    assert sorted(read_sections()) == sorted(catalog()) == sorted(cls.slug() for cls in find_classes())


def test_no_section_stands_twice() -> None:
    slugs = [slug for phase in PHASES for slug in re.findall(r"^## (.*)$", read_page(phase), re.MULTILINE)]
    assert len(slugs) == len(set(slugs))


@pytest.mark.parametrize("cls", CLASSES)
def test_a_section_stands_in_the_page_of_its_class_and_begins_with_its_words(cls: type) -> None:
    section = read_sections()[cls.slug()]
    assert cls.__module__.split(".")[:3] == ["netspec", "diagnostics", section.phase]
    assert section.meaning == describe(cls)
    assert section.severity == cls.severity


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
    [said] = [block for block in case.expected if block.language == "diagnostic"]
    assert case.is_bad and (case.good or case.repaired), f"line {case.line}: what would be right?"


@pytest.mark.parametrize("phase", PHASES)
def test_outputs_name_the_section_s_own_class(phase: str) -> None:
    wrong = [
        (section.slug, case.line)
        for section in read_sections().values()
        if section.phase == phase
        for case in cases_of(section.slug)
        for block in case.expected
        if block.language == "diagnostic" and set(SLUG.findall(block.text)) != {section.slug}
    ]
    assert wrong == []
