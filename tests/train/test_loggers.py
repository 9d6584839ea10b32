"""Where else a training's numbers go: TensorBoard's files read back, other services by stand-ins, and a logger that fails."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.diagnostics.running.loggers import LoggerBroken, LoggerMissing
from netspec.train.loggers import shelf
from netspec.train.loggers.protocol import Training
from netspec.train.loggers.shelf import find_loggers, name_loggers
from netspec.train.metrics_log import Log, Record
from netspec.train.process_record import read_processes
from netspec.train.progress import Lines, Silent
from netspec.train.trainable_model import Fit
from tests.train.runs import killed_after, model


def train(out: Path | None, loggers: dict[str, Any], resume: bool = False, stream: io.StringIO | None = None) -> Fit:
    made = model()
    feeds, tell = made.feeds(None, None, None), Lines(stream) if stream else Silent()
    return made.train(feeds.train, feeds.validation, None, out, resume, tell, test_feed=feeds.test, loggers=loggers)


class Heard:
    """Keeps what it is told, and fails where it is asked to."""

    def __init__(self, fails: str = "") -> None:
        self.told: list[Any] = []
        self._fails = fails

    def _hear(self, name: str, what: Any) -> None:
        self.told.append(what)
        if name == self._fails:
            raise OSError("the other\nend is gone")

    def begin(self, training: Training) -> None:
        self._hear("begin", training)

    def record(self, record: Record) -> None:
        self._hear("record", record)

    def end(self, failed: bool) -> None:
        self._hear("end", failed)


def test_a_logger_is_told_of_the_begin_every_line_and_the_end(tmp_path: Path) -> None:
    heard = Heard()
    fit = train(tmp_path / "run", {"heard": heard})
    begin, *records, failed = heard.told
    assert (begin.name, begin.folder, begin.step, begin.total) == ("Points", tmp_path / "run", 0, 18)
    assert begin.settings == {"duration": "3 epochs"} and begin.spec.startswith("netspec 1")
    assert records == list(fit.history) and failed is False


@pytest.mark.parametrize("method", ["begin", "record", "end"])
def test_a_logger_that_fails_is_told_once_and_stops_nothing(tmp_path: Path, method: str) -> None:
    stream, good, bad = io.StringIO(), Heard(), Heard(method)
    fit = train(tmp_path / "run", {"bad": bad, "good": good}, stream=stream)
    assert len(fit.history) == 6 and good.told[1:-1] == list(fit.history)
    said = [line for line in stream.getvalue().splitlines() if "logger" in line]
    assert said == ["the logger `bad` failed and is switched off, the training goes on: OSError: the other end is gone"]
    assert len(bad.told) == {"begin": 1, "record": 2, "end": 8}[method]


def test_a_training_that_an_error_ends_has_failed(tmp_path: Path) -> None:
    heard = Heard()
    made = model()
    feed = made.feeds(None, None, None).train
    broken = SimpleNamespace(
        **{"learned": {}, "steps_per_epoch": 6, "constant": False, "training": lambda epoch, start=0: 1 / 0, "evaluation": None}
    )
    with pytest.raises(ZeroDivisionError):
        made.train(broken, feed, None, tmp_path / "run", False, Silent(), loggers={"heard": heard})  # type: ignore[arg-type]
    assert heard.told[-1] is True


# --- by name ---------------------------------------------------------------------------------------------------------


def problem(*names: str) -> Any:
    with pytest.raises(Mistake) as caught:
        find_loggers(names)
    return caught.value.diagnostic


def test_names_that_lead_to_no_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    found = problem("tensorbord")
    assert isinstance(found, LoggerMissing) and found.near == ("tensorboard",)
    monkeypatch.setattr(shelf, "find_spec", lambda name: None)
    assert problem("wandb") == PackageNeeded(op="--log wandb", package="wandb", extra="wandb")
    with pytest.raises(ValueError, match="out="):
        name_loggers(["wandb"], None)
    with pytest.raises(TypeError, match="has no `record`"):
        name_loggers([SimpleNamespace(begin=print, end=print)], None)  # type: ignore[list-item]
    with pytest.raises(TypeError, match="a list of loggers"):
        name_loggers("wandb", None)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package with loggers, one of which is none and one of which cannot be imported."""
    info = tmp_path / "site" / "acme_logs-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-logs\nVersion: 1.0\n")
    points = ["acme = acme_logs:Good", "none = acme_logs:dict", "gone = acme_logs.gone:Good"]
    (info / "entry_points.txt").write_text("\n".join(["[netspec.loggers]", *points]) + "\n")
    good = "class Good:\n  begin = record = end = lambda self, what: None\n\ndict = dict\n"
    (tmp_path / "site" / "acme_logs.py").write_text(good)
    monkeypatch.syspath_prepend(tmp_path / "site")
    yield
    sys.modules.pop("acme_logs", None)


def test_loggers_of_packages(package: None) -> None:
    assert type(find_loggers(["acme"])["acme"]).__name__ == "Good"
    assert problem("none") == LoggerBroken(logger="none", package="acme-logs", reason="what it gives has no method `begin`")
    assert problem("gone").reason.startswith("ModuleNotFoundError: No module named 'acme_logs.gone'")


# --- netspec's own ---------------------------------------------------------------------------------------------------


def events(folder: Path) -> Iterator[Any]:
    """The events of all files of a folder: records of a length, its checksum, the content, its checksum."""
    from tensorboardX.proto.event_pb2 import Event  # pyright: ignore[reportMissingImports]

    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        while data:
            (length,) = struct.unpack("<Q", data[:8])
            yield Event.FromString(data[12 : 12 + length])
            data = data[12 + length + 4 :]


