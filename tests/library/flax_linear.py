"""Flax's linear layers, convolutions, embeddings and what has no weights, beside ours."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from netspec.library.functions.einsum import Einsum
from netspec.library.layers.conv import Conv
from netspec.library.layers.conv_local import ConvLocal
from netspec.library.layers.conv_transposed import ConvTranspose
from netspec.library.layers.dense import Dense
from netspec.library.layers.dropout import Dropout
from netspec.library.layers.embed import Embed, EmbedAttend
from netspec.library.layers.prelu import Prelu
from tests.library.flax_pairs import Compared, Pair, Row, beside, each
from tests.library.scope import TestScope, applied

BOOLS = (True, False)


def dense(row: Row) -> Pair:
    return beside(Dense(features=row["features"], bias=row["bias"]), nn.Dense(row["features"], row["bias"]), row["shape"])


def dense_general(row: Row) -> Pair:
    op = Dense(features=row["features"], axis=row["axis"], bias=row["bias"], batch_dims=row["batch"])
    return beside(op, nn.DenseGeneral(row["features"], row["axis"], tuple(range(row["batch"])), row["bias"]), (2, 3, 4, 5))


def einsum(row: Row) -> Pair:
    """`einsum` with a `weight` of the model's own; flax adds a bias along the axes that only the kernel has, here the last ones."""
    text, kernel = row["equation"]
    module, op, x = nn.Einsum(kernel, text, row["bias"]), Einsum(equation=text), (3, 2, 4)
    tree = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros(x))["params"]

    def ours(p: Any, x: Any) -> Any:
        y = applied(op, TestScope(), x, p["kernel"])
        return y + p["bias"].reshape((1,) * (y.ndim - p["bias"].ndim) + p["bias"].shape) if "bias" in p else y

    shapes = {name: leaf.shape for name, leaf in tree.items()}
    return Pair(ours, lambda p, x: module.apply({"params": p}, x), shapes, (x,))


def convolution(ours: Any, theirs: Any, grouped: bool) -> Any:
    """The maker of pairs of two convolutions with the same arguments."""

    def make(row: Row) -> Pair:
        shape = {1: (2, 8, 4), 2: (2, 7, 6, 4), 3: (1, 4, 5, 4, 4)}[row["space"]]
        space, more = row["space"], {"groups": row["groups"]} if grouped else {}
        names = ("kernel", "stride", "padding", "dilation", "bias")
        op = ours(features=4, **{name: row[name] for name in names}, **more)
        others = {"kernel_dilation": each(row["dilation"], space), "use_bias": row["bias"]}
        others |= {"feature_group_count": row["groups"]} if grouped else {}
        return beside(op, theirs(4, each(row["kernel"], space), each(row["stride"], space), row["padding"], **others), shape)

    return make


def sliding(row: Row) -> bool:
    """CAUSAL is for one axis, and a mirror needs something to show."""
    return (row["padding"] != "CAUSAL" or row["space"] == 1) and (row["padding"] != "REFLECT" or row["space"] < 3)


WINDOWS = {"kernel": (3, 2), "stride": (1, 2), "dilation": (1, 2), "bias": BOOLS}
PADDINGS = ("SAME", "VALID", 1, "CIRCULAR", "CAUSAL")


def conv_transpose(row: Row) -> Pair:
    shape = {1: (2, 5, 3), 2: (2, 4, 5, 3), 3: (1, 3, 2, 3, 3)}[row["space"]]
    space, padding = row["space"], row["padding"]
    names = ("kernel", "stride", "padding", "dilation", "bias", "transpose_kernel")
    op = ConvTranspose(features=2, **{name: row[name] for name in names})
    module = nn.ConvTranspose(
        2,
        each(row["kernel"], space),
        each(row["stride"], space),
        ((padding, padding),) * space if isinstance(padding, int) else padding,
        kernel_dilation=each(row["dilation"], space),
        use_bias=row["bias"],
        transpose_kernel=row["transpose_kernel"],
    )
    return beside(op, module, shape)


def embed(row: Row) -> Pair:
    """Looked up, and attended to; ids beyond the vocabulary give NaN in both, so they are left out."""
    sizes = row["vocab"], row["features"]
    module, scope = nn.Embed(*sizes), {"vocab": sizes[0], "features": sizes[1]}
    ids = np.random.default_rng(7).integers(0, sizes[0], row["ids"])

    def ours(p: Any, x: Any) -> Any:
        return applied(Embed(**scope), TestScope(p), ids), applied(EmbedAttend(**scope), TestScope(p), x)

    def theirs(p: Any, x: Any) -> Any:
        return module.apply({"params": p}, ids), module.apply({"params": p}, x, method="attend")

    return Pair(ours, theirs, {"embedding": sizes}, ((2, 3, sizes[1]),))


def prelu(row: Row) -> Pair:
    return beside(Prelu(), nn.PReLU(), row["shape"], {"slope": "negative_slope"})


class Drawing(TestScope):
    """Draws as flax does, from one key."""

    __test__ = False

    def bernoulli(self, probability: float, shape: tuple[int, ...]) -> Any:
        return jax.random.bernoulli(jax.random.key(4), probability, shape)


def dropout(row: Row) -> Pair:
    """With the same elements dropped."""
    op = Dropout(rate=row["rate"], broadcast_axes=row["axes"])
    module = nn.Dropout(row["rate"], row["axes"], deterministic=not row["training"])
    return Pair(
        lambda p, x: applied(op, Drawing(training=row["training"]), x),
        lambda p, x: module.apply({}, x, rng=jax.random.key(4)),
        {},
        (row["shape"],),
    )


LINEAR = {
    nn.Dense: Compared(dense, {"features": (5, 1), "shape": ((4, 6), (2, 3, 5), (7,)), "bias": BOOLS}),
    nn.DenseGeneral: Compared(dense_general, {"features": (6, (2, 3)), "axis": (-1, (-2, -1), (1, 3)), "batch": (0, 1), "bias": BOOLS}),
    nn.Einsum: Compared(
        einsum,
        {
            "equation": (("abc,cde->abde", (4, 3, 2)), ("abc,dc->abd", (5, 4)), ("abc,bcd->ad", (2, 4, 3))),
            "bias": BOOLS,
        },
    ),
    nn.Conv: Compared(
        convolution(Conv, nn.Conv, True), {"space": (2, 1, 3), "padding": (*PADDINGS, "REFLECT"), **WINDOWS, "groups": (1, 2)}, sliding
    ),
    nn.ConvLocal: Compared(
        convolution(ConvLocal, nn.ConvLocal, False), {"space": (1, 2), "padding": ("SAME", "VALID", "CIRCULAR"), **WINDOWS}
    ),
    nn.ConvTranspose: Compared(
        conv_transpose, {"space": (2, 1, 3), "padding": ("SAME", "VALID", 2, "CIRCULAR"), **WINDOWS, "transpose_kernel": BOOLS}
    ),
    nn.Embed: Compared(
        embed,
        {"vocab": (7, 1), "features": (5, 1), "ids": ((2, 3), (4,), ())},
        lambda row: row["vocab"] > 1 or row["ids"] != (),  # flax 0.12 fails where a single number is looked up among one
    ),
    nn.PReLU: Compared(prelu, {"shape": ((4, 6), (3, 2, 5))}),
    nn.Dropout: Compared(
        dropout, {"rate": (0.4, 0.0, 1.0), "axes": ((), (1,), (0, 2)), "training": BOOLS, "shape": ((4, 5, 6), (2, 3, 4, 2))}
    ),
}
