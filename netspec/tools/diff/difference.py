"""Defines what is said of two specs that differ: plain facts, which the renderers put into words."""

from __future__ import annotations

from netspec.record import record
from netspec.shape import Dim


@record
class Cause:
    """Why something is another: the param, argument, input, data or layer that set it."""

    kind: str
    """"param", "argument", "default", "input", "data" or "layer"."""
    name: str
    before: str = ""
    after: str = ""
    place: str = ""
    """`m.net:12`; "" where it stands nowhere."""


@record
class ValueChange:
    """A value by name, before and after; "" where it was not, or is no more."""

    name: str
    before: str
    after: str
    cause: Cause | None = None


@record
class LayerChange:
    """What happened to a layer, or to several in the same way."""

    what: str
    """"added", "removed", "changed", "replaced", "follows" (its own arguments stay, and its shapes do not), "rewired", "reordered",
    "renamed", "renumbered", "into" or "out of" a block, or "loop"."""
    paths: tuple[str, ...]
    """The layers' paths now, or of removed ones then."""
    was: tuple[str, ...] = ()
    """Their paths before, where those are others."""
    op: str = ""
    """The call, as the spec would write it."""
    values: tuple[ValueChange, ...] = ()
    """Arguments, or for what is rewired what is read."""
    weights: tuple[ValueChange, ...] = ()
    """Shapes and dtypes of parameters and buffers."""
    outputs: tuple[ValueChange, ...] = ()
    """Types of what it makes."""
    cause: Cause | None = None
    near: str = ""
    """The layer that an added one stands behind, or a removed one stood behind."""
    parameters: int = 0
    """How many an added or a removed layer holds, all iterations together."""
    layers: int = 1
    """How many layers it happened to, each iteration's instance of a block once."""
    place: str = ""


@record
class Cost:
    """Trainable parameters, FLOPs and bytes of activations of one forward pass in eval."""

    params: int
    flops: Dim | int
    bytes: Dim | int


@record
class Verdict:
    """What becomes of a checkpoint that was written before."""

    kind: str
    """"loads", "loads with --map", "loads partially", "incompatible", "nothing to load", or "loads into other layers": everything fits by
    its name, though something belongs to a layer of another name now."""
    arrays: int
    """Parameters and buffers that there are now."""
    numbers: int
    """The numbers in them."""
    fits: int
    """Arrays of a checkpoint that fit by path and shape."""
    taken: int
    """The numbers in those."""
    missing: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    misshaped: tuple[ValueChange, ...] = ()
    cast: tuple[ValueChange, ...] = ()
    """Arrays that are converted to another dtype."""
    crossed: tuple[tuple[str, str], ...] = ()
    """(path, path): the first fits by its name, but what it belonged to is now the second."""
    maps: tuple[str, ...] = ()
    """`--map` options by which everything that can goes where it belongs."""
    mapped: int = 0
    """Arrays that fit with those."""
    whole: bool = False
    """With them everything fits, and nothing is left over."""
    resumes: bool = False
    """`--resume` goes on with the training."""
    reasons: tuple[str, ...] = ()
    """What keeps it from that."""
    trains: bool = True
    """There is a training on both sides."""


@record
class ModelChange:
    """What became of one model."""

    name: str
    was: str
    """Its name before; "" where it is new."""
    layers: tuple[LayerChange, ...] = ()
    params: tuple[ValueChange, ...] = ()
    """Its own params."""
    ports: tuple[ValueChange, ...] = ()
    """Inputs and outputs: `input image`, `output logits`."""
    before: Cost | None = None
    after: Cost | None = None
    verdict: Verdict | None = None
    drawing: str = ""
    """The model now for Mermaid, what changed marked; "" where it is too large or the same."""
    other: tuple[str, ...] = ()
    """Lines of its typed form that changed, where nothing above says what did."""

    @property
    def state(self) -> str:
        """ "added", "same", "renamed" where nothing else changed, or "changed"."""
        if self.is_new:
            return "added"
        changed = self.layers or self.params or self.ports or self.other
        return "changed" if changed else "same" if self.was == self.name else "renamed"

    @property
    def is_new(self) -> bool:
        return not self.was

    @property
    def same(self) -> bool:
        """It is what it was."""
        return self.state == "same"


@record
class TrainChange:
    """What became of one `train` or `serve` section."""

    name: str
    what: str
    """"added", "removed", "changed"."""
    settings: tuple[ValueChange, ...] = ()


@record
class DefinitionChange:
    """What became of something that a file declares for others, and that none of its own models uses."""

    name: str
    """`block Feed`, `let halve` or `param width`."""
    what: str
    """"added", "removed", "changed"."""
    lines: tuple[str, ...] = ()
    """Of one that changed the lines that are gone and new, each behind `- ` or `+ `."""


@record
class Difference:
    """Everything that an edit changed."""

    before: str
    after: str
    same: bool
    """They mean the same: they compile to the same programs, and offer the same to files that import them."""
    models: tuple[ModelChange, ...] = ()
    removed: tuple[str, ...] = ()
    """Models that are no more."""
    trains: tuple[TrainChange, ...] = ()
    definitions: tuple[ValueChange, ...] = ()
    """Blocks whose definition stands in another file now; "" is the spec itself."""
    offered: tuple[DefinitionChange, ...] = ()
    """What is declared for others and changed: no model of the file shows it."""
