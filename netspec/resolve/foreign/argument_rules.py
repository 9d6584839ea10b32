"""Says how foreign arguments are written here that have no name of their own: they go, become a stage behind, or other arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from netspec.diagnostics.suggestions.nearest import squash
from netspec.library.shelf import index
from netspec.record import record
from netspec.resolve.foreign.values import PLAIN, name_op


@record
class Choice:
    """What becomes of an argument of a call, and of the call with it."""

    text: str | None
    """What stands in its place; None where it goes."""
    behind: str = ""
    """A stage behind the call."""
    ahead: str = ""
    """What stands before the call."""
    label: str = ""
    callee: str = ""
    """Another op that is called instead."""


GONE = Choice(None)

SAID_ANYWAY = """
inputshape inputdim inputsize inputlength batchinputshape infeatures inchannels inputchannels
inplace device rng rngs key seed seeds generator params parameters numworkers pinmemory prefetch prefetchfactor root download verbose
usecache usefused fused foreach capturable embeddim hiddensize dmodel kdim vdim normalizedshape numfeatures numchannels returndict
trustremotecode unroll name averageattnweights
"""
"""Arguments that change nothing here whatever they are: what netspec reads elsewhere, and where and how a program runs."""
_SAID = frozenset(map(squash, SAID_ANYWAY.split()))

ONLY_AT: Mapping[str, tuple[str, ...]] = {
    "dataformat": ('"channels_last"', '"nhwc"', '"nwc"', '"ndhwc"'),
    "channelsfirst": ("false", "0"),
    "channelslast": ("true", "1"),
    "batchfirst": ("true", "1"),
    "timemajor": ("false", "0"),
    **dict.fromkeys(
        ("dtype", "paramdtype"), ("f32", '"f32"', '"float32"', "float32", "jnp.float32", "torch.float32", "tf.float32", "none")
    ),
    "trackrunningstats": ("true", "1"),
    "maximize": ("false", "0"),
    "normalized": ("false", "0"),
    "stateful": ("false", "0"),
    "outputattentions": ("false", "0"),
    "needweights": ("false", "0"),
    "isdecoder": ("false", "0"),
    "earlystopping": ("false", "0"),
    "numreturnsequences": ("1",),
    "axis": ("-1",),
    "dim": ("-1",),
    "maskzero": ("false", "0"),
    **dict.fromkeys(("precision", "promotedtype", "paddingidx", "maxnorm", "padtokenid"), ("none",)),
    **dict.fromkeys(("kernelregularizer", "biasregularizer", "activityregularizer"), ("none",)),
    "fromlogits": ("true", "1"),
    "bidirectional": ("false", "0"),
    "numlayers": ("1",),
    "groups": ("1",),
    "dilation": ("1",),
    "dilationrate": ("1", "(1, 1)"),
    "returnsequences": ("true", "1"),
    "ceilmode": ("false", "0"),
    "amsgrad": ("false", "0"),
    "nesterov": ("false", "0"),
    "startdim": ("1",),
    "enddim": ("-1",),
    "paddingmode": ('"zeros"',),
    "reduction": ('"mean"', '"auto"', '"sum_over_batch_size"'),
    "trainable": ("true", "1"),
    "numbeams": ("1",),
    "repetitionpenalty": ("1.0", "1"),
    "weightdecay": ("0", "0.0"),
    "momentum": ("0", "0.0"),
    "addbiaskv": ("false", "0"),
    "addzeroattn": ("false", "0"),
    "sparse": ("false", "0"),
    "scalegradbyfreq": ("false", "0"),
    "dropout": ("0", "0.0"),
    "bias": ("true", "1"),
    "usebias": ("true", "1"),
    "activation": ('"linear"', "none", "None", '""', '"none"', "identity"),
}
"""Arguments that go only where they have one of these values: those that netspec has anyway."""

MODES = frozenset(map(squash, "deterministic training train train_mode is_training use_running_average".split()))
"""Arguments that say whether a program trains: one that a name gives says what `train`, `eval` and `serve` say, a fixed one does not."""

ACTIVATIONS = (
    "activation",
    "act",
    "nonlinearity",
    "actfn",
    "activationfn",
    "actlayer",
    "activationfunction",
    "transferfunction",
    "actfunction",
)


def find_choices(name: str, value: str, op: str, kind: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """What may become of the foreign argument `name=value` of an op that has the arguments `free` left; none where nobody knows."""
    word, plain = squash(name), " ".join(value.split())
    rule = RULES.get(word)
    found = rule(plain, op, free, types) if rule else []
    if word in ACTIVATIONS and not found:
        found = as_stage(plain)
    if plain.lower() in ONLY_AT.get(word, ()) or plain in ONLY_AT.get(word, ()):
        found = [*found, GONE]
    elif word in _SAID or (word in MODES and plain.lower() not in ("true", "false", "0", "1")):
        found = [*found, GONE]
    return found


def as_stage(value: str) -> list[Choice]:
    """An activation as the stage behind its layer."""
    text = value.strip('"')
    if text.lower() in PLAIN:
        return [GONE]
    name, paren, rest = text.partition("(")
    ours = name_op(name, ("function", "layer"))
    inside = f"({rest}" if paren and rest.strip() != ")" else ""
    return [Choice(None, behind=f"{found}{inside}") for found in ours]


def _number(value: str) -> float | None:
    try:
        return float(value.replace("_", "").strip('"'))
    except ValueError:
        return None


def _kept(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """`keep_prob=0.9`: what is dropped is the rest."""
    number = _number(value)
    target = next((n for n in ("rate", "dropout") if n in free), "")
    if number is None or not target or not 0 < number <= 1:
        return []
    return [Choice(f"{target}={round(1 - number, 6):g}")]


def _named(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """`name="conv1"`: a label."""
    label = re.sub(r"\W", "_", value.strip('"')).strip("_").lower()
    return [Choice(None, label=label), GONE] if label[:1].isalpha() else [GONE]


def _flag(*names: str) -> Callable[..., list[Choice]]:
    """`affine=false`: several arguments at once."""

    def rule(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
        if value.lower() in ("true", "1"):
            return [GONE]
        own = [name for name in names if name in free]
        return [Choice(", ".join(f"{name}=false" for name in own))] if own else []

    return rule


def _betas(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """`betas=(0.9, 0.999)`."""
    numbers = re.findall(r"[0-9.]+", value)
    return [Choice(f"b1={numbers[0]}, b2={numbers[1]}")] if len(numbers) == 2 and "b1" in free and "b2" in free else []


def _other_op(names: Mapping[str, str], argument: str = "") -> Callable[..., list[Choice]]:
    """An argument that is an op of its own here: `adam(…, weight_decay=0.1)` is `adamw`."""

    def rule(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
        if value.lower() == "false" or op not in names:
            return []
        return [Choice(f"{argument}={value}" if argument else None, callee=names[op])]

    return rule


def _ahead(code: str, kinds: tuple[str, ...]) -> Callable[..., list[Choice]]:
    """An argument that is a transformation before the op."""

    def rule(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
        return [Choice(None, ahead=code.format(value=value))] if index.lookup(op, *kinds) else []

    return rule


def _decayed(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """Weight decay where the optimizer has none: the optimizer that has it, else the decay before it."""
    if _number(value) == 0 or not index.lookup(op, "optimizer"):
        return []
    better = next((name for name in (f"{op}w",) if index.lookup(name, "optimizer")), "")
    return [*([Choice(f"weight_decay={value}", callee=better)] if better else []), Choice(None, ahead=f"add_decayed_weights({value}) -> ")]


def _last(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """`return_sequences=false`: the last time step."""
    if value.lower() in ("true", "1"):
        return [GONE]
    return [Choice(None, behind="take([-1], axis=1) -> squeeze(1)")]


def _partial(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """`drop_last=true`."""
    if "partial" not in free or value.lower() not in ("true", "false", "1", "0"):
        return []
    return [Choice(f'partial="{"drop" if value.lower() in ("true", "1") else "pad"}"')]


def _part(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """`train=true`, `split="test"`."""
    part = {"true": "train", "false": "test"}.get(value.lower(), value.strip('"'))
    return [Choice(f'part="{part}"')] if "part" in free and part in ("train", "test") else []


def _shuffled(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """`batch(32, shuffle=true)`: a transform before; behind a dataset."""
    asked = value.lower() not in ("false", "0", "none")
    return [Choice(None, ahead="shuffle -> "), Choice(None, behind="shuffle")] if asked else [GONE]


def _stage_if_free(stage: str) -> Callable[..., list[Choice]]:
    """`dense(64, dropout=0.1)`: a stage behind a layer that has no such argument."""

    def rule(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
        if not index.lookup(op, "layer", "function") or value.lower() in ("false", "none"):
            return [GONE] if value.lower() in ("false", "none") else []
        return [Choice(None, behind=stage.format(value=value))]

    return rule


def _mirrored(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """`padding_mode="reflect"`."""
    mode = value.strip('"').upper()
    if "padding" not in types:
        return []
    return [Choice(f'padding="{mode}"')] if mode in ("REFLECT", "CIRCULAR") else []


def _both_ways(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """`lstm(64, bidirectional=true)`."""
    return [Choice(None, callee=f"bidirectional({op}_cell")] if index.lookup(f"{op}_cell") and value.lower() == "true" else []


def _top(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """`accuracy(k=5)`."""
    if op == "greedy":
        return _drawn("top_k")(value, op, free, types)
    return [Choice(f"k={value}", callee="top_k_accuracy")] if op == "accuracy" else []


def _stepped(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """`step(0.1, step_size=3, gamma=0.1)`: the same factor in every period."""
    if op != "step" or not value.isdigit():
        return []
    units = ("epoch", "step") if value == "1" else ("epochs", "steps")
    return [Choice(f"every={value} {unit}", callee="exponential") for unit in units]


def _merged(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """`merge_mode="ave"`: how the two directions become one."""
    word = value.strip('"').lower()
    ours = {"ave": "mean", "average": "mean", "multiply": "mul", "add": "sum"}.get(word, word)
    return [Choice(f'merge="{ours}"')] if "merge" in types and f'"{ours}"' in types["merge"] else []


def _drawn(name: str) -> Callable[..., list[Choice]]:
    """`greedy(…, temperature=0.7)`: what says how elements are drawn, to a decoder that takes the likeliest."""

    def rule(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
        return [Choice(f"{name}={value}", callee="sample")] if op == "greedy" else []

    return rule


def _sampled(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """`do_sample=false`, and `do_sample=true` of a decoder that takes the likeliest: the decoder says it."""
    meant = {"true": "sample", "1": "sample", "false": "greedy", "0": "greedy"}.get(value.lower(), "")
    if meant == "sample":
        return [GONE if op == "sample" else Choice(None, callee="sample")]
    return [GONE if op != "sample" else Choice(None, callee="greedy")] if meant else []


def _all_of_space(value: str, op: str, free: Sequence[str], types: Mapping[str, str]) -> list[Choice]:
    """`global_avg_pool(axis=[1, 2])`: the axes that the layer works on anyway."""
    entry = index.lookup(op, "layer", "function")
    both = value.strip("()[]").replace(" ", "") == "1,2"
    return [GONE] if both and entry is not None and getattr(index.load(entry), "over_space", False) else []


RULES: Mapping[str, Callable[..., list[Choice]]] = {
    **dict.fromkeys(("axis", "dim"), _all_of_space),
    **dict.fromkeys(("keepprob", "keeprate", "keep"), _kept),
    **dict.fromkeys(("name", "label", "layername"), _named),
    **dict.fromkeys(("affine", "elementwiseaffine", "learnable"), _flag("scale", "bias")),
    "center": _flag("bias"),
    "betas": _betas,
    "amsgrad": _other_op({"adam": "amsgrad"}),
    **dict.fromkeys(("heads", "numheads", "nhead", "nheads"), _other_op({"attention": "self_attention"}, "heads")),
    "dosample": _sampled,
    **dict.fromkeys(("weightdecay", "decay", "wd", "l2"), _decayed),
    **dict.fromkeys(
        ("clipnorm", "globalclipnorm", "maxgradnorm", "gradclip", "clip", "gradientclip"),
        _ahead("clip_by_global_norm({value}) -> ", ("optimizer",)),
    ),
    "clipvalue": _ahead("clip_by_value({value}) -> ", ("optimizer",)),
    **dict.fromkeys(("returnsequences", "returnsequence"), _last),
    **dict.fromkeys(("droplast", "dropremainder"), _partial),
    **dict.fromkeys(("train", "split", "subset"), _part),
    "shuffle": _shuffled,
    **dict.fromkeys(("dropout", "dropoutrate", "dropoutprob"), _stage_if_free("dropout({value})")),
    **dict.fromkeys(("batchnorm", "usebatchnorm", "usebn", "bn"), _stage_if_free("batch_norm")),
    **dict.fromkeys(("layernorm", "uselayernorm"), _stage_if_free("layer_norm")),
    "paddingmode": _mirrored,
    **dict.fromkeys(("bidirectional", "bidir"), _both_ways),
    **dict.fromkeys(("k", "topk"), _top),
    **dict.fromkeys(("mergemode", "merge"), _merged),
    "stepsize": _stepped,
    "gamma": lambda value, op, free, types: [Choice(f"rate={value}, staircase=true", callee="exponential")] if op == "step" else [],
    **dict.fromkeys(("temperature", "temp"), _drawn("temperature")),
    **dict.fromkeys(("topp", "nucleus", "p"), _drawn("top_p")),
    "numbeams": lambda value, op, free, types: (
        [Choice(f"size={value}", callee="beam")] if op in ("sample", "greedy") and value != "1" else []
    ),
}
"""Squashed foreign name -> what becomes of the argument, by its value, the op and what the op has left."""
