"""Compares two models: what became of each layer, why, and what it costs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from netspec.cost import cost, size_of
from netspec.ir import Body
from netspec.ir.fingerprint import means_same
from netspec.library.base import Weight
from netspec.record import record, replace
from netspec.tools.diff.difference import Cause, Cost, LayerChange, ModelChange, ValueChange
from netspec.tools.diff.layers import Layer, Listed, list_layers, weight_text
from netspec.tools.diff.matching import Matching, match_layers
from netspec.tools.diff.origins import Origins, place_text
from netspec.tools.diff.wiring import Wiring
from netspec.tools.ir_drawing import draw_ir, value_text

OTHER_LINES = 20
"""So many lines of the typed form are shown where nothing else says what changed."""


@record(eq=False)
class Compared:
    """Two models, layer by layer."""

    before: Listed
    after: Listed
    matching: Matching
    change: ModelChange


def compare_models(before: Body, after: Body, origins: Origins) -> Compared:
    """What became of a model."""
    then, now = list_layers(before), list_layers(after)
    matching = match_layers(then.layers, now.layers)
    found = ModelChange(after.name, before.name, before=Cost(*cost(before)), after=Cost(*cost(after)))
    if not means_same(replace(before, name=after.name), after) or before.facts.known() != after.facts.known():
        work = _Comparison(then, now, matching, origins)
        found = replace(found, layers=tuple(work.layers()), params=tuple(work.params()), ports=tuple(work.ports()))
        if not (found.layers or found.ports):
            found = replace(found, other=tuple(_typed_lines(before, after)))
    return Compared(then, now, matching, found)


def _typed_lines(before: Body, after: Body) -> list[str]:
    """The lines of the typed form that differ."""
    lines = difflib.unified_diff(draw_ir(before).splitlines(), draw_ir(after).splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))][:OTHER_LINES] or ["how its values are wired"]


class _Comparison:
    """Two models whose layers are paired."""

    def __init__(self, before: Listed, after: Listed, matching: Matching, origins: Origins) -> None:
        self.before, self.after, self.matching, self.origins = before, after, matching, origins
        self.partner = {a: b for b, a in matching.pairs.items()}
        self.pairs = [(before.layers[b], after.layers[a]) for b, a in sorted(matching.pairs.items(), key=lambda pair: pair[1])]
        self.wiring = Wiring(before, after, matching)
        self.causes: dict[int, Cause | None] = {}

    # --- layers ------------------------------------------------------------------------------------------------------

    def layers(self) -> Iterator[LayerChange]:
        """Every change of layers: those that happened in the same way are one."""
        single = [
            *self.alone(self.after.layers, {*self.partner, *self.matching.absorbed[1]}, "added"),
            *self.alone(self.before.layers, {*self.matching.pairs, *self.matching.absorbed[0]}, "removed"),
            *self.loops(),
            *(found for pair in self.pairs for found in self.of_pair(*pair)),
            *self.renamed(),
        ]
        yield from merge(single)

    def of_pair(self, before: Layer, after: Layer) -> Iterator[LayerChange]:
        """What happened to one layer, but for its name and the loops around it."""
        values = tuple(self.values(before, after))
        shapes = self.shapes(before, after)
        common: dict[str, Any] = {"paths": (after.path,), "op": after.kind, "place": place_text(after.span)}
        if before.kind != after.kind:
            yield LayerChange("replaced", values=(ValueChange("", before.call, after.call),), **common, **shapes)
        elif values:
            yield LayerChange("changed", values=values, **common, **shapes)
        elif shapes["weights"] or shapes["outputs"]:
            yield LayerChange("follows", cause=self.cause(before, after), **common, **shapes)
        rewired = tuple(self.wiring.compare(before, after))
        if rewired:
            yield LayerChange("rewired", values=rewired, **common)
        elif before.number in self.matching.moved:
            yield LayerChange("reordered", was=(before.path,), **common)

    def values(self, before: Layer, after: Layer) -> Iterator[ValueChange]:
        """Arguments that have another value, each with what set it."""
        for name in dict.fromkeys((*before.values, *after.values)) if before.kind == after.kind else ():
            old = value_text(before.values[name]) if name in before.values else ""
            new = value_text(after.values[name]) if name in after.values else ""
            if old != new:
                yield ValueChange(name, old, new, self.origins.of_argument(before, after, name))

    @staticmethod
    def shapes(before: Layer, after: Layer) -> dict[str, Any]:
        """Weights and results that have another shape or dtype."""
        outputs = zip(before.outputs, after.outputs, strict=False)
        return {
            "weights": tuple(compare_weights({**before.weights, **before.buffers}, {**after.weights, **after.buffers})),
            "outputs": tuple(ValueChange("output", str(b), str(a)) for b, a in outputs if str(b) != str(a)),
        }

    def cause(self, before: Layer, after: Layer) -> Cause | None:
        """Why a layer whose arguments stay takes or makes something else: the layer or input further up where that began."""
        if after.number not in self.causes:
            self.causes[after.number] = None  # a way that leads back here says nothing
            self.causes[after.number] = self.find_cause(before, after)
        return self.causes[after.number]

    def find_cause(self, before: Layer, after: Layer) -> Cause | None:
        for old, new, sources in zip(before.inputs, after.inputs, after.sources, strict=False):
            if str(old) != str(new):
                for token in sorted(sources, key=str):
                    if (found := self.of_token(token[0], token[1], str(old), str(new))) is not None:
                        return found
        return None

    def of_token(self, kind: str, which: Any, old: str, new: str) -> Cause | None:
        """Why what comes from a layer or an input has another type."""
        if kind == "input":
            return Cause("input", which, old, new)
        layer = self.after.layers[which]
        own = Cause("layer", layer.path, old, new, place_text(layer.span))
        if which not in self.partner:
            return own
        before = self.before.layers[self.partner[which]]
        changed = before.kind != layer.kind or before.given != layer.given
        return own if changed else self.cause(before, layer) or own

    # --- names, loops, what has no partner ---------------------------------------------------------------------------

    def renamed(self) -> Iterator[LayerChange]:
        """Layers whose path is another: by the block around them, or their own name or number."""
        for before, after in self.pairs:
            if before.place == after.place or before.kind != after.kind or _has_all(before.paths, after.paths):
                continue
            old, new = before.place[:-1], after.place[:-1]
            shared = _shared_end(old, new)
            ours, theirs = len(old) - shared, len(new) - shared
            if old != new:
                what = self.kind_of_move(before, after, ours, theirs)
                paths = after.path if what == "out of" else _cut(after.path, theirs)
                yield LayerChange(what, (paths,), (before.path if what == "into" else _cut(before.path, ours),))
            elif before.label != after.label:
                yield LayerChange("renamed", (after.path,), (before.path,))
            elif (after.weights or after.buffers) and before.number not in self.matching.moved:
                yield LayerChange("renumbered", (after.path,), (before.path,))

    @staticmethod
    def kind_of_move(before: Layer, after: Layer, ours: int, theirs: int) -> str:
        """A layer came into a block, left one, or its block has another name, or another number only."""
        if not ours or not theirs:
            return "into" if theirs else "out of"
        same = [u.body.name for u in before.within[:ours]] == [u.body.name for u in after.within[:theirs]]
        return "renumbered" if same and before.place[0].rstrip("0123456789") == after.place[0].rstrip("0123456789") else "renamed"

    def loops(self) -> Iterator[LayerChange]:
        """Loops and phases around layers that run otherwise."""
        for before, after in self.pairs:
            if len(before.around) != len(after.around):
                old, new = (", ".join(_describe(a) for a in layer.around) for layer in (before, after))
                change = ValueChange("inside", old or "nothing", new or "nothing")
                yield LayerChange("loop", (after.path,), values=(change,), place=place_text(after.span))
                continue
            for one, other in zip(before.around, after.around, strict=True):
                changed = [(n, one.facts.get(n, ""), other.facts.get(n, "")) for n in dict.fromkeys((*one.facts, *other.facts))]
                found = tuple(
                    ValueChange(f"{other.kind} {n}", old, new, self.of_loop(before, after, other.span, n, old, new))
                    for n, old, new in changed
                    if old != new
                )
                if one.kind != other.kind:
                    found = (ValueChange("inside", _describe(one), _describe(other)),)
                if found:
                    yield LayerChange("loop", (after.path,), values=found, place=place_text(other.span))

    def of_loop(self, before: Layer, after: Layer, span: Any, name: str, old: str, new: str) -> Cause | None:
        if name != "count":
            return None
        own = Cause("argument", "repeat", old, new, place_text(span))
        found = self.origins.of_loop(before, after, span, own)
        return None if found is own else found

    def alone(self, layers: Sequence[Layer], paired: set[int], what: str) -> Iterator[LayerChange]:
        """Layers without a partner; a whole instance of a block is one."""
        lonely = [layer for layer in layers if layer.number not in paired]
        inside: dict[str, int] = {}
        for layer in layers:
            for use in layer.within:
                inside[use.path] = inside.get(use.path, 0) + 1
        missing: dict[str, list[Layer]] = {}
        for layer in lonely:
            for use in layer.within:
                missing.setdefault(use.path, []).append(layer)
        told: set[str] = set()
        for layer in lonely:
            whole = next((use for use in layer.within if len(missing[use.path]) == inside[use.path]), None)
            if whole is None:
                yield self.lonely(what, layer.path, layer.call, [layer])
            elif whole.path not in told:
                told.add(whole.path)
                yield self.lonely(what, whole.path, whole.body.name, missing[whole.path])

    def lonely(self, what: str, path: str, op: str, layers: Sequence[Layer]) -> LayerChange:
        """One layer, or the layers of an instance of a block."""
        held: dict[str, int] = {}
        for layer in layers:
            held |= {f"{p}/{n}": size_of(w.shape) for p in layer.paths for n, w in layer.weights.items()}
        side = self.after if what == "added" else self.before
        near = self.wiring.name_sources(side, layers[0].sources[0]) if layers[0].sources else ""
        span = layers[0].span if layers[0].path == path else next(u.span for u in layers[0].within if u.path == path)
        counts: dict[str, Any] = {"parameters": sum(held.values()), "layers": len(layers)}
        return LayerChange(what, (path,), op=op, near=near, place=place_text(span), **counts)

    # --- the model itself --------------------------------------------------------------------------------------------

    def params(self) -> Iterator[ValueChange]:
        """Params of the model that have another value."""
        old, new = self.before.model.arguments, self.after.model.arguments
        for name in dict.fromkeys((*old, *new)):
            then, now = (value_text(side[name]) if name in side else "" for side in (old, new))
            if then != now:
                yield ValueChange(name, then, now, Cause("param", name, then, now, self.origins.place_of_param(self.after.model, name)))

    def ports(self) -> Iterator[ValueChange]:
        """Inputs and outputs that are new, gone, of another type, or of another layer."""
        for what, old, new in (
            ("input", self.before.model.input_types(), self.after.model.input_types()),
            ("output", self.before.model.output_types(), self.after.model.output_types()),
        ):
            for name in dict.fromkeys((*old, *new)):
                texts = [str(side[name]) if name in side else "" for side in (old, new)]
                if texts[0] != texts[1]:
                    yield ValueChange(f"{what} {name}", texts[0], texts[1])
        yield from self.sizes()
        for name in (n for n in self.before.outputs if n in self.after.outputs):
            then, now = self.wiring.of_outputs(name)
            if then != now:
                yield ValueChange(f"output {name} comes from", then, now)

    def sizes(self) -> Iterator[ValueChange]:
        """What is asked of free sizes, one by one."""
        old, new = self.before.model.facts.known(), self.after.model.facts.known()
        yield from (ValueChange("asked of sizes", fact, "") for fact in old if fact not in new)
        yield from (ValueChange("asked of sizes", "", fact) for fact in new if fact not in old)


def compare_weights(before: Mapping[str, Weight], after: Mapping[str, Weight]) -> Iterator[ValueChange]:
    """Weights that are new, gone, or of another shape or dtype."""
    for name in dict.fromkeys((*before, *after)):
        old, new = (weight_text(side[name]) if name in side else "" for side in (before, after))
        if old != new:
            yield ValueChange(name, old, new)


def merge(changes: Iterable[LayerChange]) -> Iterator[LayerChange]:
    """Changes that happened to several layers in the same way, as one: in several instances of a block, or to all layers of one."""
    groups: dict[Any, list[LayerChange]] = {}
    for change in changes:
        groups.setdefault(_key(change), []).append(change)
    for same in groups.values():
        paths, was = dict.fromkeys(p for c in same for p in c.paths), dict.fromkeys(p for c in same for p in c.was)
        counts = {"parameters": sum(c.parameters for c in same), "layers": sum(c.layers for c in same)}
        yield replace(same[0], paths=tuple(paths), was=tuple(was), **counts)


def _key(change: LayerChange) -> Any:
    """Equal for what is one change."""
    if change.what in ("renamed", "renumbered"):
        return change.what, change.paths, change.was
    if change.what in ("into", "out of"):
        return change.what, change.paths if change.what == "into" else change.was
    if change.what in ("added", "removed"):
        return change.what, change.op, change.place
    if change.what == "reordered":
        return change.what, change.paths
    facts = (*change.values, *change.weights, *change.outputs)
    return change.what, change.op, change.place, tuple((v.name, v.before, v.after) for v in facts)


def _has_all(one: Sequence[str], other: Sequence[str]) -> bool:
    """One side has every path of the other: a loop is as long, or longer."""
    return {*one} <= {*other} or {*one} >= {*other}


def _shared_end(one: Sequence[str], other: Sequence[str]) -> int:
    """How many elements at the end are equal."""
    count = 0
    while count < min(len(one), len(other)) and one[-1 - count] == other[-1 - count]:
        count += 1
    return count


def _cut(path: str, segments: int) -> str:
    """The first segments of a path."""
    return "/".join(path.split("/")[:segments])


def _describe(around: Any) -> str:
    """A loop or phase in words."""
    facts = around.facts
    return f"{around.kind} {facts.get('count', facts.get('phase', ''))}".strip()
