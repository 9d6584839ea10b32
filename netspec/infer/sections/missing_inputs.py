"""Reports inputs of the trained model that are no fields of the data, with the fields that may be meant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from netspec.diagnostics.data.fields import InputNotAField
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.infer.sections.section import Section, find_setting
from netspec.shape import TensorType


def describe_missing(section: Section) -> InputNotAField:
    """One problem with every input that no field fills."""
    fields, wanted = section.data.fields, section.model.input_types()
    missing = {name: kind for name, kind in wanted.items() if name not in fields}
    spans = {port.name: port.span for port in section.model.inputs}
    return InputNotAField(
        at=section.data.span,
        model=section.model.name,
        inputs=tuple((name, str(kind)) for name, kind in missing.items()),
        fields=tuple(f"{name}: {kind}" for name, kind in fields.items()),
        renames=propose_renames(missing, find_unused(section)),
        declares="fields" in section.data.dataset.arguments(),
        own=tuple(f"{name}: {kind.with_shape(kind.shape[1:])}" for name, kind in missing.items()),
        declared=tuple(spans[name] for name in missing),
    )


def find_unused(section: Section) -> dict[str, TensorType]:
    """The fields that neither an input nor a setting of the section names."""
    data = find_setting(section.node.body, "data")
    text = section.node.body.span.text.replace(data.value.span.text if data else "", "")
    read = {*re.findall(r"\w+", text), *section.model.input_types()}
    return {name: kind for name, kind in section.data.fields.items() if name not in read}


def propose_renames(missing: Mapping[str, TensorType], free: Mapping[str, TensorType]) -> tuple[tuple[str, str], ...]:
    """(field, input) for every missing input; nothing unless each has one field that is meant, by its name or as the only one that fits."""
    found: list[tuple[str, str]] = []
    for name, kind in missing.items():
        fitting = [field for field, other in free.items() if can_unify(kind, other)]
        meant = nearest(name, fitting)[:1] or (fitting if len(fitting) == 1 else [])
        if not meant or meant[0] in [field for field, _ in found]:
            return ()
        found.append((meant[0], name))
    return tuple(found)


def can_unify(wanted: TensorType, found: TensorType) -> bool:
    """Of one element type and rank, and no axis of two sizes."""
    if wanted.dtype != found.dtype or wanted.rank != found.rank:
        return False
    pairs: Sequence = tuple(zip(wanted.shape, found.shape, strict=True))
    return all(w == f or not (w.is_constant and f.is_constant) for w, f in pairs)
