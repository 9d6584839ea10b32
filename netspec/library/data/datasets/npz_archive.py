"""Reads arrays in .npz files without trust: nothing is unpickled, and nothing is unpacked before its size is known. Packs them as well."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import ArrayUnlike, BadArchive, BadValue, NoSuchColumn
from netspec.diagnostics.data.records import NoRecords, UnequalCounts
from netspec.diagnostics.running.array_repairs import write_repair
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.datasets.data_file import open_data
from netspec.limits import LIMITS
from netspec.shape import Dim, TensorType

LENGTHS = {b"\x01\x00": 2, b"\x02\x00": 4}
"""Bytes of the header's length, by the version of the format."""
DESCR = r"'descr': *'([<>|=]?(?:b1|[iu][1248]|f[248]|c8|c16|[SUV][0-9]{1,6}|O[48]?))'"
FORTRAN = r"'fortran_order': *(True|False)"
SHAPE = r"'shape': *\(((?:[0-9]{1,18}, *)*(?:[0-9]{1,18})?)\)"
KINDS = {"f": "float", "i": "int", "u": "int", "b": "bool"}
_SHORT = {"float": "f", "uint": "u", "int": "i"}


def pack_archive(arrays: Mapping[str, Array]) -> bytes:
    """The arrays as the content of an .npz file, whatever they are called: `np.savez` has parameters of its own, such as `file`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asanyarray(array), allow_pickle=False)
    return buffer.getvalue()


def read_archive(path: Path, types: Mapping[str, TensorType]) -> dict[str, Array]:
    """The fields as arrays [count, ...] of their types. Raises `Mistake` with the file, the array and, for a bad value, the record."""
    with _opened(path) as archive:
        arrays = {name: _array(archive, name, path, tuple(types)) for name in types}
    return fit_arrays(arrays, types, path)


def read_whole(path: Path, types: Mapping[str, TensorType], optional: tuple[str, ...] = ()) -> dict[str, Array]:
    """The arrays of these types, of which no axis counts examples: sizes of the same symbol are the same. Raises `Mistake` as
    `read_archive` does, but for the `optional` ones that are not there."""
    with _opened(path) as archive:
        there = set(archive.namelist())
        arrays = {name: _array(archive, name, path, tuple(types)) for name in types if name not in optional or f"{name}.npy" in there}
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        kind = types[name]
        _require_like(array, kind, name, path, sizes)
        if array.ndim and not (_fits(kind.shape[0], len(array), sizes) or (not len(array) and not kind.shape[0].is_constant)):
            known = f", and `{kind.shape[0]}` is {sizes[str(kind.shape[0])]}" if str(kind.shape[0]) in sizes else ""
            raise Mistake(ArrayUnlike(file=str(path), array=name, expected=str(kind), found=f"{describe_array(array)}{known}"))
    return {name: convert_array(array, types[name], name, path) for name, array in arrays.items()}


def read_all(path: Path) -> dict[str, Array]:
    """Every array of an archive by name. Raises `Mistake` with the file and the array."""
    with _opened(path) as archive:
        other = next((name for name in archive.namelist() if not name.endswith(".npy")), None)
        if other is not None or not archive.namelist():
            reason = "it holds no array" if other is None else f"`{other}` in it is no array, whose name would end in `.npy`"
            raise Mistake(BadArchive(file=str(path), reason=reason))
        names = tuple(name.removesuffix(".npy") for name in archive.namelist())
        return {name: _array(archive, name, path, names) for name in names}


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """An archive whose entries may be read; whatever is wrong with it inside becomes a `Mistake`."""
    file = open_data(path)
    try:
        with file, zipfile.ZipFile(file) as archive:
            _refuse_bomb(archive, path)
            _refuse_strange(archive, path)
            yield archive
    except (*_FAILURES, ValueError, OSError) as error:
        raise Mistake(BadArchive(file=str(path), reason=_error_line(error))) from None


_FAILURES = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error, UnicodeError, OverflowError)
"""What Python's own reader of archives raises for those that are no archives, or not to its liking."""


