"""Files that processes share, and files that are watched."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from netspec.cli.main import main
from netspec.cli.parallel import choose_jobs
from netspec.cli.watch import state_of, watch

CLEAN = "netspec 1\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> dense(4)\n}\n"
CALL = """
import os, signal, sys
from netspec.cli.main import main
from netspec.cli.parallel import check_shared

def check(path):
    {body}
    return []

print([len(found) for found in check_shared({paths!r}, check, 2)], "jax" in sys.modules)
"""


def run(body: str, paths: Sequence[str] = ("a", "b", "c", "d", "e")) -> subprocess.CompletedProcess[str]:
    """Processes are copied in one that has no JAX and no threads."""
    return subprocess.run([sys.executable, "-c", CALL.format(body=body, paths=list(paths))], capture_output=True, text=True, timeout=60)


def test_every_file_is_answered_in_its_order() -> None:
    assert run("return [] if path != 'd' else __import__('netspec').check('netspec 1 x').problems").stdout.startswith(
        "[0, 0, 0, 1, 0] False"
    )


def test_what_is_raised_there_is_raised_here() -> None:
    assert "ZeroDivisionError" in run("1 / (path != 'c')").stderr


BUGS = {
    "raises": "raise ValueError('x')",
    "raises what cannot be sent": "raise type('Local', (Exception,), {})('x')",
    "raises what cannot be read": "raise Odd(1, 2)",
    "finds what cannot be sent": "return [ReadFailed(path=path, reason=type('Local', (str,), {})('x'))]",
    "leaves": "raise SystemExit(3)",
}
ODD = """
import sys
from netspec.cli import check
from netspec.cli.main import main
from netspec.diagnostics.running.files import ReadFailed

class Odd(Exception):
    def __init__(self, one, two):
        super().__init__("one alone is sent")

def held(self, path, checked, locked=None):
    if path.endswith("c.net"):
        {body}
    return []

check.Demands.held = held
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("way", BUGS)
def test_a_bug_is_the_same_bug_in_any_number_of_processes(way: str, tmp_path: Path) -> None:
    """A law: whatever a check raises, and whether or not it can be sent, one process and several end alike and name the file."""
    for name in "abcd":
        (tmp_path / f"{name}.net").write_text(CLEAN)
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    said = set()
    for options in (["--jobs", "1"], ["--jobs", "2"]):
        words = [sys.executable, "-c", ODD.format(body=BUGS[way]), "check", *options, "."]
        done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, env=env)
        said.add((done.returncode, done.stdout, re.sub(r"netspec-bug-\w+", "", done.stderr)))
    [(code, out, problems)] = said
    codes = {"leaves": 3, "finds what cannot be sent": 2}
    assert code == codes.get(way, 101) and "Traceback" not in problems
    assert ("met while checking `./c.net`" in problems) == (code == 101) and ("./c.net" in out) == (code == 2), (out, problems)


def test_a_process_that_dies_is_no_clean_file() -> None:
    done = run("path == 'c' and os.kill(os.getpid(), signal.SIGKILL)")
    assert done.returncode == 1 and "the process that checked c ended without an answer" in done.stderr


def test_large_answers_do_not_wait_for_one_another() -> None:
    """More than a pipe holds."""
    assert run("return [type('P', (), {})] * 0 + ['x' * 300_000]").stdout.startswith("[1, 1, 1, 1, 1]")


def test_few_files_are_looked_at_here() -> None:
    assert [choose_jobs(n, None) for n in (0, 1, 7)] == [1, 1, 1] and choose_jobs(3, 8) == 3 and choose_jobs(1, 8) == 1
    assert 1 <= choose_jobs(1_000, None) <= (os.cpu_count() or 1)


def test_a_change_is_looked_at_until_it_is_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.net").write_text(CLEAN)
    looks = []

    def look() -> int:
        looks.append((tmp_path / "m.net").read_text())
        if len(looks) == 3:
            raise KeyboardInterrupt
        (tmp_path / ("other.net" if len(looks) == 1 else "m.net")).write_text(CLEAN + "#" * len(looks))
        return 7

    assert watch(lambda: [str(tmp_path / "m.net")], look, pause=0.01) == 7
    assert len(looks) == 3 and looks[2] != looks[0], "a file beside it may be imported"
    assert "watching" in capsys.readouterr().err


def test_what_a_repository_asks_for_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change of pyproject.toml counts from the next look on: other files, other demands, a mistake that is mended, the file itself."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    for name in "ab":
        (tmp_path / f"{name}.net").write_text(CLEAN)
    budget = "[tool.netspec]\nfiles = ['a.net']\n[tool.netspec.budgets]\n'*' = {max-params = 1}\n"
    steps = ["[tool.netspec]\nfiles = ['b.net', 'a.net']\n", budget, "[tool.netspec]\nfile = []\n", budget.replace("1}", "100}"), None]
    said: list[str] = []

    def sleep(_: float) -> None:
        captured = capsys.readouterr()
        said.append(captured.out + captured.err)
        if not steps:
            raise KeyboardInterrupt
        text = steps.pop(0)
        (tmp_path / "pyproject.toml").unlink() if text is None else (tmp_path / "pyproject.toml").write_text(text)

    monkeypatch.setattr(time, "sleep", sleep)
    (tmp_path / "pyproject.toml").write_text("[tool.netspec]\nfiles = ['a.net']\n")
    main(["check", "--watch"])
    expected = ["in 1 file.", "in 2 files.", "over-budget", "unknown-configuration", "in 1 file.", "name a file"]
    assert len(said) == len(expected) and all(part in text for part, text in zip(expected, said, strict=True)), said
    assert all(text.count("watching") == 1 for text in said)


def test_a_file_that_is_gone_is_a_change(tmp_path: Path) -> None:
    (tmp_path / "m.net").write_text(CLEAN)
    before = state_of([str(tmp_path)])
    (tmp_path / "m.net").unlink()
    assert len(before) == 1 and state_of([str(tmp_path)]) == {}


def test_what_a_spec_imports_and_its_lock_are_watched(tmp_path: Path) -> None:
    for name, imported in {"models/m.net": "../blocks/a.net", "blocks/a.net": "inner/b.net", "blocks/inner/b.net": "../a.net"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f'netspec 1\nimport A from "{imported}"\n')
    (tmp_path / "models/m.net.lock").write_text("{}")
    before = state_of([str(tmp_path / "models")])
    assert {Path(path).name for path in before} == {"m.net", "m.net.lock", "a.net", "b.net"} and len(before) == 4
    (tmp_path / "blocks/inner/b.net").write_text("netspec 1\n")
    assert state_of([str(tmp_path / "models")]) != before


def test_ctrl_c_ends_a_watch_with_the_code_of_the_last_look(tmp_path: Path) -> None:
    (tmp_path / "m.net").write_text(CLEAN.replace("dense", "dens"))
    words = [sys.executable, "-m", "netspec", "check", "--watch", str(tmp_path)]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a process that was started in the background ignores it
    try:
        started = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    with started, contextlib.ExitStack() as behind:
        behind.callback(started.kill)
        assert started.stderr is not None and "watching" in started.stderr.readline()
        started.send_signal(signal.SIGINT)
        assert started.wait(30) == 1