def values_of(folder: Path) -> dict[tuple[int, str], float]:
    """The numbers by step and tag, as TensorBoard shows them: what a process wrote before of steps that come again is dropped."""
    found: dict[tuple[int, str], float] = {}
    for event in events(folder):
        if event.HasField("session_log"):
            found = {(step, tag): value for (step, tag), value in found.items() if step < event.step}
        found |= {(event.step, value.tag): value.simple_value for value in event.summary.value if value.HasField("simple_value")}
    return found


def test_tensorboard_has_the_numbers_of_the_lines_also_of_a_run_that_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    run = tmp_path / "run"
    with killed_after(14):
        train(run, find_loggers(["tensorboard"]))
    train(run, find_loggers(["tensorboard"]), resume=True)
    records = Log(run / "metrics.jsonl").records()
    for split in ("train", "validation"):
        found = values_of(run / "tensorboard" / split)
        wanted = {(r.step, name): x for r in records if r.split == split for name, x in {"loss": r.loss, **r.metrics}.items()}
        assert wanted and {key: pytest.approx(value, rel=1e-6) for key, value in wanted.items()} == {key: found[key] for key in wanted}
    assert any(value.tag.startswith("spec") for event in events(run / "tensorboard" / "train") for value in event.summary.value)


def stand_in(name: str, monkeypatch: pytest.MonkeyPatch, **members: Any) -> list[Any]:
    """A package of this name, and the calls that it gets."""
    calls: list[Any] = []
    fake = ModuleType(name)
    fake.__spec__ = SimpleNamespace(name=name)  # type: ignore[assignment]
    for member, value in members.items():
        setattr(fake, member, lambda *args, _m=member, _v=value, **named: calls.append((_m, args, named)) or _v)
    monkeypatch.setitem(sys.modules, name, fake)
    monkeypatch.delitem(sys.modules, f"netspec.train.loggers.{name}_run", raising=False)
    return calls


def test_wandb_gets_one_run_for_a_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    logged: list[Any] = []
    run = SimpleNamespace(log=lambda values, step: logged.append((step, values)), finish=lambda exit_code: logged.append(exit_code))
    calls = stand_in("wandb", monkeypatch, init=run)
    fit = train(tmp_path / "run", find_loggers(["wandb"]))
    train(tmp_path / "run", find_loggers(["wandb"]), resume=True)
    (_, _, first), (_, _, second) = calls
    assert (first["project"], first["name"], first["resume"]) == ("Points", "run", "allow") and first["config"]["settings"]
    assert first["id"] == second["id"] and len(first["id"]) == 16
    (step, values), end = logged[0], logged[6]
    assert step == 6 and values["train/loss"] == fit.history[0].loss and end == 0


def test_mlflow_gets_one_run_for_a_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    begun = SimpleNamespace(info=SimpleNamespace(run_id="abc"))
    names = ("set_experiment", "log_params", "log_metrics", "end_run")
    calls = stand_in("mlflow", monkeypatch, start_run=begun, **dict.fromkeys(names))
    fit = train(tmp_path / "run", find_loggers(["mlflow"]))
    assert [name for name, *_ in calls[:3]] == ["set_experiment", "start_run", "log_params"] and calls[-1][:2] == ("end_run", ("FINISHED",))
    assert calls[3] == ("log_metrics", ({"train/loss": fit.history[0].loss, **_more(calls[3])},), {"step": 6})
    train(tmp_path / "run", find_loggers(["mlflow"]), resume=True)
    assert [named["run_id"] for name, _, named in calls if name == "start_run"] == [None, "abc"]


def _more(call: Any) -> dict[str, float]:
    return {name: value for name, value in call[1][0].items() if name != "train/loss"}


# --- the processes of a run ------------------------------------------------------------------------------------------


def test_a_run_keeps_what_trained_it(tmp_path: Path) -> None:
    with killed_after(14):
        train(tmp_path / "run", {})
    with (tmp_path / "run" / "processes.jsonl").open("a") as file:
        file.write('{"torn\n[]\n')
    train(tmp_path / "run", {}, resume=True)
    first, second = read_processes(tmp_path / "run")
    assert (first["step"], second["step"], first["seed"]) == (0, 12, 5)
    assert {"netspec", "python", "jax", "numpy"} <= first["versions"].keys() and first["devices"] and first["host"] and first["command"]


def test_the_revision_is_read_from_git_s_files(tmp_path: Path) -> None:
    from netspec.train.git_revision import find_revision

    sha, other = "0123456789abcdef0123456789abcdef01234567", "f" * 40
    git = tmp_path / "repo" / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    deep = tmp_path / "repo" / "a" / "b"
    deep.mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert find_revision(tmp_path) is None and find_revision(deep) is None
    (git / "packed-refs").write_text(f"# pack-refs\n{other} refs/heads/mainline\n{sha} refs/heads/main\n")
    assert find_revision(deep) == sha
    (git / "refs" / "heads" / "main").write_text(f"{other}\n")
    assert find_revision(deep) == other
    tree = git / "worktrees" / "side"
    tree.mkdir(parents=True)
    (tree / "commondir").write_text("../..\n")
    (tree / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "side").mkdir()
    (tmp_path / "side" / ".git").write_text(f"gitdir: {tree}\n")
    assert find_revision(tmp_path / "side") == other
    for odd in ("ref: refs/../../../etc/passwd\n", "junk", "\xff", f"{sha}0\n", ""):
        (git / "HEAD").write_text(odd, "latin-1")
        assert find_revision(deep) is None
    (git / "HEAD").write_text(f"{sha}\n")
    assert find_revision(deep) == sha