def _refuse_strange(archive: zipfile.ZipFile, path: Path) -> None:
    """Raises `Mistake` for entries that two readers would take for different arrays, or that are none."""
    seen: set[str] = set()
    for entry in archive.infolist():
        name, raw = entry.filename, entry.orig_filename
        why = "it stands twice in the file" if name in seen else ""
        if "\0" in raw or ".." in re.split(r"[/\\]", name) or name.startswith(("/", "\\")):
            why = "its name is no name of an array, but leads elsewhere"
        elif entry.flag_bits & 1:
            why = "it is encrypted"
        elif entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            why = "it is compressed in a way that NumPy does not write"
        if why:
            raise Mistake(BadArchive(file=str(path), array=name.removesuffix(".npy"), reason=why))
        seen.add(name)


def _error_line(error: Exception) -> str:
    """An error's text on one line."""
    return " ".join(str(error).split())[: LIMITS.reason_characters].removesuffix(".") or "it ends too early"


def _refuse_bomb(archive: zipfile.ZipFile, path: Path) -> None:
    """Raises `Mistake` for an archive that would unpack to far more than its own size."""
    declared, size = sum(entry.file_size for entry in archive.infolist()), path.stat().st_size
    if declared > max(LIMITS.archive_ratio * size, LIMITS.archive_bytes):
        reason = f"it would unpack from {size:,} to {declared:,} bytes, more than {LIMITS.archive_ratio} times its size"
        raise Mistake(BadArchive(file=str(path), reason=reason))


def _array(archive: zipfile.ZipFile, name: str, path: Path, wanted: tuple[str, ...]) -> Array:
    """One array of the archive. Raises `Mistake` with the names that there are."""
    try:
        entry = archive.getinfo(f"{name}.npy")
    except KeyError:
        columns, known = tuple(n.removesuffix(".npy") for n in archive.namelist()), set(wanted)
        others = tuple(c for c in columns if c not in known)
        raise Mistake(NoSuchColumn(file=str(path), column=name, field=name, columns=others or columns)) from None
    with archive.open(entry) as stream:
        try:
            return _read(stream, entry.file_size)
        except (*_FAILURES, ValueError) as error:
            raise Mistake(BadArchive(file=str(path), array=name, reason=_error_line(error))) from None


def _read(stream: IO[bytes], size: int) -> Array:
    """One array of an archive, whose entry has `size` bytes. Raises ValueError."""
    dtype, by_columns, shape = read_header(stream)
    count = _product(shape)
    if count * dtype.itemsize != size - stream.tell():
        raise ValueError(f"its header promises {count * dtype.itemsize:,} bytes, but it has {size - stream.tell():,}")
    flat = np.frombuffer(stream.read(), dtype)
    if len(flat) != count:
        raise ValueError("it ends too early")
    return flat.reshape(shape[::-1]).T if by_columns else flat.reshape(shape)


def read_header(stream: IO[bytes]) -> tuple[Any, bool, tuple[int, ...]]:
    """Element type, whether columns come first, and shape. Nothing in a header is evaluated. Raises ValueError."""
    start = stream.read(8)
    if start[:6] != b"\x93NUMPY" or start[6:] not in LENGTHS:
        raise ValueError("it begins like no array that NumPy writes" if start[:6] != b"\x93NUMPY" else "its format is of another version")
    length = int.from_bytes(stream.read(LENGTHS[start[6:]]), "little")
    if length > LIMITS.archive_header_bytes:
        raise ValueError(f"its header has {length:,} bytes, more than {LIMITS.archive_header_bytes:,}")
    text = stream.read(length).decode("latin-1")
    found = [re.search(pattern, text) for pattern in (DESCR, FORTRAN, SHAPE)]
    if len(text) < length or not all(found):
        raise ValueError("its header says no plain element type and shape")
    descr, fortran, sizes = (match[1] for match in found if match)
    if "O" in descr:
        raise ValueError("it holds Python objects, which are not unpickled")
    return _element_type(descr), fortran == "True", tuple(int(n) for n in sizes.replace(",", " ").split())


def _element_type(descr: str) -> Any:
    """The element type that a header names. Raises ValueError for one that NumPy has not, and for one of no bytes."""
    try:
        dtype = np.dtype(descr)
    except TypeError:
        raise ValueError(f"its header names `{descr}`, which is no element type") from None
    if not dtype.itemsize:
        raise ValueError("its elements have no bytes")
    return dtype


def _product(shape: tuple[int, ...]) -> int:
    """The number of elements; a header's sizes may be larger than what NumPy counts with."""
    product = 1
    for n in shape:
        product *= n
    return product


# --- are they what the spec says? ------------------------------------------------------------------------------------


