"""Says what another library's call means that leaves an argument out: its defaults, where they differ from ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netspec.diagnostics.suggestions.nearest import squash
from netspec.syntax import tree

CONVS = ("conv", "conv_transpose", "depthwise_conv", "separable_conv")
JOINS = {"cat": "0", "concatenate": "0", "vstack": "0", "hstack": "1"}
"""Functions of PyTorch and NumPy that put tensors together, and along which axis."""


def list_defaults(library: str, name: str, ours: str, args: Sequence[tree.Arg], reading: Any) -> Iterator[str]:
    """What is to be written besides, the likeliest first; "" where nothing is."""
    given = {squash(arg.name) for arg in args if arg.name is not None}
    plain = sum(arg.name is None for arg in args) - len(reading.gone)
    if ours in CONVS and re.search(r"\d[dD](Transpose)?$", name) and plain < 4 and not given & {"padding", "paddingmode"}:
        yield 'padding="VALID"'
    elif ours == "concat" and name in JOINS and plain < 2 and not given & {"axis", "dim"}:
        yield f"axis={JOINS[name]}"
        return
    elif ours in ("std", "var") and library in ("torch", "th") and not given & {"correction", "unbiased", "ddof"}:
        yield "ddof=1"
        return
    elif name == "interpolate" and ours in ("resize", "upsample") and not given & {"mode", "method"}:
        yield 'method="nearest", coordinates="asymmetric", rounding="floor"' if ours == "resize" else ""
        return
    yield ""


def choose_op(name: str, args: Sequence[tree.Arg]) -> str:
    """The op that another library's name means with these arguments, or with the number of axes at its end; "" where any will do."""
    last = name.rpartition(".")[2]
    if re.fullmatch(r"(?i:dropout)[123][dD]", last):
        return "spatial_dropout"
    if last == "transpose" and name.startswith("torch.") and sum(arg.name is None for arg in args) == 3:
        return "swap_axes"
    scaled = any(squash(arg.name or "") == "scalefactor" for arg in args)
    return "upsample" if scaled and last == "interpolate" else ""


def doubt(name: str, args: Sequence[tree.Arg]) -> str:
    """What is to be said of a call that means here something else than there; "" of any other."""
    library, _, last = name.rpartition(".")
    starts = {arg.value.span.text for arg in args[1:] if arg.name in (None, "start_dim")}
    if library in ("torch", "np", "jnp", "numpy") and last in ("flatten", "ravel") and "1" not in starts:
        return f"`{name}` joins all axes, the batch too: `flatten(x)` keeps the batch, `reshape(x, [-1])` does not"
    return ""


def momentum(name: str, ours: str, args: Sequence[tree.Arg]) -> Mapping[int, str]:
    """PyTorch's momentum of the running statistics is the share of the new ones, ours that of the old ones."""
    if ours != "batch_norm" or not re.search(r"(?i:batch_?norm)\d?d$", name):
        return {}
    found = {n: arg.value for n, arg in enumerate(args) if arg.name == "momentum"}
    return {n: f"momentum={1 - float(v.value):.6g}" for n, v in found.items() if isinstance(v, tree.Number) and 0 < v.value <= 1}
