"""Finds how settings that belong to the optimizer stand in it: the learning rate, a schedule, weight decay, clipping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netspec.diagnostics.base import Edit
from netspec.diagnostics.suggestions.nearest import nearest, squash
from netspec.library.shelf import index
from netspec.resolve.foreign_settings.lines import apply_inside, drop_line, give_arguments, insert, word_of
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

RATE = "learning_rate"
DECAYED = {"adam": "adamw", "nadam": "nadamw", "adamax": "adamaxw"}
"""The optimizer that takes weight decay, by the one that does not."""
CLIPS = {"clip": "clip_by_global_norm", "clip_value": "clip_by_value"}

Form = tuple[str, tuple[Edit, ...]]
"""Words for a repair, and its edits."""


def place_in_optimizer(optimizer: tree.Setting | None, strangers: Sequence[tuple[str, tree.Setting]]) -> list[Form]:
    """How the optimizer is with what the strangers, each with its meaning, say of it; nothing where that is not known."""
    if optimizer is None:
        return begin_optimizer(strangers)
    call = find_step(optimizer.value)
    if call is None or "#" in optimizer.value.span.text:
        return []
    op = name_of(call)
    order = [a.name for a in index.entries(nearest_optimizer(op))[0].signature]
    given, before = read_strangers(strangers, order, nearest_optimizer(op), find_rate(call, order))
    if given is None:
        return []
    decays = DECAYED.get(nearest_optimizer(op), "") if "weight_decay" in given and "weight_decay" not in order else ""
    edits = write_call(call, order, given, decays)
    start = optimizer.value.span.start
    if before:
        edits = merge_first(edits, insert(optimizer.span.source, start, before))
    words = f"optimizer = {apply_inside(optimizer.value.span, edits)}"
    return [(words, (*edits, *(drop_line(item) for _, item in strangers)))]


def write_call(call: tree.Expr, order: Sequence[str], given: Mapping[str, str], decays: str) -> list[Edit]:
    """The edits of the call of the optimizer, or of the string that names it."""
    if isinstance(call, tree.String):
        name = decays or nearest_optimizer(call.value)
        args = [text if key == RATE else f"{key}={text}" for key, text in sorted(given.items(), key=lambda i: i[0] != RATE)]
        return [Edit(call.span, f"{name}({', '.join(args)})")]
    assert isinstance(call, tree.Call | tree.Name)
    edits = give_arguments(call, order, dict(sorted(given.items(), key=lambda i: i[0] != RATE)))
    named = call.callee if isinstance(call, tree.Call) else call
    return [Edit(named.span, decays), *edits] if decays else edits


def merge_first(edits: list[Edit], first: Edit) -> list[Edit]:
    """Two edits at one place as one: of two that overlap only one would count."""
    same = next((e for e in edits if e.span.start == first.span.start), None)
    if same is None:
        return [first, *edits]
    return [Edit(same.span, first.text + same.text), *(e for e in edits if e is not same)]


def begin_optimizer(strangers: Sequence[tuple[str, tree.Setting]]) -> list[Form]:
    """Without an `optimizer` the first of them becomes one, where it says the learning rate."""
    order = [a.name for a in index.entries("adam")[0].signature]
    given, before = read_strangers(strangers, order, "adam", "")
    if not given or RATE not in given:
        return []
    name = "adamw" if "weight_decay" in given else "adam"
    args = [text if key == RATE else f"{key}={text}" for key, text in sorted(given.items(), key=lambda i: i[0] != RATE)]
    text = f"optimizer = {before}{name}({', '.join(args)})"
    first, *others = [item for _, item in strangers]
    return [(text, (Edit(first.span, text), *(drop_line(item) for item in others)))]


def read_strangers(
    strangers: Sequence[tuple[str, tree.Setting]], order: Sequence[str], op: str, rate: str
) -> tuple[dict[str, str] | None, str]:
    """The arguments that the strangers give, and what stands before the optimizer; None where one is not understood."""
    given: dict[str, str] = {}
    before = ""
    for meaning, item in sorted(strangers, key=lambda s: STEPS.index(s[0]) if s[0] in STEPS else 0):
        value, text = item.value, item.value.span.text
        if meaning in CLIPS:
            if not isinstance(value, tree.Number):
                return None, ""
            before += f"{CLIPS[meaning]}({text}) -> "
        elif meaning == "betas" and isinstance(value, tree.ListExpr | tree.TupleExpr) and len(value.items) == 2:
            given |= {f"b{i}": part.span.text for i, part in enumerate(value.items, 1)}
        elif meaning == "schedule":
            found = write_schedule(value, given.get(RATE, rate))
            if not found:
                return None, ""
            given[RATE] = found
        elif meaning == "warmup":
            found = write_warmup(item, given.get(RATE, rate))
            if not found:
                return None, ""
            given[RATE] = found
        elif meaning == "optimizer_arguments" and isinstance(value, tree.DictExpr):
            for part in value.items:
                name = find_argument(part.key, order)
                if not name:
                    return None, ""
                given[name] = part.value.span.text
        elif meaning == "weight_decay" and "weight_decay" not in order and op not in DECAYED:
            before += f"add_decayed_weights({text}) -> "
        elif meaning == "weight_decay" or meaning in order:
            given[meaning] = text
        else:
            return None, ""
    return given, before


STEPS = (RATE, "weight_decay", "optimizer_arguments", "schedule", "warmup")
"""The order in which they are read: a schedule takes the learning rate that another says."""


def find_argument(name: str, order: Sequence[str]) -> str:
    """The argument of an optimizer that a name means, or ""."""
    return next(iter(nearest(name, order)), "")


def write_schedule(value: tree.Expr, rate: str) -> str:
    """A schedule as the learning rate: as it stands, or made of its name and the learning rate."""
    text = value.span.text
    if isinstance(value, tree.Call):
        return text if index.lookup(value.callee.text, "schedule") else translate_schedule(value, rate)
    name = next(iter(nearest(word_of(value), index.names("schedule"))), "") if word_of(value) else ""
    entry = index.lookup(name, "schedule") if name else None
    if entry is None or not rate or sum(a.required for a in entry.signature) != 1:
        return ""
    return f"{name}({rate})"


def translate_schedule(call: tree.Call, rate: str) -> str:
    """A schedule of PyTorch, whose learning rate stands in the optimizer: `StepLR(step_size=30)`, `CosineAnnealingLR(T_max=10)`."""
    name, args = squash(call.callee.text.rpartition(".")[2]), {squash(a.name or ""): a.value.span.text for a in call.args}
    plain = [a.value.span.text for a in call.args if a.name is None and isinstance(a.value, tree.Number)]
    if not rate:
        return ""
    if name in ("steplr", "stepdecay", "exponentiallr"):
        every = args.get("stepsize", plain[0] if plain else "1")
        unit = "epoch" if every == "1" else "epochs"
        steps = ", staircase=true" if name != "exponentiallr" else ""
        return f"exponential({rate}, {args.get('gamma', '0.1')}, every={every} {unit}{steps})" if every.isdigit() else ""
    own = next(iter(nearest(call.callee.text.rpartition(".")[2], index.names("schedule"))), "")
    entry = index.lookup(own, "schedule") if own else None
    return f"{own}({rate})" if entry is not None and sum(a.required for a in entry.signature) == 1 else ""


def write_warmup(item: tree.Setting, rate: str) -> str:
    """A warm-up before the learning rate."""
    text = item.value.span.text
    if isinstance(item.value, tree.Number) and isinstance(item.value.value, int):
        text += f" {'epoch' if 'epoch' in item.key else 'step'}{'s' * (item.value.value != 1)}"
    elif not isinstance(item.value, tree.Duration):
        return ""
    for name in ("cosine", "linear"):
        if rate.startswith(f"{name}(") and rate.count("(") == 1:
            return f"warmup_{name}({rate[len(name) + 1 : -1]}, warmup={text})"
    if not rate:
        return ""
    return f"warmup({rate}, {text})" if "(" in rate else f"warmup_constant({rate}, warmup={text})"


def find_step(value: tree.Expr) -> tree.Call | tree.Name | tree.String | None:
    """The optimizer in a value that takes the step: the only one that has a learning rate."""
    found = [node for node in (value, *descendants(value)) if isinstance(node, tree.Call | tree.Name | tree.String)]
    callees = {id(node.callee) for node in found if isinstance(node, tree.Call)}
    steps = {id(n): n for n in found if id(n) not in callees and (op := nearest_optimizer(name_of(n))) and has_rate(op)}
    return next(iter(steps.values())) if len(steps) == 1 else None


def has_rate(op: str) -> bool:
    """Whether an optimizer takes a learning rate of its own."""
    entry = index.lookup(op, "optimizer")
    return entry is not None and any(a.name == RATE for a in entry.signature)


def name_of(node: tree.Call | tree.Name | tree.String) -> str:
    """What an optimizer is called where it stands."""
    return node.callee.text if isinstance(node, tree.Call) else word_of(node)


def nearest_optimizer(name: str) -> str:
    """The optimizer of that name, in whatever letters: `Adam`, `optim.Adam`."""
    last = name.rpartition(".")[2]
    if index.lookup(last, "optimizer"):
        return last
    same = [own for own in index.names("optimizer") if squash(own) == squash(last)]
    return same[0] if same else ""


def find_rate(call: tree.Expr, order: Sequence[str]) -> str:
    """The learning rate as it is written in a call; "" where it is not."""
    args = call.args if isinstance(call, tree.Call) else ()
    named = next((a for a in args if a.name == RATE), None)
    first = args[0] if args and args[0].name is None and order[:1] == [RATE] else None
    arg = named or first
    return arg.value.span.text if arg is not None else ""
