"""Tries a case of a page: what netspec says against the expected blocks, then the repairs."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from netspec.cli.show import FILE_VIEWS
from netspec.compile import Checked, check
from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.drawing.text import render_text
from netspec.diagnostics.edits import edits_of, repair_text
from netspec.ir import Body
from netspec.source import Source
from netspec.tools.ir_drawing import draw_ir, draw_shapes
from netspec.tools.text_drawing import draw_tree
from tests.literate import Block, Case, add_repaired, rewrite
from tests.spec.situations import SITUATIONS, run_code


class Unexpected(Exception):
    """Words for a person: what was expected and what came."""


def try_case(page: Path, number: int, case: Case, update: bool = False) -> Sequence[Diagnostic]:
    """The problems of a spec; raises `Unexpected` where netspec does not say what the case expects, or with `update` rewrites the page."""
    with fresh_folder(case):
        problems = _try_spec(page, number, case, update) if case.spec.is_spec else _try_situation(page, number, case, update)
        for block in case.good:
            _must_be_clean(case, block)
        return problems


def _try_spec(page: Path, number: int, case: Case, update: bool) -> Sequence[Diagnostic]:
    checked = check(write_spec(case.spec))
    problems = checked.problems
    if not case.is_bad and problems:
        raise Unexpected("the spec must be clean, but:\n\n" + render_text(problems))
    if case.is_bad and not problems:
        raise Unexpected("the spec must have problems, but it is clean")
    _compare(page, number, case, [answer(block, checked) for block in case.expected], update)
    if case.is_bad and case.repaired is None and (text := repair(problems)) is not None:
        if not update:
            raise Unexpected(f"the proposed edits repair it, so the page must show a block `repaired`:\n\n{case.spec.hidden(text)}")
        add_repaired(page, number, case.spec.hidden(text))
    return problems


def _try_situation(page: Path, number: int, case: Case, update: bool) -> Sequence[Diagnostic]:
    said = SITUATIONS[case.spec.language](case, case.spec).rstrip("\n")
    if not said:
        raise Unexpected("there must be a problem, but there is none")
    _compare(page, number, case, [f"{said}\n"] * len(case.expected), update)
    return ()


def _compare(page: Path, number: int, case: Case, got: Sequence[str], update: bool) -> None:
    wrong = {i: text for i, (block, text) in enumerate(zip(case.expected, got, strict=True)) if text != block.text}
    if wrong and update:
        rewrite(page, number, wrong)
    elif wrong:
        raise Unexpected("\n".join(_difference(case.expected[i].text, text) for i, text in wrong.items()))


def write_spec(block: Block) -> str:
    """Write a spec into its file, and return the name."""
    name = f"spec.{block.language}"
    Path(name).write_bytes(block.content())
    return name


def _must_be_clean(case: Case, block: Block) -> None:
    if "good" not in block.options:
        return _prepare(block)
    said = render_text(check(write_spec(block)).problems) if block.is_spec else SITUATIONS[block.language](case, block)
    if said:
        raise Unexpected(f"what is good must be clean, but:\n\n{said}")


def repair(problems: Sequence[Diagnostic]) -> str | None:
    """What the proposed edits make of a spec, if that is clean; raises `Unexpected` where they do not even remove their own problem."""
    source = problems[0].at.source
    mended = {type(p) for p in problems if edits_of(p)}
    if not mended:
        return None
    text = repair_text(source, problems)
    left = check(Source(source.path, text)).problems
    if mended & set(map(type, left)):
        raise Unexpected("the proposed edits leave the problem:\n\n" + render_text(left))
    return None if left else text


def _repaired(block: Block, problems: Sequence[Diagnostic]) -> str:
    text = repair(problems)
    if text is None:
        raise Unexpected("no edits are proposed after which the spec is clean")
    return block.hidden(text)


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


def answer(block: Block, checked: Checked) -> str:
    """The text of an expected block, with one line end at its end."""
    text = _repaired(block, checked.problems) if block.is_spec else ANSWERS[block.language](checked)
    text = text.rstrip("\n")
    return f"{text}\n" if text else ""


def _difference(expected: str, got: str) -> str:
    return "".join(difflib.unified_diff(expected.splitlines(True), got.splitlines(True), "expected", "got", n=20))


@contextmanager
def fresh_folder(case: Case) -> Iterator[None]:
    """A fresh working folder with the case's files, so that paths in texts are short and the same everywhere."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for block in case.files:
                _prepare(block)
            yield
        finally:
            os.chdir(before)


def _prepare(block: Block) -> None:
    """Write a file, or run the code that makes some."""
    if block.path is None:
        run_code(block.text)
        return
    path = Path(block.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(block.content())
