"""Faults on purpose: flipped bits, cut files, and `kill -9`. Tests run a few, `python -m tests.soak checkpoint_flips` many."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from netspec.diagnostics.running.checkpoints import CheckpointDamaged
from netspec.diagnostics.spec_error import SpecError
from tests.programs import environment

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 300
"""Seconds that one process may take."""


@dataclass
class Report:
    """What was tried, and the cases in which damage went unseen or a resumed run differed."""

    tried: int = 0
    files: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.tried} faults" + (f" over {self.files} files" if self.files else "") + f", {len(self.wrong)} of them unnoticed"


# --- damaged files ---------------------------------------------------------------------------------------------------


def run_flips(count: int, seed: int) -> Report:
    """Flips one bit of one file of a checkpoint, or cuts the file: each must be refused with that file's name, or be without effect."""
    return _run_damage(count, seed, lambda rng: _flip if rng.random() < 0.9 else _cut)


def run_truncations(count: int, seed: int) -> Report:
    """Cuts one file of a checkpoint at a random length: each cut must be refused with the file's name."""
    return _run_damage(count, seed, lambda rng: _cut)


Damage = Callable[[bytes, random.Random], tuple[bytes, str]]


def _run_damage(count: int, seed: int, choose: Callable[[random.Random], Damage]) -> Report:
    from tests.train.runs import train

    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        train(run)
        files = checkpoint_files(run)
        report = Report(files=len(files))
        for number in range(count):
            report.tried += 1
            path = files[number % len(files)]
            report.wrong += _damaged(run, path, choose(rng), rng)
        return report


def checkpoint_files(run: Path) -> list[Path]:
    """Every file of the newest checkpoint."""
    newest = max((run / "checkpoints").iterdir(), key=lambda p: int(p.name))
    return sorted(p for p in newest.rglob("*") if p.is_file())


def _damaged(run: Path, path: Path, damage: Damage, rng: random.Random) -> list[str]:
    """Damage a file, open the run as the commands do, and put the file back. What is wrong, if anything."""
    content = path.read_bytes()
    changed, done = damage(content, rng)
    path.write_bytes(changed)
    try:
        return _unnoticed(run, path, done, changed == content)
    finally:
        path.write_bytes(content)


def _unnoticed(run: Path, path: Path, done: str, harmless: bool) -> list[str]:
    from tests.train.runs import opened

    case = f"{path.relative_to(run)}: {done}"
    try:
        opened(run, "last")
    except SpecError as error:
        problem = error.diagnostics[0]
        named = isinstance(problem, CheckpointDamaged) and problem.path == str(path)
        return [] if named else [f"{case}: refused, but with {problem.slug()}: {problem.message()}"]
    except Exception as error:
        return [f"{case}: {type(error).__name__}: {error}"]
    return [] if harmless else [f"{case}: not noticed"]


def _flip(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    bit = rng.randrange(8 * len(content)) if content else 0
    changed = bytearray(content or b"\0")
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed), f"bit {bit} flipped"


def _cut(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    length = rng.randrange(max(len(content), 1))
    return content[:length], f"cut from {len(content)} to {length} bytes"


# --- killed processes ------------------------------------------------------------------------------------------------


def run_kills(count: int, seed: int) -> Report:
    """Kills a training process with SIGKILL at a random moment and resumes it: parameters and metrics must not differ in a bit, and
    no more than an interval between two checkpoints is lost."""
    from tests.train.runs import lines, tensors

    rng = random.Random(seed)
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        whole, run = Path(folder) / "whole", Path(folder) / "run"
        seconds = _finish(whole)
        for _ in range(count):
            moment = rng.uniform(0, seconds)
            _kill(run, moment)
            steps = [r["step"] for r in lines(run)]
            report.wrong += _lost_too_much(run, max(steps, default=0), moment)
            _finish(run)
            report.tried += 1
            if (lines(run), tensors(run)) != (lines(whole), tensors(whole)):
                report.wrong.append(
                    f"killed {moment:.3f} s after the first line, about step {max(steps, default=0)}: the resumed run differs"
                )
            shutil.rmtree(run)
    return report


def _lost_too_much(run: Path, seen: int, moment: float) -> list[str]:
    """What is wrong where the newest checkpoint is more than an interval behind the last line of metrics."""
    from tests.train.runs import INTERVAL, steps

    newest = max(steps(run), default=0)
    return [f"killed {moment:.3f} s after the first line: a line says step {seen}, the checkpoint {newest}"] * (newest < seen - INTERVAL)


def _kill(run: Path, moment: float) -> None:
    """Kill a process so many seconds after its first line of metrics."""
    process = start(run)
    wait_for(run / "metrics.jsonl", process)
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _finish(run: Path) -> float:
    """Train to the end; seconds from the first line of metrics on."""
    process = start(run)
    wait_for(run / "metrics.jsonl", process)
    began = time.monotonic()
    assert process.wait(TIMEOUT) == 0, f"training into {run} ended with {process.returncode}"
    return time.monotonic() - began


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Until the file has something in it or the process has ended."""
    limit = time.monotonic() + TIMEOUT
    while process.poll() is None and time.monotonic() < limit and not (path.exists() and path.stat().st_size):
        time.sleep(0.01)


def start(run: Path) -> subprocess.Popen[bytes]:
    """A process that trains into the run folder, going on where one stands, on one core: XLA's sums depend on the number of threads."""
    pinned = ["taskset", "-c", "0"] if shutil.which("taskset") else []
    command = [*pinned, sys.executable, "-m", "tests.train.worker", str(run)]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment(1), "JAX_PLATFORMS": "cpu"}, stdout=subprocess.DEVNULL)
