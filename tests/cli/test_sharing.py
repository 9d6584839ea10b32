"""Files that processes share, and files that are watched."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from netspec.cli.parallel import choose_jobs
from netspec.cli.watch import state_of, watch

CLEAN = "netspec 1\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> dense(4)\n}\n"
CALL = """
import os, signal, sys
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

    assert watch([str(tmp_path / "m.net")], look, pause=0.01) == 7
    assert len(looks) == 3 and looks[2] != looks[0], "a file beside it may be imported"
    assert "watching" in capsys.readouterr().err


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
