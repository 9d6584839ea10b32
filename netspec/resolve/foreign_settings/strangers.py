"""Finds the lines of a section that are no settings of it, what each means here, and reports those that mean one thing as one problem."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place, Repair, holds_new_number
from netspec.diagnostics.names.unknown_names import UnknownSetting
from netspec.diagnostics.suggestions.nearest import nearest, squash
from netspec.diagnostics.suggestions.setting_words import find_meaning
from netspec.diagnostics.training.settings import ArgumentAsSetting
from netspec.library.shelf import index
from netspec.record import record, replace
from netspec.resolve.foreign_settings import chains, groups, measures, optimizers, values
from netspec.resolve.foreign_settings.lines import drop_line, give_arguments, insert
from netspec.resolve.foreign_settings.optimizers import RATE, Form
from netspec.resolve.graph import Definition
from netspec.resolve.setting_names import GROUPS, SETTINGS
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

OF_OPTIMIZER = (RATE, "weight_decay", "betas", "schedule", "warmup", "clip", "clip_value", "optimizer_arguments")
OF_DATA = ("batch", "shuffle", "validation_split")


@record
class Stranger:
    """A line that is no setting of its section."""

    item: tree.Setting | tree.Group
    meaning: str
    """What it is here, as `setting_words` says; its own name for a setting or section in the other form; "" where unknown."""
    target: str
    """The setting or section that it belongs to, or ""."""
    instead: str = ""
    """What is true instead, where the line says nothing here."""


def find_strangers(body: tree.Settings, section: str) -> list[Stranger]:
    """The lines that are neither settings nor sections of this one."""
    settings, inner = SETTINGS[section], GROUPS[section]
    found = []
    for item in body.items:
        if isinstance(item, tree.Setting | tree.Group) and item.key not in (settings if isinstance(item, tree.Setting) else inner):
            found.append(read_stranger(item, section, body, (*settings, *inner)))
    return found


def find_targets(body: tree.Settings, section: str) -> frozenset[str]:
    """The settings and sections that lines which are none belong to: there nothing is missing that they say."""
    return frozenset(stranger.target for stranger in find_strangers(body, section))


def read_stranger(item: tree.Setting | tree.Group, section: str, body: tree.Settings, names: Sequence[str]) -> Stranger:
    """What a line means."""
    if item.key in names:
        return Stranger(item, item.key, item.key)
    meaning, instead = find_meaning(item.key)
    if section in INSIDE and meaning not in ("metrics", "metric"):
        return Stranger(item, key := find_inside(item.key, section), key) if not instead else Stranger(item, "", "", instead)
    if section != "train" and meaning in ("epochs", "steps", "weights", "name"):
        meaning = ""
    inner = {"epochs": "duration", "steps": "duration", **dict.fromkeys(OF_OPTIMIZER, "optimizer"), **dict.fromkeys(OF_DATA, "data")}
    target = inner.get(meaning) or groups.KEYS.get(meaning, ("",))[0] or (meaning if meaning in names else "")
    if not meaning and not instead and section in ("train", "update") and is_argument(item, body):
        meaning, target = argument_of(item, body), "optimizer"
    if not meaning and not instead:
        near = nearest(item.key, names)
        meaning = target = near[0] if near else ""
    return Stranger(item, meaning, target, instead)


SAYS_MORE = frozenset("callbacks callback stepsperepoch".split())
"""Lines that say how long a training is, which is otherwise here: nobody but their author can leave them away."""
INSIDE = {
    "checkpoint": {
        "every": "frequency freq interval period steps epochs each savefreq savesteps saveevery everysteps everyepochs everynsteps",
        "keep": "maxtokeep savetotallimit limit last max number count keeplast savetopk topk total keepmax maxcheckpoints",
        "keep_every": "keepperiod keepcheckpointeveryn keepinterval",
    },
    "eval": {
        "every": "frequency freq interval period each epochs everyepochs everynepochs evalfreq evalevery",
        "limit": "steps batches maxbatches maxsteps numbatches numsteps stepsperepoch validationsteps",
        "data": "dataset validationdata source",
    },
    "stop": {"metric": "monitor", "patience": "wait epochs evaluations rounds", "min_delta": "delta threshold tolerance"},
}
"""What other libraries call the lines of the sections inside of `train`."""


def find_inside(name: str, section: str) -> str:
    """The line of such a section that a name means, or ""."""
    own = next((key for key, names in INSIDE[section].items() if squash(name) in names.split()), "")
    return own or next(iter(nearest(name, SETTINGS[section])), "")


def is_argument(item: tree.Setting | tree.Group, body: tree.Settings) -> bool:
    """Whether the optimizer has an argument of that name."""
    return isinstance(item, tree.Setting) and bool(argument_of(item, body))


def argument_of(item: tree.Setting | tree.Group, body: tree.Settings) -> str:
    """The argument of the section's optimizer that a name means, or ""."""
    optimizer = find_item(body, "optimizer")
    call = optimizers.find_step(optimizer.value) if isinstance(optimizer, tree.Setting) else None
    if call is None:
        return ""
    order = [a.name for a in index.entries(optimizers.nearest_optimizer(optimizers.name_of(call)))[0].signature]
    return optimizers.find_argument(item.key, order)


