"""Collects the pages of this folder: each case of a page is a test (`pytest tests/spec/chains.md`, `pytest tests/spec -k "misspelt layer"`)."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.literate import Case, cases, rewrite


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    return Page.from_parent(parent, path=file_path) if file_path.suffix == ".md" else None


class Page(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        for number, case in enumerate(cases(self.path.read_text(encoding="utf-8"))):
            yield CaseItem.from_parent(self, name=case.title, case=case, number=number)


class Unexpected(Exception):
    """Words for a person: what was expected and what came."""


class CaseItem(pytest.Item):
    def __init__(self, *, case: Case, number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case, self.number = case, number

    def runtest(self) -> None:
        with _folder(self.case):
            self._compare()
            self._try_repairs()

    def _compare(self) -> None:
        from tests.spec.answers import SPEC, answer, check, render_text

        checked = check(SPEC)
        if not self.case.is_bad and checked.problems:
            raise Unexpected("the spec must be clean, but:\n\n" + render_text(checked.problems))
        got = [answer(block.language, checked) for block in self.case.expected]
        wrong = {i: text for i, (block, text) in enumerate(zip(self.case.expected, got, strict=True)) if text != block.text}
        if wrong and self.config.getoption("--update"):
            rewrite(self.path, self.number, wrong)
        elif wrong:
            raise Unexpected("\n".join(_difference(self.case.expected[i].text, text) for i, text in wrong.items()))

    def _try_repairs(self) -> None:
        from tests.spec.answers import SPEC, check, problems_after_edits, render_text

        if self.case.edits_repair and (left := problems_after_edits(_source(SPEC))):
            raise Unexpected("after the proposed edits problems are left:\n\n" + left)
        for repair in self.case.repairs:
            Path(SPEC).write_bytes(repair.content())
            if problems := check(SPEC).problems:
                raise Unexpected("the repaired spec must be clean, but:\n\n" + render_text(problems))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, Unexpected):
            return f"{self.path.name}:{self.case.line}: {self.case.title}\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.line - 1, self.name


def _source(path: str) -> Any:
    from netspec.source import Source

    return Source(path, Path(path).read_text(encoding="utf-8"))


def _difference(expected: str, got: str) -> str:
    return "".join(difflib.unified_diff(expected.splitlines(True), got.splitlines(True), "expected", "got", n=20))


@contextmanager
def _folder(case: Case) -> Iterator[None]:
    """A fresh working folder with the case's files, so that paths in texts are short and the same everywhere."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for name, block in [("spec.net", case.spec), *((str(b.path), b) for b in case.files)]:
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                Path(name).write_bytes(block.content())
            yield
        finally:
            os.chdir(before)
