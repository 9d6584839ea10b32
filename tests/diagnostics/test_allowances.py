"""A remark `# netspec: allow SLUG` takes its lint away and nothing else: in text, formatted, and in the JSON twin; never an error."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from netspec.compile import check
from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.catalog import catalog
from netspec.diagnostics.edits import repair_text
from netspec.resolve.allowances import find_allowances
from netspec.source import Source
from netspec.syntax.printer import print_file
from netspec.syntax.spec_file import parse_spec
from netspec.syntax.twin import to_json
from netspec.testing.checks import hold, require
from tests.problems.pages import cases_of

LINTS = [cls for cls in catalog().values() if cls.severity == "warning"]
OF_RUNS = ("budget-covers-nothing", "data-differ", "examples-in-two-parts", "lock-of-another-version")
"""What is said of files of data, of locks and of a repository, by commands that run: no spec has it."""


@cache
def slugs(text: str, path: str = "spec.net") -> list[str]:
    return [problem.slug() for problem in check(Source(path, text)).problems]


def bad_specs(cls: type[Diagnostic]) -> list[str]:
    """The wrong specs of a lint's section."""
    blocks = [case.spec for case in cases_of(cls.slug())]
    return [block.content().decode() for block in blocks if block.language == "net"]


@cache
def allowed(text: str, slug: str) -> str:
    """The spec with a remark on every line at which the lint speaks."""
    lines = text.split("\n")
    for line in {problem.at.line - 1 for problem in check(Source("spec.net", text)).problems if problem.slug() == slug}:
        lines[line] += f", {slug}" if "# netspec: allow" in lines[line] else f"  # netspec: allow {slug}"
    return "\n".join(lines)


def test_every_lint_has_a_spec_that_raises_it() -> None:
    assert [cls.slug() for cls in LINTS if not bad_specs(cls) and cls.slug() not in OF_RUNS] == []


def a_remark_on_the_line_silences_it(cls: type[Diagnostic]) -> None:
    for text in bad_specs(cls):
        require(cls.slug() not in slugs(allowed(text, cls.slug())), text)


def the_remark_is_no_problem_itself(cls: type[Diagnostic]) -> None:
    for text in bad_specs(cls):
        require(slugs(allowed(text, cls.slug())) == [], text)


def it_holds_in_the_one_style_and_in_json(cls: type[Diagnostic]) -> None:
    for text in bad_specs(cls):
        file, problems = parse_spec(Source("spec.net", allowed(text, cls.slug())))
        assert file is not None and not problems
        require(slugs(print_file(file)) == [], "formatted")
        written, lost = to_json(file)
        require(slugs(written, "spec.json") == [] and not lost, "as JSON")


def the_lint_of_another_one_stays(cls: type[Diagnostic]) -> None:
    other = "mask-dropped" if cls.slug() != "mask-dropped" else "one-value"
    for text in bad_specs(cls):
        found = slugs(allowed(text, cls.slug()).replace(f"allow {cls.slug()}", f"allow {other}"))
        require({*found} >= {cls.slug(), "allows-nothing"} or "# netspec" in text, text)


REMARK = "  # netspec: allow {}\n"


def between_blocks(text: str, remark: str) -> str:
    """The spec with a block before it and one behind it, each with this line."""
    first, rest = text.split("\n", 1)
    before, behind = (f"block {name} {{\n{remark}  input x: f32[B, 4]\n  output x\n}}\n" for name in ("Before", "Behind"))
    return f"{first}\n{before}{rest}\n{behind}"


def of_remarks_with_the_same_words_the_idle_ones_go(cls: type[Diagnostic]) -> None:
    for text in bad_specs(cls):
        right = allowed(text, cls.slug())
        source = Source("spec.net", between_blocks(right, REMARK.format(cls.slug())))
        found = check(source).problems
        require([p.slug() for p in found] == ["allows-nothing"] * 2, text)
        require(repair_text(source, found) == between_blocks(right, ""), text)


def test_lints_are_allowed_by_a_remark() -> None:
    laws = (
        a_remark_on_the_line_silences_it,
        the_remark_is_no_problem_itself,
        it_holds_in_the_one_style_and_in_json,
        the_lint_of_another_one_stays,
        of_remarks_with_the_same_words_the_idle_ones_go,
    )
    hold(laws, *LINTS)


