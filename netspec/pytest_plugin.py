"""Collects specs as tests: `pytest --netspec models` checks each spec of the folder, beside whatever else there is to test.

Every pytest of an environment with netspec loads this module, so it imports nothing until the option is given. Floor 6.
"""

from __future__ import annotations

import warnings
from argparse import ArgumentError
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from netspec.cli.demands import Demands
    from netspec.diagnostics.base import Diagnostic

DEMANDS: pytest.StashKey[Demands] = pytest.StashKey()
SUFFIXES = (".net", ".netspec", ".json")
OPTION, ASKED = "--netspec", "netspec_asked"
"""The option, and the name of its value: a project may have a value `netspec` of its own."""


YIELDED: pytest.StashKey[bool] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser) -> Iterator[None]:
    """Adds the option that turns collecting on, behind those of all plugins and conftests: where one of them has an option of this name,
    pytest would end with a traceback, and it is theirs."""
    yield
    group = parser.getgroup("netspec", "specs of neural networks")
    about = "check the .net, .netspec and JSON specs below the given paths, each as a test"
    try:
        if not _is_taken(parser):
            group.addoption(OPTION, action="store_true", dest=ASKED, default=False, help=about)
            return
    except (ValueError, ArgumentError):
        pass
    early_config.stash[YIELDED] = True


def _is_taken(parser: pytest.Parser) -> bool:
    """Whether pytest knows an option of the name; not every version says so when one more is added."""
    groups = [getattr(parser, "_anonymous", None), *getattr(parser, "_groups", ())]
    return any(OPTION in option.names() for group in groups if group is not None for option in group.options)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Says where the option does something else."""
    told = f"netspec: `{OPTION}` is an option of another plugin or conftest.py here; `netspec check` checks specs"
    return told if config.stash.get(YIELDED, False) else None


def pytest_configure(config: pytest.Config) -> None:
    """Reads what pyproject.toml asks of specs, once. Raises `pytest.UsageError` where it is wrong."""
    if not config.getoption(ASKED, False):
        return
    from netspec.cli.configuration import read_configuration
    from netspec.cli.demands import demands_of
    from netspec.diagnostics.base import Mistake
    from netspec.diagnostics.drawing.text import render_text

    try:
        config.stash[DEMANDS] = demands_of(read_configuration())
    except Mistake as mistake:
        raise pytest.UsageError(render_text([mistake.diagnostic])) from None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A spec is a file of one test."""
    if file_path.suffix not in SUFFIXES or not parent.config.getoption(ASKED, False):
        return None
    from netspec.cli.spec_paths import is_spec

    return SpecFile.from_parent(parent, path=file_path) if is_spec(str(file_path)) else None


class SpecFile(pytest.File):
    """The tests of a spec."""

    def collect(self) -> Iterator[pytest.Item]:
        yield SpecItem.from_parent(self, name="check")


class SpecFailed(Exception):
    """A spec has errors, or lacks what its repository asks of it."""

    def __init__(self, problems: list[Diagnostic]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


class SpecItem(pytest.Item):
    """`netspec check` of one file. Warnings are warnings of pytest."""

    def runtest(self) -> None:
        """Raises `SpecFailed` with the errors."""
        from netspec.cli.check import find_problems

        found = find_problems(self.shown_path(), demands=self.config.stash[DEMANDS])
        for problem in found:
            if problem.severity == "warning":
                self.warn_of(problem)
        if errors := [problem for problem in found if problem.severity == "error"]:
            raise SpecFailed(errors)

    def warn_of(self, problem: Diagnostic) -> None:
        """Warns at the line of the spec; raises the warning where pytest was told to (`-W error`)."""
        told = SpecWarning(f"{problem.in_words().message()} [{problem.slug()}]")
        warnings.warn_explicit(told, None, filename=problem.at.source.path, lineno=problem.at.line)

    def shown_path(self) -> str:
        """The file as a person at the working folder calls it."""
        here = Path.cwd()
        return str(self.path.relative_to(here) if self.path.is_relative_to(here) else self.path)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The problems as `netspec check` draws them; a Python traceback is shown for a bug of netspec's alone."""
        if isinstance(excinfo.value, SpecWarning):
            return f"{excinfo.value}"
        if not isinstance(excinfo.value, SpecFailed):
            return super().repr_failure(excinfo, style)
        from netspec.diagnostics.drawing.text import render_text

        return render_text(excinfo.value.problems)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"netspec check {self.shown_path()}"


class SpecWarning(pytest.PytestWarning):
    """A spec is suspicious."""
