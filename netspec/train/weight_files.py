"""Weights as files: one array per parameter and buffer, by logical path, in the formats of other programs.

A `repeat` is written layer by layer. `safetensors` and `npz` say besides of which run, spec and step they are.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import BadArchive
from netspec.diagnostics.running.weight_files import UnknownWeightsFile, WeightsUnreadable
from netspec.files import PathLike, read_bytes
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.datasets.npz_archive import read_all
from netspec.train.flax_file import pack_variables, read_variables
from netspec.train.leaves import dtype_of, is_dtype
from netspec.train.safetensors_file import METADATA, pack_tensors, read_tensors
from netspec.train.strict_json import Strict, Text, Unfit, fit, parse_json

SUFFIXES = {"safetensors": ".safetensors", "npz": ".npz", "flax": ".msgpack"}
"""The formats, and how their files end."""
OURS = "netspec"
"""What the metadata of our own files say: their names are paths as they stand."""
COLLECTIONS = ("params", "buffers", "batch_stats")
"""Names of the dicts that other programs put around the paths."""


@dataclass(frozen=True)
class Weights:
    """Arrays by logical path."""

    params: Mapping[str, Array]
    buffers: Mapping[str, Array]
    about: Mapping[str, str] = field(default_factory=dict)
    """What is said of them: the digest of the spec, the step."""

    @property
    def arrays(self) -> dict[str, Array]:
        """All of them; no buffer has the path of a parameter."""
        return {path: np.asarray(array) for path, array in {**self.params, **self.buffers}.items()}


def pack_weights(weights: Weights, kind: str) -> bytes:
    """The content of a file of a format. Raises `Mistake` where a package for it is missing."""
    about = {OURS: "1", **weights.about}
    if kind == "safetensors":
        return pack_tensors(weights.arrays, about)
    if kind == "npz":
        return _pack_npz(weights.arrays, about)
    whole = weights.arrays
    return pack_variables({path: whole[path] for path in weights.params}, {path: whole[path] for path in weights.buffers})


def find_kind(path: PathLike) -> str:
    """The format that a file's name ends with. Raises `Mistake`."""
    found = next((kind for kind, suffix in SUFFIXES.items() if os.fspath(path).lower().endswith(suffix)), None)
    if found is None:
        raise Mistake(UnknownWeightsFile(path=os.fspath(path), suffixes=tuple(SUFFIXES.values())))
    return found


def read_weights(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    """Every array of a file by path, and what the file says of itself. Raises `Mistake` that names the file."""
    try:
        arrays, about = _READERS[find_kind(path)](path)
    except Unfit as unfit:
        raise Mistake(WeightsUnreadable(path=str(path), place=unfit.place, reason=unfit.finding)) from None
    try:
        return (arrays if OURS in about else _strip(arrays)), about
    except Unfit as unfit:
        raise Mistake(WeightsUnreadable(path=str(path), place=unfit.place, reason=unfit.finding)) from None


def _strip(arrays: dict[str, Array]) -> dict[str, Array]:
    """The arrays without the names of collections, where all of them stand in one."""
    parts = {name: name.partition("/") for name in arrays}
    if not all(head in COLLECTIONS and rest for head, _, rest in parts.values()):
        return arrays
    found = {rest: arrays[name] for name, (_, _, rest) in parts.items()}
    if len(found) < len(arrays):
        raise Unfit("", "two of its collections have arrays of one path")
    return found


# --- npz -------------------------------------------------------------------------------------------------------------


def _pack_npz(arrays: Mapping[str, Array], about: Mapping[str, str]) -> bytes:
    """The arrays as an archive of NumPy's; what NumPy has no type for stands as whole numbers, and its type beside it."""
    others = {name: str(array.dtype) for name, array in arrays.items() if array.dtype.kind == "V"}
    note = json.dumps({"about": dict(about), "types": others}, sort_keys=True).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in {METADATA: np.frombuffer(note, np.uint8), **arrays}.items():
            plain = array.view(f"u{array.dtype.itemsize}") if name in others else array
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.ascontiguousarray(plain).reshape(array.shape), allow_pickle=False)
    return buffer.getvalue()


class _Note(Strict):
    """What stands in an archive of ours besides its arrays."""

    about: dict[Text, Text]
    types: dict[Text, Text]


def _read_npz(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    try:
        arrays = read_all(path)
    except Mistake as mistake:
        bad = mistake.diagnostic
        if not isinstance(bad, BadArchive):
            raise
        raise Unfit(f"`{bad.array}`" if bad.array else "", bad.reason) from None
    if METADATA not in arrays:
        return arrays, {}
    note = fit(parse_json(arrays.pop(METADATA).tobytes()), _Note)
    for name, kind in note.types.items():
        if name not in arrays or not is_dtype(kind) or dtype_of(kind).itemsize != arrays[name].dtype.itemsize:
            raise Unfit(f"`{name}`", f"it is no array of {kind}, as its note says")
        arrays[name] = arrays[name].view(dtype_of(kind))
    return arrays, dict(note.about)


_READERS: dict[str, Callable[[Path], tuple[dict[str, Array], dict[str, Any]]]] = {
    "npz": _read_npz,
    "safetensors": lambda path: read_tensors(read_bytes(path)),
    "flax": lambda path: (read_variables(read_bytes(path)), {OURS: "the tree of Flax has no other names"}),
}
