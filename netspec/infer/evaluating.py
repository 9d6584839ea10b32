"""The data of `eval` against what training measures."""

from __future__ import annotations

from netspec.infer.section import Section
from netspec.ir import Objective


def fields_there(section: Section, objective: Objective) -> bool:
    """Whether the section's data have every field that the losses and metrics read; problems are reported."""
    missing = [name for name in objective.fields() if name not in section.data.fields]
    if not missing:
        return True
    from netspec.diagnostics.sequences import EvalFieldMissing  # only specs with this problem need it

    fields = tuple(f"{name}: {kind}" for name, kind in section.data.fields.items())
    for name in missing:
        section.world.report(EvalFieldMissing(at=section.data.span, field=name, fields=fields))
    return False