def find_item(body: tree.Settings, key: str) -> tree.Setting | tree.Group | None:
    """The line of a setting."""
    return next((i for i in body.items if isinstance(i, tree.Setting) and i.key == key), None)


def describe_strangers(
    found: Sequence[Stranger], body: tree.Settings, section: str, names: Sequence[str], owner: tree.Train | None, model: Definition | None
) -> Iterable[Diagnostic]:
    """One problem for all lines that belong to one setting, and one for each other."""
    joined: dict[str, list[Stranger]] = {}
    for stranger in found:
        joint = stranger.target in ("optimizer", "data", "eval", "checkpoint", "stop") and isinstance(stranger.item, tree.Setting)
        joined.setdefault(stranger.target if joint and stranger.meaning != "optimizer" else f"line {id(stranger.item)}", []).append(
            stranger
        )
    for together in joined.values():
        first = together[0]
        known = first.item.span.source.pointers is None
        forms = find_forms(together, body, section, owner, model) if known else []
        said = body.span.text
        ways = tuple(Repair(edits, words, any(holds_new_number(said, edit.text) for edit in edits)) for words, edits in forms)
        op = called_by(together, body) if ways or not known else ""
        yield describe_arguments(together, op, ways) if op else describe_setting(together, section, names, ways)


def describe_setting(together: Sequence[Stranger], section: str, names: Sequence[str], ways: tuple[Repair, ...]) -> UnknownSetting:
    """The problem of lines that are no settings."""
    first, *others = together
    near = tuple(nearest(first.item.key, names)) if not first.instead and first.meaning in ("", *names) else ()
    return UnknownSetting(
        at=first.item.name_span,
        section=section,
        name=first.item.key,
        near=near,
        options=tuple(names),
        others=tuple(s.item.name_span for s in others),
        instead=first.instead,
        ways=ways,
    )


def describe_arguments(together: Sequence[Stranger], op: str, ways: tuple[Repair, ...]) -> ArgumentAsSetting:
    """The problem of lines that are arguments of the call in another one."""
    first, *others = together
    target = first.target or "loss"
    return ArgumentAsSetting(
        at=first.item.name_span,
        op=op,
        setting=target,
        names=tuple(s.item.key for s in together),
        settings=tuple(Place(s.item.name_span, f"and this of `{op}`") for s in others),
        ways=tuple(replace(way, words=way.words.removeprefix(f"{target} = ")) for way in ways),
    )


def called_by(together: Sequence[Stranger], body: tree.Settings) -> str:
    """The op that all of these lines are arguments of; "" where one is more than that."""
    first = together[0]
    if first.target == "data" and all(s.meaning == "batch" for s in together):
        data = find_item(body, "data")
        return "batch" if isinstance(data, tree.Setting) and "batch" in chains.list_stages(data.value) else ""
    if first.target == "optimizer" and isinstance(first.item, tree.Setting):
        optimizer = find_item(body, "optimizer")
        call = optimizers.find_step(optimizer.value) if isinstance(optimizer, tree.Setting) else None
        op = optimizers.nearest_optimizer(optimizers.name_of(call)) if call is not None else ""
        meanings = {s.meaning for s in together}
        for callee in (op, optimizers.DECAYED.get(op, "")):
            if callee and meanings <= {a.name for a in index.entries(callee)[0].signature}:
                return callee
    if not first.target and isinstance(first.item, tree.Setting):
        calls = calls_of_loss(body, first.item.key)
        return calls[0].callee.text if calls else ""
    return ""


