"""Defines the problems of values that blocks export: `aux name = …` and `aux("pattern")`. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import did_you_mean, nearest, one_of
from netspec.record import record


@record(kw_only=True)
class NoSuchAux(Diagnostic):
    """The pattern of `aux("…")` matches no value that the model's blocks export by `aux name = …`."""

    pattern: str
    paths: tuple[str, ...]
    """The exported values there are."""

    def message(self) -> str:
        return f"the pattern `{self.pattern}` matches no exported value."

    def help(self) -> str | None:
        if not self.paths:
            return "the model exports none; a block exports a value by `aux name = …`"
        last = self.pattern.rsplit("/", 1)[-1]
        names = nearest(last, {path.rsplit("/", 1)[-1] for path in self.paths})
        if "*" not in last and names and names != [last]:
            return did_you_mean([self.pattern[: len(self.pattern) - len(last)] + name for name in names])
        return f"the paths are {one_of(self.paths, limit=5)}".replace(" or ", " and ")


@record(kw_only=True)
class AuxTypesDiffer(Diagnostic):
    """The exported values that a pattern matches are summed, so they must have one type."""

    pattern: str
    types: tuple[tuple[str, str], ...]
    """One path of each type, and the type."""

    def message(self) -> str:
        found = " and ".join(f"`{path}` is {type_}" for path, type_ in self.types[:3])
        return f'the values of `aux("{self.pattern}")` cannot be summed: {found}.'

    def help(self) -> str | None:
        return "export one number for each example, such as `mean(h, axis=-1)`, or match them by patterns of their own"
