"""Finds what an unknown name of an op or an argument may have meant: a slip of the finger, or another library's word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.calls.kinds import HOMES
from netspec.diagnostics.names.unknown_names import UnknownArgument, UnknownName
from netspec.diagnostics.suggestions.aliases import Foreign, aliases, foreign_ops
from netspec.diagnostics.suggestions.nearest import find_alike, find_same, nearest, squash, take_candidates
from netspec.diagnostics.text.calls import find_call
from netspec.diagnostics.text.forms import FORMS
from netspec.library.shelf import index
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.resolve.foreign.calls import Takes, Written, propose_calls
from netspec.resolve.foreign.functions import propose_functions
from netspec.shape import DTYPES
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.migrations import find_renamed_argument


def unknown_op(at: Span, name: str, kinds: tuple[str, ...], others: Iterable[str], call: Written | None = None) -> Diagnostic:
    """A call of something that does not exist, where ops of these kinds, or one of the `others`, can stand."""
    found = suggest_for_plugin(at, name, kinds) or suggest_from_shelf(at, name, kinds, others)
    written = at.source.pointers is None and call is not None and isinstance(found, UnknownName)
    known = tuple(propose_functions(call, name)) if written and call is not None and "function" in kinds else ()
    if isinstance(found, UnknownName) and call is not None:
        from netspec.resolve.foreign.defaults import choose_op, doubt

        if how := doubt(name, call.args):
            return replace(found, near=(), how=how)
        own = choose_op(name, call.args)
        found = replace(found, near=(own,)) if own and index.lookup(own, *kinds) else found
    if known:
        return replace(found, ways=known)
    if isinstance(found, UnknownName) and call is not None and found.how and not found.near and at.source.pointers is None:
        return replace(found, ways=tuple(write_code(call, name, kinds)))
    if not isinstance(found, UnknownName) or call is None or at.source.pointers is not None or not (found.near or "ctivation" in name):
        return found
    from netspec.resolve.foreign.ops import propose_ops

    return replace(found, ways=(*propose_ops(call, name, found.near, kinds), *propose_spaced(call, name)))


def propose_spaced(call: Written, name: str) -> list[Repair]:
    """`arange(1, 9)` where an initial value is computed: numbers at equal distances, by the first and the last; draws by `randn`."""
    texts = [arg.value.span.text for arg in call.args]
    drawn = {"randn": "normal(1.0)", "rand": "uniform(1.0)"}.get(squash(name.rpartition(".")[2]))
    if drawn is not None:
        return [Repair((Edit(call.span, drawn),), drawn)]
    if squash(name.rpartition(".")[2]) not in ("arange", "range") or not texts or not all(re.fullmatch(r"-?[0-9]+", t) for t in texts):
        return []
    numbers = range(*map(int, texts[:3])) if texts[2:] != ["0"] else ()
    if not numbers:
        return []
    text = f"linspace({numbers[0]}, {numbers[-1]})"
    return [Repair((Edit(call.span, text),), text)]


def write_code(call: Written, name: str, kinds: tuple[str, ...]) -> list[Repair]:
    """The stage by which a foreign op is said here, with the number that stands in its call; an activation by its name."""
    from netspec.resolve.foreign.ops import propose_ops

    said = find_foreign(name.rpartition(".")[2], kinds)
    code = said.code.removeprefix("x -> ") if said is not None and said.code.startswith("x -> ") else ""
    if not code or "->" in code or ";" in code:
        return propose_ops(call, name, (), kinds)
    numbers = [arg.value.span.text for arg in call.args if isinstance(arg.value, tree.Number)]
    text = re.sub(r"[0-9]+(\.[0-9]+)?", numbers[-1], code, count=1) if numbers else code
    return [Repair((Edit(call.span, text),), text)]


def suggest_for_plugin(at: Span, name: str, kinds: tuple[str, ...] = ()) -> Diagnostic | None:
    """What is said of a name with that of a plugin before it: it was not asked for, or has no such op. None for any other name."""
    plugin, dot, _ = name.partition(".")
    if not dot:
        return None
    own = [ours for ours in index.names(*kinds) if ours.startswith(f"{plugin}.")]
    if any(ours.startswith(f"{plugin}.") for ours in index.names()) and index.lookup(plugin) is None:
        near = find_alike(name, own)
        return UnknownName(
            at=at,
            name=name,
            noun=" or ".join(kinds) or "value",
            near=tuple(near[: LIMITS.suggestions]),
            options=tuple(own[: LIMITS.listed_names]),
        )
    from netspec.diagnostics.running.plugins import UnknownPlugin
    from netspec.library.shelf.plugins import find_installed

    return UnknownPlugin(at=at, name=name, plugin=plugin) if plugin in find_installed() else None


def suggest_from_shelf(at: Span, name: str, kinds: tuple[str, ...], others: Iterable[str]) -> UnknownName:
    """The same for names without a plugin, and for those of other libraries."""
    options = take_candidates(chain(index.names(*kinds), others))
    last = name.rpartition(".")[2]  # `nn.Dense`, `jax.nn.relu`
    near = find_same(last, options)
    said = None if near else find_foreign(last, kinds)
    if said is not None:
        near = [ours for ours in said.ours if ours in options]
    how = said.how() if said is not None else ""
    if not near and not how and name in FORMS:
        how = f"`{name}` is no call but begins a line: `{FORMS[name]}`"
    if not near and not how:
        near = find_alike(last, options) if said is None else []
        how = "" if near else find_elsewhere(last)
    listed = index.names("dataset") if "dataset" in kinds else options if len(options) <= LIMITS.listed_names else []
    shown = () if near else tuple(listed)
    return UnknownName(at=at, name=name, noun=" or ".join(kinds), near=tuple(near[: LIMITS.suggestions]), how=how, options=shown)


def name_labelled(problem: UnknownName, label: str) -> UnknownName:
    """`d.kernel` of a layer that has the label `d`: an instance of that name has weights to read. Any other problem stays."""
    source = problem.at.source
    if source.pointers is not None:
        return problem
    above = source.text[: problem.at.start]
    found = [*re.finditer(rf"->[ \t]*({re.escape(label)}[ \t]*:[ \t]*)([A-Za-z_][\w.]*)", above)]
    if not found:
        return problem
    place = found[-1]
    call = find_call(Span(source, place.start(2), place.end(2)))
    end = place.end(2) if call is None else call.end
    start = above.rfind("\n", 0, place.start()) + 1
    indent = re.match(r"[ \t]*", source.text[start:])
    made = f"shared {label} = {source.text[place.start(2) : end]}"
    lines = Edit(Span(source, start, start), f"{indent[0] if indent else ''}{made}\n")
    way = Repair((lines, Edit(Span(source, place.start(1), end), label)), made)
    return replace(problem, ways=(way,), how=f"`{label}` is a label, and an instance has weights to read")


def find_foreign(name: str, kinds: Sequence[str]) -> Foreign | None:
    """What other libraries' users mean by it, where things of these kinds stand."""
    tables = [table for section, table in foreign_ops().items() if set(section) & set(kinds)]
    return next((table[squash(name)] for table in tables if squash(name) in table), None)


