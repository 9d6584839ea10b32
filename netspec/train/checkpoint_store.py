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
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import CheckpointDamaged, CheckpointsReplaced, NoSuchCheckpoint
from netspec.diagnostics.running.files import WriteFailed
from netspec.files import make_folder, sync_folder, write_atomic
from netspec.library.base import Array
from netspec.limits import LIMITS
from netspec.train import manifest
from netspec.train.leaves import describe_leaves, read_leaves, write_leaves
from netspec.train.manifest import Manifest
from netspec.train.tensor_files import BadArrays

TENSORS = "tensors"
TRIES = 10
"""How often a checkpoint is chosen anew that was removed while it was read."""
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

    def _identity(self, step: int) -> tuple[int, int, int] | None:
        """What tells a checkpoint's folder from another one of the same name, which may have its number; None where there is none."""
        try:
            about = os.stat(self.path(step))
        except OSError:
            return None
        return about.st_dev, about.st_ino, about.st_ctime_ns

    def restore(self, step: int) -> tuple[dict[str, Array], Manifest]:
        """The tensors by name and the manifest of a checkpoint, after every byte of it was verified. Raises `Mistake`."""
        with self._naming_whole_ones(step):
            found = manifest.verify_folder(self.path(step))
            try:
                return read_leaves(self.path(step) / TENSORS, found.leaves), found
            except BadArrays as bad:
                raise Mistake(self._describe_arrays(step, bad)) from bad

    def _describe_arrays(self, step: int, bad: BadArrays) -> CheckpointDamaged:
        """The problem of tensors that are not what the manifest says: at a place of the manifest, or in the file at fault."""
        folder = self.path(step)
        path = folder / manifest.NAME if bad.place.startswith("/leaves") else folder / TENSORS / bad.file
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
        """Writes everything under a temporary name; the manifest last, as the sign that all is there."""
        shutil.rmtree(temporary, ignore_errors=True)
        make_folder(temporary)
        write_leaves(temporary / TENSORS, list(arrays.values()))
        _flush(temporary)
        content = Manifest(step, spec, describe_leaves(arrays), facts, manifest.files_of(temporary))
        write_atomic(temporary / manifest.NAME, manifest.manifest_text(content))

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
        kept = {*steps[-self.keep :], *every, _find_lowest(self._readable())}
        removed = [step for step in steps if step not in kept]
        for step in removed:
            gone = self.folder / f".{step}.gone"
            os.rename(self.path(step), gone)
            shutil.rmtree(gone, ignore_errors=True)
        return removed

    def _readable(self) -> Iterator[Manifest]:
        """A damaged manifest is no reason to stop training."""
        for step in self.steps():
            with suppress(Mistake):
                yield manifest.read(self.path(step))

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
        except (OSError, ValueError, RuntimeError) as error:  # tensorstore reports a full disk as ValueError
            raise Mistake(WriteFailed(path=str(self.path(step)), step=doing, reason=_reason(error))) from error


def _find_lowest(manifests: Iterable[Manifest]) -> int | None:
    """The step of the lowest score, None when nothing was evaluated."""
    scores = [(m.facts[_BEST], m.step) for m in manifests if m.facts.get(_BEST) is not None]
    return min(scores)[1] if scores else None


def _flush(folder: Path) -> None:
    """Every file and folder below reaches the disk."""
    for here, _, files in os.walk(folder):
        for name in files:
            descriptor = os.open(os.path.join(here, name), os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_folder(here)


def _reason(error: Exception) -> str:
    """In the words of the operating system, which tensorstore wraps in many of its own."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    number = re.search(r"os_error_code='(\d+)'", str(error))
    return os.strerror(int(number[1])) if number else " ".join(str(error).split())[: LIMITS.reason_characters] or type(error).__name__
