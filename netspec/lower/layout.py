"""Where parameters and buffers are stored: the map between logical paths and stored leaves, which nothing else reads.

A parameter of a `repeat` is one leaf with the iteration as leading axis (one axis for each repeat around it, outermost first), whether the
repeat runs as a scan or unrolled. All other parameters are leaves of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.weights import WeightsMismatch
from netspec.ir import Body, Node
from netspec.lazy import jnp, np
from netspec.library.base import Leaf, Weight
from netspec.lower.tree import flatten, nest
from netspec.shape import Dim

Tree = Mapping[str, Any]
PARAMS, BUFFERS = "params", "buffers"


@dataclass(frozen=True)
class Stored:
    """One stored leaf: `weight` describes a slice, `counts` are its stack axes, `paths` name the slices in row-major order."""

    key: str
    weight: Weight
    counts: tuple[int, ...]
    paths: tuple[str, ...]

    @cached_property
    def slice_shape(self) -> tuple[int, ...]:
        return tuple(Dim.of(size).value for size in self.weight.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.counts + self.slice_shape

    def indices(self) -> list[tuple[int, ...]]:
        """The index of each slice, in the order of `paths`."""
        return list(product(*map(range, self.counts)))


@dataclass(frozen=True)
class Region:
    """What the iterations of one repeat read: keys of leaves that it stacks, and of buffers that they have in common."""

    params: tuple[str, ...]
    buffers: tuple[str, ...]
    common: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Layout:
    """The leaves of a body. `params` and `buffers` are by stored key."""

    body: Body
    params: Mapping[str, Stored]
    buffers: Mapping[str, Stored]
    regions: Mapping[tuple[str, int], Region] = field(repr=False)

    @classmethod
    def of(cls, body: Body) -> Layout:
        """The layout of a model: walks its calls and repeats."""
        from netspec.lower.survey import survey

        return survey(body)

    def region(self, prefix: str, node: Node) -> Region:
        """Of the repeat `node` in the body that stands at the stored path `prefix`."""
        return self.regions[prefix, id(node)]

    def leaves(self) -> dict[str, Leaf]:
        """What optimizers may know of each stored parameter."""
        return {key: Leaf(stored.paths, len(stored.counts)) for key, stored in self.params.items()}

    def pack(self, tree: Tree) -> dict[str, dict[str, Any]]:
        """Nested dicts {"params", "buffers"} by logical path -> flat dicts by stored key. Raises `Mistake` that lists every difference."""
        given = {PARAMS: flatten(tree.get(PARAMS, {})), BUFFERS: flatten(tree.get(BUFFERS, {}))}
        self._compare(given, [name for name in tree if name not in given])
        return {PARAMS: _pack(self.params, given[PARAMS]), BUFFERS: _pack(self.buffers, given[BUFFERS])}

    def unpack(self, stored: Tree) -> dict[str, Any]:
        """The inverse of `pack`."""
        return {PARAMS: nest(_unpack(self.params, stored[PARAMS])), BUFFERS: nest(_unpack(self.buffers, stored[BUFFERS]))}

    def _compare(self, given: Mapping[str, Tree], unknown: list[str]) -> None:
        missing, extra, misshaped = [], list(unknown), []
        for collection, leaves in ((PARAMS, self.params), (BUFFERS, self.buffers)):
            shapes = {path: s.slice_shape for s in leaves.values() for path in s.paths}
            found = given[collection]
            missing += [path for path in shapes if path not in found]
            extra += [path for path in found if path not in shapes]
            both = [(path, shape, np.shape(found[path])) for path, shape in shapes.items() if path in found]
            misshaped += [entry for entry in both if entry[1] != entry[2]]
        if missing or extra or misshaped:
            raise Mistake(WeightsMismatch(missing=tuple(missing), extra=tuple(extra), misshaped=tuple(misshaped)))


def _pack(leaves: Mapping[str, Stored], given: Tree) -> dict[str, Any]:
    return {key: _stack([given[path] for path in s.paths], s.shape) if s.counts else given[s.paths[0]] for key, s in leaves.items()}


def _stack(slices: list[Any], shape: tuple[int, ...]) -> Any:
    """NumPy arrays stay NumPy; anything else, tracers too, is stacked by JAX."""
    module = np if all(isinstance(s, np.ndarray | np.generic) for s in slices) else jnp
    return module.stack(slices).reshape(shape)


def _unpack(leaves: Mapping[str, Stored], stored: Tree) -> dict[str, Any]:
    return {path: stored[key][index] for key, s in leaves.items() for path, index in zip(s.paths, s.indices(), strict=True)}
