"""Looks at JSON lines: what their entries hold, and how `json_lines` declares them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.records import NoRecords
from netspec.lazy import np
from netspec.library.data.datasets.json_objects import leaves, read_objects
from netspec.limits import LIMITS
from netspec.record import record
from netspec.shape.types import LARGEST
from netspec.tools.data_files.look import Look, Starter, align, batch_size, count, quoted, require_label, share, write_names
from netspec.tools.data_files.tables import FEW, LABELS, SET_ASIDE, field_name

TOKENS = 100_000
"""Whole numbers of a sequence up to this one are taken for those of words."""
SHOWN = 4


@record(eq=False)
class Entry:
    """What stands under one name in all lines."""

    name: str
    values: Sequence[Any]
    """Of the lines that have it; null counts as none."""
    gaps: int
    kind: str
    """ "whole", "number", "truth", "text", "list", or "" for what no field holds."""
    shape: tuple[int | None, ...] = ()
    """Of a list; None where lists have different lengths."""
    whole: bool = False
    """Are all numbers of a list whole?"""
    large: bool = False
    """Is a number larger than f32 holds?"""

    @property
    def fault(self) -> str:
        """Why it is no field, where it is none."""
        if self.large:
            return "it holds numbers that are too large"
        return "it is missing or null in some lines" if self.gaps else "no field holds it"

    @property
    def sequence(self) -> bool:
        return self.shape[:1] == (None,)

    def describe(self) -> str:
        """Its values in a few words."""
        if self.kind == "list":
            lengths = [len(value) for value in self.values]
            inner = "".join(f" of {size}" for size in self.shape[1:])
            return f"lists of {min(lengths):,}{'' if min(lengths) == max(lengths) else f' to {max(lengths):,}'}{inner}"
        if self.kind in ("whole", "number") and len(set(self.values)) > SHOWN:
            return f"{min(self.values):g} to {max(self.values):g}"
        seen = Counter(map(str, self.values))
        if len(seen) > SHOWN:
            return f"{len(seen):,} different"
        return ", ".join(f"{text[:20]} {number:,}" for text, number in seen.most_common())


def look(paths: Sequence[Path], tests: Sequence[Path], label: str) -> Look:
    """What the lines hold. Raises `Mistake`."""
    lines = [example for path in paths for _, example in islice(read_objects(path), LIMITS.described_lines)]
    if not lines:
        raise Mistake(NoRecords(file=str(paths[0])))
    entries = {name: _entry(name, lines) for name in dict.fromkeys(name for line in lines for name in line)}
    used = {name: entry for name, entry in entries.items() if entry.kind and not entry.gaps}
    require_label(label, entries, paths[0], _why_no_label(entries[label], label in used) if label in entries else "")
    chosen = _guess_label(used, label)
    rows = [
        (e.name, e.kind, e.describe() if e.kind else "", f"{share(e.gaps, len(lines))} missing" if e.gaps else "") for e in entries.values()
    ]
    inputs, notes = _choose_inputs(used, chosen)
    left_out = [f"`{name}` is left out: {entry.fault}" for name, entry in entries.items() if name not in used]
    again = len(lines) - len({repr(line) for line in lines})
    repeated = [f"{count(again, 'line')} {'repeats' if again == 1 else 'repeat'} another one"] if again else []
    named = write_names(paths, paths, tests), write_names(tests[:1], paths, tests)
    starter = _make_starter(*named, inputs, used[chosen], len(lines)) if inputs else None
    name = paths[0].name if len(paths) == 1 else count(len(paths), "file")
    title = f"{name}: {count(len(lines), 'line')}, {count(len(entries), 'entry', 'entries')}"
    return Look(title, tuple(align(rows)), (*left_out, *notes, *repeated), starter, chosen)


def _entry(name: str, lines: Sequence[Mapping[str, Any]]) -> Entry:
    """What stands under a name."""
    values = [line[name] for line in lines if line.get(name) is not None]
    gaps, kinds = len(lines) - len(values), {type(value) for value in values}
    if any(type(leaf) in (int, float) and abs(leaf) > LARGEST["f32"] for value in values for leaf in leaves(value)):
        return Entry(name, values, gaps, "", large=True)
    if kinds and kinds <= {int, float}:
        return Entry(name, values, gaps, "whole" if kinds == {int} else "number")
    if kinds in ({bool}, {str}):
        return Entry(name, values, gaps, "truth" if kinds == {bool} else "text")
    shape = _common_shape(values) if kinds == {list} else None
    inner = {type(leaf) for value in values for leaf in leaves(value)} if shape else set()
    plain = (
        shape is not None and inner and inner <= {int, float} and (shape[0] is not None or len(shape) < 3)
    )  # else no small model takes it
    return Entry(name, values, gaps, "list", shape, inner == {int}) if plain and shape else Entry(name, values, gaps, "")


def _common_shape(values: Sequence[Any]) -> tuple[int | None, ...] | None:
    """The sizes that all lists have, None for a first one that differs; nothing where they have no common shape."""
    try:
        shapes = {np.shape(value) for value in values if value}
    except ValueError:
        return None
    if len({shape[1:] for shape in shapes}) != 1:
        return None
    lengths, rest = {len(value) for value in values}, next(iter(shapes))[1:]
    return (lengths.pop() if len(lengths) == 1 else None, *rest)


def _why_no_label(entry: Entry, used: bool) -> str:
    """Why an entry cannot be the label; "" where it may."""
    if not used:
        return entry.fault
    if entry.kind in ("whole", "number") or _words(entry):
        return ""
    return {"list": "it holds lists", "truth": "it holds truth values, which are no classes: write 0 and 1"}.get(
        entry.kind, f"it holds {len(set(entry.values)):,} different texts in {count(len(entry.values), 'line')}"
    )


def _guess_label(used: Mapping[str, Entry], wished: str) -> str:
    """The entry with a usual name of a label, else the last one that is one value."""
    if wished in used:
        return wished
    single = [name for name, entry in used.items() if entry.kind in ("whole", "number") or _words(entry)]
    return next((name for wish in LABELS for name in single if name.lower() == wish), single[-1] if single else "")


def _words(entry: Entry) -> tuple[str, ...]:
    """The classes of an entry of texts of which few are different."""
    words = sorted(set(entry.values)) if entry.kind == "text" else []
    return tuple(words) if 1 < len(words) <= max(min(len(entry.values) // 2, LIMITS.listed_names), FEW) and "" not in words else ()


def _choose_inputs(used: Mapping[str, Entry], label: str) -> tuple[dict[str, Entry], list[str]]:
    """The entries that a first small model takes, and why others are left out."""
    if not label:
        return {}, []
    others = {name: entry for name, entry in used.items() if name != label}
    sequences = [name for name, entry in others.items() if entry.sequence]
    sequences += [name for name, entry in others.items() if entry.kind == "text" and not sequences]
    notes = []
    for name, entry in list(others.items()):
        if (entry.sequence or entry.kind == "text") and name != sequences[0]:
            notes.append(f"`{name}` is left out of the declaration: `length` counts the elements of one sequence, `{sequences[0]}`")
        elif entry.kind == "truth":
            notes.append(f"`{name}` is left out of the declaration: it is no number")
        else:
            continue
        del others[name]
    return others, notes


def _make_starter(file: str, test: str, inputs: Mapping[str, Entry], label: Entry, lines: int) -> Starter:
    """A small spec of the lines."""
    taken = {"label", "y", "logits", "batch", "h", "length", "carry"}
    fields = {field_name(name, taken): entry for name, entry in inputs.items()}
    sequence = any(entry.sequence or entry.kind == "text" for entry in fields.values())
    body, loss, metric, kind, classes = _ends(label)
    types = {name: _type(entry) for name, entry in fields.items()}
    declared = ", ".join(f"{name}: {text}" for name, text in {**types, **({"length": "i32[]"} if sequence else {}), "label": kind}.items())
    names = {name: entry.name for name, entry in {**fields, "label": label}.items() if name != entry.name}
    renamed = f", names={{{', '.join(f'{name}: {quoted(own)}' for name, own in names.items())}}}" if names else ""
    scaled = [name for name, text in {**types, "label": kind}.items() if text.startswith("f")]
    steps = "".join(f' -> standardize("{name}")' for name in scaled)
    batch = batch_size(lines)
    ending = f"test={test or SET_ASIDE}"
    data = f"json_lines({file}, fields={{{declared}}}{renamed}{classes}, {ending}){steps} -> shuffle -> batch({batch})"
    ports = [
        f"{name}: {text.replace('[]', '[B]') if text.endswith('[]') else text.replace('[', '[B, ', 1)}" for name, text in types.items()
    ]
    ports += ["length: i32[B]"] if sequence else []
    first, parts = _parts(fields)
    joined = parts[0] if len(parts) == 1 else f"concat({', '.join(parts)}, axis=-1)"
    return Starter(data, tuple(ports), (*first, f"h = {joined} -> dense(32) -> relu", *body), loss, metric)


def _type(entry: Entry) -> str:
    """The type of one example's field."""
    if entry.kind == "text":
        return "u8[N]"
    if entry.kind != "list":
        return "f32[]"
    tokens = entry.sequence and len(entry.shape) == 1 and _tokens(entry)
    return f"{'i32' if tokens else 'f32'}[{', '.join('T' if size is None else str(size) for size in entry.shape)}]"


