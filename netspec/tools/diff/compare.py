"""Compares two proved specs. Floor 5."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from netspec.cost import cost
from netspec.ir import Body, TrainPlan, Typed, list_bodies
from netspec.ir.fingerprint import ir_hash
from netspec.library.shelf.op_text import to_text
from netspec.record import record, replace
from netspec.tools.diff.difference import Cause, Cost, DefinitionChange, Difference, ModelChange, TrainChange, ValueChange
from netspec.tools.diff.layers import list_layers
from netspec.tools.diff.model_changes import compare_models
from netspec.tools.diff.origins import Origins
from netspec.tools.diff.section_changes import compare_sections, compare_serves
from netspec.tools.diff.verdict import Training, judge
from netspec.tools.mermaid import draw_model


@record(eq=False)
class _Subject:
    """A model as it is trained, or with its defaults where no training has it."""

    body: Body
    train: TrainPlan | None = None

    def has(self, plan: TrainPlan) -> bool:
        """A training is of this model, with these params."""
        return plan.model.name == self.body.name and dict(plan.model.arguments) == dict(self.body.arguments)


def compare(
    before: Typed, after: Typed, names: tuple[str, str] = ("before", "after"), offered: tuple[DefinitionChange, ...] = ()
) -> Difference:
    """What an edit changed, from what two specs say once they are proved; `names` are what they are called, `offered` what they declare
    for others and changed."""
    moved = tuple(_moved_definitions(before, after))
    if ir_hash(before) == ir_hash(after):
        return Difference(*names, same=not offered, definitions=moved, offered=offered)
    trains = compare_sections(before.trains, after.trains)
    models, removed = _compare_models(before, after, trains)
    return Difference(*names, False, tuple(models), removed, (*trains, *compare_serves(before.serves, after.serves)), moved, offered)


def _compare_models(before: Typed, after: Typed, trains: Iterable[TrainChange]) -> tuple[list[ModelChange], tuple[str, ...]]:
    """The models of the spec now, and the names of those that are no more."""
    old, new = list_subjects(before), list_subjects(after)
    partners = {name: name for name in new if name in old} | _find_renamed(old, new)
    found = []
    for name, subject in new.items():
        if name not in partners:
            found.append(ModelChange(name, "", after=Cost(*cost(subject.body))))
        else:
            then = old[partners[name]]
            found.append(_compare_subjects(then, subject, (name, partners[name]), _pair_trainings(then, subject, before, after), trains))
    return found, tuple(name for name in old if name not in partners.values())


def _pair_trainings(old: _Subject, new: _Subject, before: Typed, after: Typed) -> list[Training]:
    """The trainings of a model then and now, those of one name together: a run has the name of the section that made it."""
    then = {plan.name: plan for plan in before.trains if old.has(plan)}
    pairs: list[Training] = [(then[plan.name], plan) for plan in after.trains if new.has(plan) and plan.name in then]
    return pairs or ([(old.train, new.train)] if old.train is not None and new.train is not None else [])


def _compare_subjects(
    old: _Subject, new: _Subject, names: tuple[str, str], pairs: Sequence[Training], trains: Iterable[TrainChange]
) -> ModelChange:
    """What became of a model; `names` are the new one and the old one."""
    given = {} if new.train is None else new.train.origins
    places = {key.removeprefix("param "): place for key, place in given.items() if key.startswith("param ") and place != "default"}
    compared = compare_models(old.body, new.body, Origins(places))
    reasons = {t.name: [s.name for s in t.settings if s.name != "duration" and not s.name.startswith("field ")] for t in trains}
    verdict = judge(compared, pairs, reasons)
    ports = tuple(_with_data(port, old.train, new.train) for port in compared.change.ports)
    name, was = names
    return replace(compared.change, name=name, was=was, verdict=verdict, ports=ports, drawing=draw_model(new.body, _marks(compared.change)))


def _marks(change: ModelChange) -> dict[str, str]:
    """What the drawing marks: layers and instances of blocks that are new, and layers whose arguments, weights or inputs are others."""
    marked = {"added": "added", **dict.fromkeys(("changed", "replaced", "follows", "rewired"), "changed")}
    told = [(c, marked[c.what]) for c in change.layers if c.what in marked and (c.what != "follows" or c.weights)]
    return {path: mark for c, mark in told for path in c.paths}


def _with_data(port: ValueChange, before: TrainPlan | None, after: TrainPlan | None) -> ValueChange:
    """An input whose type is another, with the data that say so."""
    name = port.name.removeprefix("input ")
    if before is None or after is None or name == port.name or str(before.data.fields.get(name)) == str(after.data.fields.get(name)):
        return port
    texts = [to_text(plan.data.dataset) for plan in (before, after)]
    place = after.origins.get("data", "")
    return port if texts[0] == texts[1] else replace(port, cause=Cause("data", "", texts[0], texts[1], place))


def list_subjects(typed: Typed) -> dict[str, _Subject]:
    """The models by name, each as its first training has it; further trainings of one with other params besides."""
    found: dict[str, _Subject] = {}
    for plan in typed.trains:
        name = plan.model.name
        if name not in found:
            found[name] = _Subject(plan.model, plan)
        elif found[name].body is not plan.model and dict(found[name].body.arguments) != dict(plan.model.arguments):
            found[f"{name} in train {plan.name}"] = _Subject(plan.model, plan)
    for name, body in typed.models.items():
        if name not in found:
            found[name] = _Subject(body)
        elif {**found[name].body.arguments} != {**body.arguments}:
            found[f"{name} with its defaults"] = _Subject(body)
    return found


def count_parameters(typed: Typed) -> tuple[tuple[str, int], ...]:
    """(name, trainable parameters) of each model."""
    return tuple((name, cost(subject.body)[0]) for name, subject in list_subjects(typed).items())


def _find_renamed(old: Mapping[str, _Subject], new: Mapping[str, _Subject]) -> dict[str, str]:
    """New names of models -> the old ones: of those without a partner, the most alike by what they hold."""
    gone, fresh = [n for n in old if n not in new], [n for n in new if n not in old]
    shelves = {side: {n: _kinds(subjects[n].body) for n in names} for side, subjects, names in (("old", old, gone), ("new", new, fresh))}
    scores = sorted(((_overlap(shelves["old"][o], shelves["new"][n]), o, n) for o in gone for n in fresh), key=lambda s: (-s[0], s[1:]))
    found: dict[str, str] = {}
    for score, o, n in scores:
        if score >= 0.5 and n not in found and o not in found.values():
            found[n] = o
    return found


def _kinds(body: Body) -> list[str]:
    return [layer.kind for layer in list_layers(body).layers]


def _overlap(one: list[str], other: list[str]) -> float:
    """The share of layers that two models have in common, by kind."""
    common = sum(min(one.count(kind), other.count(kind)) for kind in set(one))
    return 2 * common / max(1, len(one) + len(other))


def _moved_definitions(before: Typed, after: Typed) -> Iterable[ValueChange]:
    """Blocks that are defined in another file now; "" is the spec itself."""
    old, new = _files_of_blocks(before), _files_of_blocks(after)
    for name in (n for n in old if n in new):
        if old[name] != new[name]:
            yield ValueChange(name, old[name], new[name])


def _beside(path: str, spec: str) -> str:
    """The path of an imported file from the folder of its spec; what a revision has is called so already."""
    return path if spec.startswith("git:") else os.path.relpath(path, os.path.dirname(spec) or ".").replace(os.sep, "/")


def _files_of_blocks(typed: Typed) -> dict[str, str]:
    """The file that each block is defined in."""
    found: dict[str, str] = {}
    for model in (*typed.models.values(), *(plan.model for plan in typed.trains)):
        own = model.span.source.path
        for body in list_bodies(model)[1:]:
            path = body.span.source.path
            found[body.name] = "" if path == own else _beside(path, own)
    return dict(sorted(found.items()))
