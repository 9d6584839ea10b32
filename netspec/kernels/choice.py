"""Chooses a variant for each layer once, while a program is traced, and keeps the choice to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.kernels.family import Family, Place, Variant
from netspec.kernels.shelf import load_variants
from netspec.lazy import jax
from netspec.record import field, record
from netspec.shape.types import JAX_DTYPES

AUTOMATIC, PORTABLE = "automatic", "portable"
LOWERINGS = (AUTOMATIC, PORTABLE)
"""By the setting `lowering`: the best variant for each place, or references alone."""
_SHORT = {long: short for short, long in JAX_DTYPES.items()}


@record
class Chosen:
    """What one layer computes with."""

    path: str
    variant: Variant
    arguments: str
    """The types of the arrays."""
    reason: str


@record(eq=False)
class Chooser:
    """How a program chooses. Variants are asked in order, those of plugins first; the reference stays where none has a reason."""

    lowering: str = AUTOMATIC
    plugins: tuple[Variant, ...] = ()
    backend: str | None = None
    """That of JAX when absent."""
    log: dict[Chosen, None] = field(default_factory=dict)
    """Every choice so far, in order; filled while programs are traced."""

    def at(self, path: str, differentiated: bool) -> Kernels:
        """What the ops at a path ask."""
        return Kernels(self, path, differentiated)

    def variants(self) -> tuple[Variant, ...]:
        """Everything that may be chosen besides references, in the order in which it is asked."""
        return () if self.lowering == PORTABLE else (*self.plugins, *load_variants())

    def aside(self) -> Chooser:
        """The same with a log of its own."""
        return Chooser(self.lowering, self.plugins, self.backend)

    def choose(self, path: str, differentiated: bool, family: Family, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> Variant:
        """The variant for these arguments, which is noted."""
        variant, reason = self._chosen(Place(path, self.backend or jax.default_backend(), differentiated), family, arguments, options)
        self.log[Chosen(path, variant, _types(arguments), reason)] = None
        return variant

    def _chosen(self, place: Place, family: Family, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> tuple[Variant, str]:
        """The variant that is taken for these arguments, and in words why."""
        if self.lowering == PORTABLE:
            return family.reference, "lowering = portable"
        asked = [variant for variant in self.variants() if variant.family is family]
        if not asked:
            return family.reference, "it has no variants"
        shapes = jax.tree.map(_shape, arguments)
        for variant in asked:
            if reason := variant.reason(place, shapes, dict(options)):
                return variant, reason
        return family.reference, "; ".join(variant.refusal(place) for variant in asked)


@record(eq=False)
class Kernels:
    """A layer's choice: what `scope.kernels` is."""

    chooser: Chooser
    path: str
    differentiated: bool

    def choose(self, family: Family, arguments: tuple[Any, ...], options: dict[str, Any]) -> Variant:
        return self.chooser.choose(self.path, self.differentiated, family, arguments, options)


def _shape(x: Any) -> Any:
    """Of an array what is known before it is computed; anything else as it is."""
    return jax.ShapeDtypeStruct(x.shape, x.dtype) if hasattr(x, "dtype") else x


def _types(arguments: tuple[Any, ...]) -> str:
    """The types of all arrays among a kernel's arguments, as text for the record of choices."""
    return ", ".join(_type(x) for x in jax.tree.leaves(arguments) if hasattr(x, "dtype"))


def _type(x: Any) -> str:
    """As a spec writes it, `f32[2, 8]`; of a random key `key`."""
    name = x.dtype.name
    return "key" if name.startswith("key") else f"{_SHORT.get(name, name)}[{', '.join(map(str, x.shape))}]"
