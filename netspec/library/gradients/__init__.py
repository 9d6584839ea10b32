"""Holds gradient transformations: `core` has what they are made of, the other modules the formulas. Plugins import from here."""

from netspec.library.gradients.core import Tree, apply_updates, compose, counted, each, norm, stateless, widen, zeros
from netspec.library.gradients.descent import descend

__all__ = ["Tree", "apply_updates", "compose", "counted", "descend", "each", "norm", "stateless", "widen", "zeros"]
