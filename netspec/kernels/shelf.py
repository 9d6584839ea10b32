"""Finds all kernels that the modules of this folder define, so that a new file need not be named anywhere."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from netspec.kernels.family import Family, Variant


@lru_cache(maxsize=1)
def load_modules() -> tuple[ModuleType, ...]:
    """The modules of this folder in alphabetical order, imported."""
    package = __name__.rpartition(".")[0]
    return tuple(import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules([str(Path(__file__).parent)]))


@lru_cache(maxsize=1)
def load_variants() -> tuple[Variant, ...]:
    """netspec's own variants, in the order of the modules and within one as they stand there."""
    return tuple(dict.fromkeys(variant for module in load_modules() for variant in find_variants(vars(module).values())))


@lru_cache(maxsize=1)
def load_families() -> dict[str, Family]:
    """All families by name."""
    found = [value for module in load_modules() for value in vars(module).values() if isinstance(value, Family)]
    return {family.name: family for family in sorted(found, key=lambda family: family.name)}


def find_variants(values: Iterable[object]) -> list[Variant]:
    """The variants among some values, such as those of a module."""
    return [value for value in values if isinstance(value, Variant)]
