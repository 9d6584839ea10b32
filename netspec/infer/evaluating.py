"""The data of `eval` against what training measures."""

from __future__ import annotations

from netspec.infer.section import Section
from netspec.ir import Objective, reads, walk

OUTPUT = "output."
"""Before the names of an objective's inputs that are outputs of the model."""


def fields_there(section: Section, objective: Objective) -> bool:
    """Whether the section's data have every field that the losses and metrics read; problems are reported."""
    missing = [name for name in fields_read(objective) if name not in section.data.fields]
    if not missing:
        return True
    from netspec.diagnostics.data.sequences import EvalFieldMissing  # only specs with this problem need it

    fields = tuple(f"{name}: {kind}" for name, kind in section.data.fields.items())
    for name in missing:
        section.world.report(EvalFieldMissing(at=section.data.span, field=name, fields=fields))
    return False


def fields_read(objective: Objective) -> list[str]:
    """The batch's fields that losses and metrics read; neither the model's outputs nor what is computed of it."""
    measured = {wire for m in objective.measurements for wire in (*m.inputs, *(w for _, w in m.optional))}
    read = measured.union(*(reads(node) for node, _ in walk(objective.body)))
    computed = {*objective.auxiliaries, *objective.penalties, *objective.answers}
    ports = [port.name for port in objective.body.inputs if port.wire in read and port.name not in computed]
    return [name for name in ports if not name.startswith(OUTPUT)]
