"""Looks at archives of arrays (.npz) and single ones (.npy), and says how `npz` and `npy` declare them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.datasets.npz_archive import describe_array, read_all
from netspec.tools.data_files import fields
from netspec.tools.data_files.field_facts import count_values
from netspec.tools.data_files.look import Look, Starter, align, batch_size, count, require_label, share, write_names
from netspec.tools.data_files.tables import LABELS, SET_ASIDE, field_name

DTYPES = {"f2": "f16", "f4": "f32", "f8": "f32", "i1": "i8", "i2": "i32", "i4": "i32", "i8": "i32", "u1": "u8", "u2": "i32", "u4": "u32"}
"""The element type that a spec has for one of NumPy; numbers of 64 bits become narrower, where they fit."""


def look(paths: Sequence[Path], tests: Sequence[Path], label: str) -> Look:
    """What an archive holds. Raises `Mistake`."""
    arrays = read_all(paths[0])
    sizes = [len(array) for array in arrays.values() if array.ndim]
    examples = max(set(sizes), key=lambda size: (sizes.count(size), size)) if sizes else 0
    used = {name: array for name, array in arrays.items() if is_field(array, examples)}
    rows = [(name, describe_array(array), holds(array)) for name, array in arrays.items()]
    left_out = [f"`{name}` is left out: {why_not(array, examples)}" for name, array in arrays.items() if name not in used]
    compared = _compare(used, tests[0]) if tests else ()
    found = (*left_out, *fields.warnings(used, {}), *compared)
    require_label(label, arrays, paths[0], why_no_label(arrays.get(label), examples))
    chosen = guess_label({name: array for name, array in arrays.items() if counts(array, examples)}, label)
    named = write_names(paths[:1], paths, tests), write_names(tests[:1], paths, tests)
    starter = make_starter(*named, used, chosen) if chosen in used else None
    unfit = find_unfit_test(used, tests[0]) if starter and tests else ""
    starter, why = (None, unfit) if unfit else (starter, "" if starter else why_none(arrays, examples, chosen))
    return Look(f"{paths[0].name}: {count(len(arrays), 'array')}", tuple(align(rows)), found, starter, chosen, why)


def _compare(arrays: Mapping[str, Array], test: Path) -> Iterator[str]:
    """What an archive that is evaluated lacks, and what of it training has, or has not."""
    others = read_all(test)
    like = {n: others[n] for n, array in arrays.items() if n in others and others[n].shape[1:] == array.shape[1:] and others[n].ndim}
    yield from (f"`{test.name}` has no `{name}` of such examples" for name in arrays if name not in like)
    if len({len(array) for array in like.values()}) == 1:
        yield from fields.compare({name: arrays[name] for name in like}, like, "the evaluation")


def dtype_of(array: Array) -> str:
    """The element type of a field that an array fills; "" for what is no number."""
    return "bool" if array.dtype.kind == "b" else DTYPES.get(f"{array.dtype.kind}{array.dtype.itemsize}", "")


def find_gaps(array: Array) -> str:
    """In how many records an array holds what no dataset of arrays takes, in words; "" where it holds finite numbers alone."""
    if array.dtype.kind != "f" or not array.ndim:
        return ""
    bad = int((~np.isfinite(array)).reshape(len(array), -1).any(-1).sum())
    return f"NaN or infinity in {share(bad, len(array))} of {count(len(array), 'record')}" if bad else ""


def holds(array: Array) -> str:
    """What is in an array, as far as it holds numbers."""
    if not (array.ndim and array.size and dtype_of(array)):
        return ""
    return find_gaps(array) or fields.describe(array)


def counts(array: Array, examples: int) -> bool:
    """Has an array something for each example?"""
    return bool(dtype_of(array) and array.ndim and len(array) == examples and array[:1].size)


def is_field(array: Array, examples: int) -> bool:
    """Has an array a number for each place of each example?"""
    return counts(array, examples) and not find_gaps(array)


MEND = "arrays have no sign for a missing value: fill them, or leave the records out, where the file is made"


def why_none(arrays: Mapping[str, Array], examples: int, label: str) -> str:
    """Why no declaration is proposed, where what is missing is at fault; "" for any other reason."""
    gaps = {name: found for name, array in arrays.items() if counts(array, examples) and (found := find_gaps(array))}
    name = label if label in gaps else next((name for name in gaps if arrays[name].ndim > 1), "")
    return f"{'the label ' * (name == label)}`{name}` holds {gaps[name]}, and {MEND}" if name else ""


def find_unfit_test(arrays: Mapping[str, Array], test: Path) -> str:
    """Why a file cannot be evaluated, where what is missing in it is at fault."""
    others = read_all(test)
    name, gaps = next(((name, gaps) for name in arrays if name in others and (gaps := find_gaps(others[name]))), ("", ""))
    return f"`{name}` of `{test.name}` holds {gaps}, and {MEND}" if gaps else ""


def why_not(array: Array, examples: int) -> str:
    """Why an array is no field."""
    if counts(array, examples):
        return f"it holds {find_gaps(array)}, and {MEND}"
    if array.ndim and len(array) == examples and dtype_of(array):
        return f"it has nothing in an example ({describe_array(array)})"
    if not dtype_of(array):
        return f"its elements are no numbers ({array.dtype})"
    return "it has no axis" if not array.ndim else f"it has {len(array):,} records, the others have {examples:,}"


def why_no_label(array: Array | None, examples: int) -> str:
    """Why an array cannot be the label of a small spec; "" where it may."""
    if array is None:
        return ""
    if not is_field(array, examples):
        return why_not(array, examples)
    return "" if array.ndim == 1 else f"it has {describe_array(array)}, and the small spec learns one number an example"


def guess_label(arrays: Mapping[str, Array], wished: str) -> str:
    """The array with a usual name of a label, else the last one of one number an example."""
    if wished in arrays:
        return wished
    plain = [name for name, array in arrays.items() if array.ndim == 1]
    named = next((n for wish in LABELS for n in arrays if n.lower().removesuffix("_train") == wish and arrays[n].ndim == 1), "")
    return named or (plain[-1] if plain else "")


def field_type(array: Array) -> str:
    """`f32[28, 28]`, of one example."""
    return f"{dtype_of(array)}[{', '.join(map(str, array.shape[1:]))}]"


def make_starter(file: str, test: str, arrays: Mapping[str, Array], label: str) -> Starter | None:
    """A small spec of the arrays; None where there is nothing to learn from, or no label."""
    inputs = {name: array for name, array in arrays.items() if name != label and array.ndim > 1}
    if not label or not inputs or not all(name.isidentifier() for name in (label, *inputs)):
        return None
    taken = {"logits", "y", "h", "batch"}
    names = {name: field_name(name.removesuffix("_train"), taken) for name in inputs}
    names[label] = "label" if label.lower() in ("y", "logits", "h", "y_train") else label
    renamed = ", ".join(f'{old}="{new}"' for old, new in names.items() if old != new)
    declared = ", ".join(f"{name}: {field_type(arrays[name])}" for name in (*inputs, label))
    ending = f"test={test or SET_ASIDE}"
    batch = batch_size(len(arrays[label]))
    data = f"npz({file}, fields={{{declared}}}, {ending}){f' -> rename({renamed})' if renamed else ''} -> shuffle -> batch({batch})"
    ports = tuple(f"{names[name]}: {dtype_of(array)}[{', '.join(('B', *map(str, array.shape[1:])))}]" for name, array in inputs.items())
    flat = [_flat(names[name], array) for name, array in inputs.items()]
    joined = flat[0] if len(flat) == 1 else f"concat({', '.join(f'({text})' for text in flat)}, axis=-1)"
    body, loss, metric = _ends(names[label], arrays[label])
    return Starter(data, ports, (f"h = {joined} -> dense(64) -> relu", *body), loss, metric)


def _flat(name: str, array: Array) -> str:
    """The input as one row of floats around 0 to 1 for each example."""
    cast = name if array.dtype.kind == "f" else f"cast({name}, f32)"
    scaled = f"({cast} / 255)" if array.dtype == np.uint8 and array.ndim > 2 else cast
    return f"{scaled} -> flatten" if array.ndim > 2 else scaled


def _ends(label: str, array: Array) -> tuple[tuple[str, ...], str, str]:
    """The model's output, the loss and the metric."""
    found = count_values(array) if array.dtype.kind in "iu" else {}
    if found and min(found) >= 0:
        output = f"output logits = h -> dense({max(found) + 1})"
        integer = label if dtype_of(array) != "u8" else f"cast({label}, i32)"
        return (output,), f"softmax_cross_entropy(logits, {integer})", f"accuracy(logits, {integer})"
    wanted = label if array.dtype.kind == "f" else f"cast({label}, f32)"
    return ("output y = (h -> dense(1))[:, 0]",), f"mean_squared_error(y, {wanted})", ""
