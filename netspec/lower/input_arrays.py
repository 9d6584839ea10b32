"""Holds arrays from outside against the types of a spec, before JAX sees anything that a program is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.running.array_repairs import write_repair
from netspec.diagnostics.running.weights import ArrayMismatch, MissingArray, UnknownInput
from netspec.diagnostics.spec_error import SpecError
from netspec.lazy import jax, jnp, np
from netspec.lower.precision import Precision, is_traced
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.facts import NO_FACTS
from netspec.shape.sizes import find_excluded
from netspec.shape.types import JAX_DTYPES

_SHORT = {long: short for short, long in JAX_DTYPES.items()} | {"int64": "i64", "uint64": "u64", "int16": "i16", "uint16": "u16"}
Types = Mapping[str, TensorType]
Signature = tuple[tuple[Any, tuple[int, ...], Any], ...]


def accept(types: Types, given: Mapping[str, Any], precision: Precision, facts: Facts = NO_FACTS) -> dict[str, Any]:
    """The arrays that `types` name, in the dtypes in which the program takes them. Raises `SpecError` with every problem.

    Symbols are bound consistently over all arrays, to sizes that the facts allow. Lists and numbers become NumPy arrays; arrays and tracers
    of JAX stay what they are.
    """
    refuse_masked(given, types)
    arrays: dict[str, Any] = {}
    problems: list[Diagnostic] = []
    for name in types:
        if name in given:
            try:
                arrays[name] = as_array(given[name])
            except (ValueError, TypeError, OverflowError):  # NumPy's words for lists that are no array
                found = "a list whose items have different lengths or kinds"
                problems.append(ArrayMismatch(field=name, expected=str(types[name]), found=found, repair=_UNEVEN))
    problems += [MissingArray(field=n, expected=str(t), given=tuple(map(str, given))) for n, t in types.items() if n not in given]
    problems += [problem for name in arrays if (problem := find_mismatch(name, types, arrays))]
    problems = problems or find_excluded(facts, tuple(sorted(sizes_of(types, arrays).items())))
    if problems:
        raise SpecError(problems)
    taken = {name: _cast(array, precision.stored(types[name].dtype)) for name, array in arrays.items()}
    if problems := [p for name, array in arrays.items() if (p := _overflow_problem(name, types[name], array, taken[name]))]:
        raise SpecError(problems)
    return taken


_UNEVEN = "give all of them one length; `fit` and `predict` pad the lists of a field such as i32[T]"
_MASK = "what its mask hides would count; fill it first"


def refuse_masked(given: Mapping[str, Any], types: Types) -> None:
    """Raises `SpecError` for arrays of NumPy some of whose values are masked: what lies under a mask means nothing."""
    found: list[Diagnostic] = [
        ArrayMismatch(field=name, expected=str(types[name]), found="a masked array", reason=_MASK)
        for name, values in given.items()
        if name in types and any(map(_is_masked, values if isinstance(values, list | tuple) else (values,)))
    ]
    if found:
        raise SpecError(found)


def _is_masked(values: Any) -> bool:
    return isinstance(values, np.ma.MaskedArray) and bool(np.ma.getmaskarray(values).any())


def refuse_unknown(given: Iterable[str], inputs: Iterable[str]) -> None:
    """Raises `SpecError` for names that are not inputs."""
    known, given = tuple(inputs), tuple(given)
    missing = tuple(name for name in known if name not in given)
    unknown: list[Diagnostic] = [UnknownInput(field=name, inputs=known, missing=missing) for name in given if name not in known]
    if unknown:
        raise SpecError(unknown)


def shape_of(values: Any) -> tuple[int, ...]:
    """The shape of what may be no array; that of lists which are none is empty."""
    try:
        return np.shape(values)
    except (ValueError, TypeError):  # NumPy's words for lists that are no array
        return ()


def as_array(value: Any) -> Any:
    """The value as an array, one of JAX's as it is."""
    return value if hasattr(value, "shape") and hasattr(value, "dtype") else np.asarray(value)


def sign_arrays(given: Any) -> Signature | None:
    """Names, shapes and dtypes of arrays that lie on the device, all that can be known of them without waiting; None where any is traced or
    of another kind."""
    if type(given) is not dict or not all(isinstance(x, jax.Array) and not is_traced(x) for x in given.values()):
        return None
    return tuple((name, x.shape, x.dtype) for name, x in given.items())


def copy_of(array: Any) -> Any:
    """A copy of an array of JAX, traced or not, which a step of training may then take over; any other array as it is."""
    return jnp.copy(array) if isinstance(array, jax.Array) else array


def to_host(array: Any) -> Any:
    """The array as one of NumPy; one that is traced as it is."""
    return array if is_traced(array) else np.asarray(array)


def to_numpy(array: Any) -> Any:
    """A copy of the array as one of NumPy; one that is traced as it is."""
    return array if is_traced(array) else np.array(array)


