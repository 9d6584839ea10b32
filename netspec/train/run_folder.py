"""Keeps the run folder: `spec.net` as compiled, `settings.json`, `metrics.jsonl`, `checkpoints/<step>/`, and `learned.json` where the data
teach.

They are all a run needs. `metrics.csv` and `processes.jsonl` are for people.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import CheckpointTooNew, NotARun, RunFileDamaged, RunOfAnotherSpec, RunOfMean
from netspec.files import PathLike, make_folder, refuse_existing, write_atomic
from netspec.ir import TrainPlan
from netspec.ir.fingerprint import plan_hash
from netspec.train import metrics_log, run_lock
from netspec.train.background_writing import Background
from netspec.train.checkpoint_store import Store
from netspec.train.metrics_log import Log
from netspec.train.recipe import Recipe, changes
from netspec.train.strict_json import (
    AsTuple,
    Count,
    Digest,
    FileName,
    FileNameOrNone,
    Strict,
    Text,
    Unfit,
    fit,
    naming,
    parse_json,
    read_file,
)

SETTINGS = "settings.json"
CHECKPOINTS = "checkpoints"
KEPT = ("learned.json", "data.json")
"""What a run holds besides its spec, settings, lines and checkpoints, where there is something to keep."""
FORMAT = 1


@dataclass(frozen=True)
class RunFolder:
    """A run on the disk, opened with `start_run` (to train into it) or `open_run` (to use it)."""

    path: Path
    recipe: Recipe
    settings: Mapping[str, Any]
    keep: int = 1
    keep_every: int = 0
    """Checkpoints of multiples of so many steps stay; 0: of none."""
    writer: Background = field(default_factory=Background, compare=False)
    """Writes checkpoints while training goes on."""

    @property
    def log(self) -> Log:
        return Log(self.path / metrics_log.NAME)

    @property
    def store(self) -> Store:
        """The checkpoints, behind the write that is on its way in this process."""
        self.writer.wait()
        return Store(self.path / CHECKPOINTS, self.keep, self.keep_every)

    @property
    def digests(self) -> frozenset[str]:
        """Those of the specs that the run's checkpoints may be of: its own, and what it was before its length changed."""
        return frozenset({self.recipe.digest, *(entry["spec"] for entry in self.settings.get("earlier", ()))})

    @property
    def data(self) -> Path | None:
        """The data folder that the run was trained from."""
        return Path(self.settings["data"]) if self.settings["data"] else None


def find_free(name: str, base: PathLike = "runs") -> Path:
    """`runs/NAME-1`, or the first number that nobody has taken."""
    number = 1
    while os.path.lexists(Path(base) / f"{name}-{number}"):
        number += 1
    return Path(base) / f"{name}-{number}"


@contextmanager
def claim_folder(path: PathLike, recipe: Recipe, resume: bool) -> Iterator[None]:
    """Holds the folder of a run, so that of two trainings that begin at once one alone writes into it. What may not be used is refused
    before anything is made. Raises `Mistake`."""
    folder = Path(path)
    if not resume:
        _refuse_taken(folder)
    if not (folder / SETTINGS).exists():
        _refuse_foreign(folder, recipe)
    make_folder(folder)
    with run_lock.hold_lock(folder):
        yield


def _refuse_taken(folder: Path) -> None:
    """A folder that is to be a new run has nothing in it, but for the lock. Raises `Mistake`."""
    with suppress(OSError, ValueError):  # a name that no file can have is refused below, by its name
        if os.listdir(folder) == [run_lock.NAME]:
            return
    refuse_existing(folder, "go on with it by `--resume`, or choose another folder with `--out`")


def start_run(
    path: PathLike, recipe: Recipe, plan: TrainPlan, data: Path | None, resume: bool, initial: Mapping[str, Any] | None = None
) -> RunFolder:
    """A new run folder, or with `resume` the one that stands there, in a folder that is claimed. `initial` is what it keeps of weights that
    it begins with.

    Raises `Mistake` when it may not be used.
    """
    folder = Path(path)
    if not resume:
        _refuse_taken(folder)
    if (folder / SETTINGS).exists():
        return _resume_run(folder, recipe, plan)
    _refuse_foreign(folder, recipe)
    return _create_run(folder, recipe, plan, data, initial)


def _resume_run(folder: Path, recipe: Recipe, plan: TrainPlan) -> RunFolder:
    """The run that stands in a folder, as it was. Raises `Mistake` when it is of a spec that means something else, its length apart, or a
    mean of checkpoints."""
    found = open_run(folder)
    if steps := found.settings["mean_of"]:
        raise Mistake(RunOfMean(run=str(folder), steps=tuple(steps), spec=recipe.path))
    same = found.settings["meaning"] == plan_hash(plan) and found.recipe.foreign == recipe.foreign
    if found.recipe.digest != recipe.digest and not same:
        raise Mistake(RunOfAnotherSpec(run=str(folder), differences=changes(found.recipe, recipe)))
    return RunFolder(folder, found.recipe, found.settings, plan.checkpoint.keep)


def _refuse_foreign(folder: Path, recipe: Recipe) -> None:
    """A folder without settings is ours only if a run died before writing them."""
    ours = {f"spec{recipe.suffix}", run_lock.NAME}
    others = [n for n in sorted(os.listdir(folder)) if n not in ours and not n.endswith(".tmp")] if folder.is_dir() else []
    if others:
        raise Mistake(NotARun(path=str(folder), finding=f"it holds `{others[0]}`, but no `{SETTINGS}`"))


