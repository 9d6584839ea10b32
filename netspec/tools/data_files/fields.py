"""Says what arrays and columns of examples hold, by field: ranges, classes, lengths, and what would mislead a training on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.columns import Ragged
from netspec.limits import LIMITS
from netspec.tools.data_files.field_facts import Facts, count_values, look_at
from netspec.tools.data_files.look import count

UNBALANCED = 10


def describe_all(table: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Each field with what it holds; of a short list of numbers each place."""
    for name, values in table.items():
        if isinstance(values, np.ndarray) and values.ndim == 2 and 1 < values.shape[1] <= LIMITS.listed_names:
            yield from ((f"{name}[{place}]", describe(values[:, place])) for place in range(values.shape[1]))
        else:
            yield name, describe(values, names.get(name, ()))


def describe(values: Any, names: Sequence[str] = ()) -> str:
    """What a field holds, in a few words; `names` are those of its classes."""
    facts = look_at(values)
    if not facts.kind:
        return "read when a batch needs them"
    if facts.lengths is not None:
        low, half, high = facts.lengths
        words = f"lengths {low:,} to {high:,}, half of them up to {half:,}"
        return words + (f", values {_range(facts)}" if facts.mean is not None else "")
    if not facts.uniform:
        return f"{count(len(values), 'value')} of different shapes"
    if found := count_values(values):
        return ", ".join(f"{names[value] if 0 <= value < len(names) else value} {number:,}" for value, number in found.items())
    return _range(facts)


def _range(facts: Facts) -> str:
    """`-1.5 to 3, mean 0.2`."""
    if facts.mean is None:
        return f"{facts.missing:,} missing" if facts.missing else ""
    if facts.kind.startswith("bool"):
        return f"true in {facts.mean:.0%}"
    gaps = f", {facts.missing:,} missing" if facts.missing else ""
    return f"{facts.low:g} to {facts.high:g}, mean {facts.mean:.4g}{gaps}"


def warnings(table: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Fields that are the same everywhere, in part or as a whole, classes out of balance, examples that occur again."""
    for name, values in table.items():
        if not isinstance(values, np.ndarray) or len(values) < 2:
            continue
        same = np.all(values == values[:1], axis=0)
        if np.all(same):
            yield f"`{name}` is the same in every example"
        elif values.ndim == 2 and same.any():
            yield f"{int(same.sum())} of the {same.size} numbers of `{name}` are the same in every example: {_places(same)}"
        found = count_values(values) if values.ndim == 1 and values.dtype.kind in "iu" else {}
        if len(found) > 1 and max(found.values()) >= UNBALANCED * min(found.values()):
            least, known = min(found, key=lambda value: found[value]), names.get(name, ())
            shown = known[least] if 0 <= least < len(known) else least
            share = max(found.values()) / len(values)
            yield f"`{name}` is out of balance: {shown} stands in {count(found[least], 'example')}, another in {share:.0%} of all"
    if again := count_repeated(table):
        yield f"{count(again, 'example')} {'repeats' if again == 1 else 'repeat'} another one"


def _places(same: Array) -> str:
    """Numbers of the first columns that are meant, from 0."""
    places = np.flatnonzero(same).tolist()
    return ", ".join(map(str, places[: LIMITS.listed_names])) + (", …" if len(places) > LIMITS.listed_names else "")


def digests(table: Mapping[str, Any]) -> list[bytes]:
    """What tells examples apart, for those whose fields are all in memory; nothing where one is not."""
    import hashlib

    if not table or any(not isinstance(values, np.ndarray | Ragged) and not hasattr(values, "values") for values in table.values()):
        return []
    found = [hashlib.blake2b(digest_size=16) for _ in range(len(next(iter(table.values()))))]
    for values in table.values():
        kept = values if isinstance(values, np.ndarray | Ragged) else values.values
        rows = kept if isinstance(kept, np.ndarray) else kept.rows(np.arange(len(kept)))
        for digest, row in zip(found, rows, strict=True):
            digest.update(np.ascontiguousarray(row).tobytes())
    return [digest.digest() for digest in found]


def count_repeated(table: Mapping[str, Any]) -> int:
    """How many examples are the same as one before."""
    found = digests(table)
    return len(found) - len(set(found))


def compare(table: Mapping[str, Any], other: Mapping[str, Any], part: str) -> Iterator[str]:
    """What another part has in common with training, and what only it has."""
    both = len(set(digests(table)) & set(digests(other)))
    if both:
        yield f"{count(both, 'example')} of {part} {'stands' if both == 1 else 'stand'} in training as well"
    for name, values in table.items():
        there = other.get(name)
        if not isinstance(values, np.ndarray) or not isinstance(there, np.ndarray) or values.dtype.kind not in "fiu":
            continue
        if values.ndim == 1 and values.dtype.kind in "iu" and (seen := count_values(values)):
            new = sorted(set(np.unique(there).tolist()) - set(seen))
            if new:
                yield f"`{name}` has values in {part} that training does not: {', '.join(map(str, new[: LIMITS.listed_names]))}"
        elif (outside := int(((there < values.min()) | (there > values.max())).sum())) and values.ndim < 3:
            yield f"`{name}` lies outside of training's {values.min():g} to {values.max():g} at {count(outside, 'place')} of {part}"
