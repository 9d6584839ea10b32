"""Defines the problems of run folders and of the checkpoints in them. Floor 0."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import one_of
from netspec.limits import LIMITS
from netspec.record import record


def list_differences(differences: Sequence[str]) -> str:
    """The differences on lines of their own; of a long list the first and how many more there are."""
    shown = [f"  {line}" for line in differences[: LIMITS.drawn_differences]]
    more = len(differences) - len(shown)
    return "\n".join([*shown, *([f"  … and {more} more"] if more else [])])


def at_place(place: str) -> str:
    """Where in a file something is, in words: a JSON pointer, a line; nothing for the whole."""
    return f" at `{place}`" if place.startswith("/") else f" at {place}" if place else ""


@record(kw_only=True)
class CheckpointDamaged(Diagnostic):
    """A file of a checkpoint is not what was written: a bit flipped, the end is missing, a file was added, removed or replaced."""

    path: str
    """The file that is not as it was written."""
    finding: str
    """What is wrong with it: "its SHA-256 differs from the manifest's", "it is missing", …"""
    place: str = ""
    """Where in the file: a JSON pointer, or line and column."""
    whole: tuple[int, ...] = ()
    """Steps of other checkpoints of the run that are whole, newest first."""
    folder: str = ""
    """The damaged checkpoint."""

    def message(self) -> str:
        return f"`{self.path}` is damaged{at_place(self.place)}: {self.finding}."

    def help(self) -> str | None:
        if not self.whole:
            return "the run has no other whole checkpoint; restore the file from a copy, or train again into another folder"
        steps = one_of([str(s) for s in self.whole])
        return f"whole checkpoints of this run: {steps}; remove `{self.folder}` to use `--resume` from step {self.whole[0]}"


@record(kw_only=True)
class CheckpointMismatch(Diagnostic):
    """A checkpoint is whole, but its tensors are not those of the program: other names, shapes or dtypes."""

    path: str
    differences: tuple[str, ...]

    def message(self) -> str:
        return f"the checkpoint `{self.path}` holds other tensors than the program:\n{list_differences(self.differences)}"

    def help(self) -> str | None:
        return "use the run folder that this checkpoint was written into"


@record(kw_only=True)
class CheckpointTooNew(Diagnostic):
    """A checkpoint or run folder was written by a newer netspec, in a format that this one does not know."""

    path: str
    format: int
    known: int

    def message(self) -> str:
        return f"`{self.path}` has format {self.format}; this netspec reads formats up to {self.known}."

    def help(self) -> str | None:
        return "upgrade netspec: pip install --upgrade netspec-jax"


@record(kw_only=True)
class NoSuchCheckpoint(Diagnostic):
    """A run has no checkpoint of the step that was asked for, or none at all yet."""

    run: str
    which: str
    steps: tuple[int, ...]

    def message(self) -> str:
        named = f"no checkpoint {self.which}" if self.which.isdigit() else f"no checkpoint called `{self.which}`"
        return f"the run `{self.run}` has {named if self.steps else 'no finished checkpoint yet'}."

    def help(self) -> str | None:
        if not self.steps:
            return "train it first: `netspec train SPEC --out RUN --resume`"
        return f"choose {one_of(['best', 'last', *map(str, self.steps)])}"


@record(kw_only=True)
class TooFewCheckpoints(Diagnostic):
    """A mean was wanted of more checkpoints than a run has kept."""

    run: str
    wanted: int
    steps: tuple[int, ...]

    def message(self) -> str:
        has = f"{len(self.steps)}, of the steps {', '.join(map(str, self.steps))}" if self.steps else "none"
        return f"the mean of {self.wanted} checkpoints is wanted, and the run `{self.run}` has {has}."

    def help(self) -> str | None:
        if len(self.steps) < 2:
            return "let training keep more: `checkpoint { keep = 10 }`"
        return f"take those: `--average last:{len(self.steps)}`; `checkpoint {{ keep = 10 }}` keeps more"


@record(kw_only=True)
class CheckpointsReplaced(Diagnostic):
    """A process that trains into the run removed every checkpoint that was chosen before it could be read to its end."""

    exit_code = 2

    run: str
    which: str
    tries: int

    def message(self) -> str:
        return f"the checkpoint `{self.which}` of `{self.run}` was removed {self.tries} times while it was read."

    def help(self) -> str | None:
        return "wait until the training has ended, or let it save less often: `checkpoint { every = 1 epoch; keep = 10 }`"


@record(kw_only=True)
class NotARun(Diagnostic):
    """A folder that should hold a run lacks what `netspec train` writes there, or it cannot be read as such."""

    path: str
    finding: str

    def message(self) -> str:
        return f"`{self.path}` is not a run folder: {self.finding}."

    def help(self) -> str | None:
        return "give the folder that `netspec train` named at its end, such as `runs/Digits-1`"


@record(kw_only=True)
class RunFileDamaged(Diagnostic):
    """A file of a run folder is not as netspec writes it: no JSON any more, a value of another kind, a key too many or too few."""

    path: str
    place: str = ""
    """Where in the file: a JSON pointer, a line, or both."""
    finding: str
    line: int | None = None
    """The line of `metrics.jsonl` that cannot be read."""

    def message(self) -> str:
        return f"`{self.path}` is damaged{at_place(self.place)}: {self.finding}."

    def help(self) -> str | None:
        if self.line is None:
            return "nothing was changed; restore the file from a copy, or train again into another folder"
        return f"nothing was changed; mend or remove line {self.line}, or move the file away: `--resume` then begins a new one"


@record(kw_only=True)
class RunOfAnotherSpec(Diagnostic):
    """A run can only be resumed with a spec that means what it was started with, its length apart: anything else would be neither run."""

    run: str
    differences: tuple[str, ...]

    def message(self) -> str:
        return f"the run `{self.run}` was started with another spec:\n{list_differences(self.differences)}"

    def help(self) -> str | None:
        return (
            "resume with the spec as it was (the run keeps it as `spec.net`), at most with another `duration`, "
            f"or begin another run with its weights: `netspec train SPEC --init-from {self.run} --out RUN`"
        )


@record(kw_only=True)
class RunOfMean(Diagnostic):
    """The mean of checkpoints is no moment of a training: no run can go on from it to the bits of one that was never stopped."""

    run: str
    steps: tuple[int, ...]
    """Of the checkpoints that were averaged."""
    spec: str
    """The file that is to be trained."""

    def message(self) -> str:
        steps = ", ".join(f"{step:,}" for step in self.steps)
        return f"`{self.run}` holds the mean of the checkpoints of the steps {steps}, and `--resume` goes on with runs only."

    def help(self) -> str | None:
        words = f"netspec train {shlex.quote(self.spec)} --init-from {shlex.quote(self.run)}"
        return f"begin a run of its own with these weights: `{words}`"


@record(kw_only=True)
class NothingLeftToTrain(Diagnostic):
    """A run is to go on with another length, which it has behind it already."""

    run: str
    step: int
    """Of the newest checkpoint."""
    duration: str
    steps: int
    """The new length in steps."""

    def message(self) -> str:
        length = self.duration if self.duration.endswith(("step", "steps")) else f"{self.duration}, {self.steps:,} steps"
        return f"the run `{self.run}` is at step {self.step:,} already, and its `duration` would be {length}."

    def help(self) -> str | None:
        return f"choose a longer one, or use its checkpoints: `netspec checkpoints {self.run}` lists them"


@record(kw_only=True)
class DataChanged(Diagnostic):
    """A run can only be resumed with the data it was started with: what it has learned so far it has learned from those."""

    run: str
    file: str
    """Where the run keeps by what it knows its data."""
    differences: tuple[str, ...]

    def message(self) -> str:
        return f"the data are not those that the run `{self.run}` was started with:\n{list_differences(self.differences)}"

    def help(self) -> str | None:
        return (
            "put the data back as they were, or train into another folder with `--out`; "
            f"to go on with the data as they are now, remove `{self.file}`"
        )


@record(kw_only=True)
class DataDiffer(Diagnostic):
    """A run is evaluated on files that are not as they were in training. That may be meant: the numbers are of the files as they are."""

    severity = "warning"

    run: str
    differences: tuple[str, ...]

    def message(self) -> str:
        return f"the data are not those that the run `{self.run}` was trained with:\n{list_differences(self.differences)}"

    def help(self) -> str | None:
        return "the numbers are of the data as they are now; give the folder of the others with `--data`"


@record(kw_only=True)
class RunInUse(Diagnostic):
    """Another process is training into the run folder."""

    exit_code = 2

    run: str

    def message(self) -> str:
        return f"another process is training into `{self.run}`."

    def help(self) -> str | None:
        return "wait until it has ended; a training may choose another folder with `--out`"
