"""Compares what layers read: layers without a partner are looked through, so that one put between two others rewires neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from netspec.tools.diff.difference import ValueChange
from netspec.tools.diff.layers import Layer, Listed, Sources, Token
from netspec.tools.diff.matching import Matching


class Wiring:
    """Sources of both sides in the numbers of the first."""

    def __init__(self, before: Listed, after: Listed, matching: Matching) -> None:
        self.before, self.after = before, after
        partner = {a: b for b, a in matching.pairs.items()}
        self.partner = partner | {a: partner[first] for a, first in matching.absorbed[1].items()}
        self.own = {b: b for b in matching.pairs} | matching.absorbed[0]
        self.inputs = pair_inputs(before, after)
        self.known: dict[tuple[int, Token], Sources] = {}

    def compare(self, before: Layer, after: Layer) -> Iterator[ValueChange]:
        """What a layer reads now and read before, where that is something else."""
        old = [self.seen(self.before, s) for s in before.sources]
        new = [self.seen(self.after, s) for s in after.sources]
        if old == new:
            return
        if sorted(map(sorted_text, old)) == sorted(map(sorted_text, new)):
            yield ValueChange("inputs", self.names(self.before, before.sources), self.names(self.after, after.sources))
            return
        for k in range(max(len(old), len(new))):
            then, now = (side[k] if k < len(side) else frozenset() for side in (old, new))
            if then != now:
                named = [self.name_sources(side, x.sources[k]) if k < len(x.sources) else "" for side, x in self.sides(before, after)]
                yield ValueChange(f"input {k + 1}" if max(len(old), len(new)) > 1 else "input", named[0], named[1])

    def sides(self, before: Layer, after: Layer) -> tuple[tuple[Listed, Layer], tuple[Listed, Layer]]:
        return (self.before, before), (self.after, after)

    def of_outputs(self, name: str) -> tuple[str, str]:
        """What an output comes from on both sides, equal texts where it is the same."""
        old, new = self.before.outputs[name], self.after.outputs[name]
        if self.seen(self.before, old) == self.seen(self.after, new):
            return "", ""
        return self.name_sources(self.before, old), self.name_sources(self.after, new)

    def seen(self, side: Listed, sources: Sources) -> Sources:
        """Sources in the numbers of the first side, through layers without a partner."""
        return frozenset(token for source in sources for token in self.through(side, source))

    def through(self, side: Listed, token: Token) -> Sources:
        """What a token comes from, seen through layers without a partner, of which there may be any number in a row."""
        key = (id(side), token)
        if key not in self.known:
            found, met, left = set[Token](), {token}, [token]
            while left:
                source = left.pop()
                known = self.known.get((id(side), source)) or self.counterpart(side, source)
                found |= known
                further = () if known else (s for sources in side.layers[source[1]].sources for s in sources)  # type: ignore[index]
                fresh = set(further) - met
                met |= fresh
                left += fresh
            self.known[key] = frozenset(found)
        return self.known[key]

    def counterpart(self, side: Listed, token: Token) -> Sources:
        """An input, or a layer that has a partner, in the numbers of the first side; nothing for a layer without one."""
        kind, which, result = token
        if kind == "input":
            return frozenset({(kind, self.inputs.get(str(which), which) if side is self.after else which, 0)})
        numbers = self.own if side is self.before else self.partner
        return frozenset({(kind, numbers[which], result)} if which in numbers else ())  # type: ignore[index]

    def names(self, side: Listed, sources: Sequence[Sources]) -> str:
        return ", ".join(self.name_sources(side, s) for s in sources)

    @staticmethod
    def name_sources(side: Listed, sources: Sources) -> str:
        """The layers and inputs that a tensor comes from, as text."""
        ordered = sorted(sources, key=lambda token: (token[0], str(token[1]).zfill(9), token[2]))
        named = (f"input {which}" if kind == "input" else side.layers[which].path for kind, which, _ in ordered)  # type: ignore[index]
        return " or ".join(dict.fromkeys(named)) or "a number"


def sorted_text(sources: Sources) -> str:
    """Sources as text in an order that does not depend on hashes."""
    return " ".join(sorted(map(str, sources)))


def pair_inputs(before: Listed, after: Listed) -> Mapping[str, str]:
    """Names of inputs now -> before: a single one that has another name is the same input."""
    old, new = before.model.input_types(), after.model.input_types()
    gone, fresh = [n for n in old if n not in new], [n for n in new if n not in old]
    return {fresh[0]: gone[0]} if len(gone) == len(fresh) == 1 else {}