def _cast(array: Any, dtype: Any) -> Any:
    """The array in a dtype; no copy is made of one that has it."""
    if array.dtype == dtype:
        return array
    with np.errstate(over="ignore"):  # which `_overflow_problem` tells in words
        return array.astype(dtype)


def _overflow_problem(name: str, type: TensorType, array: Any, taken: Any) -> Diagnostic | None:
    """The first number that is finite as it was given, but not in the dtype in which the program takes it. Arrays of JAX are not read."""
    if taken is array or not isinstance(array, np.ndarray) or not type.is_float or array.dtype.itemsize <= taken.dtype.itemsize:
        return None
    lost = np.isinf(taken) & np.isfinite(array)
    if not lost.any():
        return None
    reason = f"its value {float(array[lost].flat[0]):.4g} is too large for {taken.dtype}"
    return ArrayMismatch(field=name, expected=str(type), found=describe(array), reason=reason)


def describe(array: Any) -> str:
    """`f64[5, 28]`: an array's own type."""
    name = str(array.dtype)
    return _SHORT.get(name, name) + str(list(array.shape))


# --- shapes ----------------------------------------------------------------------------------------------------------


def find_mismatch(name: str, types: Types, arrays: Mapping[str, Any]) -> Diagnostic | None:
    """Why an array is not what its type says, in shape or kind of number, and what would make it so."""
    kind, array = types[name], arrays[name]
    others = {other: x for other, x in arrays.items() if other != name}
    fitting = {other: x for other, x in others.items() if types[other].rank == len(x.shape)}
    sizes = sizes_of(types, arrays)
    if not _is_shaped(kind, array, sizes):
        own = sizes_of(types, {name: array})
        known = sizes_of(types, fitting)
        fixed = tuple((s, known[s]) for s in sorted(kind.symbols()) if known.get(s, own.get(s)) != own.get(s)) if own else ()
        return _describe_mismatch(name, kind, array, known, sizes=fixed)
    return _kind_problem(name, kind, array)


def _describe_mismatch(name: str, kind: TensorType, array: Any, known: Mapping[str, int], **facts: Any) -> Diagnostic:
    """The problem of an array with what to write in its place, where something makes it fit."""
    wanted = [dim.value if dim.is_constant else str(dim) for dim in kind.shape]
    code = write_repair(name, wanted, kind.dtype, tuple(array.shape), _kind(array), known, is_whole(array))
    scaled = ", scaled as the training data are" if array.dtype == np.uint8 and kind.is_float else ""
    repair = f"write `{code}`{scaled}" if code and code != name else ""
    return ArrayMismatch(field=name, expected=str(kind), found=describe(array), repair=repair, **facts)


def is_whole(array: Any) -> bool:
    """Whether the elements are whole numbers; of those that are traced nothing is known."""
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        return not jnp.issubdtype(array.dtype, jnp.floating)
    return bool(np.isfinite(array).all() and (array == np.floor(array)).all())


def sizes_of(types: Types, arrays: Mapping[str, Any]) -> dict[str, int]:
    """Each symbol's size where it first stands alone in the type of one of the arrays."""
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        if types[name].rank == len(array.shape):
            for dim, size in zip(types[name].shape, array.shape, strict=True):
                if not dim.is_constant and dim == Dim.symbol(str(dim)):
                    sizes.setdefault(str(dim), size)
    return sizes


def _is_shaped(type: TensorType, array: Any, sizes: Mapping[str, int]) -> bool:
    """Whether an array's shape fits, with the sizes that all arrays give to symbols."""
    return type.rank == len(array.shape) and all(map(_fits, type.shape, array.shape, [sizes] * type.rank))


def _fits(dim: Dim, size: int, sizes: Mapping[str, int]) -> bool:
    """Whether the size is what the dim says; a dim with a symbol that nothing has bound fits every size."""
    return size > 0 and (not dim.symbols() <= sizes.keys() or dim.evaluate(sizes) == size)


# --- element types ---------------------------------------------------------------------------------------------------


def _kind_problem(name: str, type: TensorType, array: Any) -> Diagnostic | None:
    """Why an array's elements are of another kind than the type says."""
    expected = "float" if type.is_float else "int" if type.is_int else "bool"
    if _kind(array) != expected:
        return _describe_mismatch(name, type, array, {})
    if type.is_int and isinstance(array, np.ndarray) and not np.can_cast(array.dtype, type.jax_dtype):
        return _range_problem(name, type, array)
    return None


def _kind(array: Any) -> str:
    for kind, name in ((jnp.floating, "float"), (jnp.integer, "int"), (jnp.bool_, "bool")):
        if jnp.issubdtype(array.dtype, kind):
            return name
    return str(array.dtype)


def _range_problem(name: str, type: TensorType, array: Any) -> Diagnostic | None:
    """The values that the type's dtype does not have."""
    limits = np.iinfo(type.jax_dtype)
    if array.size == 0 or (array.min() >= limits.min and array.max() <= limits.max):
        return None
    reason = f"its values run from {array.min()} to {array.max()}"
    return ArrayMismatch(field=name, expected=str(type), found=describe(array), reason=reason)
