"""Flax's normalisations, and its layers around layers, beside ours."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import numpy as np

from netspec.library.layers.conv import Conv
from netspec.library.layers.dense import Dense
from netspec.library.layers.layer_norm import InstanceNorm, LayerNorm
from netspec.library.layers.norm import BatchNorm, GroupNorm
from netspec.library.layers.rms_norm import RmsNorm
from netspec.library.layers.weight_norm import SpectralNorm, WeightNorm
from tests.library.flax_pairs import Compared, Pair, Row, beside, shapes_of, type_of
from tests.library.scope import TestScope, applied

BOOLS = (True, False)
SHAPE = (4, 3, 6)


def mask_of(row: Row, shape: tuple[int, ...] = SHAPE) -> dict[str, Any]:
    """Elements that count, some of every feature, or all."""
    mask = (np.random.default_rng(3).random(shape) < 0.6) | (np.arange(shape[1])[:, None] == 0) | (np.arange(shape[-1]) == 0)
    return {"mask": mask} if row["mask"] else {}


def flags(row: Row) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments that all have, ours and flax's."""
    own = {name: row[name] for name in ("scale", "bias", "epsilon") if name in row}
    theirs = {name if name == "epsilon" else f"use_{name}": value for name, value in own.items()}
    return own, {**theirs, "use_fast_variance": False}


def masked(op: Any, module: Any, row: Row) -> Pair:
    plain, given = beside(op, module, SHAPE), mask_of(row)
    return Pair(
        lambda p, x: applied(op, TestScope(p), x, **given),
        lambda p, x: module.apply({"params": p}, x, **given),
        plain.weights,
        plain.inputs,
    )


def batch_norm(row: Row) -> Pair:
    """In training the moved statistics are results too; variances given are kept above 0."""
    (own, theirs), training = flags(row), row["training"]
    op = BatchNorm(axis=row["axis"], momentum=row["momentum"], **own)
    module = nn.BatchNorm(not training, axis=row["axis"], momentum=row["momentum"], **theirs)
    given, weights = mask_of(row), shapes_of(op.params(type_of(SHAPE)))

    def state(p: Any) -> Any:
        return {"mean": p["mean"], "var": p["var"] ** 2 + 0.5}

    def ours(p: Any, x: Any) -> Any:
        scope = TestScope(p, state(p), training)
        return applied(op, scope, x, **given), scope.updates if training else state(p)

    def flax(p: Any, x: Any) -> Any:
        variables = {"params": {name: p[name] for name in weights}, "batch_stats": state(p)}
        y, moved = module.apply(variables, x, **given, mutable=["batch_stats"])
        return y, dict(moved["batch_stats"])

    return Pair(ours, flax, {**weights, **shapes_of(op.buffers(type_of(SHAPE)))}, (SHAPE,))


def layer_norm(row: Row) -> Pair:
    own, theirs = flags(row)
    module = nn.LayerNorm(reduction_axes=row["axis"], feature_axes=row["axis"], **theirs)
    return masked(LayerNorm(axis=row["axis"], **own), module, row)


def rms_norm(row: Row) -> Pair:
    own, theirs = flags(row)
    module = nn.RMSNorm(reduction_axes=row["axis"], feature_axes=row["axis"], **theirs)
    return masked(RmsNorm(axis=row["axis"], **own), module, row)


def instance_norm(row: Row) -> Pair:
    own, theirs = flags(row)
    return masked(InstanceNorm(**own), nn.InstanceNorm(**theirs), row)


def group_norm(row: Row) -> Pair:
    own, theirs = flags(row)
    name, number = row["split"]
    split = {"num_groups": number} if name == "groups" else {"num_groups": None, "group_size": number}
    return masked(GroupNorm(**{name: number}, **own), nn.GroupNorm(**split, **theirs), row)


