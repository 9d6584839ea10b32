"""Defines the problems of groups of parameters. Floor 0."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.diagnostics.base import Diagnostic
from netspec.limits import LIMITS
from netspec.record import record


@record(kw_only=True)
class GroupsOverlap(Diagnostic):
    """Patterns of two groups match the same parameter, which only one optimizer can move."""

    paths: Mapping[str, tuple[str, ...]]
    """The patterns that match, of each parameter that several match."""

    def message(self) -> str:
        path, patterns = next(iter(self.paths.items()))
        more = f", and so {'is' if len(self.paths) == 2 else 'are'} {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        return f"`{path}` is in the groups {' and '.join(f'`{p}`' for p in patterns)}{more}; every parameter must be in one group."

    def help(self) -> str | None:
        listed = ", ".join(f"`{path}`" for path in list(self.paths)[: LIMITS.listed_paths])
        return f"let one of the patterns leave out {listed}{', …' if len(self.paths) > LIMITS.listed_paths else ''}"


@record(kw_only=True)
class ParametersWithoutGroup(Diagnostic):
    """Parameters are in no group, so nothing would say how they move."""

    paths: tuple[str, ...]
    count: int
    """Of so many parameters."""

    def message(self) -> str:
        listed = ", ".join(f"`{path}`" for path in self.paths[: LIMITS.listed_paths]) + (
            ", …" if len(self.paths) > LIMITS.listed_paths else ""
        )
        return f"{len(self.paths)} of {self.count} parameters are in no group: {listed}."

    def help(self) -> str | None:
        return "add a group `else: …` for all that no pattern matches; `else: freeze()` leaves them as they are"


@record(kw_only=True)
class ScaledTooLate(Diagnostic):
    """A loss scale stands behind something that would see gradients which are still multiplied by it."""

    part: str

    def message(self) -> str:
        return f"`{self.part}` must stand around everything else: elsewhere gradients arrive that are still multiplied by its scale."

    def help(self) -> str | None:
        return f"write the rest of the chain into it: `{self.part}(clip_by_global_norm(1.0) -> adam(0.001))`"
