"""Writes the call of an op of another library as that of ours: what the first numbers mean there, and which go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from netspec.diagnostics.base import Edit, Repair
from netspec.diagnostics.suggestions.nearest import squash
from netspec.library.shelf import index
from netspec.record import record, replace
from netspec.resolve.foreign.argument_rules import as_stage
from netspec.resolve.foreign.calls import Written, propose_calls, show, takes_of
from netspec.resolve.foreign.defaults import list_defaults, momentum
from netspec.syntax import tree


@record
class Reading:
    """How positional arguments are read: places that go, and places that get a name."""

    gone: tuple[int, ...] = ()
    named: Mapping[int, str] | None = None
    """By place: the name, or the whole argument as it is written here."""
    more: str = ""
    """What stands behind the arguments, where another default holds there."""


def propose_ops(call: Written, name: str, ours: Sequence[str], kinds: Sequence[str]) -> list[Repair]:
    """Ways to write the call of a foreign op by the names `ours` of the shelf, or of the file."""
    found: list[Repair] = []
    last = name.rpartition(".")[2]
    if squash(last) in ("activation", "activationlayer") and sum(arg.name != "name" for arg in call.args) == 1:
        stages = as_stage(next(arg for arg in call.args if arg.name != "name").value.span.text)
        return [show(call, [_edit(call, choice.behind)]) for choice in stages if choice.behind]
    for own in ours:
        entry = index.lookup(own, *kinds) or index.lookup(own)
        if entry is None:
            found.append(show(call, [_callee(call, own)]))
            continue
        for reading in list_readings(name, entry, call.args):
            found += propose_calls(call, takes_of(entry), own, reading.gone, reading.named, reading.more)
        if entry.kind in ("loss", "metric"):
            found += swap_first(call, found)
    return list(dict.fromkeys(found))


def swap_first(call: Written, found: Sequence[Repair]) -> list[Repair]:
    """The same with the first two arguments the other way round: Keras has the labels in front."""
    places = [arg.value.span for arg in call.args if arg.name is None][:2]
    if len(places) < 2:
        return []
    swapped = [Edit(places[0], places[1].text), Edit(places[1], places[0].text)]
    free = [repair for repair in found if not any(edit.span in places for edit in repair.edits)]
    return [show(call, [*repair.edits, *swapped]) for repair in free]


def _edit(call: Written, text: str) -> Edit:
    return Edit(call.span, text)


def _callee(call: Written, text: str) -> Edit:
    return Edit(call.callee, text)


def list_readings(name: str, entry: index.Entry, args: Sequence[tree.Arg]) -> Iterator[Reading]:
    """How the positional arguments may be meant, the likeliest first."""
    places = [n for n, arg in enumerate(args) if arg.name is None]
    library, _, name = name.rpartition(".")
    numbers = [n for n in places if not re.match(r"[A-Za-z]", args[n].value.span.text)]
    params = [a.name for a in entry.signature]
    if not params:
        yield Reading()
        said = ("true", "false", "1") if entry.name == "flatten" else ("true", "false")  # from the first axis on; in place
        yield Reading(tuple(n for n in places if args[n].value.span.text.lower() in said))
        return
    own = READINGS.get(entry.name)
    readings = [*(own(name, numbers) if own is not None else ()), Reading()]
    for reading in readings:
        for more in list_defaults(library, name, entry.name, args, reading):
            yield replace(reading, more=more, named={**momentum(name, entry.name, args), **(reading.named or {})})


def _norm(name: str, numbers: list[int]) -> Iterator[Reading]:
    """PyTorch's norms begin with the number of features, which is known, and then have epsilon."""
    if len(numbers) == 2:
        yield Reading((numbers[0],), {numbers[1]: "epsilon"})
    elif len(numbers) < 2:
        yield Reading(tuple(numbers))


def _first_is_input(name: str, numbers: list[int]) -> Iterator[Reading]:
    """PyTorch's layers begin with the features that come in."""
    if len(numbers) >= 2:
        yield Reading((numbers[0],))


def _conv(name: str, numbers: list[int]) -> Iterator[Reading]:
    """`Conv2d(3, 64, 3)` is PyTorch's, `Conv2D(64, 3)` of Keras."""
    if re.search(r"\dd$", name) and len(numbers) >= 2:
        yield Reading((numbers[0],))


def _recurrence(name: str, numbers: list[int]) -> Iterator[Reading]:
    """`LSTM(32, 64, 2)`: features in, features, layers."""
    if len(numbers) >= 3:
        yield Reading((numbers[0],), {numbers[2]: "layers"})
    yield from _first_is_input(name, numbers)


def _heads(name: str, numbers: list[int]) -> Iterator[Reading]:
    """`MultiheadAttention(512, 8)` of PyTorch has the features first, `MultiHeadAttention(8, 64)` of Keras the size of a head behind."""
    if len(numbers) >= 2 and "MultiHead" in name:
        yield Reading((), {numbers[1]: "head_size"})
    yield from _first_is_input(name, numbers)


def _group(name: str, numbers: list[int]) -> Iterator[Reading]:
    """`GroupNorm(8, 64)`: groups, and features, which are known."""
    if len(numbers) >= 2:
        yield Reading((numbers[1],))


NORMS = ("batch_norm", "layer_norm", "instance_norm", "rms_norm")
"""Layers that know how many features come in, which other libraries are told."""
READINGS = {
    **dict.fromkeys((*NORMS, "prelu"), _norm),
    "dense": _first_is_input,
    **dict.fromkeys(("conv", "conv_transpose", "separable_conv", "depthwise_conv"), _conv),
    **dict.fromkeys(("lstm", "gru", "lstm_cell", "gru_cell", "simple_cell"), _recurrence),
    "self_attention": _heads,
    "group_norm": _group,
}
"""By our name, how another library's numbers are read first."""
