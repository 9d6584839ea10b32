"""Follows what the numbers mean that a loss, a decoder or a function of a distribution is given: are they probabilities, not logits?

An input says what it wants (`In.wants`), an op what it gives (`Callable.gives`). The op that makes an input is found through ops that keep
numbers as they are, through calls of blocks and loops, and from an output of the model back into its body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.ir import OUTPUT, Apply, Body, Call, Literal, Node, Operand, Port, When, pair_inputs, regions
from netspec.ir.def_use import index_makers
from netspec.library.base import In
from netspec.record import record
from netspec.source import Span

ACCEPTED = {
    "logits": ("log_probabilities",),
    "log_odds": (),
    "probabilities": ("probabilities",),
    "log_probabilities": ("log_probabilities",),
}
"""What an input takes that wants this, of what ops give: the softmax of logarithms of probabilities are the probabilities."""
_ARROW = re.compile(r"\s*->\s*\Z")


@record(eq=False)
class Measured:
    """What stands around a use: the nodes of its body so far; for losses, metrics and decoders the inputs of the section, and the model
    whose outputs they are."""

    nodes: Sequence[Node]
    ports: Sequence[Port] = ()
    model: Body | None = None


Reading = tuple[In, int, Span]
"""An input as it is declared, the wire that it is given, and where."""


def find_misreading(name: str, readings: Iterable[Reading], measured: Measured) -> Diagnostic | None:
    """The problem of the first input whose numbers mean something else than the loss of that name wants."""
    problems = (_explain_misreading(name, *reading, measured) for reading in readings)
    return next((problem for problem in problems if problem is not None), None)


def _explain_misreading(name: str, wanted: In, wire: int, span: Span, measured: Measured) -> Diagnostic | None:
    maker = trace_in_objective(measured, wire)
    if maker is None or maker.op.gives in ACCEPTED.get(wanted.wants, ("probabilities", "log_probabilities")):
        return None
    from netspec.diagnostics.training.meanings import ProbabilitiesForLogits  # few specs need it

    written = span.text
    return ProbabilitiesForLogits(
        at=span,
        op=name,
        input=wanted.name,
        wants=wanted.wants,
        gives=maker.op.gives,
        maker=maker.op.op_name(),
        name=written if written.isidentifier() else "",
        replacement=remove_stage(maker.span) if wanted.wants in ("logits", "log_odds") else None,
        chain=(Place(maker.span, f"`{maker.op.op_name()}` makes it"),),
    )


def remove_stage(stage: Span) -> Edit | None:
    """Takes a stage of a chain away, and the arrow before it; None where the op does not stand behind an arrow."""
    text = stage.source.text
    arrow = _ARROW.search(text, max(0, stage.start - 80), stage.start)
    end = stage.end
    return Edit(Span(stage.source, arrow.start(), end), "") if arrow and "->" not in text[stage.start : end] else None


# --- where numbers come from -----------------------------------------------------------------------------------------


def trace_in_objective(measured: Measured, wire: Operand) -> Apply | None:
    """The op that says what the numbers of a wire of the objective mean, here or in the model."""
    found = trace(measured.nodes, wire)
    if isinstance(found, Apply):
        return found
    name = next((p.name for p in measured.ports if p.wire == found), "")
    if not name.startswith(OUTPUT) or measured.model is None:
        return None
    ends = [p.wire for p in measured.model.outputs if p.name == name.removeprefix(OUTPUT)]
    return next((maker for end in ends if (maker := trace_in_body(measured.model, end)) is not None), None)


def trace_in_body(body: Body, wire: Operand) -> Apply | None:
    found = trace(body.nodes, wire)
    return found if isinstance(found, Apply) else None


def trace(nodes: Sequence[Node], wire: Operand) -> Apply | Operand | None:
    """The op that says what the numbers of a wire mean; the wire they come from unchanged where none does; None where that is unknown."""
    makers = index_makers(nodes)
    while (node := makers.get(wire)) is not None:  # type: ignore[arg-type]
        match node:
            case Apply() if node.op.gives not in ("", "same"):
                return node
            case Apply():
                place = node.op.carries(*(operand.value if isinstance(operand, Literal) else None for operand in node.inputs))
                if place is None or place >= len(node.inputs):
                    return None
                wire = node.inputs[place]
            case _:
                inside = trace_through(node, wire)
                if inside is None or isinstance(inside, Apply):
                    return inside
                wire = inside
    return wire


def trace_through(node: Node, wire: Operand) -> Apply | Operand | None:
    """The same for an output of a call, a loop or a `when`."""
    if isinstance(node, Call):
        found = trace(node.body.nodes, node.body.outputs[node.outputs.index(wire)].wire)  # type: ignore[arg-type]
        return found if isinstance(found, Apply) else dict(pair_inputs(node)).get(found) if found is not None else None  # type: ignore[arg-type]
    for region in regions(node):
        if wire in node.outputs:  # type: ignore[union-attr]
            found = trace(region.nodes, dict(region.ends)[wire])  # type: ignore[index]
            return found if isinstance(found, Apply) or isinstance(node, When) else None
    return None
