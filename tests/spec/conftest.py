"""Collects the pages of this folder: each case of a page is a test (`pytest tests/spec -k "misspelt layer"`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.literate import Case, cases


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    return Page.from_parent(parent, path=file_path) if file_path.suffix == ".md" else None


class Page(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        for number, case in enumerate(cases(self.path.read_text(encoding="utf-8"))):
            yield CaseItem.from_parent(self, name=case.title, case=case, number=number)


class CaseItem(pytest.Item):
    def __init__(self, *, case: Case, number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case, self.number = case, number

    def runtest(self) -> None:
        from tests.spec.trial import Unexpected, try_case

        try:
            try_case(self.path, self.number, self.case, bool(self.config.getoption("--update")))
        except Unexpected as unexpected:
            pytest.fail(f"{self.path.name}:{self.case.line}: {self.case.title}\n{unexpected}", pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.line - 1, self.name
