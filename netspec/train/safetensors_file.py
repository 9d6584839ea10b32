"""Writes and reads the safetensors format: a JSON header behind its length in eight bytes, then the bytes of the tensors.

The format is that of https://huggingface.co/docs/safetensors. Reading trusts nothing: the tensors must fill the file without a gap, each of
exactly the bytes that its type and shape need.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from typing import Annotated, Any

from pydantic import Field

from netspec.lazy import np
from netspec.library.base import Array
from netspec.limits import LIMITS
from netspec.train.leaves import dtype_of
from netspec.train.strict_json import AsTuple, Size, Strict, Text, Unfit, fit, parse_json

METADATA = "__metadata__"
TYPES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32", "I32": "int32", "U64": "uint64",
    "I64": "int64", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64",
}  # fmt: skip
"""Element types of the format and of NumPy, by name."""
_CODES = {name: code for code, name in TYPES.items()}


class _Tensor(Strict):
    """What the header says of one tensor."""

    dtype: Text
    shape: Annotated[list[Size], Field(max_length=4 * LIMITS.axes)]
    data_offsets: Annotated[tuple[Size, Size], AsTuple]


class _About(Strict):
    """What the header says of the file."""

    texts: dict[Text, Text]


def pack_tensors(arrays: Mapping[str, Array], about: Mapping[str, str]) -> bytes:
    """The content of a file. Wider elements come first, so that each tensor stands at a multiple of its element's size."""
    header: dict[str, Any] = {METADATA: dict(about)}
    parts: list[bytes] = []
    end = 0
    for name in sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name)):
        array = arrays[name]
        begin, end = end, end + array.nbytes
        header[name] = {"dtype": _CODES[str(array.dtype)], "shape": list(array.shape), "data_offsets": [begin, end]}
        parts.append(array.tobytes())
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def read_tensors(content: bytes) -> tuple[dict[str, Array], dict[str, str]]:
    """The tensors by name and what the file says of itself. Raises `Unfit` for a file that is not exactly of the format."""
    header, data = _split(content)
    about = fit({"texts": header.pop(METADATA, {})}, _About).texts
    tensors = {name: _described(name, found) for name, found in header.items()}
    end = 0
    for name, tensor in sorted(tensors.items(), key=lambda pair: pair[1].data_offsets):
        begin, last = tensor.data_offsets
        need = prod(tensor.shape) * dtype_of(TYPES[tensor.dtype]).itemsize
        if begin != end or last - begin != need:
            found = f"its bytes are {begin:,} to {last:,}"
            raise Unfit(f"`{name}`", f"{found}, where {need:,} from {end:,} on belong to {tensor.dtype}{tensor.shape}")
        end = last
    if end != len(data):
        raise Unfit("", f"{len(data):,} bytes of tensors are in it, and its header describes {end:,}")
    return {name: _array(data, tensor) for name, tensor in tensors.items()}, dict(about)


def _split(content: bytes) -> tuple[dict[str, Any], memoryview]:
    """The header and the bytes behind it."""
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(len(content) - 8, LIMITS.manifest_bytes):
        raise Unfit("", "it does not begin with the length of its header")
    header = parse_json(content[8 : 8 + length])
    if not isinstance(header, dict):
        raise Unfit("", "its header is no object")
    return header, memoryview(content)[8 + length :]


def _described(name: str, found: Any) -> _Tensor:
    """What the header says of a tensor."""
    try:
        tensor = fit(found, _Tensor)
    except Unfit as unfit:
        raise Unfit(f"`{name}`", unfit.finding) from None
    if tensor.dtype not in TYPES:
        raise Unfit(f"`{name}`", f"its type {tensor.dtype} is none that is read: {', '.join(TYPES)}")
    return tensor


def _array(data: memoryview, tensor: _Tensor) -> Array:
    begin, end = tensor.data_offsets
    return np.frombuffer(data[begin:end], dtype_of(TYPES[tensor.dtype])).reshape(tensor.shape)
