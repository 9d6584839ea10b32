"""Maps the parameters of each PyTorch layer to ours: one function per layer goes from its arrays to ours by name.

Shapes are the caller's to compare: a function reshapes what only has other axes, and leaves alone what has another size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from netspec.from_torch.modules import Absent, Module
from netspec.lazy import np
from netspec.library.base import Array, Op
from netspec.library.layers.bilinear import Bilinear
from netspec.library.layers.conv import Conv
from netspec.library.layers.conv_depthwise import DepthwiseConv
from netspec.library.layers.conv_transposed import ConvTranspose, turn_round
from netspec.library.layers.dense import Dense
from netspec.library.layers.embed import Embed
from netspec.library.layers.gates import GatedCell
from netspec.library.layers.layer_norm import InstanceNorm, LayerNorm
from netspec.library.layers.norm import BatchNorm, GroupNorm
from netspec.library.layers.patches import PatchEmbed
from netspec.library.layers.prelu import Prelu
from netspec.library.layers.recurrent_cells import GruCell, LstmCell, SimpleCell
from netspec.library.layers.rms_norm import RmsNorm
from netspec.library.layers.self_attention import SelfAttention
from netspec.library.layers.weight_norm import SpectralNorm, WeightNorm

Shapes = Mapping[str, tuple[int, ...]]
"""The shapes of an op's parameters and buffers by name."""
Converter = Callable[[Op, Shapes, Module], dict[str, Array]]


def dense(op: Op, shapes: Shapes, module: Module) -> dict[str, Array]:
    """`nn.Linear`: [features, in] -> [in…, features…]."""
    return _add_bias(op, {"kernel": fit_shape(module["weight"].T, shapes["kernel"])}, shapes, module)


def conv(op: Op, shapes: Shapes, module: Module) -> dict[str, Array]:
    """`nn.Conv1d` … `nn.Conv3d`: [features, in / groups, kernel…] -> [kernel…, in / groups, features]."""
    weight = module["weight"]
    return _add_bias(op, {"kernel": weight.transpose(*range(2, weight.ndim), 1, 0)}, shapes, module)


def conv_transpose(op: Op, shapes: Shapes, module: Module) -> dict[str, Array]:
    """`nn.ConvTranspose1d` …: [in, features / groups, kernel…], which is applied mirrored."""
    weight, transposed, groups = module["weight"], getattr(op, "transpose_kernel", False), getattr(op, "groups", 1)
    space = range(2, weight.ndim)
    kernel = weight.transpose(*space, 1, 0) if transposed else turn_round(np.flip(weight, tuple(space)).transpose(*space, 1, 0), groups)
    return _add_bias(op, {"kernel": kernel}, shapes, module)


def bilinear(op: Op, shapes: Shapes, module: Module) -> dict[str, Array]:
    """`nn.Bilinear`: [features, in, other] -> [in, other, features]."""
    return _add_bias(op, {"kernel": np.moveaxis(module["weight"], 0, -1)}, shapes, module)


def embed(op: Op, shapes: Shapes, module: Module) -> dict[str, Array]:
    """`nn.Embedding`."""
    return {"embedding": module["weight"]}


def norm(op: Op, shapes: Shapes, module: Module) -> dict[str, Array]:
    """`nn.BatchNorm1d` …, `nn.LayerNorm`, `nn.GroupNorm`, `nn.InstanceNorm1d` …, `nn.RMSNorm`."""
    names = {"scale": "weight", "bias": "bias", "mean": "running_mean", "var": "running_var"}
    module.pass_over("num_batches_tracked")
    return {ours: fit_shape(module[theirs], shapes[ours]) for ours, theirs in names.items() if ours in shapes}


def prelu(op: Op, shapes: Shapes, module: Module) -> dict[str, Array]:
    """`nn.PReLU`, whose one slope is [1]."""
    return {"slope": fit_shape(module["weight"], shapes["slope"])}


def self_attention(op: Op, shapes: Shapes, module: Module) -> dict[str, Array]:
    """`nn.MultiheadAttention`: one [3 · features, features] -> `query`, `key`, `value` [features, heads, size]; `out_proj` -> `out`."""
    parts = ("query", "key", "value")
    stacked = module.get("in_proj_weight")
    rows = [module[f"{part[0]}_proj_weight"] for part in parts] if stacked is None else np.split(stacked, 3)
    made = {f"{part}/kernel": fit_shape(r.T, shapes[f"{part}/kernel"]) for part, r in zip(parts, rows, strict=True)}
    made["out/kernel"] = fit_shape(module["out_proj.weight"].T, shapes["out/kernel"])
    if "out/bias" in shapes:
        cut = zip(parts, np.split(module["in_proj_bias"], 3), strict=True)
        made |= {f"{part}/bias": fit_shape(b, shapes[f"{part}/bias"]) for part, b in cut} | {"out/bias": module["out_proj.bias"]}
    return made


