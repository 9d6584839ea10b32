"""Binds names and nothing else: every name of a file gets its meaning, and every problem with names is found, in unused blocks too."""

from netspec.resolve.graph import Bad, BlockRef, Builtin, Definition, Function, FunctionRef, Global, Graph, Late, Local, Meaning, ShelfRef
from netspec.resolve.sections import resolve

__all__ = [
    "Bad",
    "BlockRef",
    "Builtin",
    "Definition",
    "Function",
    "FunctionRef",
    "Global",
    "Graph",
    "Late",
    "Local",
    "Meaning",
    "ShelfRef",
    "resolve",
]
