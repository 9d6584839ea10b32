"""Defines the problems of things of the wrong kind: a value where a layer is wanted, an optimizer in a model, a word without quotes. Floor
0.
"""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.diagnostics.suggestions.nearest import one_of, squash
from netspec.record import record
from netspec.source import Span


@record(kw_only=True)
class NeedsQuotes(Diagnostic):
    """An argument's value is one of a few words, and words are strings: they stand in quotes."""

    op: str
    name: str
    word: str
    """The word that was meant, as the op spells it."""
    options: tuple[str, ...] = ()

    def message(self) -> str:
        return f'`{self.name}` stands here without quotes; `{self.op}` takes the string `"{self.word}"`'

    def label(self) -> str:
        return "read as a name, and nothing has it"

    def help(self) -> str | None:
        return f'write `"{self.word}"`'

    def edits(self) -> Sequence[Edit]:
        return [Edit(self.at, f'"{self.word}"')]


@record(kw_only=True)
class NotCallable(Diagnostic):
    """Something is called, or stands as a stage of a chain, that is not a layer, function or block."""

    name: str
    what: str
    """What it is instead: "a tensor", "a number", …"""
    function: str = ""
    """The function that was called as if it were a part of the tensor."""
    layer_at: Span | None = None
    """Where the layer is bound that is the value and lacks `shared`."""

    def mistake(self) -> object:
        return (self.slug(), self.layer_at.start) if self.layer_at is not None and self.ways else None

    def message(self) -> str:
        called = "a stage" if self.what == "a function of static values" else "something to call"
        return f"`{self.name}` is {self.what}, not {called}"

    def help(self) -> str | None:
        if self.layer_at is not None:
            made = self.proposed() or f"`shared {self.name} = …`"
            return f"a layer that is used by its name is one instance, with one set of weights: {made}"
        if self.function:
            return f"tensors have no methods: write `{self.function}({self.name}, …)`, or `{self.name} -> {self.function}(…)`"
        if self.what == "a function of static values":
            return f"its value stands in arguments: `dense({self.name}(…))`"
        if self.what == "a value":
            begin = f"to go on from `{self.name}`, begin with it: `{self.name} -> …`"
            return f"a stage after `->` is a layer, a function or a block; {begin}; a layer has a name by `param {self.name}: layer = …`"
        return "a stage after `->` is a layer, a function or a block"


@record(kw_only=True)
class WrongKind(Diagnostic):
    """A built-in thing of the wrong kind: an optimizer where a layer is wanted, a layer where a value is wanted, …"""

    name: str
    is_a: str
    wanted: str

    def message(self) -> str:
        article = "an" if self.is_a[0] in "aeio" else "a"
        return f"`{self.name}` is {article} {self.is_a}, but {self.wanted} is wanted here"

    def help(self) -> str | None:
        return (self._foreign() if "layer" in self.wanted else "") or HOMES.get(self.is_a)

    def _foreign(self) -> str:
        """What other libraries mean by the name where layers stand."""
        from netspec.diagnostics.suggestions.aliases import foreign_ops

        said = next((table.get(squash(self.name)) for kinds, table in foreign_ops().items() if "layer" in kinds), None)
        if said is not None and said.ours:
            return f"what other libraries call `{self.name}` is {one_of(said.ours)} here"
        return said.how() if said is not None else ""


HOMES = {
    "loss": "losses stand in `train`: `loss = softmax_cross_entropy(logits, label)`",
    "metric": "metrics stand in `train`: `metric accuracy = accuracy(logits, label)`",
    "optimizer": "optimizers stand in `train`: `optimizer = adam(0.001)`",
    "schedule": "schedules are learning rates of optimizers: `adam(cosine(0.001))`",
    "initializer": "initializers are arguments of layers: `dense(10, kernel_init=zeros)`",
    "dataset": "data stands in `train`: `data = digits() -> shuffle -> batch(32)`",
    "transform": "data stands in `train`: `data = digits() -> shuffle -> batch(32)`",
    "layer": "layers stand in blocks and models",
    "function of static values": "call it: its arguments stand in parentheses behind it",
}
"""Where each kind of thing is used."""
