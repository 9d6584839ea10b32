"""Holds gradient transformations: `core` has what they are made of, the other modules the formulas. Plugins import from here."""

from netspec.library.gradients.core import Tree, apply_updates, compose, count_up, make_stateless, map_slices, norm, widen, zeros
from netspec.library.gradients.descent import descend

__all__ = ["Tree", "apply_updates", "compose", "count_up", "descend", "map_slices", "norm", "make_stateless", "widen", "zeros"]
