"""Exports what a model predicts as one artifact of `jax.export`: StableHLO for several platforms and any number of examples.

It is traced and lowered, not compiled, so no device is needed. With weights given they are part of the artifact: one file that predicts by
itself. Without, they are its first argument, as `unpack` gives them: one small file for every checkpoint, and no second copy in memory.
Buffers go with the parameters either way; `predict` reads them and writes none. For several platforms at once kernels are their references,
as a variant is chosen for one backend; for a single platform they are what a program chooses there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.diagnostics.running.exports import SizeNotOpen, SizeNotTraced
from netspec.diagnostics.spec_error import SpecError, raise_spec_errors
from netspec.files import PathLike, write_atomic
from netspec.ir import Body
from netspec.kernels.choice import PORTABLE, Chooser
from netspec.lazy import jax
from netspec.library.base import Array
from netspec.lower.forward_pass import Forward
from netspec.lower.layout import BUFFERS, PARAMS, Layout
from netspec.lower.path_tree import nest
from netspec.lower.step_functions import outputs
from netspec.shape import Dim, Facts
from netspec.shape.sizes import find_excluded

Weights = tuple[Mapping[str, Any], Mapping[str, Any]]
BACKENDS = {"cuda": "gpu", "rocm": "gpu"}
"""What JAX calls a platform where it runs."""
PLATFORMS = ("cpu", "cuda", "tpu")
SOURCE_FILES = "jax_hlo_source_file_canonicalization_regex"
"""JAX's setting for what is left out of the names of source files in a program."""


@dataclass(frozen=True)
class Artifact:
    """A prediction, exported: `exported` is JAX's own object. Its bytes are what `jax.export.deserialize` reads."""

    exported: Any = field(repr=False)
    """Its repr would be the whole file, weights included."""

    def call(self, *variables: Any, **inputs: Any) -> dict[str, Array]:
        """The outputs by name, on one of the platforms."""
        return self.exported.call(*variables, **inputs)

    def serialize(self) -> bytes:
        """The bytes, which `jax.export.deserialize` reads. Raises `SpecError` without the package that JAX writes them with."""
        try:
            import flatbuffers  # noqa: F401
        except ImportError:
            raise SpecError([PackageNeeded(op="export", package="flatbuffers", extra="export")]) from None
        return bytes(self.exported.serialize())

    def save(self, path: PathLike) -> None:
        """Write the bytes as one file. Raises `SpecError` where that fails."""
        with raise_spec_errors():
            write_atomic(path, self.serialize())


def export_prediction(
    forward: Forward, weights: Weights | None, batch: str, sizes: Mapping[str, int], platforms: Sequence[str]
) -> Artifact:
    """The artifact of `predict`; `weights` are parameters and buffers by stored key. Raises `SpecError`, and `ValueError` for
    platforms that there are not, or where `batch` is no name or has a number."""
    require_platforms(platforms)
    require_names(batch, sizes)
    model, stored = forward.model, forward.precision.stored
    known, forward = name_sizes(model, batch, sizes), replace(forward, kernels=choose_for(platforms, forward.kernels))
    inputs = {
        port: jax.ShapeDtypeStruct(tuple(dim.evaluate(known) for dim in kind.shape), stored(kind.dtype))
        for port, kind in model.input_types().items()
    }
    function = take_weights(forward) if weights is None else bind_weights(forward, weights)
    given = (describe_weights(forward.layout, stored),) if weights is None else ()
    try:
        with leave_out_paths():
            return Artifact(jax.export.export(jax.jit(function), platforms=tuple(platforms))(*given, **inputs))
    except (TypeError, ValueError, NotImplementedError, jax.errors.InconclusiveDimensionOperation) as refusal:
        names = tuple(name for name in known if name not in sizes)
        raise SpecError([SizeNotTraced(model=model.name, sizes=names, batch=batch, reason=read_first_line(refusal))]) from refusal