def _tokens(entry: Entry) -> int:
    """How many different numbers of words a sequence has room for; 0 where it holds other numbers."""
    numbers = [leaf for value in entry.values for leaf in value]
    return max(numbers) + 1 if entry.whole and min(numbers) >= 0 and max(numbers) < TOKENS else 0


def _parts(fields: Mapping[str, Entry]) -> tuple[list[str], list[str]]:
    """Statements for the sequence, and each input as rows of numbers."""
    first, parts = [], []
    for name, entry in fields.items():
        if entry.sequence or entry.kind == "text":
            tokens = 256 if entry.kind == "text" else _tokens(entry) if len(entry.shape) == 1 else 0
            whole = f"cast({name}, i32)" if entry.kind == "text" else name
            made = f"{whole} -> embed({tokens}, 32)" if tokens else f"{name}[:, :, none]" if len(entry.shape) == 1 else name
            first.append(f"_, carry = {made} -> gru(32, lengths=length, return_state=true)")
            parts.append("carry.h")
        elif entry.kind == "list":
            parts.append(name if len(entry.shape) == 1 else f"({name} -> flatten)")
        else:
            parts.append(f"{name}[:, none]")
    return first, parts


def _ends(label: Entry) -> tuple[tuple[str, ...], str, str, str, str]:
    """The model's output, the loss, the metric, the label's type, and its classes."""
    words, values = _words(label), label.values
    small = label.kind == "whole" and 0 <= min(values) <= max(values) < 100 and len(set(values)) <= FEW
    if words or small:
        classes = f", classes={{label: [{', '.join(map(quoted, words))}]}}" if words else ""
        output = f"output logits = h -> dense({len(words) or max(values) + 1})"
        return (output,), "softmax_cross_entropy(logits, label)", "accuracy(logits, label)", "i32[]", classes
    return ("output y = (h -> dense(1))[:, 0]",), "mean_squared_error(y, label)", "", "f32[]", ""
