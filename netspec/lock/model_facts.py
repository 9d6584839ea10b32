"""Writes what a model is: its inputs and outputs, each layer with its arguments, each parameter, what draws random numbers. Floor 3.

What stands in a `repeat` is written once, with the range of its numbers: `block_0..11/conv_0`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netspec.cost import Spot, descend_spot
from netspec.ir import Apply, Aux, Average, Body, Node, Variable, descend
from netspec.ir.fingerprint import part_hash
from netspec.ir.paths import ROOT, Places, buffers_of, step_below, steps, weights_of
from netspec.library.base import Weight
from netspec.library.shelf.op_text import to_text
from netspec.lock.defaults import Defaults, note_defaults
from netspec.record import record
from netspec.shape import TensorType

GIVES = " gives "
"""Between a layer and the types of its results."""


@record(eq=False)
class Place:
    """Where a node stands: as one text, and as the places that the text stands for."""

    spot: Spot
    places: Places

    def inside(self, node: Node, body: Body) -> Place:
        """Below a call or a region."""
        return Place(descend_spot(node, body, self.spot), step_below(node, body, self.places))

    def text(self, node: Apply | Variable | Aux) -> str:
        """The path of a node, with the range of its numbers."""
        path = self.spot.step(node.segment).prefix.removesuffix("/")
        return f"{path}/{node.segment.part}" if node.segment.part else path

    def paths(self, node: Apply | Variable | Aux) -> list[str]:
        """The paths that it stands for."""
        return steps(self.places, node.segment)


def walk_places(body: Body) -> Iterator[tuple[Node, Body, Place]]:
    """Every node with its body and its place, in the order in which they run."""
    return descend(body, Place(Spot(), ROOT), lambda node, owner, place: place.inside(node, owner))


def describe_model(body: Body, defaults: Defaults) -> dict[str, object]:
    """The facts of a model; the defaults that it relies on are added to `defaults`."""
    facts: dict[str, dict[str, str]] = {name: {} for name in ("layers", "values", "parameters", "buffers")}
    for node, owner, place in walk_places(body):
        if isinstance(node, Apply):
            note_defaults(node.op, defaults)
            put(facts["layers"], place.text(node), describe_use(node, owner, place))
        elif isinstance(node, Aux):
            put(facts["values"], place.text(node), str(owner.types[node.input]))
        for name, (weight, kept) in list_weights(node, owner).items():
            note_defaults(weight.init, defaults)
            facts["buffers" if kept else "parameters"][f"{place.text(node)}{name}"] = describe_weight(weight)  # type: ignore[arg-type]
    ends: dict[str, object] = {"inputs": texts(body.input_types()), "outputs": texts(body.output_types())}
    if asked := body.facts.known():
        ends["sizes"] = dict.fromkeys(asked, "asked of the inputs")
    return {"wiring": part_hash(body), **ends, **{name: found for name, found in facts.items() if found}}


def describe_use(node: Apply, body: Body, place: Place) -> str:
    """A use of an op: its call, what it gives, when and how often it runs, of which instance it is the average."""
    made = ", ".join(str(body.types[wire]) for wire in node.outputs)
    times = "".join(f", {count} times" for count in place.spot.loops)
    average = "" if node.average is None else f", {describe_average(node.average)}"
    return f"{to_text(node.op)}{GIVES}{made}{times}{f', in {place.spot.phase}' if place.spot.phase else ''}{average}"


def describe_average(average: Average) -> str:
    return f"moving average of {average.of.name()} with decay {average.decay}"


def list_weights(node: Node, body: Body) -> dict[str, tuple[Weight, bool]]:
    """The parameters and buffers of a node by what stands behind its path, and whether each is a buffer."""
    if isinstance(node, Variable):
        return {} if node.borrowed else {"": (node.weight, node.buffer or node.kept)}
    if not isinstance(node, Apply):
        return {}
    own = {f"/{name}": (weight, False) for name, weight in weights_of(body, node).items()}
    return own | {f"/{name}": (weight, True) for name, weight in buffers_of(body, node).items()}


def describe_weight(weight: Weight) -> str:
    """`f32[3, 3, 1, 32] by he_normal`, with what the initializer is told of its axes where the shape alone does not say it."""
    plain = len(weight.shape) == 2 and weight.fan in (None, tuple(weight.shape))
    fan = "" if plain or weight.fan is None else f", fan {weight.fan[0]} and {weight.fan[1]}"
    matrix = ", as a matrix" if weight.matrix and not plain else ""
    return f"{TensorType(weight.dtype, weight.shape)} by {to_text(weight.init)}{fan}{matrix}"


def list_draws(body: Body) -> dict[str, str]:
    """What draws random numbers while the model runs, by path, and in which phase where it does not run in all."""
    found: dict[str, str] = {}
    for node, _, place in walk_places(body):
        if isinstance(node, Apply) and node.op.random:
            put(found, place.text(node), f"{to_text(node.op)}{f' in {place.spot.phase}' if place.spot.phase else ''}")
    return found


def texts(types: Mapping[str, TensorType]) -> dict[str, str]:
    """Types as texts."""
    return {name: str(kind) for name, kind in types.items()}


def put(into: dict[str, str], name: str, text: str) -> None:
    """Adds a fact; a shared instance has one for each of its uses that are not alike."""
    number = 1
    while into.setdefault(name if number == 1 else f"{name} (use {number})", text) != text:
        number += 1
