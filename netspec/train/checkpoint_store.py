"""Stores the checkpoints of a run in `checkpoints/<step>/`, each whole or not there at all: it is written under another name and renamed at
the end.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import CheckpointDamaged, CheckpointsReplaced, NoSuchCheckpoint
from netspec.diagnostics.running.files import WriteFailed
from netspec.files import make_folder, sync_folder, write_new
from netspec.library.base import Array
from netspec.limits import LIMITS
from netspec.train import manifest, packed_tensors
from netspec.train.leaves import describe_leaves, read_leaves
from netspec.train.manifest import Manifest
from netspec.train.packed_tensors import read_tensors, write_tensors
from netspec.train.tensor_files import BadArrays

OLDER_TENSORS = "tensors"
"""The folder that Orbax wrote in checkpoints of format 1."""
TRIES = 10
"""How often a checkpoint is chosen anew that was removed while it was read."""
Identity = tuple[int, int, int, int]
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
"""How a step is written as a folder's name."""
_BEST = "score"
"""The fact that a checkpoint is compared by: the value of the spec's `best`, turned so that a lower one is better."""


@dataclass(frozen=True)
class Store:
    """The folder `checkpoints` of a run."""

    folder: Path
    keep: int
    """How many checkpoints stay, the newest ones; the best one stays besides."""
    keep_every: int = 0
    """Those of multiples of so many steps stay as well; 0: none."""

    # --- reading -----------------------------------------------------------------------------------------------------

    def steps(self) -> list[int]:
        """Steps of the finished checkpoints, oldest first."""
        with suppress(FileNotFoundError, NotADirectoryError):
            names = [n for n in os.listdir(self.folder) if _NUMBER.fullmatch(n) and os.path.lexists(self.folder / n / manifest.NAME)]
            return sorted(map(int, names))
        return []

    def require_manifests(self) -> None:
        """Raise `Mistake` where a checkpoint newer than every whole one has no manifest: none is left so by a process that was killed."""
        with suppress(FileNotFoundError, NotADirectoryError):
            steps, whole = sorted(int(n) for n in os.listdir(self.folder) if _NUMBER.fullmatch(n)), self.steps()
            if steps and steps[-1] not in whole:
                folder = self.path(steps[-1])
                with self._naming_whole_ones(steps[-1]):
                    raise Mistake(CheckpointDamaged(path=str(folder / manifest.NAME), finding="it is missing", folder=str(folder)))

    def path(self, step: int) -> Path:
        return self.folder / str(step)

    def choose(self, which: str) -> int:
        """The step that "best" (without an evaluation, the last), "last" or a number means. Raises `Mistake`."""
        steps = self.steps()
        if which == "best" and steps:
            best = self.best()
            return steps[-1] if best is None else best
        if which == "last" and steps:
            return steps[-1]
        if which.isdecimal() and int(which) in steps:
            return int(which)
        raise Mistake(NoSuchCheckpoint(run=str(self.folder.parent), which=which, steps=tuple(steps)))

    def best(self) -> int | None:
        """The step of the best evaluation, the earliest of equals.

        Raises `Mistake` when a manifest is damaged: it might be that one.
        """
        return _find_lowest(found for step in self.steps() if (found := self._manifest(step)))

    def _manifest(self, step: int) -> Manifest | None:
        """The manifest of a step, None where it was removed meanwhile. Raises `Mistake` that names checkpoints which are whole."""
        before = self._identity(step)
        try:
            with self._naming_whole_ones(step):
                return manifest.read(self.path(step))
        except (Mistake, OSError):
            if before is not None and self._identity(step) == before:
                raise
            return None

    def restore_chosen(self, which: str) -> tuple[int, dict[str, Array], Manifest]:
        """The step that `which` means, with its tensors and manifest. Raises `Mistake`.

        The process that trains into the run may remove a checkpoint or put a new one in its place while it is read here: then it is chosen
        anew, and only one that was asked for by its number is said to be gone.
        """
        for _ in range(TRIES):
            step = self.choose(which)
            before = self._identity(step)
            try:
                return step, *self.restore(step)
            except (Mistake, OSError):
                if before is not None and self._identity(step) == before:
                    raise
        raise Mistake(CheckpointsReplaced(run=str(self.folder.parent), which=which, tries=TRIES))

    def _identity(self, step: int) -> Identity | None:
        """What tells a checkpoint's folder from another one of the same name; None where there is none."""
        return identify(self.path(step))

    def restore(self, step: int) -> tuple[dict[str, Array], Manifest]:
        """The tensors by name and the manifest of a checkpoint, after every byte of it was verified. Raises `Mistake`."""
        with self._naming_whole_ones(step):
            found = manifest.verify_folder(self.path(step))
            try:
                return self._read(found), found
            except BadArrays as bad:
                raise Mistake(self._describe_arrays(found, bad)) from bad

    def _read(self, found: Manifest) -> dict[str, Array]:
        """The tensors of a checkpoint in the form that its format has. Raises `BadArrays`."""
        folder = self.path(found.step)
        if found.format == 1:
            return read_leaves(folder / OLDER_TENSORS, found.leaves)
        return read_tensors(folder / packed_tensors.NAME, found.leaves)

    def _describe_arrays(self, found: Manifest, bad: BadArrays) -> CheckpointDamaged:
        """The problem of tensors that are not what the manifest says: at a place of the manifest, or in the file at fault."""
        folder = self.path(found.step)
        files = folder / OLDER_TENSORS if found.format == 1 else folder
        path = folder / manifest.NAME if bad.place.startswith("/leaves") else files / bad.file
        return CheckpointDamaged(path=str(path), place=bad.place, finding=bad.finding, folder=str(folder))

    @contextmanager
    def _naming_whole_ones(self, step: int) -> Iterator[None]:
        """Adds to a damage report the other checkpoints that could be used."""
        try:
            yield
        except Mistake as mistake:
            if not isinstance(mistake.diagnostic, CheckpointDamaged):
                raise
            others = tuple(s for s in reversed(self.steps()) if s != step and self._is_whole(s))
            raise Mistake(replace(mistake.diagnostic, whole=others)) from mistake

    def _is_whole(self, step: int) -> bool:
        """Whether every file is as it was written."""
        try:
            manifest.verify_folder(self.path(step))
        except Mistake:
            return False
        return True

    # --- writing -----------------------------------------------------------------------------------------------------

    def save(self, step: int, arrays: Mapping[str, Array], spec: str, facts: Mapping[str, Any]) -> None:
        """Write the checkpoint of a step, replacing one of the same step, then remove those that need not stay.

        Raises `Mistake` with `WriteFailed`; what was whole before is whole then.
        """
        with self._failing(step):
            temporary = self.folder / f".{step}.tmp"
            try:
                self._write(temporary, step, arrays, spec, facts)
                self._put_in_place(temporary, step)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
            self.prune()

    def _write(self, temporary: Path, step: int, arrays: Mapping[str, Array], spec: str, facts: Mapping[str, Any]) -> None:
        """Writes everything under a temporary name, so that it is on the disk before the name is another: two files, and their folder."""
        shutil.rmtree(temporary, ignore_errors=True)
        make_folder(temporary)
        leaves = describe_leaves(arrays)
        files = {packed_tensors.NAME: write_tensors(temporary / packed_tensors.NAME, leaves, arrays.values())}
        write_new(temporary / manifest.NAME, [manifest.manifest_text(Manifest(step, spec, leaves, facts, files))])
        sync_folder(str(temporary))

    def _put_in_place(self, temporary: Path, step: int) -> None:
        """Rename; an older checkpoint of the same step steps aside for that moment (`recover` would bring it back)."""
        final, aside = self.path(step), self._aside(step)
        if final.exists():
            shutil.rmtree(aside, ignore_errors=True)
            os.rename(final, aside)
        os.rename(temporary, final)
        sync_folder(str(self.folder))
        shutil.rmtree(aside, ignore_errors=True)

    def _aside(self, step: int | str) -> Path:
        """Where a checkpoint lies while another takes its name."""
        return self.folder / f".{step}.old"

    def recover(self) -> None:
        """Clear away what a killed process left. Only for the process that trains into the run."""
        make_folder(self.folder)
        for name in os.listdir(self.folder):
            step = name.strip(".").partition(".")[0]
            if name == self._aside(step).name and not (self.folder / step).exists():
                os.rename(self.folder / name, self.folder / step)
            elif name.startswith("."):
                shutil.rmtree(self.folder / name, ignore_errors=True)

    def prune(self) -> list[int]:
        """Removes those that need not stay, renamed first, so that none is ever half there under its name. Their steps."""
        steps = self.steps()
        every = {step for step in steps if self.keep_every and step % self.keep_every == 0}
        kept = {*steps[-self.keep :], *every, self._best_readable(steps)}
        removed = [step for step in steps if step not in kept]
        for step in removed:
            gone = self.folder / f".{step}.gone"
            os.rename(self.path(step), gone)
            shutil.rmtree(gone, ignore_errors=True)
        return removed

    def _best_readable(self, steps: Iterable[int]) -> int | None:
        """The step of the lowest score. A damaged manifest is no reason to stop training."""
        paths = [(step, self.path(step) / manifest.NAME) for step in steps]
        scores = [(score, step) for step, path in paths if (score := _score(path, identify(path))) is not None]
        return min(scores)[1] if scores else None

    @contextmanager
    def _failing(self, step: int) -> Iterator[None]:
        """Whatever the disk refuses becomes one problem that names the checkpoint and the step."""
        doing = f"saving the checkpoint of step {step}"
        try:
            yield
        except Mistake as mistake:
            if not isinstance(mistake.diagnostic, WriteFailed):
                raise
            problem = replace(mistake.diagnostic, path=str(self.path(step)), step=f"{doing}, {mistake.diagnostic.step}")
            raise Mistake(problem) from mistake
        except OSError as error:
            raise Mistake(WriteFailed(path=str(self.path(step)), step=doing, reason=_reason(error))) from error


def identify(path: Path) -> Identity | None:
    """What tells a file or folder from another one of the same name, which may have its number, and from itself before it was changed; None
    where there is none."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_dev, about.st_ino, about.st_ctime_ns, about.st_size


@lru_cache(maxsize=256)
def _score(path: Path, identity: Identity | None) -> float | None:
    """The score in a manifest, which is read once as long as the file is the same; None where it has none, or is damaged."""
    with suppress(Mistake):
        return manifest.read(path.parent).facts.get(_BEST)
    return None


def _find_lowest(manifests: Iterable[Manifest]) -> int | None:
    """The step of the lowest score, None when nothing was evaluated."""
    scores = [(m.facts[_BEST], m.step) for m in manifests if m.facts.get(_BEST) is not None]
    return min(scores)[1] if scores else None


def _reason(error: OSError) -> str:
    """In the words of the operating system."""
    return error.strerror or " ".join(str(error).split())[: LIMITS.reason_characters] or type(error).__name__
