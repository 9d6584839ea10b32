"""Defines the problems of things of the wrong kind: a value where a layer is wanted, an optimizer in a model, a word without quotes. Floor
0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Repair
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

    def own_edits(self) -> Sequence[Edit]:
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
    weight: str = ""
    """The weight that is read of it: it is not called."""

    def mistake(self) -> object:
        return (self.slug(), self.layer_at.start) if self.layer_at is not None and self.ways else None

    def message(self) -> str:
        if self.weight:
            return f"`{self.name}` is a layer without an instance, which has no `{self.weight}`"
        called = "a stage" if self.what == "a function of static values" else "something to call"
        return f"`{self.name}` is {self.what}, not {called}"

    def repairs(self) -> Sequence[Repair]:
        """A layer gets its name by `shared`, and a param for a layer has that type."""
        source = self.at.source
        if self.ways or source.pointers is not None:
            return self.ways
        above = source.text[: self.at.start]
        bound = [*re.finditer(rf"(?m)^[ \t]*(?={re.escape(self.name)}[ \t]*=[ \t]*[A-Za-z_]\w*(\(|[ \t]*(->|$)))", above)]
        param = re.search(rf'(?m)^\s*param {re.escape(self.name)}\s*:\s*(str)\b(?:\s*=\s*("(\w+)"))?', above)
        if bound:
            end = bound[-1].end()
            return [Repair((Edit(Span(source, end, end), "shared "),), source.text[end:].partition("\n")[0].join(("shared ", "")))]
        if param is None:
            return ()
        edits = [Edit(Span(source, param.start(1), param.end(1)), "layer")]
        if param[2]:
            edits.append(Edit(Span(source, param.start(2), param.end(2)), param[3]))
        return [Repair(tuple(edits), f"param {self.name}: layer" + (f" = {param[3]}" if param[2] else ""))]

    def help(self) -> str | None:
        if self.layer_at is not None:
            made = self.proposed() or f"`shared {self.name} = …`"
            return f"a layer that is used by its name is one instance, with one set of weights: {made}"
        chosen = self.chosen()
        if chosen is not None and chosen.words:
            return f"write `{chosen.words}`"
        if self.weight:
            return f"an instance has weights: `shared {self.name} = …`"
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

    def repairs(self) -> Sequence[Repair]:
        """What other libraries mean by the name where layers stand, in its place."""
        from netspec.diagnostics.suggestions.aliases import foreign_ops

        named = re.match(rf'(?:\{{[^{{}}\[\]]*"op"\s*:\s*")?{re.escape(self.name)}\b', self.at.text)
        if "layer" not in self.wanted or named is None:
            return self.ways
        said = next((table.get(squash(self.name)) for kinds, table in foreign_ops().items() if "layer" in kinds), None)
        end = self.at.start + named.end()
        place = Span(self.at.source, end - len(self.name), end)
        return [*self.ways, *(Repair((Edit(place, ours),), ours) for ours in (said.ours if said is not None else ()))]

    def help(self) -> str | None:
        return (self._foreign() if "layer" in self.wanted else "") or TAKEN.get(self.wanted) or HOMES.get(self.is_a)

    def _foreign(self) -> str:
        """What other libraries mean by the name where layers stand."""
        from netspec.diagnostics.suggestions.aliases import foreign_ops

        said = next((table.get(squash(self.name)) for kinds, table in foreign_ops().items() if "layer" in kinds), None)
        if said is not None and said.ours:
            return f"what other libraries call `{self.name}` is {one_of(said.ours)} here"
        return said.how() if said is not None else ""


TAKEN = {"a mapping": "`map` takes functions of one example's values, `log1p`, `noise(0.1)` or one of a plugin; others stand in the chain"}
"""What is meant by kinds that few know."""
HOMES = {
    "loss": "losses stand in `train`: `loss = softmax_cross_entropy(logits, label)`",
    "metric": "metrics stand in `train`: `metric accuracy = accuracy(logits, label)`",
    "optimizer": "optimizers stand in `train`: `optimizer = adam(0.001)`",
    "schedule": "schedules are learning rates of optimizers: `adam(cosine(0.001))`",
    "initializer": "initializers are arguments of layers: `dense(10, kernel_init=zeros)`",
    "dataset": "data stands in `train`: `data = digits() -> shuffle -> batch(32)`",
    "transform": "data stands in `train`: `data = digits() -> shuffle -> batch(32)`",
    "mapping": 'functions of examples stand in `map`: `data = csv(…) -> map(log1p, "price") -> batch(32)`',
    "layer": "layers stand in blocks and models",
    "function of static values": "call it: its arguments stand in parentheses behind it",
}
"""Where each kind of thing is used."""
