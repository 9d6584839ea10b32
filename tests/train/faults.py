"""Faults on purpose: flipped bits, cut files, and `kill -9`. Tests run a few, `python -m tests.soak checkpoint_flips` many."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from netspec.diagnostics.running.checkpoints import CheckpointDamaged
from netspec.diagnostics.spec_error import SpecError
from tests.programs import environment
from tests.train.worker import Moment, read_moment

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 300
"""Seconds that one process may take."""
INTERVAL = 10
"""Steps between two checkpoints of the run that is killed: see `runs.long`."""


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

TIMES_KILLED = 3
"""So often at most a run is killed before it may reach its end."""
LATE = 0.3
"""Seconds that a process may go on in the place where it is to be killed."""


@dataclass
class Kills:
    """How often which place of a training was hit, and the runs that differ from one which nobody killed."""

    places: Counter[str] = field(default_factory=Counter)
    lost: list[int] = field(default_factory=list)
    """Steps that each kill cost."""
    wrong: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return len(self.lost)

    def __str__(self) -> str:
        where = ", ".join(f"{count} {place}" for place, count in sorted(self.places.items()))
        return f"killed at {where}; at most {max(self.lost, default=0)} steps lost, checkpoints every {INTERVAL}; {len(self.wrong)} wrong"

    def join(self, other: Kills) -> None:
        self.places += other.places
        self.lost += other.lost
        self.wrong += other.wrong


def run_kills(count: int, seed: int, first: int = 0) -> Kills:
    """Kills training processes with SIGKILL at random moments, a run up to three times, and goes on with them: parameters and metrics must
    not differ in a bit from those of a run that nobody killed, and no more than the checkpoint that was on its way is lost."""
    from tests.train.runs import lines, tensors

    report, core = Kills(), choose_core(first)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        seconds = finish(start(whole, core))
        wanted = lines(whole), tensors(whole)
        while report.kills < count:
            case, run = first + report.kills, Path(folder) / "run"
            told = _kill_often(run, random.Random(f"{seed}:{case}"), report, min(TIMES_KILLED, first + count - case), seconds, core)
            finish(start(run, core))
            if (lines(run), tensors(run)) != wanted:
                report.wrong.append(f"case {case}, seed {seed}: the run that was killed {told} differs")
            shutil.rmtree(run)
    return report


def _kill_often(run: Path, rng: random.Random, report: Kills, most: int, seconds: float, core: int) -> str:
    """Kills a run some times, as often as it does not end before; where that was."""
    told: list[str] = []
    for _ in range(rng.randint(1, most)):
        place, moment = kill(run, rng, seconds, core)
        report.places[place] += 1
        told.append(f"at {place}, step {moment.step}")
        if place == ENDED:
            break
        newest = max(saved_steps(run), default=0)
        report.lost.append(max(moment.step - newest, 0))
        begun = (moment.step - 1) // INTERVAL * INTERVAL
        if begun - newest > INTERVAL:
            report.wrong.append(f"{told[-1]}: the checkpoint of step {begun} was on its way, and the newest one is of step {newest}")
    return ", ".join(told)


ENDED = "the end"


def kill(run: Path, rng: random.Random, seconds: float, core: int) -> tuple[str, Moment]:
    """Kills a process, at a random time or a little behind a place that it reaches; where it was then."""
    file = run.with_name("moment")
    file.unlink(missing_ok=True)
    process = start(run, core, file)
    aim = rng.choice(["any time", "start", "compile", "train", "eval", "save"])
    if aim == "any time":
        time.sleep(rng.uniform(0, seconds))
    else:
        wait_until(lambda: aim in describe_moment(read_moment(file)), process)
        time.sleep(rng.choice([0, rng.uniform(0, LATE / 10), rng.uniform(0, LATE), rng.uniform(0, seconds / 3)]))
    process.send_signal(signal.SIGKILL)
    process.wait(TIMEOUT)
    moment = read_moment(file)
    return describe_moment(moment) if process.returncode == -signal.SIGKILL else ENDED, moment


def describe_moment(moment: Moment) -> str:
    """The place in a word or two."""
    return f"{moment.place} and save" if moment.saving else moment.place


def saved_steps(run: Path) -> list[int]:
    """The checkpoints that whoever goes on will find, one that a kill left aside while another took its name among them."""
    found = run / "checkpoints"
    names = [path.name.strip(".").partition(".")[0] for path in found.iterdir() if path.suffix != ".tmp"] if found.is_dir() else []
    return [int(name) for name in names if name.isdecimal()]


def finish(process: subprocess.Popen[bytes]) -> float:
    """Let a process come to its end; the seconds that it took."""
    began = time.monotonic()
    assert process.wait(TIMEOUT) == 0, f"a training ended with {process.returncode}"
    return time.monotonic() - began


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Until the file has something in it or the process has ended."""
    wait_until(lambda: path.exists() and path.stat().st_size > 0, process)


def wait_until(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Until something holds or the process has ended."""
    limit = time.monotonic() + TIMEOUT
    while process.poll() is None and time.monotonic() < limit and not holds():
        time.sleep(0.001)


def choose_core(first: int) -> int:
    """A core for the processes of some cases: two portions of them, at work beside each other, have one each."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    return cores[(first > 0) % len(cores)]


def start(run: Path, core: int = 0, moment: Path | None = None) -> subprocess.Popen[bytes]:
    """A process that trains into the run folder, going on where one stands, on one core: XLA's sums depend on the number of threads."""
    pinned = ["taskset", "-c", str(core)] if shutil.which("taskset") else []
    command = [*pinned, sys.executable, "-m", "tests.train.worker", str(run), *([str(moment)] if moment else [])]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment(1), "JAX_PLATFORMS": "cpu"}, stdout=subprocess.DEVNULL)
