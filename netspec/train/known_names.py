"""Compares what the numbers of data are called, classes of labels and tokens of vocabularies, where weights go from one training to
another: a row of an embedding or a head means the name that had its number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.weight_files import InitialNamesDiffer
from netspec.ir import TrainPlan
from netspec.train.data_preparation import Knowledge
from netspec.train.initial_weights import Initial
from netspec.train.strict_json import Count, Digest, Strict, Text, Unfit, fit, parse_json

KEY = "names"
"""What a file of weights calls them in its metadata."""


class Names(NamedTuple):
    """What numbers from 0 on are called."""

    count: int
    digest: str
    known: Sequence[str] | None = None
    """The names themselves, where more than their digest is there."""


def find_names(plan: TrainPlan | None, learned: Knowledge) -> dict[str, Names]:
    """The names of a training's data: of classes by field, and what else steps of its chain have learned in order."""
    if plan is None:
        return {}
    dataset = plan.data.dataset
    named = dataset.class_names(learned.get(dataset.op_name(), {}))
    classes = {f"the classes of `{field}`": list(names) for field, names in named.items()}
    seen = {tuple(names[start:]) for names in classes.values() for start in (0, 1)}  # 0 may stand for what is unknown
    steps = {f"`{step}`, {place}": names for step, known in learned.items() for place, names in _walk(known) if tuple(names) not in seen}
    return {name: _names(texts) for name, texts in {**classes, **steps}.items() if texts}


def _walk(known: Any, place: str = "") -> Iterator[tuple[str, list[str]]]:
    """The lists of texts, and the texts, in what was learned."""
    if isinstance(known, str):
        yield place, [known]
    elif isinstance(known, Mapping):
        for key, value in known.items():
            yield from _walk(value, f"{place}/{key}".lstrip("/"))
    elif isinstance(known, Sequence) and known and all(isinstance(item, str) for item in known):
        yield place, list(known)
    elif isinstance(known, Sequence) and known and isinstance(known[0], Sequence):
        yield place, [json.dumps(item) for item in known]


def _names(texts: list[str]) -> Names:
    return Names(len(texts), hashlib.sha256(json.dumps(texts).encode()).hexdigest(), texts)


# --- in files of weights ---------------------------------------------------------------------------------------------


def pack_names(names: Mapping[str, Names]) -> str:
    """What the metadata of a file say of names."""
    return json.dumps({name: {"count": own.count, "sha256": own.digest} for name, own in names.items()}, sort_keys=True)


class _Form(Strict):
    """What stands of one list of names in metadata."""

    count: Count
    sha256: Digest


class _Forms(Strict):
    names: dict[Text, _Form]


def read_names(text: str | None) -> dict[str, Names]:
    """What the metadata of a file say of names; nothing where they say nothing that can be read."""
    try:
        found = fit({"names": parse_json((text or "{}").encode())}, _Forms)
    except Unfit:
        return {}
    return {name: Names(own.count, own.sha256) for name, own in found.names.items()}


# --- compared --------------------------------------------------------------------------------------------------------


def require_same_names(initial: Initial, now: Mapping[str, Names], allowed: bool) -> Initial:
    """The weights to begin with, with a line for names that are others now. Raises `Mistake` for some that nobody has allowed, unless their
    number is another too and arrays of other shapes were left out, as those of a head are."""
    found = [
        (name, describe_difference(old, now[name])) for name, old in initial.names.items() if name in now and old.digest != now[name].digest
    ]
    if not found:
        return initial
    fewer = all(initial.names[name].count != now[name].count for name, _ in found)
    differences = tuple(f"{name}: {text}" for name, text in found)
    if not allowed and not (fewer and initial.record["left"]):
        raise Mistake(InitialNamesDiffer(source=initial.source, differences=differences))
    return replace(initial, lines=(*initial.lines, *(f"  other names: {text}" for text in differences)))


def describe_difference(old: Names, new: Names) -> str:
    """What is another, with the first number that has another name."""
    if old.count != new.count:
        return f"there are {new.count:,}, and were {old.count:,}"
    if old.known is None or new.known is None:
        return f"the {new.count:,} are others, or in another order"
    place = next(i for i, (was, is_) in enumerate(zip(old.known, new.known, strict=True)) if was != is_)
    order = "the same ones in another order" if sorted(old.known) == sorted(new.known) else f"not the same {new.count:,}"
    return f"{order}: number {place} is {_quoted(new.known[place])}, and was {_quoted(old.known[place])}"


def _quoted(text: str) -> str:
    short = text if len(text) <= 40 else f"{text[:39]}…"
    return f"`{short}`"
