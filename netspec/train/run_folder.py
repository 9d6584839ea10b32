"""Keeps the run folder: `spec.net` as compiled, `settings.json`, `metrics.jsonl`, `checkpoints/<step>/`, and `learned.json` where the data
teach.

They are all a run needs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import CheckpointTooNew, NotARun, RunOfAnotherSpec
from netspec.files import PathLike, make_folder, read_bytes, refuse_existing, write_atomic
from netspec.ir import TrainPlan
from netspec.train import metrics_log, run_lock
from netspec.train.checkpoint_store import Store
from netspec.train.metrics_log import Log
from netspec.train.recipe import Recipe, changes

SETTINGS = "settings.json"
CHECKPOINTS = "checkpoints"
FORMAT = 1


@dataclass(frozen=True)
class RunFolder:
    """A run on the disk, opened with `start_run` (to train into it) or `open_run` (to use it)."""

    path: Path
    recipe: Recipe
    settings: Mapping[str, Any]
    keep: int = 1

    @property
    def log(self) -> Log:
        return Log(self.path / metrics_log.NAME)

    @property
    def store(self) -> Store:
        return Store(self.path / CHECKPOINTS, self.keep)

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


def start_run(path: PathLike, recipe: Recipe, plan: TrainPlan, data: Path | None, resume: bool) -> RunFolder:
    """A new run folder, or with `resume` the one that stands there. Raises `Mistake` when it may not be used."""
    folder = Path(path)
    if not resume:
        refuse_existing(folder, "go on with it by `--resume`, or choose another folder with `--out`")
    if (folder / SETTINGS).exists():
        return _resume_run(folder, recipe, plan.checkpoint.keep)
    _refuse_foreign(folder, recipe)
    return _create_run(folder, recipe, plan, data)


def _resume_run(folder: Path, recipe: Recipe, keep: int) -> RunFolder:
    """The run that stands in a folder. Raises `Mistake` when it is of another spec."""
    found = open_run(folder)
    if found.recipe.digest != recipe.digest:
        raise Mistake(RunOfAnotherSpec(run=str(folder), differences=changes(found.recipe, recipe)))
    return RunFolder(folder, found.recipe, found.settings, keep)


def _refuse_foreign(folder: Path, recipe: Recipe) -> None:
    """A folder without settings is ours only if a run died before writing them."""
    ours = {f"spec{recipe.suffix}", run_lock.NAME}
    others = [n for n in sorted(os.listdir(folder)) if n not in ours and not n.endswith(".tmp")] if folder.is_dir() else []
    if others:
        raise Mistake(NotARun(path=str(folder), finding=f"it holds `{others[0]}`, but no `{SETTINGS}`"))


def _create_run(folder: Path, recipe: Recipe, plan: TrainPlan, data: Path | None) -> RunFolder:
    """`settings.json` is written last: with it the folder is a run."""
    settings = {
        "format": FORMAT,
        "spec": f"spec{recipe.suffix}",
        "written_at": recipe.path,
        "train": recipe.train,
        "overrides": dict(recipe.overrides),
        "imports": dict(recipe.imports),
        "plugins": list(recipe.plugins),
        "foreign_optimizer": recipe.foreign,
        "data": str(data.absolute()) if data else None,
        "settings": {n: {"value": v, "origin": plan.origins.get(n, "default")} for n, v in plan.settings.items()},
    }
    make_folder(folder)
    write_atomic(folder / settings["spec"], recipe.text)
    write_atomic(folder / SETTINGS, json.dumps(settings, indent=2) + "\n")
    return RunFolder(folder, recipe, settings, plan.checkpoint.keep)


def open_run(path: PathLike) -> RunFolder:
    """A run folder that exists. Raises `Mistake` with `NotARun`, `CheckpointTooNew` or a problem of reading."""
    folder = Path(path)
    if not folder.is_dir():
        raise Mistake(NotARun(path=str(folder), finding="there is no such folder"))
    if not (folder / SETTINGS).exists():
        raise Mistake(NotARun(path=str(folder), finding=f"it has no `{SETTINGS}`"))
    settings = _settings(folder)
    if settings["format"] > FORMAT:
        raise Mistake(CheckpointTooNew(path=str(folder), format=settings["format"], known=FORMAT))
    spec = folder / Path(settings["spec"]).name
    text = _decode_spec(folder, spec)
    more = settings.get("imports", {}), tuple(settings.get("plugins", ())), settings.get("foreign_optimizer", False)
    return RunFolder(folder, Recipe(text, str(spec), settings["overrides"], settings["train"], *more), settings)


def plugins(path: PathLike) -> tuple[str, ...]:
    """The plugins that a run was compiled with; none where no run stands yet."""
    return open_run(path).recipe.plugins if (Path(path) / SETTINGS).exists() else ()


class Settings(BaseModel):
    """What must stand in `settings.json` for the run to be read; how the program was set up stands beside it, for people."""

    model_config = ConfigDict(strict=True, extra="allow")

    format: int
    spec: str
    overrides: dict[str, str]
    train: str | None
    data: str | None
    imports: dict[str, str] = {}
    plugins: list[str] = []
    foreign_optimizer: bool = False


def _settings(folder: Path) -> dict[str, Any]:
    """The run's settings. Raises `Mistake` when they are damaged, or of a newer netspec."""
    try:
        settings = json.loads(read_bytes(folder / SETTINGS))
        Settings.model_validate(settings)
    except ValidationError as wrong:
        name = next((part for error in wrong.errors() for part in error["loc"]), "format")
        raise Mistake(NotARun(path=str(folder), finding=f"its `{SETTINGS}` has no proper `{name}`")) from None
    except (ValueError, RecursionError):
        raise Mistake(NotARun(path=str(folder), finding=f"its `{SETTINGS}` is no JSON")) from None
    return settings


def _decode_spec(folder: Path, spec: Path) -> str:
    """The run's spec. Raises `Mistake` when it is no text."""
    try:
        return read_bytes(spec).decode()
    except UnicodeDecodeError:
        raise Mistake(NotARun(path=str(folder), finding=f"its `{spec.name}` is no UTF-8 text")) from None