def fit_arrays(arrays: Mapping[str, Array], types: Mapping[str, TensorType], path: Path) -> dict[str, Array]:
    """The arrays in the types of a batch's fields. Raises `Mistake` for another kind or shape, unequal counts, and bad values."""
    require_alike(arrays, types, path)
    return {name: convert_array(array, types[name], name, path) for name, array in arrays.items()}


def require_alike(arrays: Mapping[str, Array], types: Mapping[str, TensorType], path: Path) -> None:
    """Raises `Mistake` for arrays of another kind or shape than the fields, and for unequal counts."""
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        _require_like(array, types[name], name, path, sizes)
    (first, count), *rest = ((name, len(array)) for name, array in arrays.items())
    for name, other in rest:
        if other != count:
            raise Mistake(UnequalCounts(file=f"{path}: {first}", other=f"{path}: {name}", records=count, other_records=other))
    if not count:
        raise Mistake(NoRecords(file=str(path)))


def describe_array(array: Array) -> str:
    """`f64[506, 13]`."""
    name = str(array.dtype.newbyteorder("="))
    short = next((name.replace(long, s) for long, s in _SHORT.items() if name.startswith(long)), name)
    return f"{short}{list(array.shape)}"


def _require_like(array: Array, kind: TensorType, name: str, path: Path, sizes: dict[str, int]) -> None:
    """Raises `Mistake` when the array has another kind of elements, or another shape."""
    wanted = "float" if kind.is_float else "int" if kind.is_int else "bool"
    found = KINDS.get(array.dtype.kind)
    reason = "" if found == wanted else f"its elements are {_plural(found)}, not {_plural(wanted)}"
    if not reason and (array.ndim != kind.rank or not all(map(_fits, kind.shape[1:], array.shape[1:], [sizes] * array.ndim))):
        reason = f"it has {array.ndim} axes, not {kind.rank}" if array.ndim != kind.rank else "another shape"
    if reason:
        shown = "" if reason == "another shape" else reason
        sides: list[int | str] = [dim.value if dim.is_constant else str(dim) for dim in kind.shape]
        repair = write_repair(name, sides, kind.dtype, array.shape, found or "", sizes, _is_whole(array))
        raise Mistake(ArrayUnlike(file=str(path), array=name, expected=str(kind), found=describe_array(array), reason=shown, repair=repair))


def _is_whole(array: Array) -> bool:
    """No element has a fraction, so that a cast to whole numbers keeps them all."""
    return array.dtype.kind != "f" or bool(np.isfinite(array).all() and (array == np.trunc(array)).all())


def _plural(kind: str | None) -> str:
    """What arrays of a kind hold, in words for a problem."""
    return {"float": "floats", "int": "whole numbers", "bool": "truth values"}.get(kind or "", "no numbers")


def _fits(dim: Dim, size: int, sizes: dict[str, int]) -> bool:
    """Whether the size is what the dim says; the first use of a symbol gives it its size."""
    if size < 1:
        return False
    return size == (dim.value if dim.is_constant else sizes.setdefault(str(dim), size))


def convert_array(array: Array, kind: TensorType, name: str, path: Path) -> Array:
    """The array in the field's type. Raises `Mistake` with the first record whose value the type does not have."""
    if kind.is_int:
        limits = np.iinfo(kind.jax_dtype)
        if not np.can_cast(array.dtype, kind.jax_dtype):
            _refuse((array < limits.min) | (array > limits.max), array, f"a number that {kind.dtype} holds", name, path)
        return array.astype(kind.jax_dtype)
    if not kind.is_float:
        return array
    with np.errstate(over="ignore"):
        made = array.astype("float32" if kind.dtype == "bf16" else kind.jax_dtype)
    _refuse(~np.isfinite(made), array, "a finite number" if kind.dtype == "f64" else f"a finite number that {kind.dtype} holds", name, path)
    return made


def _refuse(wrong: Array, array: Array, wanted: str, name: str, path: Path) -> None:
    """Raises `Mistake` with the first value that is wrong."""
    if wrong.any():
        place = int(np.argmax(wrong))
        record = place // max(_product(array.shape[1:]), 1)
        value: Any = np.ascontiguousarray(array).reshape(-1)[place]
        raise Mistake(BadValue(file=str(path), where=f"record {record} (counted from 0)", value=str(value), column=name, wanted=wanted))
