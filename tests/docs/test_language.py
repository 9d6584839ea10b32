"""The manual is true: each of its specs is clean, in the one style, or raises exactly the problem that it names."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from netspec.compile import Checked, check
from netspec.diagnostics.catalog import catalog
from netspec.diagnostics.drawing.text import render_text
from netspec.source import Source
from netspec.syntax.parser import parse
from netspec.syntax.printer import print_file
from tests.literate import add_header

ROOT = Path(__file__).resolve().parents[2]
MANUAL = ROOT / "docs" / "language.md"
TEXT = MANUAL.read_text(encoding="utf-8")
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = [(TEXT.count("\n", 0, m.start()) + 1, m["info"].split(), m["text"]) for m in FENCE.finditer(TEXT)]
SPECS = [b for b in BLOCKS if b[1][:1] == ["net"]]


def blocks(*kinds: str) -> list:
    """The specs of these kinds ("" is a plain one), each named by its line in the manual."""
    return [pytest.param(info, add_header(text), id=f"line-{line}") for line, info, text in SPECS if [*info, ""][1] in kinds]


def checked(folder: Path, text: str) -> Checked:
    """A spec beside the files that the manual names."""
    for _, info, own in SPECS:
        if info[1:2] == ["file"]:
            (folder / info[2]).write_text(add_header(own), encoding="utf-8")
    (folder / "page.net").write_text(text, encoding="utf-8")
    return check(folder / "page.net")


@pytest.mark.parametrize(("info", "text"), blocks("", "file"))
def test_a_spec_is_clean(info: list[str], text: str, tmp_path: Path) -> None:
    assert (problems := checked(tmp_path, text).problems) == (), render_text(problems)


@pytest.mark.parametrize(("info", "text"), blocks("bad"))
def test_a_wrong_spec_raises_what_it_names(info: list[str], text: str, tmp_path: Path) -> None:
    problems = checked(tmp_path, text).problems
    assert [p.slug() for p in problems] == [info[2]], render_text(problems)
    assert info[2] in catalog()


@pytest.mark.parametrize(("info", "text"), blocks("", "file"))
def test_a_spec_is_in_the_one_style(info: list[str], text: str) -> None:
    file, problems = parse(Source("page.net", text))
    assert file is not None and not problems
    assert print_file(file) == text


def test_every_block_of_the_manual_is_tested() -> None:
    kinds = {" ".join(info[:2]) for _, info, _ in BLOCKS}
    assert kinds <= {"net", "net bad", "net file", "sh", "python"}


def test_python_of_the_manual_imports_what_there_is() -> None:
    lines = [node for _, info, text in BLOCKS if info[:1] == ["python"] for node in ast.walk(ast.parse(text))]
    own = [node for node in lines if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("netspec")]
    assert own and all(hasattr(import_module(node.module or ""), name.name) for node in own for name in node.names)
    assert sum(info == ["net"] for _, info, _ in SPECS) >= 20


def test_links_within_the_manual_lead_to_its_headings() -> None:
    from netspec.tools.reference import anchor

    heads = {anchor(head) for head in re.findall(r"^## (.*)$", FENCE.sub("", TEXT), re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) == heads


LATE_FORMS = {
    "mesh": ("", "mesh = {data: 4}", ""),
    "shard": ("", 'shard { "**/kernel" = [_, 1] }', ""),
    "parallel": ("", "parallel = 1", ""),
}
"""What stands in a model, in its `train`, and behind both."""


@pytest.mark.parametrize("form", LATE_FORMS)
def test_what_the_manual_calls_not_compiled_yet_says_so(form: str, tmp_path: Path) -> None:
    model, train, section = LATE_FORMS[form]
    lines = "data = digits() -> batch(32); loss = softmax_cross_entropy(y, label); optimizer = adam(0.001); duration = 1 epoch"
    text = f"model M {{\n  input image: f32[B, 8, 8, 1]\n  output y = image -> flatten -> dense(10)\n  {model}\n}}\n"
    problems = checked(tmp_path, add_header(f"{text}train M {{\n  {lines}\n  {train}\n}}\n{section}\n")).problems
    assert [(p.slug(), form in p.message()) for p in problems] == [("not-yet-compiled", True)], render_text(problems)


def test_the_manual_names_every_form_that_is_not_compiled_yet() -> None:
    from netspec.resolve.sections import LATER

    section = TEXT.split("## Not compiled yet")[1]
    assert set(LATER) <= set(LATE_FORMS)
    assert [word for word in LATE_FORMS if f"`{word}" not in section] == []
