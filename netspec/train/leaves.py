"""Flattens a tree of tensors to a list on the host and back, and reads such a list from a checkpoint of format 1, which Orbax wrote."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netspec.lazy import jax, np
from netspec.library.base import Array
from netspec.limits import LIMITS
from netspec.train.tensor_files import BadArrays, check_files


@dataclass(frozen=True)
class Leaf:
    """What a manifest says of one tensor."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"


def flatten_tree(tree: Any) -> dict[str, Array]:
    """Name -> host array, in the order of `jax.tree.leaves`. Names are key paths: `.params['dense_0/kernel']`."""
    pairs, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in pairs}


def unflatten_tree(template: Any, arrays: Mapping[str, Array]) -> Any:
    """The inverse of `flatten_tree` for a tree with the template's structure."""
    return jax.tree.unflatten(jax.tree.structure(template), [arrays[name] for name in flat_names(template)])


def flat_names(tree: Any) -> list[str]:
    return [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_flatten_with_path(tree)[0]]


def describe_leaves(arrays: Mapping[str, Array]) -> tuple[Leaf, ...]:
    return tuple(Leaf(name, str(a.dtype), a.shape) for name, a in arrays.items())


def differences(wanted: Sequence[Leaf], found: Sequence[Leaf]) -> tuple[str, ...]:
    """What keeps `found` from being used where `wanted` is expected, one line each; empty when nothing does."""
    ours, theirs = {leaf.name: leaf for leaf in wanted}, {leaf.name: leaf for leaf in found}
    missing = [f"missing: {name} {leaf}" for name, leaf in ours.items() if name not in theirs]
    extra = [f"not known: {name} {leaf}" for name, leaf in theirs.items() if name not in ours]
    other = [f"{name}: is {theirs[name]}, should be {leaf}" for name, leaf in ours.items() if name in theirs and theirs[name] != leaf]
    return (*missing, *extra, *other)


def read_leaves(folder: Path, leaves: Sequence[Leaf]) -> dict[str, Array]:
    """The tensors by name, bit for bit as they were written, each under its number; those without elements were left out. Raises
    `BadArrays` where they are others.

    Nothing is read before it is known to have the size that the manifest says, or before JAX has started: that it cannot is no damage.
    """
    import orbax.checkpoint as orbax

    jax.devices()
    check_files(folder)
    try:
        with _quieten_orbax(), _ignore_late_news(), orbax.Checkpointer(orbax.PyTreeCheckpointHandler()) as checkpointer:
            with closing(orbax.PyTreeCheckpointHandler()) as handler:
                _compare(handler.metadata(folder.absolute()), leaves)  # pyright: ignore[reportArgumentType]
            stored = checkpointer.restore(folder.absolute())
        return {leaf.name: _read(stored.get(_key(i)), leaf) for i, leaf in enumerate(leaves)}
    except (BadArrays, MemoryError):
        raise
    except Exception as error:  # Orbax and TensorStore raise whatever their own code met
        raise BadArrays(*_blame(error, folder)) from error


def _compare(metadata: Any, leaves: Sequence[Leaf]) -> None:
    """Raises `BadArrays` unless the stored tensors have the numbers, dtypes and shapes of the leaves."""
    stored = dict(metadata.tree if hasattr(metadata, "tree") else metadata)
    for number, leaf in enumerate(leaves):
        found, key = stored.pop(_key(number), None), f"/leaves/{number}"
        if found is None and 0 not in leaf.shape:
            raise BadArrays(f"no tensor is stored for {leaf.name} {leaf}", place=key)
        if found is not None and (tuple(getattr(found, "shape", None) or ()) != (leaf.shape or (1,)) or str(found.dtype) != leaf.dtype):
            stands = Leaf(leaf.name, str(found.dtype), tuple(found.shape or ()))
            raise BadArrays(f"{leaf.name} is {leaf}, but {stands} is stored", place=key)
    if stored:
        raise BadArrays(f"a tensor {next(iter(stored))!r} is stored that no leaf is", place="/leaves")


def _blame(error: Exception, folder: Path) -> tuple[str, str]:
    """What another library found, and the file of the folder that it names."""
    text = " ".join(str(error).split())
    names = sorted((p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()), key=len, reverse=True)
    reason = text.replace(str(folder), "").strip() or type(error).__name__
    return f"its tensors cannot be read ({reason[: LIMITS.reason_characters].rstrip('.')})", next((n for n in names if n in text), "")


def _read(stored: Any, leaf: Leaf) -> Array:
    """A tensor as it was: one without elements is not stored at all."""
    if stored is None:
        return np.zeros(leaf.shape, dtype_of(leaf.dtype))
    array = np.asarray(stored)
    if str(array.dtype) != leaf.dtype or array.shape != (leaf.shape or (1,)):
        raise BadArrays(f"{leaf.name} is {leaf}, but {array.dtype}{list(array.shape)} was read")
    return array.reshape(leaf.shape)


def dtype_of(name: str) -> Any:
    """A dtype by name, JAX's own among them."""
    import ml_dtypes

    return np.dtype(getattr(ml_dtypes, name, name))


def is_dtype(name: str) -> bool:
    """Whether an array may have elements of a type of this name."""
    import ml_dtypes

    plain = re.fullmatch(r"bool|u?int(8|16|32|64)|float(16|32|64)|complex(64|128)", name)
    return bool(plain) or (
        re.fullmatch(r"(bfloat|float|u?int)[0-9a-z_]+", name) is not None and isinstance(getattr(ml_dtypes, name, 0), type)
    )


def _key(number: int) -> str:
    """The name of a tensor on the disk: a number, since paths may hold any character."""
    return f"{number:06d}"


@contextmanager
def _ignore_late_news() -> Iterator[None]:
    """Drops the echoes of a failure that is raised anyway, also after this context has failed.

    When one tensor cannot be written, Orbax closes its event loop, and the other writes complain about that from threads of their own.
    """
    before = sys.unraisablehook

    def hook(event: Any) -> None:
        if not (isinstance(event.exc_value, RuntimeError) and "Event loop is closed" in str(event.exc_value)):
            before(event)

    sys.unraisablehook = hook
    yield
    sys.unraisablehook = before


@contextmanager
def _quieten_orbax() -> Iterator[None]:
    """Orbax logs each save and restore as if it were news, and errors with tracebacks that it raises besides."""
    logger = logging.getLogger("absl")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)
