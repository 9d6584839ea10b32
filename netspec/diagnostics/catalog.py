"""Finds every diagnostic class by its slug. Floor 0."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from inspect import cleandoc

import netspec.diagnostics
from netspec.diagnostics.base import Diagnostic


@cache
def catalog() -> dict[str, type[Diagnostic]]:
    """Slug -> class, of all families, in alphabetical order. Imports every family."""
    for module in pkgutil.walk_packages(netspec.diagnostics.__path__, "netspec.diagnostics."):
        importlib.import_module(module.name)
    return {c.slug(): c for c in sorted(find_classes(), key=lambda c: c.slug())}


def find_classes() -> list[type[Diagnostic]]:
    """Every final class of the families that are imported; no two share a slug (a law)."""
    return [c for c in _find_final(Diagnostic) if c.__module__.startswith("netspec.diagnostics.")]


def _find_final(cls: type[Diagnostic]) -> Iterator[type[Diagnostic]]:
    """Classes below `cls` that have none below them: a class is abstract or final."""
    below = cls.__subclasses__()
    if not below and not cls.__name__.startswith("_"):
        yield cls
    for sub in below:
        yield from _find_final(sub)


def describe(cls: type[Diagnostic]) -> str:
    """What the problem is, on one line: the docstring; "" for a class without one (dataclasses make their own)."""
    text = cls.__dict__.get("__doc__") or ""
    return "" if text.startswith(f"{cls.__name__}(") else " ".join(cleandoc(text).split("\n\n")[0].split())