def _create_run(folder: Path, recipe: Recipe, plan: TrainPlan, data: Path | None, initial: Mapping[str, Any] | None) -> RunFolder:
    """`settings.json` is written last: with it the folder is a run."""
    kept = {"earlier": [], "initial": dict(initial) if initial else None, "data": str(data.absolute()) if data else None}
    settings = {"format": FORMAT, "spec": f"spec{recipe.suffix}", **_describe(recipe, plan), **kept, "mean_of": []}
    make_folder(folder)
    write_atomic(folder / settings["spec"], recipe.text)
    return _write_settings(folder, recipe, settings, plan.checkpoint.keep)


def _describe(recipe: Recipe, plan: TrainPlan) -> dict[str, Any]:
    """What the settings say of a spec and its training."""
    return {
        "written_at": recipe.path,
        "train": recipe.train,
        "overrides": dict(recipe.overrides),
        "imports": dict(recipe.imports),
        "plugins": list(recipe.plugins),
        "foreign_optimizer": recipe.foreign,
        "meaning": plan_hash(plan),
        "duration": (float(plan.duration.count), plan.duration.unit),
        "settings": {n: {"value": v, "origin": plan.origins.get(n, "default")} for n, v in plan.settings.items()},
    }


def _write_settings(folder: Path, recipe: Recipe, settings: Mapping[str, Any], keep: int) -> RunFolder:
    write_atomic(folder / SETTINGS, json.dumps(settings, indent=2) + "\n")
    return RunFolder(folder, recipe, settings, keep)


def change_recipe(run: RunFolder, recipe: Recipe, plan: TrainPlan, step: int) -> RunFolder:
    """The run with another recipe from a step on. A text that differs gets a file of its own, so that a kill leaves either."""
    earlier = [*run.settings["earlier"], {"spec": run.recipe.digest, "duration": tuple(run.settings["duration"]), "until": step}]
    spec = run.settings["spec"] if recipe.text == run.recipe.text else f"spec.{len(earlier) + 1}{recipe.suffix}"
    if spec != run.settings["spec"]:
        write_atomic(run.path / spec, recipe.text)
    settings = {**run.settings, **_describe(recipe, plan), "spec": spec, "earlier": earlier}
    return replace(_write_settings(run.path, recipe, settings, run.keep), keep_every=run.keep_every)


def open_run(path: PathLike) -> RunFolder:
    """A run folder that exists. Raises `Mistake` with `NotARun`, `CheckpointTooNew`, `RunFileDamaged` or a problem of reading."""
    folder = Path(path)
    if not os.path.isdir(folder):
        finding = "it is no folder" if os.path.lexists(folder) else "there is no such folder"
        raise Mistake(NotARun(path=str(folder), finding=finding))
    if not os.path.lexists(folder / SETTINGS):
        raise Mistake(NotARun(path=str(folder), finding=f"it has no `{SETTINGS}`"))
    settings = _settings(folder)
    spec = folder / settings.spec
    recipe = Recipe(
        _decode_spec(spec),
        str(spec),
        settings.overrides,
        settings.train,
        settings.imports,
        tuple(settings.plugins),
        settings.foreign_optimizer,
    )
    return RunFolder(folder, recipe, settings.model_dump())


def plugins(path: PathLike) -> tuple[str, ...]:
    """The plugins that a run was compiled with; none where no run stands yet."""
    return open_run(path).recipe.plugins if (Path(path) / SETTINGS).exists() else ()


class Setting(Strict):
    """A setting of the program for people to read: nothing is made of it."""

    value: Text
    origin: FileName


Length = Annotated[tuple[Annotated[float, Field(ge=0)], Literal["epoch", "step"]], AsTuple]
"""A duration."""


class Earlier(Strict):
    """What a run was before its length changed."""

    spec: Digest
    duration: Length
    until: Count


class Begun(Strict):
    """The weights that a run began with."""

    source: FileName
    digest: Digest
    maps: list[Text]
    taken: dict[Text, Text]
    """Path of the model -> name of the array."""
    left: list[Text]
    unused: list[Text]


class Settings(Strict):
    """`settings.json`: what the run was started with."""

    format: int
    spec: Annotated[Text, Field(pattern=r"^spec\.[^/\\\x00-\x1f]{1,200}$")]
    written_at: FileName = ""
    train: Text | None
    overrides: dict[Text, Text]
    imports: dict[FileName, Text] = {}
    plugins: list[Text] = []
    foreign_optimizer: bool = False
    meaning: Digest | None = None
    duration: Length | None = None
    earlier: list[Earlier] = []
    initial: Begun | None = None
    data: FileNameOrNone
    settings: dict[Text, Setting] = {}
    mean_of: list[Count] = []
    """Steps of the checkpoints whose mean the run holds, where nobody trained it."""


def _settings(folder: Path) -> Settings:
    """The run's settings. Raises `Mistake` when they are damaged, or of a newer netspec."""
    path = folder / SETTINGS
    with naming(path):
        found = parse_json(read_file(path))
        number = found.get("format") if isinstance(found, dict) else None
        if isinstance(number, int) and not isinstance(number, bool) and number > FORMAT:
            raise Mistake(CheckpointTooNew(path=str(folder), format=number, known=FORMAT))
        settings = fit(found, Settings)
        if settings.format != FORMAT:
            raise Unfit("/format", f"it is {settings.format}, a format that never was")
    return settings


def _decode_spec(spec: Path) -> str:
    """The run's spec. Raises `Mistake` when it is no text."""
    try:
        return read_file(spec).decode()
    except UnicodeDecodeError as error:
        raise Mistake(RunFileDamaged(path=str(spec), place=f"byte {error.start}", finding="it is no UTF-8 text")) from None
