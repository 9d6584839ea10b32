"""Every class has a page with a wrong and a right example, and the examples are what they say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from netspec.compile import check
from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.catalog import UnknownSlug, by_slug, catalog, examples, explain, families, first_paragraph, page, pages, snippet
from netspec.diagnostics.drawing.formats import FORMATS, render
from netspec.diagnostics.drawing.text import render_text
from netspec.source import Source

CLASSES = list(catalog().values())


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def test_no_two_classes_share_a_slug() -> None:
    assert sorted(c.slug() for c in families()) == sorted(catalog())


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.slug())
def test_a_page_says_what_it_means_and_shows_both_sides(cls: type[Diagnostic]) -> None:
    assert first_paragraph(cls).endswith((".", "…")), "begin with a sentence"
    kinds = [e.kind for e in examples(cls) if e.language == "net" and e.kind != "file"]
    assert kinds.count("bad") == kinds.count("good")
    assert kinds or any(e.kind == "bad" for e in examples(cls))
    assert page(cls).count("```") % 2 == 0


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.slug())
def test_the_wrong_example_raises_exactly_this_and_the_right_one_nothing(cls: type[Diagnostic], folder: Path) -> None:
    for example in examples(cls):
        if example.kind == "file":
            (folder / example.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / example.path).write_text(example.text)
        elif example.language == "net":
            (folder / "m.net").write_text(example.text)
            problems = check("m.net").problems
            expected = [cls] if example.kind == "bad" else []
            assert [type(p) for p in problems] == expected, render_text(problems)
            assert not problems or all(cls.slug() in render(problems, format) for format in FORMATS)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.slug())
def test_a_proposed_edit_repairs_the_wrong_example(cls: type[Diagnostic], folder: Path) -> None:
    """Where a class proposes edits, they at least remove the problem."""
    from netspec.diagnostics.suggestions.repairs import repaired

    for example in (
        e for e in examples(cls) if e.kind == "bad" and e.language == "net" and not any(f.kind == "file" for f in examples(cls))
    ):
        source = Source("m.net", example.text)
        problems = check(source).problems
        if any(p.edits() for p in problems):
            left = check(Source("m.net", repaired(source, problems))).problems
            assert cls not in map(type, left), render_text(left)


@pytest.mark.parametrize("slug", catalog())
def test_explain_prints_the_page(slug: str) -> None:
    text = explain(slug)
    assert text.startswith((f"error[{slug}]\n", f"warning[{slug}]\n"))
    for kind, title in {"bad": "Wrong:", "good": "Right:"}.items():
        shown = [e for e in examples(catalog()[slug]) if e.kind == kind]
        assert text.count(f"\n\n{title}\n\n    ") == len(shown)
    assert "```" not in text


def test_slugs_are_found_as_people_write_them() -> None:
    cls = by_slug("no-such-file")
    assert cls is not None and cls is by_slug("error[no-such-file]:") is by_slug(" NoSuchFile ")
    assert by_slug("no-such-thing") is None


def test_an_unknown_slug_offers_the_nearest() -> None:
    with pytest.raises(UnknownSlug, match="`no-such-flie`; did you mean `no-such-file`"):
        explain("no-such-flie")


def test_pages_have_every_class_and_a_link_to_it() -> None:
    text = pages()
    for slug in catalog():
        assert f"\n## {slug}\n" in text and f"(#{slug})" in text
    assert "```net bad" not in text and "\n\n\n" not in text


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("model M { }\n", "netspec 1\n\nmodel M { }\n"),
        ("netspec 1\nmodel M { }\n", "netspec 1\nmodel M { }\n"),
        ("# a comment\n\nnetspec 2\n", "# a comment\n\nnetspec 2\n"),
        ("# a comment\nmodel M { }\n", "netspec 1\n\n# a comment\nmodel M { }\n"),
        ("", "netspec 1\n\n"),
    ],
)
def test_the_first_line_is_put_before_snippets_that_lack_it(text: str, whole: str) -> None:
    assert snippet(text) == whole
