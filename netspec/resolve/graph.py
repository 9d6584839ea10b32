"""Defines what `resolve` returns: the file's definitions, and for every name what it stands for."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.record import field, record
from netspec.source import Source
from netspec.syntax import tree


@record(eq=False)
class Definition:
    """A block or a model, unexpanded."""

    node: tree.Block | tree.Model
    params: tuple[tree.Param, ...]
    inputs: tuple[tree.Input, ...]
    outputs: tuple[tree.Output, ...]
    bounds: tuple[tree.DimBound, ...]
    globals: Mapping[str, tree.Param]
    """The params of the file it stands in."""
    lists: frozenset[str] = frozenset()
    """Inputs that are lists of tensors: their types are those of an item."""

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def is_model(self) -> bool:
        return isinstance(self.node, tree.Model)

    @property
    def is_cell(self) -> bool:
        """A block with `state` is one step of time."""
        return any(isinstance(s, tree.State) for s in self.node.body.statements)

    @property
    def unread(self) -> list[tree.Hole]:
        """Its statements that begin with `input` or `param` and could not be read: what its calls need is not known."""
        holes = [s for s in self.node.body.statements if isinstance(s, tree.Hole)]
        return [hole for hole in holes if hole.span.text.startswith(("input ", "param "))]

    @property
    def unread_symbols(self) -> list[tuple[str, tree.Hole]]:
        """The dims that unread inputs may have named."""
        return [(name, hole) for hole in self.unread for name in hole.mentions if name[:1].isupper()]


@record(eq=False)
class Function:
    """A function of static values."""

    node: tree.Function

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def params(self) -> tuple[tree.FunctionParam, ...]:
        return self.node.params


UNREAD = Definition(tree.Block("", tree.Body(())), (), (), (), (), {})
"""Stands for a block whose file could not be read; what uses it stays silent."""


@record
class Local:
    """A param, input, binding, loop name, shared instance or dim symbol of the body the name stands in."""

    name: str
    otherwise: Meaning | None = None
    """What is called where a loop's value of that name is nothing to call."""


@record
class Global:
    """A param of the file."""

    name: str
    param: tree.Param


@record(eq=False)
class BlockRef:
    """A name that stands for a block."""

    definition: Definition


@record(eq=False)
class FunctionRef:
    """A name that stands for a function of the file."""

    function: Function


@record
class ShelfRef:
    """A built-in op; which kind, where several share the name, the position decides."""

    name: str


@record
class Builtin:
    """A static function: range, len, enumerate, reverse, zip, sum, min, max, floor, ceil, round."""

    name: str


@record
class Late:
    """A name of `train` or `serve` that only the model's outputs and the data's fields can settle."""

    name: str


@record
class Bad:
    """A name that stands for nothing, already reported."""


Meaning = Local | Global | BlockRef | FunctionRef | ShelfRef | Builtin | Late | Bad


@record(eq=False)
class Graph:
    """A file with its names bound. `meanings` is keyed by `id` of the tree's `Name` nodes, which the graph keeps alive."""

    source: Source
    file: tree.File
    params: Mapping[str, tree.Param]
    definitions: Mapping[str, Definition]
    trains: tuple[tree.Train, ...]
    serves: tuple[tree.Serve, ...]
    expects: tuple[tree.Expect, ...]
    meanings: Mapping[int, Meaning] = field(repr=False)
    all_params: tuple[tree.Param, ...] = ()
    """Params of this file and of the imported ones."""
    imported: Mapping[str, Source] = field(default_factory=dict)
    """Sources of the imported files by path relative to this one's folder."""
    functions: tuple[Function, ...] = ()
    """Functions of this file and of the imported ones."""

    def meaning(self, name: tree.Name) -> Meaning:
        """What a name was bound to; one that could not be bound is `Bad`, and reported already."""
        return self.meanings.get(id(name), Bad())
