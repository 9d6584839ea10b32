"""Takes the weights of a PyTorch model into the netspec model that computes the same.

    program = netspec.compile("digits.net")
    weights = convert_weights(program, module.state_dict(), {"conv_0": "features.0", "dense_0": "classifier"})
    state = program.pack(weights)

PyTorch itself is not needed, only its arrays: NumPy arrays, or CPU tensors, by the names of the state dict. Floor 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from netspec.diagnostics.running.torch import TorchMismatch
from netspec.diagnostics.spec_error import SpecError
from netspec.from_torch.layers import CONVERTERS, Shapes, fit_shape
from netspec.from_torch.modules import Absent, Module
from netspec.ir import Apply, Body, Variable
from netspec.ir.paths import buffers_of, uses, weights_of
from netspec.lazy import np
from netspec.library.base import Array, Op
from netspec.library.base.path_patterns import matches
from netspec.lower.path_tree import flatten, nest
from netspec.lower.program import Program
from netspec.shape import Dim

__all__ = ["convert_weights", "layer_parameters"]
WAY = re.compile(r"(layer_\d+|forward|backward)")
"""The path segments of a recurrence, which one PyTorch module holds together."""


def convert_weights(
    program: Program,
    arrays: Mapping[str, Any],
    places: Mapping[str, str],
    *,
    flattened: Mapping[str, tuple[int, ...]] | None = None,
    keep: Iterable[str] = (),
    ignore: Iterable[str] = (),
) -> dict[str, Any]:
    """Parameters and buffers as `program.pack` takes them, from the arrays of a PyTorch model.

    `places` gives each layer's path the prefix of a module in the state dict, `{"dense_0": "fc1"}`: a recurrence as a whole
    (`{"bidirectional_0": "rnn"}` for all layers and directions of an `nn.LSTM`), a `weight` statement the name of an array.
    `flattened` tells of a `dense` that stands behind `flatten` what PyTorch flattened, channels first: `{"dense_0": (64, 7, 7)}`.
    What matches a pattern of `keep` keeps its first values (`"dense_9"`, `"head/**"`); arrays that match one of `ignore` are not wanted.
    Raises `SpecError` (torch-mismatch) that lists all layers without a place, arrays that are missing or left over, and other shapes.
    """
    work = _Conversion(program.model, arrays, places, flattened or {}, tuple(keep))
    made = work.run()
    unused = tuple(n for n in arrays if n not in work.read and not any(fnmatchcase(n, pattern) for pattern in ignore))
    facts = {**{name: tuple(found) for name, found in work.faults.items()}, "unused": unused}
    if any(facts.values()):
        raise SpecError([TorchMismatch(**facts, names=tuple(arrays))])
    first = program.unpack(program.init())
    return {name: nest(flatten(tree) | {path: a for path, a in made.items() if path in flatten(tree)}) for name, tree in first.items()}


def layer_parameters(op: Op, shapes: Shapes, arrays: Mapping[str, Any], suffix: str = "") -> dict[str, Array]:
    """Parameters and buffers of one layer by name, from the arrays of its module; `suffix` is that of a layer of `nn.LSTM`, `_l0`.

    `shapes` are those of the layer's parameters and buffers. Raises KeyError for an op that PyTorch has not, or an array that is missing.
    """
    try:
        return CONVERTERS[type(op)](op, shapes, Module(arrays, "", suffix))
    except Absent as absent:
        raise KeyError(absent.args[0]) from None


@dataclass
class _Conversion:
    """One walk over a model; `faults` are the facts of the problem."""

    body: Body
    arrays: Mapping[str, Any]
    places: Mapping[str, str]
    flattened: Mapping[str, tuple[int, ...]]
    keep: tuple[str, ...]
    read: set[str] = field(default_factory=set)
    faults: dict[str, list] = field(default_factory=lambda: {n: [] for n in ("missing", "unplaced", "unknown", "foreign", "misshaped")})

    def run(self) -> dict[str, Array]:
        """The converted arrays by whole path."""
        made, placed = {}, set()
        for path, use in uses(self.body).items():
            shapes, place = _shapes(use), self._place(path)
            placed |= {place} - {None}
            if place is not None and shapes:
                made |= {f"{path}/{name}" if name else path: a for name, a in self._one(path, use, shapes, place)}
            elif shapes and not all(any(matches(p, _join_path(path, n)) or matches(p, path) for p in self.keep) for n in shapes):
                self.faults["unplaced"].append(path)
        self.faults["unknown"] += [p for p in (*self.places, *self.flattened) if p not in placed]
        return made

    def _place(self, path: str) -> str | None:
        """The place that says where a layer comes from: its own path, or that of the recurrence that it is a part of."""
        above = path
        while above not in self.places:
            above, _, last = above.rpartition("/")
            if not above or not WAY.fullmatch(last):
                return None
        return above

    def _one(self, path: str, use: tuple[Body, Apply] | Variable, shapes: Shapes, place: str) -> Iterator[tuple[str, Array]]:
        """The arrays of one layer or weight, by path; what is missing or has another shape is noted as a fault."""
        prefix = self.places[place]
        try:
            made = self._weight(prefix, shapes) if isinstance(use, Variable) else self._layer(path, use[1].op, shapes, prefix, place)
        except Absent as absent:
            self.faults["missing"].append(absent.args[0])
            return
        for name, array in made.items():
            if array.shape == shapes[name]:
                yield name, array
            else:
                self.faults["misshaped"].append((_join_path(path, name), shapes[name], array.shape))

    def _weight(self, name: str, shapes: Shapes) -> dict[str, Array]:
        """A `weight` statement: the array as it is, whatever axes of size 1 it has."""
        return {"": fit_shape(Module(self.arrays, read=self.read)[name], shapes[""])}

    def _layer(self, path: str, op: Op, shapes: Shapes, prefix: str, place: str) -> dict[str, Array]:
        """The arrays of a layer by its converter; a layer that none knows is a fault."""
        if type(op) not in CONVERTERS:
            self.faults["foreign"].append((path, op.op_name()))
            return {}
        made = CONVERTERS[type(op)](op, shapes, Module(self.arrays, prefix, _suffix(path[len(place) :]), self.read))
        return made | {"kernel": _channels_last(made["kernel"], self.flattened[path])} if path in self.flattened else made


def _shapes(use: tuple[Body, Apply] | Variable) -> dict[str, tuple[int, ...]]:
    """The shapes of what a use has to be given, by name; a `weight` statement has none."""
    weights = {"": use.weight} if isinstance(use, Variable) else weights_of(*use) | buffers_of(*use)
    return {name: tuple(Dim.of(size).value for size in weight.shape) for name, weight in weights.items()}


def _join_path(path: str, name: str) -> str:
    """A path below another; the path itself for an empty name."""
    return f"{path}/{name}" if name else path


def _suffix(way: str) -> str:
    """`/layer_1/backward` -> `_l1_reverse`."""
    layer = re.search(r"layer_(\d+)", way)
    return f"_l{layer[1] if layer else 0}{'_reverse' if 'backward' in way else ''}"


def _channels_last(kernel: Array, shape: tuple[int, ...]) -> Array:
    """The rows of a kernel whose input was flattened channels first, in the order of channels last."""
    if kernel.shape[0] != np.prod(shape, dtype=int):
        return kernel.reshape(-1)  # a shape that nothing has, so that it is told
    return np.moveaxis(kernel.reshape(*shape, -1), 0, len(shape) - 1).reshape(kernel.shape)