UNUSED = "netspec 1\nmodel M {{\n  input x: f32[B, 4]\n  {}\n  output y = x -> dense(3)\n}}\n"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("h = x -> relu # netspec: allow unused-binding, mask-dropped", ["allows-nothing"]),
        ("h = x -> relu # netspec: allow unused-binding (the next version reads it)", []),
        ("h = x -> relu # netspec: allow unused-binding, allows-nothing", ["allows-nothing"]),
        ("# netspec: allow unused-binding\n  h = x -> relu", []),
        ("h = x\n    -> relu # netspec: allow unused-binding", []),
        ("h = x -> relu # netspec: allow unused-binding\n    -> relu", []),
        ("h = x -> relu\n    -> relu -> relu # netspec: allow unused-binding\n    -> relu", ["unused-binding", "allows-nothing"]),
        ("h = x # netspec: allow unused-binding\n    -> relu", []),
        ("h = dense(\n    # netspec: allow unused-binding\n    x, 3)", []),
        ("h = x -> relu # netspec: allow unusedbinding", ["unknown-lint"]),
        ("h = x -> relu # netspec: allow", ["unused-binding", "allows-nothing"]),
        ("h = x -> relu # netspec: allow one-value, allows-nothing", ["unused-binding"]),
        ("h = x -> relu # netspec: allow nonsense-slug, unknown-lint", ["unused-binding"]),
        ("for i in range(2) { h = x -> relu }  # netspec: allow unused-binding", []),
        ("h = x -> rleu # netspec: allow unknown-name, mask-dropped", ["unused-binding", "unknown-name"]),
        ("# it is a netspec: allow unused-binding\n  h = x -> relu", ["unused-binding"]),
    ],
)
def test_a_remark_holds_for_what_it_belongs_to(line: str, found: list[str]) -> None:
    assert slugs(UNUSED.format(line)) == found


def test_a_remark_behind_the_version_holds_for_the_file() -> None:
    assert slugs(UNUSED.format("h = x -> relu").replace("netspec 1", "netspec 1  # netspec: allow unused-binding")) == []


@pytest.mark.parametrize("path", ["spec.net", "spec.json"])
def test_each_remark_stands_where_it_is_written(path: str) -> None:
    """Of the same words there may be many: in an expression, above and behind a line, behind a stage, in a string."""
    words = "# netspec: allow unused-binding"
    lines = f"""netspec 1
model M {{  {words}
  param note: str = "see {words}" where note != ""
  input x: f32[B, 4]
  {words}
  g = dense(
    x,  {words}
    4)  {words}
  output y = x
    -> dense(4)  {words}
    -> dense(
      {words}
      3)
  {words}
}}
{words}
"""
    text, file = lines, parse_spec(Source("spec.net", lines))[0]
    assert file is not None
    if path.endswith(".json"):
        text = to_json(file)[0]
    source = Source(path, text)
    found = find_allowances(parse_spec(source)[0], source)  # type: ignore[arg-type]
    starts = [match.start() for match in re.finditer(f"(?<!see ){words}", text)]
    assert sorted(allowance.at.start - words.index("unused") for allowance in found) == starts


def test_a_proposal_names_the_lint_that_speaks_there() -> None:
    [unknown] = check(Source("spec.net", UNUSED.format("h = x -> relu  # netspec: allow unusedbinding"))).problems
    assert unknown.help() == "did you mean `unused-binding`?"


def test_values_from_outside_make_no_remark_useless() -> None:
    stages = "x -> dense(n) -> layer_norm  # netspec: allow one-value"
    text = f"netspec 1\nparam n: int = 1\nmodel M {{\n  input x: f32[B, 4]\n  output y = {stages}\n}}\n"
    assert slugs(text) == []
    assert check(Source("spec.net", text), set={"n": 2}).problems == ()


def test_an_imported_file_has_remarks_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.net").write_text(
        "netspec 1\nblock A {\n  input x: f32[B, D]\n  h = x -> relu  # netspec: allow unused-binding\n  output x\n}\n"
    )
    (tmp_path / "m.net").write_text('netspec 1\nimport A from "a.net"\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> A\n}\n')
    assert check(tmp_path / "m.net").problems == () == check(tmp_path / "a.net").problems
