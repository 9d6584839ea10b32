"""Looks at single arrays (.npy), and says how `npy` declares them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from netspec.lazy import np
from netspec.library.data.datasets.npy import map_array
from netspec.library.data.datasets.npz_archive import describe_array
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.tools.data_files import arrays as archives
from netspec.tools.data_files import fields
from netspec.tools.data_files.look import Look, Starter, align, count, require_label


def look(paths: Sequence[Path], tests: Sequence[Path], label: str) -> Look:
    """What arrays of the same number of examples hold. Raises `Mistake`."""
    found = {path.stem: map_array(path) for path in paths}
    looked = {name: np.asarray(array[: LIMITS.described_lines]) for name, array in found.items()}
    examples = len(next(iter(looked.values())))
    used = {name: array for name, array in looked.items() if archives.is_field(array, examples)}
    rows = [(name, describe_array(array), archives.holds(looked[name])) for name, array in found.items()]
    why = {name: archives.why_not(array, examples) for name, array in looked.items() if name not in used}
    left_out = [f"`{name}` is left out: {reason}" for name, reason in why.items()]
    require_label(label, found, paths[0], archives.why_no_label(looked.get(label), examples))
    chosen = archives.guess_label({name: array for name, array in looked.items() if archives.counts(array, examples)}, label)
    starter = archives.make_starter('""', "", used, chosen) if chosen in used else None
    none = "" if starter else archives.why_none(looked, examples, chosen)
    title = f"{count(len(paths), 'array')}" if len(paths) > 1 else f"{paths[0].name}: an array"
    return Look(title, tuple(align(rows)), (*left_out, *fields.warnings(used, {})), starter and _of_files(starter), chosen, none)


def _of_files(starter: Starter) -> Starter:
    """The declaration of an archive as that of single files."""
    return replace(starter, data=starter.data.replace('npz("", ', "npy(", 1))