def inside(row: Row) -> tuple[Any, Any, tuple[int, ...]]:
    """The layer whose kernel is normalised, ours and flax's, and the shape of its input."""
    bias = row["bias"]
    if row["layer"] == "dense":
        return Dense(features=4, bias=bias), nn.Dense(4, bias), (3, 5)
    return Conv(features=3, kernel=2, bias=bias), nn.Conv(3, (2, 2), use_bias=bias), (2, 4, 4, 2)


def weight_norm(row: Row) -> Pair:
    layer, module, shape = inside(row)
    op = WeightNorm(layer=layer, scale=row["scale"], axis=row["axis"], epsilon=row["epsilon"])
    wrapped = nn.WeightNorm(module, row["epsilon"], use_scale=row["scale"], feature_axes=row["axis"])
    tree = jax.eval_shape(wrapped.init, jax.random.key(0), np.zeros(shape, "float32"))["params"]

    def flax(p: Any, x: Any) -> Any:
        own = {name: value for name, value in p.items() if name != "kernel_scale"}
        return wrapped.apply({"params": {k: p["kernel_scale"] if k.endswith("kernel/scale") else own for k in tree}}, x)

    return Pair(lambda p, x: applied(op, TestScope(p), x), flax, shapes_of(op.params(type_of(shape))), (shape,))


def spectral_norm(row: Row) -> Pair:
    """The vector that rounds begin at is given to both."""
    layer, module, shape = inside(row)
    op, wrapped = (
        SpectralNorm(layer=layer, steps=row["steps"], epsilon=row["epsilon"]),
        nn.SpectralNorm(module, row["steps"], row["epsilon"]),
    )
    tree = jax.eval_shape(lambda x: wrapped.init(jax.random.key(0), x, update_stats=False), np.zeros(shape, "float32"))
    start = np.random.default_rng(8).standard_normal(shapes_of(op.buffers(type_of(shape)))["kernel_u"]).astype("float32")
    stats = {name: start[None] if name.endswith("/u") else np.float32(1) for name in tree["batch_stats"]}
    (inner,) = tree["params"]

    def ours(p: Any, x: Any) -> Any:
        scope = TestScope(p, {"kernel_u": start}, row["training"])
        return applied(op, scope, x), scope.updates.get("kernel_u", start)

    def flax(p: Any, x: Any) -> Any:
        variables = {"params": {inner: p}, "batch_stats": stats}
        y, moved = wrapped.apply(variables, x, update_stats=row["training"], mutable=["batch_stats"])
        (kept,) = (value for name, value in moved["batch_stats"].items() if name.endswith("/u"))
        return y, kept[0]

    return Pair(ours, flax, shapes_of(op.params(type_of(shape))), (shape,))


FLAGS = {"scale": BOOLS, "bias": BOOLS, "epsilon": (1e-5, 1e-2), "mask": (False, True)}
NORMS = {
    nn.BatchNorm: Compared(batch_norm, {**FLAGS, "axis": (-1, 1, (1, -1)), "momentum": (0.9, 0.0), "training": BOOLS}),
    nn.LayerNorm: Compared(layer_norm, {**FLAGS, "axis": (-1, (1, 2))}),
    nn.InstanceNorm: Compared(instance_norm, FLAGS),
    nn.GroupNorm: Compared(group_norm, {**FLAGS, "split": (("groups", 2), ("groups", 1), ("group_size", 2))}),
    nn.RMSNorm: Compared(rms_norm, {**{name: FLAGS[name] for name in ("scale", "epsilon", "mask")}, "axis": (-1, (1, 2))}),
    nn.WeightNorm: Compared(
        weight_norm,
        {"layer": ("dense", "conv"), "bias": BOOLS, "scale": BOOLS, "axis": (-1, 0, (-2, -1)), "epsilon": (1e-12, 1e-2)},
        lambda row: row["layer"] == "conv" or isinstance(row["axis"], int),  # one number by itself: its slope is 0 but for rounding
    ),
    nn.SpectralNorm: Compared(
        spectral_norm, {"layer": ("dense", "conv"), "bias": BOOLS, "steps": (1, 3), "epsilon": (1e-12, 1e-2), "training": BOOLS}
    ),
}