def find_elsewhere(name: str) -> str:
    """Where the op stands that this name means, when it is of a kind that the place does not take."""
    for section, table in foreign_ops().items():
        meant = [*find_same(name, index.names(*section)), *(table[squash(name)].ours if squash(name) in table else ())]
        entry = index.lookup(meant[0], *section) if meant else None
        if entry is not None:
            article = "an" if entry.kind[0] in "aeio" else "a"
            return f"`{entry.name}` is {article} {entry.kind}: {HOMES[entry.kind]}" if entry.kind in HOMES else ""
    return ""


def unknown_value(name: str) -> list[str]:
    """Ops that can stand as a value in a model, such as `xavier` for an initializer; no slips: those are of the names in sight."""
    if name.lower() in _CONSTANTS:
        return [_CONSTANTS[name.lower()]]
    said = find_foreign(name, ("initializer",))
    return [*find_same(name, index.names("initializer")), *(said.ours if said is not None else ())]


_CONSTANTS = {
    **dict.fromkeys(("null", "nil", "undefined", "nullptr"), "none"),
    **{"infinity": "inf", "yes": "true", "no": "false", "true": "true", "false": "false", "none": "none"},
}
"""How other languages write our constants."""


def unknown_in_training(at: Span, name: str, known: Iterable[str], own: Sequence[str], kinds: Sequence[str]) -> Diagnostic:
    """A name in `train` that is none of those `known` there, the spec's `own` among them, where ops of these kinds can stand."""
    near = nearest(name, chain(known, DTYPES, index.names(kinds[0]) if kinds else ()))
    return suggest_for_plugin(at, name) or UnknownName(
        at=at, name=name, noun="value", near=tuple(near), options=tuple(own[: LIMITS.listed_names])
    )


def unknown_arguments(call: Written, odd: Sequence[tree.Arg], what: Takes, options: Sequence[str]) -> list[Diagnostic]:
    """The named arguments of a call that the op or block does not have, as one problem; those that it had once are each another.
    `options` are the arguments that it has, in their order, and then its inputs."""
    shelf = what.kind not in ("block", "let")
    old = {id(arg): find_renamed_argument(arg.name_span, what.op, arg.name or "") if shelf else None for arg in odd}
    if all(old.values()):
        return [problem for problem in old.values() if problem is not None]
    first = next(arg for arg in odd if old[id(arg)] is None)
    others = tuple(arg.name or "" for arg in odd if arg is not first)
    problem = unknown_argument(call, first, what, options)
    return [replace(problem, ways=tuple(propose_calls(call, what)), others=others)]


