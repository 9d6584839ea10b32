"""Keeps the tensors of a checkpoint in one file: what they are, as JSON behind its length in eight bytes, then their bytes end to end.

One file is what a disk takes fastest. Orbax, which wrote checkpoints before (`leaves` still reads those), made seven files of a small model
and took 40 ms of a processor for them, where this takes 1.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Annotated, BinaryIO

from netspec.diagnostics.base import Mistake
from netspec.files import open_file, write_new
from netspec.lazy import np
from netspec.library.base import Array
from netspec.limits import LIMITS
from netspec.train.leaves import Leaf, dtype_of
from netspec.train.manifest import DType, Shape
from netspec.train.strict_json import AsTuple, Strict, Text, Unfit, fit, parse_json
from netspec.train.tensor_files import BadArrays

NAME = "tensors.bin"
_LENGTH = 8
"""Bytes of the length of the header."""
_JOINED = 1 << 20
"""Bytes: tensors smaller than this are put together before they are written."""


class _Header(Strict):
    """What the file says of its tensors, in their order."""

    leaves: list[Annotated[tuple[Text, DType, Shape], AsTuple]]


def write_tensors(path: Path, leaves: Sequence[Leaf], arrays: Iterable[Array]) -> tuple[int, str]:
    """Write the file, and have it on the disk; its size and SHA-256. Raises `Mistake` with `WriteFailed`."""
    digest, size = hashlib.sha256(), 0

    def measured() -> Iterator[bytes | memoryview]:
        nonlocal size
        for piece in _join(_header(leaves), arrays):
            digest.update(piece)
            size += len(piece)
            yield piece

    write_new(path, measured())
    return size, digest.hexdigest()


def _header(leaves: Sequence[Leaf]) -> bytes:
    """The only text for these tensors, behind its length."""
    text = json.dumps({"leaves": [[leaf.name, leaf.dtype, list(leaf.shape)] for leaf in leaves]}, separators=(",", ":")).encode()
    return len(text).to_bytes(_LENGTH, "little") + text


def _join(first: bytes, arrays: Iterable[Array]) -> Iterator[bytes | memoryview]:
    """The bytes of the file in few pieces, so that many small tensors are one call of the system, and no large one is copied."""
    small = [first]
    for array in arrays:
        if array.nbytes < _JOINED:
            small.append(array.tobytes())
        else:
            yield b"".join(small)
            small = []
            yield memoryview(_bytes_of(np.ascontiguousarray(array)))
    yield b"".join(small)


def _bytes_of(array: Array) -> Array:
    """A view of an array's bytes: JAX's own element types know no buffers."""
    return array.reshape(-1).view(np.uint8)


def read_tensors(path: Path, leaves: Sequence[Leaf]) -> dict[str, Array]:
    """The tensors by name, bit for bit as they were given to `write_tensors`. Raises `BadArrays` where they are others, before anything of
    the size that they claim is made."""
    with _open(path) as file:
        length = _require_header(file, leaves)
        need = _LENGTH + length + sum(prod(leaf.shape) * dtype_of(leaf.dtype).itemsize for leaf in leaves)
        if (found := os.fstat(file.fileno()).st_size) != need:
            raise BadArrays(f"it has {found:,} bytes, and its tensors take {need:,}", NAME)
        return {leaf.name: _read(file, leaf) for leaf in leaves}


def _open(path: Path) -> BinaryIO:
    """The file to be read. Raises `BadArrays` where it is none, or not there."""
    try:
        return open_file(path)
    except Mistake:
        raise BadArrays("it is missing, or cannot be read as a file", NAME) from None


def _read(file: BinaryIO, leaf: Leaf) -> Array:
    """The next tensor."""
    array = np.empty(leaf.shape, dtype_of(leaf.dtype))
    if array.size and file.readinto(memoryview(_bytes_of(array))) != array.nbytes:  # type: ignore[attr-defined]
        raise BadArrays("it ends before its tensors do", NAME)
    return array


def _require_header(file: BinaryIO, leaves: Sequence[Leaf]) -> int:
    """The length of the header, when it names just these tensors."""
    wanted = _header(leaves)
    length = int.from_bytes(file.read(_LENGTH), "little")
    if length > LIMITS.manifest_bytes:
        raise BadArrays("it does not begin with the length of its header", NAME)
    text = file.read(length)
    if text != wanted[_LENGTH:]:
        _compare(_parse(text), leaves)
    return length


def _parse(text: bytes) -> list[Leaf]:
    """The tensors that a header names. Raises `BadArrays`."""
    try:
        return [Leaf(name, dtype, tuple(shape)) for name, dtype, shape in fit(parse_json(text), _Header).leaves]
    except Unfit as unfit:
        raise BadArrays(f"its header cannot be read: {unfit.finding}", NAME) from None


def _compare(stored: Sequence[Leaf], leaves: Sequence[Leaf]) -> None:
    """Raises `BadArrays` for the first tensor that the manifest and the file do not agree on, or for a header of another spelling."""
    for number, (leaf, stands) in enumerate(zip(leaves, stored, strict=False)):
        if leaf != stands:
            shown = stands if leaf.name == stands.name else f"{stands.name} {stands}"
            raise BadArrays(f"{leaf.name} is {leaf}, but {shown} is stored", place=f"/leaves/{number}")
    if len(leaves) > len(stored):
        more = leaves[len(stored)]
        raise BadArrays(f"no tensor is stored for {more.name} {more}", place=f"/leaves/{len(stored)}")
    if len(stored) > len(leaves):
        raise BadArrays(f"a tensor {stored[len(leaves)].name!r} is stored that no leaf is", place="/leaves")
    raise BadArrays("its header is written in another way", NAME)