@contextmanager
def leave_out_paths() -> Iterator[None]:
    """Programs that are lowered inside do not name the files of this machine: an artifact is handed to others, and two machines write the
    same one."""
    before = jax.config.values[SOURCE_FILES]
    jax.config.update(SOURCE_FILES, ".*")
    try:
        yield
    finally:
        jax.config.update(SOURCE_FILES, before)


def require_platforms(platforms: Sequence[str]) -> None:
    """Raises `ValueError` for what is no platform: JAX exports for any word, even a string's letters, and refuses in the call."""
    known = (*PLATFORMS, *(name for name in BACKENDS if name not in PLATFORMS))
    if isinstance(platforms, str) or not platforms or not set(platforms) <= set(known):
        raise ValueError(f"`platforms` is a list of some of {', '.join(known)}, and not {platforms!r}")


def choose_for(platforms: Sequence[str], kernels: Chooser) -> Chooser:
    """How kernels are chosen for these platforms, with a log of its own."""
    if len(platforms) > 1:
        return Chooser(PORTABLE)
    return Chooser(kernels.lowering, kernels.plugins, BACKENDS.get(platforms[0], platforms[0]))


def take_weights(forward: Forward) -> Callable[..., dict[str, Array]]:
    """The prediction from nested dicts of weights by logical path."""
    run = outputs(forward, "serve")

    def predict(variables: Mapping[str, Any], **inputs: Array) -> dict[str, Array]:
        packed = forward.layout.pack(variables)
        return run(packed[PARAMS], packed[BUFFERS], inputs)

    return predict


def bind_weights(forward: Forward, weights: Weights) -> Callable[..., dict[str, Array]]:
    """The prediction by these weights."""
    run, (params, buffers) = outputs(forward, "serve"), jax.device_get(weights)

    def predict(**inputs: Array) -> dict[str, Array]:
        return run(params, buffers, inputs)

    return predict


def describe_weights(layout: Layout, stored: Callable[[str], Any]) -> dict[str, Any]:
    """The shapes of a model's weights, as `unpack` gives these."""
    kinds = {PARAMS: layout.params, BUFFERS: layout.buffers}
    return {
        name: nest({path: jax.ShapeDtypeStruct(s.slice_shape, stored(s.weight.dtype)) for s in leaves.values() for path in s.paths})
        for name, leaves in kinds.items()
    }


def require_names(batch: str, sizes: Mapping[str, int]) -> None:
    """Raises `ValueError`: a number would be compared with names, and one for `batch` itself would be passed over in silence."""
    if not isinstance(sizes, Mapping) or not all(isinstance(name, str) for name in sizes):
        raise ValueError('`sizes` are numbers by name, as `{"T": 64}`')
    if not isinstance(batch, str):
        raise ValueError(f"`batch` is the name of the size that stays open, as `B`, and not {batch!r}")
    if batch in sizes:
        raise ValueError(f"`batch` names the size that stays open, so `sizes` cannot give a number for `{batch}`")


def name_sizes(model: Body, batch: str, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Every symbol of the inputs' types with its number, or where none is given a dimension of JAX's own within the bounds of the spec."""
    symbols = tuple(sorted({symbol for kind in model.input_types().values() for symbol in kind.symbols()}))
    wrong: list[Diagnostic] = [SizeNotOpen(model=model.name, size=n, open=symbols) for n in (batch, *sizes) if n not in symbols]
    if wrong := wrong or find_excluded(model.facts, tuple(sorted(sizes.items()))):
        raise SpecError(wrong)
    free = [symbol for symbol in symbols if symbol == batch or symbol not in sizes]
    bounds = [bound for symbol in free for bound in list_bounds(model.facts, symbol)]
    return {**sizes, **dict(zip(free, jax.export.symbolic_shape(", ".join(free), constraints=bounds), strict=True))}


def list_bounds(facts: Facts, symbol: str) -> Iterator[str]:
    """What the spec says of a size, as JAX writes constraints."""
    low, high = facts.range(Dim.symbol(symbol))
    if low is not None and low > 1:
        yield f"{symbol} >= {low}"
    if high is not None:
        yield f"{symbol} <= {high}"


def read_first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).strip()
