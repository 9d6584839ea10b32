"""A plugin as its authors write it: an op of each kind. Its tests put it on the path and give it an entry point."""

from .examples import brightened, broken, rows, turned
from .layers import Decayed, FastDense, Table, TableAttend, Twice
from .training import First, Halved, Held, Line, Negated, Signed, SignSgd, Spread

__all__ = [
    "Decayed",
    "FastDense",
    "First",
    "Halved",
    "Held",
    "Line",
    "Negated",
    "SignSgd",
    "Signed",
    "Spread",
    "Table",
    "TableAttend",
    "Twice",
    "brightened",
    "broken",
    "rows",
    "turned",
]
