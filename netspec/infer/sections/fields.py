"""Holds the model's inputs against the data's fields: their types, and the sizes that the data fix."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netspec.diagnostics.base import Diagnostic, Edit, Place, Repair
from netspec.diagnostics.data.fields import FieldMismatch, OutputIsAField
from netspec.infer.frame import Frame
from netspec.infer.sections.section import Section
from netspec.infer.types import explain_shape
from netspec.ir import Body, DataPlan, Objective
from netspec.record import replace
from netspec.shape import Dim, Facts, TensorType, Verdict
from netspec.shape.types import BATCH
from netspec.source import NOWHERE, Meant, Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants


def fit_fields(section: Section) -> dict[str, Dim] | None:
    """Hold the model's inputs against the data's fields; the sizes that the model's symbols have on this data, or None."""
    sizes: dict[str, Dim] = {}
    missing = report_missing(section) if section.model.input_types().keys() - section.data.fields.keys() else None
    fitting = ((name, kind) for name, kind in section.model.input_types().items() if name in section.data.fields)
    problems = [missing, *(find_field_problem(section, name, kind, section.data.fields[name], sizes) for name, kind in fitting)]
    found = [problem for problem in problems if problem is not None]
    for problem in found:
        section.world.report(problem)
    fine = not found
    for port in (p for p in section.model.outputs if p.phase is None):
        if port.name in section.data.fields and port.name not in section.model.input_types():
            section.world.report(OutputIsAField(at=section.data.span, name=port.name, declared=port.span))
            fine = False
    return sizes if fine else None


def report_missing(section: Section) -> Diagnostic:
    """The problem of the inputs that no field fills."""
    from netspec.infer.sections.missing_inputs import describe_missing  # only specs with a problem need it

    return describe_missing(section)


def find_input_span(section: Section, name: str) -> Span:
    return next(p.span for p in section.model.inputs if p.name == name)


def find_field_problem(section: Section, name: str, wanted: TensorType, found: TensorType, sizes: dict[str, Dim]) -> Diagnostic | None:
    """Bind the model's symbols to the field's sizes; a problem where they do not fit."""
    why = ""
    if wanted.dtype != found.dtype:
        why = f"elements are {found.dtype}, not {wanted.dtype}"
    elif wanted.rank != found.rank:
        why = f"{found.rank} axes, not {wanted.rank}"
    else:
        for want, have in zip(wanted.shape, found.shape, strict=True):
            if len(want.symbols()) == 1 and want == Dim.symbol(next(iter(want.symbols()))):
                sizes.setdefault(str(want), have)
        frame = Frame(section.world, "train", section.model.facts)
        why = explain_shape(frame, tuple(d.substitute(sizes) for d in wanted.shape), found.shape) or explain_exclusion(
            frame.facts, wanted, found
        )
        why = why or explain_count(frame.facts, section.data, wanted, found)
    if not why:
        return None
    free = find_varying(wanted, found)
    other = explain_batch(section.data, wanted, found)
    problem = FieldMismatch(
        at=section.data.span,
        model=section.model.name,
        input=name,
        wanted=str(wanted),
        found=str(found),
        why=f"{free} differs from example to example" if free else other or why,
        declared=find_input_span(section, name),
        repair=propose_one_size(wanted) if free else propose_batch(wanted) if other else "",
    )
    sized = give_one_size(section, wanted) if free else change_batch(section.data, wanted) if other else None
    declared = find_declared_type(section, name)
    if declared is not NOWHERE and is_other_layout(wanted, found):
        problem = replace(problem, at=declared, declared=NOWHERE, chain=(Place(section.data.span, f"the data gives {found}"),))
    return replace(problem, ways=(*([sized] if sized else []), *redeclare(section, name, wanted, found)))


def give_one_size(section: Section, wanted: TensorType) -> Repair | None:
    """A step of the chain behind its dataset that gives images one size."""
    words, span = propose_one_size(wanted), section.data.span
    arrow = span.text.find("->")
    if not words or arrow < 0 or isinstance(span, Meant):
        return None
    stage, at = words.split("`")[1], span.start + arrow
    return Repair((Edit(Span(span.source, at, at), f"-> {stage} "),), words)


def change_batch(data: DataPlan, wanted: TensorType) -> Repair | None:
    """Batches of the size that the model takes."""
    written = re.search(r"->\s*batch\(\s*([0-9_]+)\s*[,)]", data.span.text)
    if written is None or isinstance(data.span, Meant):
        return None
    at = Span(data.span.source, data.span.start + written.start(1), data.span.start + written.end(1))
    return Repair((Edit(at, str(wanted.shape[0])),), propose_batch(wanted))


def is_other_layout(wanted: TensorType, found: TensorType) -> bool:
    """The input has the data's sizes in another order, or no axis of examples: then its declaration is the mistake."""
    reordered = wanted.rank == found.rank and wanted.shape[1:] != found.shape[1:]
    reordered = reordered and sorted(map(str, wanted.shape[1:])) == sorted(map(str, found.shape[1:]))
    return wanted.dtype == found.dtype and (reordered or wanted.shape == found.shape[1:])


def find_declared_type(section: Section, name: str) -> Span:
    """Where the type of a model's input is written in the text of the spec; NOWHERE if it is not."""
    definition = section.world.graph.definitions.get(section.node.model)
    declared = next((i for i in definition.inputs if i.name == name), None) if definition is not None else None
    same = declared is not None and not isinstance(declared.type.span, Meant) and declared.type.span.source is section.data.span.source
    return declared.type.span if same and declared is not None else NOWHERE


