"""What every test shares: the strictest JAX, programs kept between runs and forgotten between modules, and reproducible examples.

`--update` rewrites golden blocks. The summary says how much memory each process took at most; with `--count-checks` also what was checked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import counts, memory, programs

# Read by JAX when it is first imported, which only tests that need it do.
os.environ.setdefault("JAX_NUMPY_RANK_PROMOTION", "raise")
programs.keep()

settings.register_profile("default", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the expected blocks of golden tests with what they give now")
    parser.addoption(
        "--count-checks",
        action="store_true",
        help="say how many subjects were held against each law, and how many facts it compared; with `-o enable_assertion_pass_hook=true`, "
        "and files of bytecode in a new folder (PYTHONPYCACHEPREFIX), also how many `assert` of test modules passed",
    )


def pytest_configure(config: pytest.Config) -> None:
    """The process that starts the others tidies the folder of compiled programs. Without slow tests, all are compiled in a hurry."""
    if not hasattr(config, "workerinput"):
        programs.tidy()
        if config.option.markexpr == "not slow":
            programs.hurry()


def pytest_runtest_setup() -> None:
    """Tables are as wide as where there is no terminal, in the processes that a runner starts with a width of its own too."""
    os.environ.pop("COLUMNS", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """What JAX compiled for a module is forgotten with it, and within one before it takes gigabytes."""
    yield
    if nextitem is None or nextitem.path != item.path or memory.grown():
        memory.forget()


def pytest_assertion_pass(item: pytest.Item) -> None:
    counts.passed(item)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["peak"] = memory.peak()
        session.config.workeroutput["counts"] = counts.take()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    if hasattr(node, "workeroutput"):  # what ends before its time leaves none
        _PEAKS[node.gateway.id] = node.workeroutput["peak"]
        counts.add(node.workeroutput["counts"])


_PEAKS: dict[str, float] = {}
"""Megabytes by process."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    peaks = {"this": memory.peak()} | _PEAKS
    terminalreporter.write_line(f"peak memory in MB: {', '.join(f'{name} {most:.0f}' for name, most in peaks.items())}")
    if terminalreporter.config.getoption("--count-checks"):
        for line in counts.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def update(request: pytest.FixtureRequest) -> bool:
    """Whether golden tests rewrite their expected blocks."""
    return bool(request.config.getoption("--update"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout's folder."""
    return ROOT
