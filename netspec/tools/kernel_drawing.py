"""Draws what each layer of a program computes with: the variant of each kernel, and why it was chosen. Floor 5."""

from __future__ import annotations

import re
from collections.abc import Iterable

from netspec.kernels.choice import Chosen
from netspec.tools.text_drawing import draw_columns

HEADINGS = ("layer", "kernel", "variant", "why", "of")


def draw_kernels(choices: Iterable[Chosen]) -> str:
    """One line per layer and kernel, in the order in which they are traced; alike ones of a layer are one line."""
    rows = dict.fromkeys((_layer(c.path), c.variant.family.name, c.variant.name, c.reason, c.arguments) for c in choices)
    return draw_columns(HEADINGS, list(rows))


def _layer(path: str) -> str:
    """`layer_0..3/dense_0` for a stored path `layer_{0:4}/dense_0`; of a measure, which is no layer, its name without its number."""
    ranges = re.sub(r"\{(\d+):(\d+)\}", lambda found: f"{found[1]}..{int(found[2]) - 1}", path)
    return re.sub(r":\d+$", "", ranges)