def redeclare(section: Section, name: str, wanted: TensorType, found: TensorType) -> Iterator[Repair]:
    """The model's input declared as the data is."""
    definition = section.world.graph.definitions.get(section.node.model)
    declared = next((i for i in definition.inputs if i.name == name), None) if definition is not None else None
    if declared is None or isinstance(declared.type.span, Meant):
        return
    dims = [d.span.text for d in declared.type.dims]
    whole = [BATCH, *dims] if found.rank == wanted.rank + 1 and found.shape[:1] == (Dim.symbol(BATCH),) else []
    for kept in (whole, [*map(str, found.shape)]):
        if kept:
            meant = f"{found.dtype}[{', '.join(kept)}]"
            edit = Edit(declared.type.span, meant)
            if found.rank > wanted.rank == 2 and definition is not None:
                heads = [n.head.span for n in descendants(definition.node.body) if isinstance(n, tree.Chain) and is_name(n.head, name)]
                flat = [Edit(Span(at.source, at.end, at.end), " -> flatten") for at in heads]
                yield Repair((edit, *flat), f"the data gives {found}: write `input {name}: {meant}`, and `{name} -> flatten`")
            yield Repair((edit,), f"the data gives {found}: write `input {name}: {meant}` in `{section.node.model}`")


def is_name(node: tree.Expr, name: str) -> bool:
    return isinstance(node, tree.Name) and node.text == name


def explain_batch(data: DataPlan, wanted: TensorType, found: TensorType) -> str:
    """Why batches of another size than the one that the model takes do not fit; "" where that is not it."""
    if not (data.batch and wanted.rank == found.rank and found.shape[:1] == (Dim.symbol(BATCH),) and wanted.shape[0].is_constant):
        return ""
    return f"a batch has {data.batch} example{'s' * (data.batch != 1)}, and the model takes {wanted.shape[0]}"


def propose_batch(wanted: TensorType) -> str:
    """How batches get the size that the model takes, or the model takes any."""
    return f"write `batch({wanted.shape[0]})`, or `{BATCH}` for the {wanted.shape[0]} of the input: then it takes any number of examples"


def find_varying(wanted: TensorType, found: TensorType) -> str:
    """A dim of the data that is no number where the model wants one."""
    pairs = zip(wanted.shape[1:], found.shape[1:], strict=False) if wanted.rank == found.rank else ()
    return next((str(have) for want, have in pairs if want.is_constant and not have.is_constant), "")


def propose_one_size(wanted: TensorType) -> str:
    """How images of several sizes get the one that the model wants."""
    if wanted.rank != 4:
        return ""
    height, width = wanted.shape[1:3]
    size = height if height == width else f"[{height}, {width}]"
    return f"let a step of the chain give them one size, such as `random_resized_crop({size})`"


def explain_exclusion(facts: Facts, wanted: TensorType, found: TensorType) -> str:
    """Why a field's sizes are not those that the model's facts allow its input to have; "" if they are."""
    for want, have in zip(wanted.shape, found.shape, strict=True):
        if have.is_constant and is_symbol(want):
            if facts.require("==", want, have).verdict is Verdict.REFUTED:
                return f"`{want}` is {have}, but the model takes {describe_allowed(facts, want)}"
    return ""


def explain_count(facts: Facts, data: DataPlan, wanted: TensorType, found: TensorType) -> str:
    """Why the model takes no batches of so many examples, by what it requires of their number; "" where it may."""
    if not (data.batch and found.shape[:1] == (Dim.symbol(BATCH),) and is_symbol(wanted.shape[0])):
        return ""
    refuted = facts.require("==", wanted.shape[0], Dim.of(data.batch)).verdict is Verdict.REFUTED
    return f"a batch has {data.batch} examples, which what the model requires of `{wanted.shape[0]}` excludes" if refuted else ""


def describe_allowed(facts: Facts, dim: Dim) -> str:
    """The sizes that a dim may have, in words."""
    low, high = facts.range(dim)
    if high is None:
        return f"at least {low}" if (low or 1) > 1 else "other sizes"
    return f"{low} to {high}" if (low or 1) > 1 else f"at most {high}"


def adopt_names(plan: DataPlan, model: Body) -> DataPlan:
    """The chain with its sizes called as the model calls them, where both have a name: then what the model says of them holds. Its batches
    have their number of examples where the model takes no other."""
    names: dict[str, Dim] = {BATCH: model.batch} if model.batch is not None and model.batch == plan.batch else {}
    for name, wanted in model.input_types().items():
        found = plan.fields.get(name)
        if found is not None and found.rank == wanted.rank:
            for want, have in zip(wanted.shape, found.shape, strict=True):
                if is_symbol(want) and is_symbol(have) and str(have) != BATCH:
                    names.setdefault(str(have), want)
    others = {s for kind in plan.fields.values() for s in kind.symbols() if s not in names}
    names = {old: new for old, new in names.items() if str(new) not in others}
    return replace(plan, fields={name: kind.substitute(names) for name, kind in plan.fields.items()})


def count_of(section: Section) -> Dim:
    """The examples of a batch: a symbol, or their number where the model takes no other."""
    fixed = section.model.batch
    return fixed if fixed is not None and fixed == section.data.batch else Dim.symbol(BATCH)


def is_symbol(dim: Dim) -> bool:
    return not dim.is_constant and dim == Dim.symbol(str(dim))


def fields_are_there(section: Section, objective: Objective) -> bool:
    """Whether the section's data have every field that the losses and metrics read; problems are reported."""
    missing = [name for name in objective.fields() if name not in section.data.fields]
    if not missing:
        return True
    from netspec.diagnostics.data.sequences import EvalFieldMissing  # only specs with this problem need it

    fields = tuple(f"{name}: {kind}" for name, kind in section.data.fields.items())
    for name in missing:
        section.world.report(EvalFieldMissing(at=section.data.span, field=name, fields=fields))
    return False
