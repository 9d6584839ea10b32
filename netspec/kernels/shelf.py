"""What kernels there are: everything that the modules of this folder define. A new file is found without being named anywhere."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from netspec.kernels.family import Family, Variant


@lru_cache(maxsize=1)
def modules() -> tuple[ModuleType, ...]:
    """The modules of this folder in alphabetical order, imported."""
    package = __name__.rpartition(".")[0]
    return tuple(import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules([str(Path(__file__).parent)]))


@lru_cache(maxsize=1)
def own_variants() -> tuple[Variant, ...]:
    """netspec's own variants, in the order of the modules and within one as they stand there."""
    return tuple(dict.fromkeys(variant for module in modules() for variant in variants_of(vars(module).values())))


@lru_cache(maxsize=1)
def families() -> dict[str, Family]:
    """All families by name."""
    found = [value for module in modules() for value in vars(module).values() if isinstance(value, Family)]
    return {family.name: family for family in sorted(found, key=lambda family: family.name)}


def variants_of(values: Iterable[object]) -> list[Variant]:
    """The variants among some values, such as those of a module."""
    return [value for value in values if isinstance(value, Variant)]
