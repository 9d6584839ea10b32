"""Forged run folders: every file of a run, every place in its JSON, changed as a damaged disk, another program or a stranger could.

Digests are made to fit again, so that the check behind the digest is what is tried. Whatever stands in a run, a command ends with 0, 1 or
2, and from Python with `SpecError` alone. `python -m tests.soak forged --count 5000` tries many; tests a few.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

SECONDS = 120
"""After so long a command counts as hanging."""

SPEC = """netspec 1

import Tagger from "parts/tagger.net"

model M {
  input words: i32[B, T]
  output logits = words -> Tagger
}

train M {
  data = conllu("train.conllu", size=8, tags=4) -> shuffle -> batch(4)
  loss = softmax_cross_entropy(logits, tag)
  metric accuracy = accuracy(logits, tag)
  optimizer = adam(0.01)
  duration = 2 epochs
  eval { data = conllu("train.conllu") -> batch(4); every = 1 epoch }
}
"""
PART = "netspec 1\n\nblock Tagger {\n  input words: i32[B, T]\n  output words -> embed(8, 4) -> dense(4)\n}\n"
SENTENCE = "1\t{0}\t_\tX\t{1}\t_\t_\t_\t_\t_\n2\tb\t_\tX\tB\t_\t_\t_\t_\t_\n\n"


@dataclass
class Report:
    """How the commands on forged runs ended, and the cases that ended as none should."""

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return ", ".join(f"{count:,} {end}" for end, count in sorted(self.ends.items())) + f"; {len(self.wrong)} wrong"

    def join(self, other: Report) -> None:
        self.ends += other.ends
        self.wrong += other.wrong


def run(count: int, seed: int, first: int = 0) -> Report:
    """Forges run folders and opens them by every command: none may end in a crash, hang, or lose a line of metrics."""
    report = Report()
    base()  # which outlives the folder of these cases
    with tempfile.TemporaryDirectory(prefix="forged-") as place:
        home = Path(place)
        with working_in(home):
            for number in range(first, first + count):
                end, wrong = try_case(home, random.Random(f"{seed}:{number}"))
                report.ends[end] += 1
                report.wrong += [f"case {number}, seed {seed}: {wrong}"] if wrong else []
    return report


@contextlib.contextmanager
def working_in(home: Path) -> Iterator[None]:
    """What a crash would report goes into this folder too."""
    before = tempfile.tempdir
    tempfile.tempdir = str(home)
    try:
        yield
    finally:
        tempfile.tempdir = before


def try_case(home: Path, rng: random.Random) -> tuple[str, str]:
    """How a command on one forged run ended, and what was wrong with that."""
    copy = home / "forged"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(base(), copy)
    done = forge(copy / "run", rng)
    command = rng.choice(sorted(COMMANDS))
    metrics = copy / "run" / "metrics.jsonl"
    before = metrics.read_bytes() if metrics.is_file() else None
    end, text = carry_out(COMMANDS[command], copy)
    wrong = "" if end in ("0", "1", "2", "SpecError") else text
    if end in ("1", "2") and before is not None and metrics.read_bytes() != before:
        wrong = "it was refused, but its metrics are others now"
    return f"{command} {end}", f"{command} of {done}: {end}: {wrong}" if wrong else ""


def carry_out(command: Callable[[Path], int], copy: Path) -> tuple[str, str]:
    """Exit code or exception of a command, and what it printed."""
    from netspec.diagnostics.spec_error import SpecError

    out = io.StringIO()
    try:
        with time_limit(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            return str(command(copy)), out.getvalue()
    except SpecError:
        return "SpecError", ""
    except BaseException as error:
        return type(error).__name__, f"{error} {out.getvalue()}"


@contextlib.contextmanager
def time_limit() -> Iterator[None]:
    """Raises TimeoutError inside when it takes too long."""

    def late(*_: Any) -> None:
        raise TimeoutError(f"not done after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@cache
def base() -> Path:
    """A folder with a spec, its data, and a run of two epochs with everything that a run may hold. Made once in a process."""
    from netspec.cli.main import main

    home = Path(tempfile.mkdtemp(prefix="forged-base-"))
    import atexit

    atexit.register(shutil.rmtree, home, True)
    (home / "parts").mkdir()
    (home / "parts" / "tagger.net").write_text(PART)
    (home / "m.net").write_text(SPEC)
    (home / "train.conllu").write_text("".join(SENTENCE.format("abca"[i % 4], "AB"[i % 2]) for i in range(12)))
    np.savez(home / "x.npz", words=np.array([[2, 3], [1, 2]], np.int32))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert main(["train", str(home / "m.net"), "--data", str(home), "--out", str(home / "run")]) == 0
    return home


# --- commands --------------------------------------------------------------------------------------------------------


def _main(*words: object) -> int:
    from netspec.cli.main import main

    return main([str(word) for word in words])


def _load(copy: Path) -> int:
    import netspec

    netspec.load(copy / "run").predict(words=[["a", "b"], ["c"]])
    return 0


COMMANDS: dict[str, Callable[[Path], int]] = {
    "eval": lambda copy: _main("eval", copy / "run", "--data", copy),
    "eval last": lambda copy: _main("eval", copy / "run", "--which", "last", "--data", copy),
    "predict": lambda copy: _main("predict", copy / "run", "--input", copy / "x.npz"),
    "resume": lambda copy: _main("train", copy / "m.net", "--data", copy, "--out", copy / "run", "--resume"),
    "longer": lambda copy: _main(
        "train", copy / "m.net", "--data", copy, "--out", copy / "run", "--resume", "--set", "train.duration=3 epochs"
    ),
    "export": lambda copy: _main("export", copy / "run", "--to", "npz", "--output", copy / "weights.npz"),
    "checkpoints": lambda copy: _main("checkpoints", copy / "run", "--verify"),
    "average": lambda copy: _main("checkpoints", copy / "run", "--average", "last:2", "--output", copy / "mean"),
    "load": _load,
}


# --- forging ---------------------------------------------------------------------------------------------------------


def forge(run: Path, rng: random.Random) -> str:
    """Change one thing in a run folder; what was done."""
    newest = max((run / "checkpoints").iterdir(), key=lambda p: int(p.name))
    files = sorted(p for p in run.rglob("*") if p.is_file() and p.name != ".lock")
    if rng.random() < 0.85:
        files = [p for p in files if "checkpoints" not in p.relative_to(run).parts or newest in p.parents]
    path = rng.choice(files)
    shown = path.relative_to(run).as_posix()
    texts = [p for p in files if p.suffix in (".json", ".jsonl") or "METADATA" in p.name]
    if rng.random() < 0.7:
        path = rng.choice(texts)
        done = _forge_json(path, rng)
        shown = path.relative_to(run).as_posix()
    elif rng.random() < 0.6:
        done = _forge_bytes(path, rng)
    else:
        done = _forge_kind(path, rng)
    if rng.random() < 0.9:
        with contextlib.suppress(Exception):
            fit_digests(run, path)
    return f"{shown}: {done}"


def fit_digests(run: Path, path: Path) -> None:
    """Make the digests of a file, and those that a manifest has of it, fit again."""
    from netspec.train import manifest

    if path.exists() and not path.is_file():
        return  # a pipe or a device is never read to its end
    if path.name == "learned.json":
        body = json.loads(path.read_text())
        body["sha256"] = hashlib.sha256(json.dumps(body["learned"], sort_keys=True).encode()).hexdigest()
        path.write_text(json.dumps(body))
    elif "checkpoints" in path.relative_to(run).parts:
        step = run.joinpath(*path.relative_to(run).parts[:2])
        body = json.loads((step / manifest.NAME).read_text())
        if path.name != manifest.NAME:
            body["files"] = {name: list(entry) for name, entry in manifest.files_of(step).items()}
        body.pop("digest", None)
        (step / manifest.NAME).write_bytes(manifest._text({**body, "digest": manifest._digest(body)}))


def _forge_json(path: Path, rng: random.Random) -> str:
    """Change one place of a JSON file, or of one line of it."""
    lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    number = rng.randrange(len(lines))
    body = json.loads(lines[number])
    places = [()] * (rng.random() < 0.1) or list(_places(body))
    place = rng.choice(places)
    name = rng.choice(sorted(CHANGES))
    body = _changed(body, place, CHANGES[name], rng)
    text = _written(body, rng)
    lines[number] = text
    path.write_text("\n".join(lines) + ("\n" if path.suffix == ".jsonl" else ""), encoding="utf-8", errors="surrogatepass")
    return f"{name} at /{'/'.join(map(str, place))}" + (f" of line {number + 1}" if path.suffix == ".jsonl" else "")


def _places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*here, key)
        yield from _places(inner, (*here, key))


GONE = object()
Change = Callable[[Any, random.Random], Any]


def _changed(body: Any, place: Sequence[Any], change: Change, rng: random.Random) -> Any:
    """A JSON value with something else in one place."""
    if not place:
        return None if (new := change(body, rng)) is GONE else new
    holder = body
    for key in place[:-1]:
        holder = holder[key]
    new = change(holder[place[-1]], rng)
    if new is GONE:
        del holder[place[-1]]
    else:
        holder[place[-1]] = new
    return body


def _deep(depth: int) -> Any:
    value: Any = 1
    for number in range(depth):
        value = [value] if number % 2 else {"a": value}
    return value


def _other_type(value: Any, rng: random.Random) -> Any:
    return rng.choice([v for v in (0, 1.5, "x", True, [], {}, ["x"], {"x": 1}) if type(v) is not type(value)])


def _swapped(value: Any, rng: random.Random) -> Any:
    if isinstance(value, list):
        return value[::-1]
    if isinstance(value, dict) and len(value) > 1:
        keys = list(value)
        one, two = rng.sample(keys, 2)
        return {**value, one: value[two], two: value[one]}
    return value[::-1] if isinstance(value, str) else value


def _other_shape(value: Any, rng: random.Random) -> Any:
    if isinstance(value, list):
        return rng.choice([[*value, 1], value[:-1], [value], [v for v in value for _ in (0, 1)], [2**31 - 1] * max(len(value), 1)])
    return [value]


CHANGES: dict[str, Change] = {
    "removed": lambda value, rng: GONE,
    "null": lambda value, rng: None,
    "other type": _other_type,
    "huge": lambda value, rng: rng.choice([2**31, 2**63, 2**64, 10**30, 10**400, 1e308]),
    "negative": lambda value, rng: rng.choice([-1, -(2**63), -1.5, -0.0]),
    "a little other": lambda value, rng: value + rng.choice([-1, 1, 0.5]) if isinstance(value, int | float) else f"{value}x",
    "deep": lambda value, rng: _deep(rng.choice([3, 70, 300, 900])),
    "swapped": _swapped,
    "other shape": _other_shape,
    "key more": lambda value, rng: {**value, "more": 1} if isinstance(value, dict) else {"more": value},
    "empty": lambda value, rng: rng.choice(["", [], {}]),
    "NUL": lambda value, rng: f"{value}\0b",
    "half a character": lambda value, rng: f"{value}\ud800",
    "control characters": lambda value, rng: f"\x1b[31m{value}\n::error::x\u202e",
    "path": lambda value, rng: rng.choice(["/", "..", "../../etc/passwd", "/dev/zero", "a/../../b", "."]),
    "long": lambda value, rng: "x" * rng.choice([300, 100_000]),
    "not finite": lambda value, rng: rng.choice([float("nan"), float("inf"), float("-inf")]),
    "twice": lambda value, rng: {**value, TWICE: 1} if isinstance(value, dict) else value,
}
TWICE = "twice-the-same"


def _written(body: Any, rng: random.Random) -> str:
    """JSON text, with a key that stands twice where one was asked for."""
    try:
        text = json.dumps(body)
    except RecursionError:
        return "[" * 5_000
    return text.replace(f'"{TWICE}": 1', '"step": 1, "step": 1')


def _forge_bytes(path: Path, rng: random.Random) -> str:
    """Change the bytes of any file."""
    data = path.read_bytes()
    place = rng.randrange(len(data) + 1)
    changes: dict[str, Callable[[], bytes]] = {
        "cut": lambda: data[:place],
        "emptied": lambda: b"",
        "zeros": lambda: b"\0" * len(data),
        "NUL inside": lambda: data[:place] + b"\0" + data[place:],
        "no UTF-8": lambda: data[:place] + b"\xff\xfe" + data[place:],
        "bit flipped": lambda: (
            data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :] if place < len(data) else b"x"
        ),
        "twice": lambda: data + data,
        "random": lambda: rng.randbytes(len(data) or 9),
        "piece moved": lambda: data[place:] + data[:place],
        "byte-order mark": lambda: b"\xef\xbb\xbf" + data,
        "deep": lambda: b"[" * 100_000,
        "size forged": lambda: data[:4] + rng.randbytes(8) + data[12:],
    }
    name = rng.choice(sorted(changes))
    path.write_bytes(changes[name]())
    return name


def _forge_kind(path: Path, rng: random.Random) -> str:
    """Put something that is no file in a file's place, or in that of its folder."""
    if rng.random() < 0.2 and path.parent.name not in ("", "run"):
        path = path.parent
    content = path.read_bytes() if path.is_file() else b""
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    other = path.with_name(path.name + ".other")
    name = rng.choice(["missing", "folder", "pipe", "link to nothing", "link to itself", "link to a file", "link to a device", "hard link"])
    match name:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "link to nothing":
            path.symlink_to("nowhere")
        case "link to itself":
            path.symlink_to(path.name)
        case "link to a file":
            other.write_bytes(content)
            path.symlink_to(other.name)
        case "link to a device":
            path.symlink_to("/dev/zero")
        case "hard link":
            other.write_bytes(content)
            os.link(other, path)
        case _:
            pass
    return f"{name} in place of `{path.name}`"
