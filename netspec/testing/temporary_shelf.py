"""Puts ops of a package that is not installed as a plugin on the shelf for the time of a check."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from netspec.library.base import Op
from netspec.library.shelf import index, plugins
from netspec.library.shelf.index_writer import facts


@contextmanager
def extend_with_package(cls: type[Op]) -> Iterator[None]:
    """Inside, specs can name the class and the others of its package; those without a namespace have the package's name."""
    root = cls.__module__.partition(".")[0]
    if root == "netspec":
        yield
        return
    own = [op for op in ops_of(root) if op.kind in plugins.KINDS]
    unnamed = [op for op in own if "namespace" not in vars(op)]
    for op in unnamed:
        op.namespace = re.sub(r"\W", "_", root.lower())
    try:
        with index.extend_shelf((shelf(own),)):
            yield
    finally:
        for op in unnamed:
            del op.namespace


def ops_of(root: str) -> list[type[Op]]:
    """The public ops that the imported modules of a package define."""
    modules = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] == root and module is not None]
    values = [value for module in modules for name, value in vars(module).items() if not name.startswith("_")]
    found = [
        v for v in values if inspect.isclass(v) and issubclass(v, Op) and hasattr(v, "kind") and v.__module__.partition(".")[0] == root
    ]
    return list(dict.fromkeys(found))


def shelf(classes: list[type[Op]]) -> index.Shelf:
    """A shelf with entries for classes that no package has announced."""
    made = index.Shelf({}, {})
    for cls in classes:
        entry = index.make_entry((cls.op_name(), None, *facts(cls)))
        made.entries[entry.name] = (*made.entries.get(entry.name, ()), entry)
        made.classes[entry] = cls
    return made
