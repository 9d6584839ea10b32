"""Writes and reads what `flax.serialization.to_bytes` makes of variables: nested dicts in MessagePack, arrays as extensions in it.

The package `msgpack` is needed (`pip install 'netspec-jax[export]'`; Orbax brings it along). Nothing is unpickled.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from types import ModuleType
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.lazy import np
from netspec.library.base import Array
from netspec.lower.path_tree import flatten, nest
from netspec.train.leaves import dtype_of, is_dtype
from netspec.train.strict_json import Unfit

ARRAY, NUMBER = 1, 3
"""The extensions that hold an array, and an array without axes."""
CHUNK = 2**30
"""Bytes of an array behind which Flax cuts it into pieces."""
CUT = "__msgpack_chunked_array__"
BUFFERS = "batch_stats"
"""What Flax calls the collection of running statistics."""


def pack_variables(params: Mapping[str, Array], buffers: Mapping[str, Array]) -> bytes:
    """The content of a file, from arrays by path. Raises `Mistake` where the package is missing."""
    pack = _msgpack().packb
    tree = {"params": nest(params), **({BUFFERS: nest(buffers)} if buffers else {})}
    return pack(tree, default=lambda array: _whole(array) if array.nbytes <= CHUNK else _cut(array), strict_types=True)


def _whole(array: Array) -> Any:
    content = _msgpack().packb((list(array.shape), str(array.dtype), array.tobytes()), use_bin_type=True)
    return _msgpack().ExtType(ARRAY, content)


def _cut(array: Array) -> dict[str, Any]:
    """A large array as pieces, which MessagePack can hold."""
    flat, size = array.reshape(-1), max(CHUNK // array.dtype.itemsize, 1)
    pieces = [flat[first : first + size] for first in range(0, flat.size, size)]
    return {CUT: True, "shape": _numbered(array.shape), "chunks": _numbered(pieces)}


def _numbered(values: Any) -> dict[str, Any]:
    return {str(i): value for i, value in enumerate(values)}


def read_variables(content: bytes) -> dict[str, Array]:
    """The arrays by path, of parameters and of statistics alike. Raises `Unfit`, and `Mistake` where the package is missing."""
    msgpack = _msgpack()
    try:
        tree = msgpack.unpackb(content, ext_hook=_read_extension, raw=False, strict_map_key=True)
    except Unfit:
        raise
    except (ValueError, TypeError, RecursionError, UnicodeError, msgpack.exceptions.UnpackException) as error:
        raise Unfit("", f"it is no MessagePack ({' '.join(str(error).split()) or type(error).__name__})") from None
    return _arrays_of(tree)


def _arrays_of(tree: Any) -> dict[str, Array]:
    """The collections `params` and `batch_stats` of a tree, or the tree itself where it has none."""
    if not isinstance(tree, dict):
        raise Unfit("", "it holds no dict of arrays")
    while isinstance(tree.get("params"), dict) and "params" in tree["params"]:  # as a TrainState holds variables
        tree = tree["params"]
    parts = [tree[name] for name in ("params", BUFFERS, "buffers") if isinstance(tree.get(name), dict)] or [tree]
    found: dict[str, Array] = {}
    for path, value in (pair for part in parts for pair in flatten(_joined(part)).items()):
        if not isinstance(value, np.ndarray) or path in found:
            raise Unfit(f"`{path}`", "it is no array" if path not in found else "it stands twice in the file")
        found[path] = value
    return found


def _joined(tree: Any) -> Any:
    """A tree whose cut arrays are whole again."""
    if not isinstance(tree, dict):
        return tree
    if CUT not in tree:
        return {name: _joined(value) for name, value in tree.items()}
    try:
        shape, pieces = ([tree[key][str(i)] for i in range(len(tree[key]))] for key in ("shape", "chunks"))
        return np.concatenate(pieces).reshape(shape)
    except (KeyError, TypeError, ValueError) as error:
        raise Unfit("", f"an array in pieces does not fit together ({error})") from None


def _read_extension(code: int, data: bytes) -> Any:
    """An array. Raises `Unfit` for any other extension."""
    if code not in (ARRAY, NUMBER):
        raise Unfit("", f"it holds an extension {code} of MessagePack, which is no array")
    try:
        shape, name, content = _msgpack().unpackb(data, raw=True)
        dtype = dtype_of(name.decode()) if is_dtype(name.decode()) else None
        if dtype is None or prod(shape) * dtype.itemsize != len(content) or any(size < 0 for size in shape):
            raise ValueError(f"{len(content):,} bytes for {name.decode()}{list(shape)}")
        return np.frombuffer(content, dtype).reshape(shape)
    except (ValueError, TypeError, AttributeError, UnicodeError) as error:
        raise Unfit("", f"an array in it is none ({error})") from None


def _msgpack() -> ModuleType:
    try:
        import msgpack
    except ImportError:
        raise Mistake(PackageNeeded(op="flax", package="msgpack", extra="export")) from None
    return msgpack
