"""Defines the problems of what the sections `train` and `expect` lack, or of what does not fit in them. Floor 0."""

from __future__ import annotations

import math
from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place, Repair, holds_new_number
from netspec.diagnostics.running.overrides import part_of
from netspec.record import record


@record(kw_only=True)
class MissingSetting(Diagnostic):
    """A `train` section lacks something that training cannot do without."""

    section: str
    names: tuple[str, ...]

    def message(self) -> str:
        names = " and ".join(f"`{n}`" for n in self.names)
        return f"`{self.section}` needs {names}"

    def help(self) -> str | None:
        lines = {
            "data": "data = digits() -> shuffle -> batch(32)",
            "loss": "loss = softmax_cross_entropy(logits, label)",
            "params": 'params = "encoder/**"',
            "optimizer": "optimizer = adam(0.001)",
            "duration": "duration = 10 epochs",
        }
        chosen = self.chosen() if self.ways else None
        if chosen is not None:
            return f"for example `{chosen.words}`"
        return "for example " + ", ".join(f"`{lines[n]}`" for n in self.names if n in lines)


@record(kw_only=True)
class BadSetting(Diagnostic):
    """A setting's value is not what the setting takes: a number without a unit where a duration is wanted, a loss that is no number, …"""

    name: str
    expected: str
    found: str
    repair: str = ""
    options: tuple[str, ...] = ()
    """What would do, where nothing says which."""

    def message(self) -> str:
        return f"`{self.name}` must be {self.expected}, not {self.found}"

    def help(self) -> str | None:
        chosen = self.chosen()
        if not self.repair and self.options and (chosen is None or len(self.options) > 1):
            return f"what fits: {', '.join(f'`{name}`' for name in self.options)}"
        part = part_of(self.at, chosen.words) if chosen else ""
        return f"write `{part or chosen.words}`" if chosen else None

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.repair)] if self.repair else []

    def repairs(self) -> Sequence[Repair]:
        if self.ways:
            return self.ways
        texts = (self.repair,) if self.repair else self.options
        return tuple(Repair((Edit(self.at, text),), text, len(texts) > 1 or holds_new_number(self.at.text, text)) for text in texts)


@record(kw_only=True)
class ArgumentAsSetting(Diagnostic):
    """A line of `train` gives what is an argument of another line's call: the learning rate of the optimizer, the momentum, the label
    smoothing of the loss."""

    op: str
    setting: str
    """The setting that calls the op."""
    names: tuple[str, ...]
    settings: tuple[Place, ...] = ()

    def message(self) -> str:
        *first, last = (f"`{name}`" for name in self.names)
        if first:
            return f"{', '.join(first)} and {last} are arguments of `{self.op}`, not settings of `train`"
        return f"{last} is an argument of `{self.op}`, not a setting of `train`"

    def places(self) -> Sequence[Place]:
        return self.settings

    def help(self) -> str | None:
        repair = self.chosen()
        lines = "that line" if len(self.names) == 1 else "those lines"
        if repair is not None:
            return f"write `{repair.words}` in `{self.setting}`, without {lines}"
        return f"put it into the parentheses of `{self.op}`, without {lines}"


@record(kw_only=True)
class FractionOfStep(Diagnostic):
    """A length counts steps, and not a whole number of them: no training stops within a step. Epochs may have fractions."""

    count: float

    def label(self) -> str:
        return "a step is whole"

    def message(self) -> str:
        return f"there are no {self.count:g} steps."

    def help(self) -> str | None:
        above = math.ceil(self.count)
        below = f"`{above - 1} step{'' if above == 2 else 's'}` or " if above > 1 else ""
        return f"write {below}`{above} step{'' if above == 1 else 's'}`; a part of an epoch is written `0.5 epochs`"


@record(kw_only=True)
class LossOnlyInTraining(Diagnostic):
    """An evaluation leaves out the terms of a loss that read outputs of `when train`, each as a whole; of this loss nothing is left."""

    outputs: tuple[str, ...]

    def message(self) -> str:
        names = ", ".join(f"`{name}`" for name in self.outputs)
        return f"an evaluation has no loss: outside of training there is no {names}"

    def help(self) -> str | None:
        if proposed := self.proposed():
            return f"each term of the sum is left out by itself: {proposed}"
        both = "loss(y, label) + 0.3 * loss(first, label)"
        return f"write a sum with a term that only reads outputs of every phase, as in `{both}`, or move the output out of `when`"


@record(kw_only=True)
class LossNotAMean(Diagnostic):
    """A loss or metric must come from the batch: a loss or metric of the shelf, a tensor, or arithmetic of such means."""

    found: str

    def message(self) -> str:
        return f"a loss or metric must be computed from the batch, and this is {self.found}"

    def help(self) -> str | None:
        form = self.chosen()
        if form is not None:
            return f"write `{form.words}`"
        name = self.found.split("`")[1] if self.found.startswith(("the loss", "the metric")) else "softmax_cross_entropy"
        return f"call it on the model's outputs and the data's fields: `{name}(logits, label)`"


@record(kw_only=True)
class MetricNamedLoss(Diagnostic):
    """`loss` is what training makes small, in every log and evaluation; no metric may have that name."""

    def message(self) -> str:
        return "a metric cannot be called `loss`: that is what training makes small"

    def help(self) -> str | None:
        chosen = self.chosen() if self.ways else None
        return f"give it a name of its own: `{chosen.words}`" if chosen is not None else "give it a name of its own"