def unknown_argument(call: Written, arg: tree.Arg, what: Takes, options: Sequence[str]) -> UnknownArgument:
    """A named argument of a call that the op or block does not have."""
    name = arg.name or ""
    free = _free(call.args, options)
    near = find_same(name, free) or [ours for ours in aliases().get(squash(name), ()) if ours in free]
    how = "" if near else ADVICE.get(squash(name), "").format(op=what.op, value=arg.value.span.text.strip('"'))
    if not near and not how:
        near = find_alike(name, free)
    lacks = [each for each in what.needed if each in free and each not in near]
    if near and lacks and near[0] in what.types and call.staged and all(arg.name for arg in call.args):
        needed = ", ".join(f"{each}=…" for each in lacks)
        whole = f"{what.op}({near[0]}={arg.value.span.text}, {needed})"
        how = f"it is `{near[0]}` here, and `{what.op}` needs {quote_names(lacks)} too: `{whole}`"
    return UnknownArgument(at=arg.name_span, op=what.op, name=name, near=tuple(near[:1]), how=how, options=tuple(options))


def quote_names(names: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _free(args: Sequence[tree.Arg], options: Sequence[str]) -> list[str]:
    """The options that the call leaves open: those by name are given, and the first ones by literals, which are no inputs."""
    literals = sum(arg.name is None and isinstance(arg.value, LITERALS) for arg in args)
    given = {arg.name for arg in args}
    return [name for name in options[literals:] if name not in given]


LITERALS = (tree.Number, tree.String, tree.Constant, tree.ListExpr)

ADVICE = {
    "activation": "an activation is a stage of its own: `{op}(…) -> {value}`",
    "act": "an activation is a stage of its own: `{op}(…) -> {value}`",
    "nonlinearity": "an activation is a stage of its own: `{op}(…) -> {value}`",
    "inputshape": "the model's `input` line has the shape",
    "inputdim": "the model's `input` line has the shape",
    "infeatures": "the model's `input` line has the shape; a layer reads it from there",
    "inchannels": "the model's `input` line has the shape; a layer reads it from there",
    "labelsmoothing": "smooth the labels themselves: `softmax_cross_entropy(logits, 0.9 * one_hot(label, 10) + 0.1 / 10)`",
    "fromlogits": "losses take logits: leave out the softmax or sigmoid before them, and this argument",
    "reduction": "a loss is averaged over the batch; its values, one for each example, are `each({op}(…))`",
    "sampleweight": "how much each example counts: `weight={value}`",
    "deterministic": "`train`, `eval` and `serve` tell the layer whether it trains: it has no switch of its own",
    "training": "`train`, `eval` and `serve` tell the layer whether it trains: it has no switch of its own",
    "trainmode": "`train`, `eval` and `serve` tell the layer whether it trains: it has no switch of its own",
    **dict.fromkeys(
        ("train", "istraining", "userunningaverage"),
        "`train`, `eval` and `serve` tell the layer whether it trains: it has no switch of its own",
    ),
    **dict.fromkeys(
        ("batchfirst", "timemajor"), "the batch always comes first, then time: `transpose(x, [1, 0, 2])` turns a tensor that has time first"
    ),
    **dict.fromkeys(
        ("dataformat", "channelsfirst"),
        "images are always [batch, height, width, channels]: `transpose(x, [0, 2, 3, 1])` turns one with its channels first",
    ),
    "trainable": 'what trains is said in `train`: an optimizer leaves out what `freeze("{op}_0/**")` names',
    "maximize": "a loss always falls: what is to grow stands with its sign turned, `loss = -(…)`",
    "paddingidx": "every id has a row that learns: what pads is left out by a `mask`, or by `ignore` of the loss",
    "maskzero": "what pads is left out by a `mask` where it matters: `mask=ids != 0`",
    "maxnorm": "rows are not held to a norm: `clip_by_global_norm(…)` before the optimizer holds the gradients",
    "trackrunningstats": "`batch_norm` always keeps the statistics that `eval` and `serve` use; `group_norm` and `layer_norm` keep none",
    **dict.fromkeys(("axis", "dim"), "`{op}` works on axes of its own: `transpose(x, […])` before it brings another one there"),
    "name": "a label names a layer: `x -> name: {op}(…)`",
    "inplace": "values never change: leave it out",
    "device": "the spec does not say where it runs: leave it out",
    "rng": "random numbers come from the setting `seed` of `train`: leave it out",
    "key": "random numbers come from the setting `seed` of `train`: leave it out",
    "seed": "random numbers come from the setting `seed` of `train`: leave it out",
    "numlayers": "one call is one layer; write `repeat n {{ x = x -> {op}(…) }}`",
    "bidirectional": "run it both ways: `bidirectional({op}(…))`",
    "returnsequences": "the result has every time step; the last one is `[:, -1]`",
    **dict.fromkeys(
        ("kernelregularizer", "biasregularizer", "activityregularizer"),
        "decay of the weights stands in the optimizer, `adamw(0.001, weight_decay=0.01)`",
    ),
    "keepprob": "`rate` is the share that is dropped: 1 minus what is kept",
    "paramdtype": "parameters have the type of the input; `precision` in `train` sets what training computes in",
    "dtype": "an op has the type of its input; `precision` in `train` sets what training computes in",
}
"""What is said of foreign arguments that have no name here; squashed name -> help."""
