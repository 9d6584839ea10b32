"""Defines the problems of optimizers: chains that cannot learn or are in the wrong order, patterns that match no parameter. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.diagnostics.suggestions.nearest import did_you_mean, nearest, one_of
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class PatternMatchesNothing(Diagnostic):
    """A pattern over parameter paths matches no parameter, so the argument would have no effect."""

    pattern: str
    paths: tuple[str, ...]
    """The parameters there are."""
    wider: str = ""
    """The pattern with `**` before or behind it, where that matches."""

    def message(self) -> str:
        return f"the pattern `{self.pattern}` matches no parameter."

    def own_edits(self) -> Sequence[Edit]:
        text = self.at.text  # with its quotes, or without
        return [Edit(self.at, text.replace(self.pattern, self.wider))] if self.wider and text.strip('"') == self.pattern else []

    def help(self) -> str | None:
        if not self.paths:
            return "the model has no parameters"
        if self.wider:
            return f"a pattern covers whole paths: did you mean `{self.wider}`?"
        last = self.pattern.rsplit("/", 1)[-1]
        leaves = nearest(last, {path.rsplit("/", 1)[-1] for path in self.paths})
        if "*" not in last and leaves and leaves != [last]:
            return did_you_mean([self.pattern[: len(self.pattern) - len(last)] + leaf for leaf in leaves])
        if "*" not in self.pattern and (near := nearest(self.pattern, self.paths)):
            return did_you_mean(near)
        return f"the paths are {one_of(self.paths, limit=5)}".replace(" or ", " and ")


@record(kw_only=True)
class OptimizerWithoutStep(Diagnostic):
    """A chain of gradient transformations never steps against the gradient: following it unchanged would make the loss grow."""

    guesses: ClassVar[bool] = True

    parts: tuple[str, ...]

    def message(self) -> str:
        chain = " -> ".join(self.parts)
        return f"the optimizer `{chain}` only changes gradients and takes no step."

    def help(self) -> str | None:
        written = " ".join(self.at.text.split()) if self.chosen() is not None else " -> ".join(self.parts)
        return f"end the chain with an optimizer: `{written} -> adam(0.001)`"

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(Span(self.at.source, self.at.end, self.at.end), " -> adam(0.001)")] if self.at is not NOWHERE else []


@record(kw_only=True)
class OptimizerStepsTwice(Diagnostic):
    """A chain of gradient transformations holds two optimizers: the second would take the first one's step for a gradient and turn it."""

    steps: tuple[str, ...]

    def message(self) -> str:
        return f"an optimizer takes one step, but this chain has {len(self.steps)}: {', '.join(f'`{step}`' for step in self.steps)}."

    def help(self) -> str | None:
        return "keep one of them"


@record(kw_only=True)
class ChangesTheStep(Diagnostic):
    """A gradient transformation stands behind the optimizer: it works on the step, which has the learning rate in it, not on
    the gradient."""

    severity = "warning"

    part: str
    """The transformation, as written."""
    step: str
    """The optimizer before it, as written."""
    moved: tuple[Edit, ...] = ()
    """The two in the other order."""

    def message(self) -> str:
        return f"`{self.part.split('(')[0]}` stands behind `{self.step.split('(')[0]}`: it changes the step, not the gradient."

    def help(self) -> str | None:
        return f"write `{self.part} -> {self.step}`"

    def own_edits(self) -> Sequence[Edit]:
        return self.moved


@record(kw_only=True)
class StandsTooEarly(Diagnostic):
    """What changes the step of an optimizer stands before it, where it only sees the gradient: a frozen parameter may still decay."""

    part: str
    """The transformation, as written."""
    step: str
    """The optimizer behind it, as written."""
    moved: tuple[Edit, ...] = ()
    """The two in the other order."""

    def message(self) -> str:
        return f"`{self.part.split('(')[0]}` stands before `{self.step.split('(')[0]}`: it changes the gradient, not the step."

    def help(self) -> str | None:
        return f"write `{self.step} -> {self.part}`"

    def own_edits(self) -> Sequence[Edit]:
        return self.moved
