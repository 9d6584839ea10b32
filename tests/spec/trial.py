"""Tries a case of a page: what netspec says against the expected blocks, then the repairs."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from netspec.cli.show import FILE_VIEWS
from netspec.compile import Checked, check
from netspec.diagnostics.drawing.text import render_text
from netspec.diagnostics.suggestions.repairs import repaired
from netspec.ir import Body
from netspec.source import Source
from netspec.tools.ir_drawing import draw_ir, draw_shapes
from netspec.tools.text_drawing import draw_tree
from tests.literate import Case, rewrite

SPEC = "spec.net"
"""The file that a case's spec stands in."""


class Unexpected(Exception):
    """Words for a person: what was expected and what came."""


def try_case(page: Path, number: int, case: Case, update: bool = False) -> None:
    """Raises `Unexpected` where netspec does not say what the case expects; with `update` the page is rewritten instead."""
    with _folder(case):
        _compare(page, number, case, update)
        _try_repairs(case)


def _compare(page: Path, number: int, case: Case, update: bool) -> None:
    checked = check(SPEC)
    if not case.is_bad and checked.problems:
        raise Unexpected("the spec must be clean, but:\n\n" + render_text(checked.problems))
    if case.is_bad and not checked.problems:
        raise Unexpected("the spec must have problems, but it is clean")
    got = [answer(block.language, checked) for block in case.expected]
    wrong = {i: text for i, (block, text) in enumerate(zip(case.expected, got, strict=True)) if text != block.text}
    if wrong and update:
        rewrite(page, number, wrong)
    elif wrong:
        raise Unexpected("\n".join(_difference(case.expected[i].text, text) for i, text in wrong.items()))


def _try_repairs(case: Case) -> None:
    if case.edits_repair:
        source = Source(SPEC, Path(SPEC).read_text(encoding="utf-8"))
        left = check(Source(SPEC, repaired(source, check(source).problems))).problems
        _must_be_clean(left, "after the proposed edits the spec must be clean")
    for repair in case.repairs:
        Path(SPEC).write_bytes(repair.content())
        _must_be_clean(check(SPEC).problems, "the repaired spec must be clean")


def _must_be_clean(problems: tuple, claim: str) -> None:
    if problems:
        raise Unexpected(f"{claim}, but:\n\n{render_text(problems)}")


def _models(checked: Checked, draw: Callable[[Body], str]) -> str:
    if checked.typed is None:
        raise Unexpected("the spec was not typed:\n\n" + render_text(checked.problems))
    return "\n\n".join(draw(model) for model in checked.typed.models.values())


def _formatted(checked: Checked) -> str:
    from netspec.syntax.printer import print_file

    assert checked.file is not None
    return print_file(checked.file)


ANSWERS: Mapping[str, Callable[[Checked], str]] = {
    "diagnostic": lambda checked: render_text(checked.problems),
    "tree": lambda checked: draw_tree(checked.file),
    "fmt": _formatted,
    "shapes": lambda checked: _models(checked, draw_shapes),
    "ir": lambda checked: _models(checked, draw_ir),
    "resolved": lambda checked: FILE_VIEWS["resolved"](checked),
}


def answer(kind: str, checked: Checked) -> str:
    """The text of an expected block, with one line end at its end."""
    text = ANSWERS[kind](checked).rstrip("\n")
    return f"{text}\n" if text else ""


def _difference(expected: str, got: str) -> str:
    return "".join(difflib.unified_diff(expected.splitlines(True), got.splitlines(True), "expected", "got", n=20))


@contextmanager
def _folder(case: Case) -> Iterator[None]:
    """A fresh working folder with the case's files, so that paths in texts are short and the same everywhere."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for name, block in [(SPEC, case.spec), *((str(b.path), b) for b in case.files)]:
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                Path(name).write_bytes(block.content())
            yield
        finally:
            os.chdir(before)
