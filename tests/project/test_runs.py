"""What test runs do around the tests: programs are kept, tidied and compiled anew, memory is given back, and checks are counted."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zlib
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from netspec.testing import checks
from tests import counts, memory, programs
from tests.compilations import compilations


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of this process's programs, in an empty one."""
    monkeypatch.setenv("NETSPEC_TESTS_CACHE", str(tmp_path))
    folder = tmp_path / programs.name()
    folder.mkdir()
    return folder


def test_folders_differ_in_what_code_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {programs.name(1), programs.name(2)}
    monkeypatch.setattr(programs, "version", lambda package: "0.0")
    names |= {programs.name(1), programs.name(2)}
    monkeypatch.setattr(programs, "describe_processor", lambda: "another")
    assert len(names | {programs.name(1), programs.name(2)}) == 6


def test_a_program_is_loaded_by_the_next_process(own: Path) -> None:
    code = "import jax; jax.monitoring.register_event_listener(lambda e, **more: print(e)); jax.jit(lambda x: x * 3 + 1)(2.0)"
    run = [sys.executable, "-c", code]
    first, second = (subprocess.run(run, env={**os.environ, **programs.environment()}, capture_output=True, text=True) for _ in range(2))
    assert first.returncode == second.returncode == 0 and first.stderr == second.stderr == ""
    assert "cache_hits" not in first.stdout and "cache_hits" in second.stdout
    assert all(programs.is_complete(path) for path in own.glob("*-cache")) and list(own.glob("*-cache"))


def test_what_a_killed_process_left_is_deleted(own: Path) -> None:
    whole = zlib.compress(b"program" * 99)
    for name, data in {"a-cache": whole, "b-cache": whole[:20], "c-cache": b""}.items():
        (own / name).write_bytes(data)
    programs.tidy()
    assert [path.name for path in sorted(own.glob("*-cache"))] == ["a-cache"]


def test_the_longest_unused_are_deleted_when_there_are_too_many(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "LARGEST", 1000)
    size = len(zlib.compress(b""))
    for n in range(200):
        path = own / f"{n:03}-cache"
        path.write_bytes(zlib.compress(b""))
        os.utime(path, (n, n))
    programs.tidy()
    left = sorted(path.name for path in own.glob("*-cache"))
    assert left[-1] == "199-cache" and left[0] == f"{200 - len(left):03}-cache" and 600 < size * len(left) <= 750


def test_folders_that_nobody_uses_are_deleted(own: Path) -> None:
    old, new = own.parent / "jax-0.1", own.parent / "jax-9.9"
    for folder, age in ((old, programs.UNUSED + 9), (new, 9)):
        folder.mkdir()
        os.utime(folder, (time.time() - age,) * 2)
    programs.tidy()
    assert not old.exists() and new.exists() and own.exists()


def test_a_home_that_cannot_be_written_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NETSPEC_TESTS_CACHE", str(tmp_path / "file"))
    programs.tidy()
    monkeypatch.setenv("NETSPEC_TESTS_CACHE", "")
    assert programs.root() is None and programs.environment() == {}


def test_counted_programs_are_compiled_and_not_loaded() -> None:
    """Also what an earlier run has kept, which is loaded before and after."""
    hits: list[str] = []
    jax.monitoring.register_event_listener(listener := lambda event, **more: hits.append(event) if event.endswith("cache_hits") else None)

    def compute() -> None:
        jax.clear_caches()
        jax.jit(lambda x: jnp.sin(x) * 5)(jnp.ones(3))

    try:
        compute()
        with compilations() as found:
            hits.clear()
            compute()
            assert found and not hits
        compute()
        assert hits or programs.root() is None
    finally:
        jax.monitoring.unregister_event_listener(listener)


def test_memory_is_measured() -> None:
    memory.forget()
    assert not memory.grown() and 10 < memory.peak() and memory.held() <= memory.peak() * 1.01


def is_even(number: int) -> None:
    checks.require(number % 2 == 0, f"{number} is odd")


def is_small(number: int) -> None:
    checks.close(number, 0, 0, 5)
    checks.require_same(number, int(number), "it is", "as a whole number")


def test_every_law_is_tried_and_those_that_are_broken_are_named() -> None:
    checks.hold([is_even, is_small], 2, 4)
    with pytest.raises(AssertionError) as caught:
        checks.hold([is_even, is_small], 2, 3, 7)
    lines = [line for line in str(caught.value).splitlines() if line.startswith(("- ", "3 "))]
    assert lines[:3] == ["3 broken:", "- is even, by 3: 3 is odd", "- is even, by 7: 7 is odd"]
    assert lines[3].startswith("- is small, by 7:") and str(caught.value.__cause__) == "3 is odd"


def test_checks_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "COUNT", checks.Count())
    monkeypatch.setattr(counts, "_OTHERS", {})
    monkeypatch.setattr(counts, "_ASSERTIONS", counts.Counter({"tests/a.py": 4}))
    checks.hold([is_even, is_small], 2, 4, 0)
    counts.add(counts.take())
    assert counts.lines() == [
        "laws: 2, with 12 subjects and 18 facts compared",
        "  is even: 6 subjects, 6 facts",
        "  is small: 6 subjects, 12 facts",
        "assertions of test modules that passed: 8",
        "  tests/a.py: 8",
    ]