def find_forms(
    together: Sequence[Stranger], body: tree.Settings, section: str, owner: tree.Train | None, model: Definition | None
) -> list[Form]:
    """The repairs of lines that belong together, the best first."""
    first = together[0]
    item, meaning = first.item, first.meaning
    pairs = [(s.meaning, s.item) for s in together if isinstance(s.item, tree.Setting)]
    if first.instead:
        kept = squash(item.key) in SAYS_MORE and not (isinstance(item, tree.Setting) and chains.is_off(item.value))
        return [] if kept else [("", (drop_line(item),))]
    if isinstance(item, tree.Group):
        key = first.target if first.target in GROUPS[section] and first.target != item.key else ""
        forms = [(f"{key} {{ … }}", (Edit(item.name_span, key),))] if key else values.write_setting(item) if meaning == item.key else []
        return measures.write_metrics(item, body, outputs_of(model)) if meaning in ("metrics", "metric") else forms
    if meaning == "name" and owner is not None and section == "train":
        return name_section(item, owner)
    if meaning in ("metrics", "metric"):
        return measures.write_metrics(item, body, outputs_of(model))
    if first.target == "optimizer" and meaning != "optimizer":
        optimizer = find_item(body, "optimizer")
        return optimizers.place_in_optimizer(optimizer if isinstance(optimizer, tree.Setting) else None, pairs)
    if first.target == "data" and meaning != "data":
        data = find_item(body, "data")
        return chains.place_in_data(data if isinstance(data, tree.Setting) else None, pairs)
    if first.target in ("eval", "checkpoint", "stop") and section == "train":
        return groups.place_in_group(body, first.target, pairs)
    if first.target:
        return values.rename(item, first.target, meaning, body)
    return find_owner(item, body, section, owner, model)


def outputs_of(model: Definition | None) -> list[str]:
    """The outputs of the trained model by name."""
    return [o.name for o in model.outputs if o.name] if model is not None else []


def name_section(item: tree.Setting, owner: tree.Train) -> list[Form]:
    """`name = "big"`: `train M as big {`; a name that is a path or a sentence is left away."""
    word = optimizers.word_of(item.value)
    if owner.alias is not None or not re.fullmatch(r"[A-Za-z]\w*", word):
        return [("", (drop_line(item),))]
    start = owner.body.span.start
    text = f"train {owner.model} as {word} {{"
    return [(text, (insert(owner.span.source, start, f"as {word} "), drop_line(item)))]


def find_owner(item: tree.Setting, body: tree.Settings, section: str, owner: tree.Train | None, model: Definition | None) -> list[Form]:
    """Where a line of an unknown name belongs: to the model's params, the loss's arguments, the metrics; or it is a value of one's own."""
    forms: list[Form] = []
    text = item.value.span.text
    if model is not None and owner is not None and any(p.name == item.key for p in model.params):
        forms.append(give_param(item, owner))
    for call in calls_of_loss(body, item.key):
        edits = give_arguments(call, (), {item.key: text})
        forms.append((f"loss = {call.callee.text}(…, {item.key}={text})", (*edits, drop_line(item))))
    if section in ("train", "eval", "update") and is_read(item, body):
        forms.append((f"let {item.key} = {text}", (insert(item.span.source, item.span.start, "let "),)))
    if section in ("train", "eval") and is_measured(item.value):
        forms += measures_one(item)
    return forms


def give_param(item: tree.Setting, owner: tree.Train) -> Form:
    """A param of the model stands in the header."""
    text = item.value.span.text
    have = next((a for a in owner.args if a.name == item.key), None)
    source = owner.span.source
    if have is not None:
        edit = Edit(have.value.span, text)
    elif owner.args:
        edit = insert(source, owner.args[-1].span.end, f", {item.key}={text}")
    else:
        edit = insert(source, owner.name_span.end, f"({item.key}={text})")
    return f"train {owner.model}({item.key}={text})", (edit, drop_line(item))


def calls_of_loss(body: tree.Settings, argument: str) -> list[tree.Call]:
    """The calls in the loss that have an argument of that name."""
    loss = find_item(body, "loss")
    nodes = (loss.value, *descendants(loss.value)) if isinstance(loss, tree.Setting) else ()
    calls = {id(n): n for n in nodes if isinstance(n, tree.Call)}
    return [c for c in calls.values() if (e := index.lookup(c.callee.text, "loss")) and any(a.name == argument for a in e.signature)]


def is_measured(value: tree.Expr) -> bool:
    """Whether an expression has a loss or metric in it."""
    return any(isinstance(n, tree.Call) and index.lookup(n.callee.text, *measures.KINDS) for n in (value, *descendants(value)))


def measures_one(item: tree.Setting) -> list[Form]:
    """`accuracy = accuracy(logits, label)`: it is a metric."""
    return [(f"metric {item.span.text}", (insert(item.span.source, item.span.start, "metric "),))]


def is_read(item: tree.Setting, body: tree.Settings) -> bool:
    """Whether another line of the section names it."""
    word = re.compile(rf"\b{re.escape(item.key)}\b(?!\s*=)")
    spans: list[Span] = [i.value.span for i in body.items if isinstance(i, tree.Setting | tree.Metric | tree.Let) and i is not item]
    return any(word.search(span.text) for span in spans)
