"""Defines the problems of `best` and `stop`: metrics that are not measured, or of which nobody knows which way is better. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.suggestions.nearest import did_you_mean, nearest, one_of
from netspec.record import record


@record(kw_only=True)
class UnknownMetric(Diagnostic):
    """`best` and `stop` go by what evaluations measure: `loss`, or a `metric` of the section, by its name."""

    name: str
    metrics: tuple[str, ...]
    """What is measured."""

    def message(self) -> str:
        return f"no metric of this section is called `{self.name}`"

    def help(self) -> str | None:
        near = nearest(self.name, self.metrics)
        return did_you_mean(near) or f"evaluations measure {one_of(self.metrics).replace(' or ', ' and ')}"

    def own_edits(self) -> Sequence[Edit]:
        near = nearest(self.name, self.metrics)
        return [Edit(self.at, near[0])] if len(near) == 1 else []


@record(kw_only=True)
class UnknownDirection(Diagnostic):
    """A metric of one's own, such as a formula of losses, does not say whether its high values are the good ones or its low ones."""

    metric: str

    def message(self) -> str:
        return f"nothing says whether a high `{self.metric}` is good or a low one"

    def help(self) -> str | None:
        return f"write `max({self.metric})` or `min({self.metric})`"

    def repairs(self) -> Sequence[Repair]:
        texts = (f"max({self.metric})", f"min({self.metric})")
        return tuple(Repair((Edit(self.at, text),), text, True) for text in texts)


@record(kw_only=True)
class NothingJudged(Diagnostic):
    """`best` and `stop` compare evaluations, but nothing is evaluated while this training goes on: the spec sets nothing aside, and has no
    data in `eval`."""

    setting: str

    def message(self) -> str:
        return f"`{self.setting}` compares evaluations, and this training has none"

    def help(self) -> str | None:
        return "set a part of the data aside, `validation=0.1` in the dataset, or name data of its own: `eval { data = … }`"