def read_gates(op: Op, shapes: Shapes, module: Module) -> dict[str, Array]:
    """One layer and direction of `nn.LSTM`, `nn.GRU` or `nn.RNN`, or a cell: gates stacked as rows, in our order; two biases each.

    A bias that we have on one side alone is the sum of theirs on both.
    """
    gates = op.gates if isinstance(op, GatedCell) else ()
    cut = {name: _gates(module, name, len(gates)) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    if cut["weight_ih"] is None or cut["weight_hh"] is None:
        raise Absent(module.whole("weight_ih" if cut["weight_ih"] is None else "weight_hh"))
    made = {}
    for k, gate in enumerate(gates):
        sides = {side: f"{side}{gate}" for side in "ih"}
        made |= {f"{name}/kernel": cut[f"weight_{side}h"][k].T for side, name in sides.items()}  # type: ignore[index]
        biases = {name: cut[f"bias_{side}h"] for side, name in sides.items()}
        made |= _biases({name: None if rows is None else rows[k] for name, rows in biases.items()}, shapes)
    return made


def _gates(module: Module, name: str, count: int) -> list[Array] | None:
    """The parts of a stacked weight, one for each gate; None where the module has none."""
    stacked = module.step(name)
    return None if stacked is None else list(np.split(stacked, count))


def _biases(theirs: Mapping[str, Array | None], shapes: Shapes) -> dict[str, Array]:
    """The biases of one gate: each where we have both, else their sum; zeros where PyTorch has none."""
    ours = [f"{name}/bias" for name in theirs if f"{name}/bias" in shapes]
    given = [np.zeros(shapes[ours[0]], "float32") if bias is None else bias for bias in theirs.values()]
    return dict(zip(ours, given if len(ours) == len(given) else [sum(given)], strict=True))


def weight_norm(op: Op, shapes: Shapes, module: Module) -> dict[str, Array]:
    """`weight_norm` around `nn.Linear` or `nn.Conv…`: directions, and lengths, which it has as [features, 1, …]."""
    lengths = module.get("parametrizations.weight.original0", "weight_g")
    made = _read_inner(op, shapes, module, "parametrizations.weight.original1", "weight_v")
    return made if lengths is None else made | {"kernel_scale": fit_shape(lengths, shapes.get("kernel_scale", ()))}


def spectral_norm(op: Op, shapes: Shapes, module: Module) -> dict[str, Array]:
    """`spectral_norm` around them, with its vector for the rows of its weight, which are our columns."""
    module.pass_over("parametrizations.weight.0._v", "weight_v")
    made = _read_inner(op, shapes, module, "parametrizations.weight.original", "weight_orig")
    vector = module.get("parametrizations.weight.0._u", "weight_u")
    return made if vector is None else made | {"kernel_u": vector}


def _read_inner(op: Op, shapes: Shapes, module: Module, *names: str) -> dict[str, Array]:
    """The parameters of the layer inside, whose weight has another name."""
    weight, layer = module.get(*names), getattr(op, "layer", op)
    if weight is None:
        raise Absent(module.whole(names[0]))
    own = {"weight": weight} | ({"bias": module["bias"]} if "bias" in shapes else {})
    return CONVERTERS[type(layer)](layer, shapes, Module(own))


def _add_bias(op: Op, made: dict[str, Array], shapes: Shapes, module: Module) -> dict[str, Array]:
    """The arrays with the bias, where our layer has one."""
    return made | ({"bias": fit_shape(module["bias"], shapes["bias"])} if "bias" in shapes else {})


def fit_shape(array: Array, shape: tuple[int, ...]) -> Array:
    """The array in the shape, where it has as many elements."""
    return array.reshape(shape) if array.size == np.prod(shape, dtype=int) else array


CONVERTERS: dict[type[Op], Converter] = {
    BatchNorm: norm,
    Bilinear: bilinear,
    Conv: conv,
    ConvTranspose: conv_transpose,
    Dense: dense,
    DepthwiseConv: conv,
    Embed: embed,
    GroupNorm: norm,
    GruCell: read_gates,
    InstanceNorm: norm,
    LayerNorm: norm,
    LstmCell: read_gates,
    PatchEmbed: conv,
    Prelu: prelu,
    RmsNorm: norm,
    SelfAttention: self_attention,
    SimpleCell: read_gates,
    SpectralNorm: spectral_norm,
    WeightNorm: weight_norm,
}
"""What PyTorch has too."""
