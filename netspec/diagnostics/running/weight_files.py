"""Defines the problems of weights that come from elsewhere: from files, or from other runs. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.running.checkpoints import list_differences
from netspec.diagnostics.suggestions.nearest import did_you_mean, nearest, one_of
from netspec.record import record


@record(kw_only=True)
class WeightsUnreadable(Diagnostic):
    """A file of weights is not of the format that its name says: it is damaged, cut, or something else."""

    path: str
    reason: str
    place: str = ""
    """The array in it."""

    def message(self) -> str:
        where = f", {self.place}" if self.place else ""
        return f"`{self.path}` cannot be read as weights{where}: {self.reason}."

    def help(self) -> str | None:
        return "write it again: `netspec export RUN --to safetensors`"


@record(kw_only=True)
class UnknownWeightsFile(Diagnostic):
    """A file of weights has a name that says no format which is read and written."""

    path: str
    suffixes: tuple[str, ...]

    def message(self) -> str:
        return f"`{self.path}` is neither a run folder nor a file of weights: its name says no format."

    def help(self) -> str | None:
        return f"such files end in {one_of(self.suffixes)}"


@record(kw_only=True)
class InitialWeightsDiffer(Diagnostic):
    """The weights that a run is to begin with are not those of its model: some are missing, too many, or of other shapes."""

    source: str
    missing: tuple[str, ...] = ()
    """Paths of the model that the weights do not have, with their shapes."""
    unused: tuple[str, ...] = ()
    """Arrays that the model has no place for."""
    misshaped: tuple[str, ...] = ()
    """Path, shape there and shape of the model, in words."""
    taken: int = 0
    """How many fit."""
    paths: tuple[str, ...] = ()
    """Of the model."""

    def message(self) -> str:
        lines = [
            *(f"not in it: {text}" for text in self.missing),
            *(f"not in the model: {text}" for text in self.unused),
            *(f"other shape: {text}" for text in self.misshaped),
        ]
        fit = f"{self.taken:,} of {len(self.paths):,} fit"
        return f"`{self.source}` does not hold the weights of this model, {fit}:\n{list_differences(lines)}"

    def help(self) -> str | None:
        if not self.unused:
            return (
                "`--partial` takes what fits and leaves the rest as it begins" if self.taken else "give weights of a model of these sizes"
            )
        names = [(text.split(" ")[0], nearest(text.split(" ")[0], self.missing)) for text in self.unused]
        pairs = [(old, found[0].split(" ")[0]) for old, found in names if found]
        near = next((f"{old}={new}" for old, new in pairs if old != new), "old/**=new/**")
        rename = f'other names are mapped by `--map "{near}"`'
        return f"{rename}; `--partial` takes what fits and leaves the rest as it begins" if self.taken else rename


@record(kw_only=True)
class InitialNamesDiffer(Diagnostic):
    """The weights that a run is to begin with were trained on data whose numbers mean something else: other classes, or another vocabulary.
    A row of an embedding or of a head would stand for another name than it was trained for."""

    source: str
    differences: tuple[str, ...]

    def message(self) -> str:
        return f"the weights of `{self.source}` were trained on other names:\n{list_differences(self.differences)}"

    def help(self) -> str | None:
        return "give both trainings the same names in the same order, or take the weights as they are: `--other-names`"


@record(kw_only=True)
class BadMap(Diagnostic):
    """A `--map` cannot be followed: it is no pair of patterns, it fits no array, or it gives two arrays one name."""

    text: str
    reason: str
    near: tuple[str, ...] = ()
    """Names of arrays that may be meant."""

    def message(self) -> str:
        return f'`--map "{self.text}"` {self.reason}.'

    def help(self) -> str | None:
        if self.near:
            return did_you_mean(self.near)
        return 'write the old path and the new one, `--map "encoder/**=body/**"`; nothing behind the `=` leaves an array out'


@record(kw_only=True)
class InitialWeightsNeeded(Diagnostic):
    """A run that begins with the weights of another died before its first checkpoint: only those weights can begin it again."""

    run: str
    source: str

    def message(self) -> str:
        return f"the run `{self.run}` begins with the weights of `{self.source}`, and has no checkpoint yet."

    def help(self) -> str | None:
        return f"give them again: `--init-from {self.source} --resume`"


@record(kw_only=True)
class NoInitialWeights(Diagnostic):
    """`--map`, `--partial` and `--other-names` say how weights are taken over, and no `--init-from` says whose."""

    option: str

    def message(self) -> str:
        return f"`{self.option}` is for weights to begin with, and there are none."

    def help(self) -> str | None:
        return f"name them: `--init-from RUN`, or leave `{self.option}` out"


@record(kw_only=True)
class OutputNeeded(Diagnostic):
    """A mean of checkpoints was wanted without a place to write it to."""

    run: str
    count: int

    def message(self) -> str:
        return f"`--average last:{self.count}` writes a new run or a file of weights, and `--output` does not say where."

    def help(self) -> str | None:
        return "name a run folder, `-o runs/mean`, or a file, `-o mean.safetensors`"
