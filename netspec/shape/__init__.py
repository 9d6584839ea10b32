"""Computes with shapes before anything runs: dims, what is known about them, tensor types, and how they meet. Floor 0.

`dims` is the arithmetic of symbolic sizes, `facts` decides questions about them, `types` has the type of a tensor, and
`unification` matches shapes with patterns and with each other.
"""

from netspec.shape.dims import Dim, DimTooComplex
from netspec.shape.facts import Facts
from netspec.shape.types import DTYPES, TensorType
from netspec.shape.unification import broadcast, conv_out, unify
from netspec.shape.verdict import Verdict

__all__ = [
    "DTYPES",
    "Dim",
    "DimTooComplex",
    "Facts",
    "TensorType",
    "Verdict",
    "broadcast",
    "conv_out",
    "unify",
]
