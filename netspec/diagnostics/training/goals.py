"""Defines the problems of what is evaluated, and of `best` and `stop`, which go by it. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

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
        measured = f"evaluations measure {one_of(self.metrics).replace(' or ', ' and ')}" if self.metrics else None
        return did_you_mean(near) or measured

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


@record(kw_only=True)
class UnreadValidation(Diagnostic):
    """`validation` says what is set aside of the data of training. Of data that `eval` names nothing is set aside, and where `eval` names
    data nothing is set aside of those of training either: there it would be passed over."""

    amount: str
    """What it says: `0.2`."""
    in_eval: bool
    """Does it stand in the data of `eval`?"""

    def message(self) -> str:
        if self.in_eval:
            return f"`validation={self.amount}` sets nothing aside here: all of the data that `eval` names are measured"
        return f"`validation={self.amount}` sets nothing aside, since `eval` names the data that are measured"

    def help(self) -> str | None:
        if self.in_eval:
            return "write `validation=none`; a part of the data of training is measured where `eval` names none"
        return "write `validation=none`, or leave `data` out of `eval`, so that this part is measured"

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.at, "none")] if self.at.text == self.amount else []


@record(kw_only=True)
class JudgedByTest(Diagnostic):
    """`best` and `stop` look at what `eval` measures, and that is the test part here: its number then says how good the best of many looks,
    not how good a model is with data that nothing was chosen by."""

    severity: ClassVar[str] = "warning"

    setting: str

    def message(self) -> str:
        return f"`{self.setting}` chooses by the test part, which `eval` names: its number is then no test any more"

    def help(self) -> str | None:
        return "leave `data` out of `eval`: a validation part is set aside and chosen by, and the test part is measured once, at the end"
