"""Holds the laws of what a variant of a kernel owes to its reference, for each sample that it is chosen for. A broken law raises
AssertionError.

A variant for other backends than the present one is held to the law of types alone, which needs no device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from netspec.kernels.family import Place, Sample, Variant
from netspec.lazy import jax, jnp, np
from netspec.testing.apply_laws import require_same
from netspec.testing.trial_scope import sample
from netspec.tools.reference_examples import type_of


class KernelCase:
    """A variant and its reference with one sample's arrays."""

    def __init__(self, variant: Variant, chosen: Sample) -> None:
        rng = np.random.default_rng(7)
        self.variant, self.sample = variant, chosen
        self.arrays = jax.tree.map(lambda text: _array(text, rng), chosen.arguments)
        self.run, self.reference = (self._jitted(each) for each in (variant, variant.family.reference))

    def __str__(self) -> str:
        return f"{self.variant.family.name} by {self.variant.name} of {self.sample}"

    def _jitted(self, variant: Variant) -> Callable[..., Any]:
        """The variant on the sample's options as one compiled function of arrays."""
        return jax.jit(lambda arrays: variant.function(*arrays, **self.sample.options))

    @property
    def reason(self) -> str:
        """Why the variant would be chosen for the sample, on a backend of its own; "" where it would not."""
        backend = self._backend if self.runs_here else min(self.variant.on)
        shapes = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), self.arrays)
        return self.variant.reason(Place("", backend, not self.variant.forward_only), shapes, dict(self.sample.options))

    @property
    def runs_here(self) -> bool:
        """Whether the variant is for the backend that is present."""
        return not self.variant.on or self._backend in self.variant.on

    @property
    def _backend(self) -> str:
        return jax.default_backend()

    def floats_as(self, dtype: str) -> Any:
        """The arrays with another type in the place of f32."""
        return jax.tree.map(lambda x: jnp.asarray(x, dtype if x.dtype == np.float32 else None) if _is_number(x) else x, self.arrays)

    def slopes(self, run: Callable[..., Any], arrays: Any) -> list[Any]:
        """The gradient, with respect to every float, of the results' products with fixed random numbers."""
        leaves, tree = jax.tree.flatten(arrays)
        places = [place for place, x in enumerate(leaves) if _is_float(x)]

        def weighed(*floats: Any) -> Any:
            given = list(leaves)
            for place, x in zip(places, floats, strict=True):
                given[place] = x
            results = [x for x in jax.tree.leaves(run(jax.tree.unflatten(tree, given))) if _is_float(x)]
            rng = np.random.default_rng(3)
            return sum(jnp.vdot(x, jnp.asarray(rng.standard_normal(x.shape), x.dtype)) for x in results)

        return list(jax.grad(weighed, tuple(range(len(places))))(*(leaves[place] for place in places))) if places else []


def types_are_the_references(case: KernelCase) -> None:
    """Results have the structure, shapes and dtypes of the reference's, in f32, bf16 and f64."""
    with jax.enable_x64(True):
        for dtype in ("float32", "bfloat16", "float64"):
            found, wanted = (jax.eval_shape(run, case.floats_as(dtype)) for run in (case.run, case.reference))
            require_same(str(found), str(wanted), f"with {dtype} it gives", "the reference")


def values_are_the_references(case: KernelCase) -> None:
    """In f32 results agree to rounding."""
    _close(case.run(case.arrays), case.reference(case.arrays), 1e-5)


def gradients_are_the_references(case: KernelCase) -> None:
    """In f32 gradients agree to rounding; one without a gradient says so (`forward_only`)."""
    if not case.variant.forward_only:
        _close(case.slopes(case.run, case.arrays), case.slopes(case.reference, case.arrays), 1e-4)


def bf16_differs_by_rounding(case: KernelCase) -> None:
    """In bf16 results are near those of the reference on the same numbers in f32."""
    short = case.floats_as("bfloat16")
    wide = jax.tree.map(lambda x: x.astype("float32") if x.dtype == jnp.bfloat16 else x, short)
    _close(case.run(short), case.reference(wide), 0.02)


def f64_stays_f64(case: KernelCase) -> None:
    """In f64 results and gradients agree as doubles do: nothing inside is narrower."""
    with jax.enable_x64(True):
        wide = case.floats_as("float64")
        _close(case.run(wide), case.reference(wide), 1e-12)
        if not case.variant.forward_only:
            _close(case.slopes(case.run, wide), case.slopes(case.reference, wide), 1e-10)


LAWS = (values_are_the_references, gradients_are_the_references, bf16_differs_by_rounding, f64_stays_f64)
"""Those that run it."""


def kernel_breaches(variant: Variant) -> Iterator[tuple[str, str]]:
    """Each law that the variant breaks, with the sample and what is wrong."""
    cases = [KernelCase(variant, chosen) for chosen in (*variant.family.samples, *variant.samples)]
    applying = [case for case in cases if case.reason]
    if not applying:
        yield "a sample is one that it is chosen for", f"{variant.family.name} by {variant.name}: give it `samples` of its own"
    for case in applying:
        for law in (types_are_the_references, *(LAWS if case.runs_here else ())):
            try:
                law(case)
            except Exception as error:  # whatever a kernel raises where it should not
                said = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
                yield law.__name__.replace("_", " "), f"{case}: {said}"


def _array(text: str, rng: Any) -> Any:
    """An array of the type that the text names, filled at random, or a key for random numbers."""
    return jax.random.key(7, impl="threefry2x32") if text == "key" else jnp.asarray(sample(type_of(text), rng))


def _is_number(x: Any) -> bool:
    """Whether an array holds numbers rather than random keys."""
    return not jnp.issubdtype(x.dtype, jax.dtypes.prng_key)


def _is_float(x: Any) -> bool:
    """Whether an array holds floating-point numbers, which have gradients."""
    return jnp.issubdtype(x.dtype, jnp.floating)


def _close(found: Any, wanted: Any, tolerance: float) -> None:
    """Every number is as near as the tolerance allows, relative to the largest of its array."""
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        one, other = (np.asarray(x, np.float64) for x in (one, other))
        finite = np.abs(other[np.isfinite(other)])
        np.testing.assert_allclose(one, other, tolerance, tolerance * finite.max(initial=0.0))
