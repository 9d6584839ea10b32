"""The layers that run cells over time."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from netspec.library.base import Callable, Example, In, Wanted
from netspec.library.functions.activation import Relu
from netspec.library.functions.arithmetic import Add, Multiply
from netspec.library.functions.concatenation import Concat
from netspec.library.layers.cells import BothWays, OneWay, Recurrence
from netspec.library.layers.gates import GatedCell, Gates, Remembering
from netspec.library.layers.recurrent_cells import GruCell, LstmCell, SimpleCell

SEQUENCE = ("f32[2, 5, 3]",)


class Rnn(OneWay):
    """Runs a cell over time: any cell of the shelf, or any block with `state`.

    [B, T, ...] -> [B, T, ...] with the cell's features. A block with several inputs takes a sequence for each, `(x, gate) -> rnn(Cell(8))`,
    all with as many steps; with several layers each hears the one below it in the place of the first. Parameters of a cell of the shelf
    stand directly under the layer's path, `rnn_0/hn/kernel`, those of a block under its own step, `rnn_0/Cell_0/w`, and with several layers
    under `layer_0`, `layer_1`, ... FLOPs: T times the cell's.
    """

    variadic: ClassVar[bool] = True
    source = "Elman, Finding Structure in Time, 1990; Flax linen RNN"

    cell: Annotated[Any, Wanted("layer")]
    """What happens in one step: `gru_cell(128)`, or a block with `state`."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(cell=GruCell(features=4)), SEQUENCE),
            Example(cls(cell=LstmCell(features=4), reverse=True), SEQUENCE),
            Example(cls(cell=SimpleCell(features=4), layers=2, dropout=0.1), SEQUENCE),
        )

    def running(self) -> Any:
        return self.cell


class Bidirectional(BothWays):
    """Runs a sequence forwards and backwards, with weights for each direction, and puts the outputs of every step together.

    [B, T, ...] -> [B, T, 2 · features] with `merge="concat"`, [B, T, features] otherwise; the backward half stands in the input's order and
    begins at each example's last step where `lengths` are given. With `layers`, each sees both directions of the one below, as in PyTorch;
    `bidirectional(lstm(64, layers=2))` runs two directions of two layers each. `return_state` gives a record per direction:
    `y, ahead, back = x -> bidirectional(lstm_cell(64), return_state=true)`; `initial={forward: ahead, backward: back}` begins with them.
    Parameters stand under `forward` and `backward`: `bidirectional_0/forward/ii/kernel`. FLOPs: those of both directions, and of the merge.
    """

    variadic: ClassVar[bool] = True
    source = "Schuster and Paliwal 1997; Flax linen Bidirectional"

    cell: Annotated[Any, Wanted("layer")]
    """What runs forwards: a cell, a block with `state`, or a layer such as `lstm(64)`."""
    backward: Annotated[Any, Wanted("layer")] = None
    """What runs backwards; left out, the same as forwards with weights of its own."""
    merge: Literal["concat", "sum", "mean", "mul"] = "concat"
    """How the two outputs of a step become one: `"concat"` along the last axis, or element by element."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(cell=LstmCell(features=4)), SEQUENCE),
            Example(cls(cell=LstmCell(features=4), backward=GruCell(features=3)), SEQUENCE),
            Example(cls(cell=Gru(features=4), merge="mean"), SEQUENCE),
            Example(cls(cell=GruCell(features=2), merge="mul", layers=2, dropout=0.25), SEQUENCE),
        )

    def given(self) -> tuple[Any, ...]:
        return (self.cell,) if self.backward is None else (self.cell, self.backward)

    def ways(self) -> tuple[OneWay, OneWay]:
        forward = self._way(self.cell)
        backward = self._way(self.cell if self.backward is None else self.backward)
        return forward, backward.replaced(reverse=True)

    def _way(self, given: Any) -> OneWay:
        return given if isinstance(given, OneWay) else Rnn(cell=given, unroll=self.unroll)

    def merging(self) -> Callable:
        return Concat(axis=-1) if self.merge == "concat" else Multiply() if self.merge == "mul" else Add()

    def halving(self) -> Callable | None:
        return Multiply() if self.merge == "mean" else None


class _GatedLayer(OneWay):
    """A recurrence of one gated cell, whose parameters stand directly under the layer's path."""

    inputs = (In("x", "The sequence, [B, T, …, in].", rank=3), *Recurrence.inputs[1:])
    cell_class: ClassVar[type[GatedCell]]

    def running(self) -> GatedCell:
        """The cell, with those of the layer's arguments that are its own."""
        return self.cell_class(**{name: getattr(self, name) for name in self.cell_class.arguments()})

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        made: type = cls
        return (
            Example(made(features=4), SEQUENCE),
            Example(made(features=3, reverse=True, return_state=True, unroll=2), SEQUENCE),
            Example(made(features=3, layers=2, dropout=0.1, activation=Relu()), SEQUENCE),
        )


class Lstm(Remembering, _GatedLayer):
    """Long short-term memory over time: [B, T, …, in] -> [B, T, …, features]. States `h` and `c`; the rest is `lstm_cell`'s.

    With several layers the parameters stand under `layer_0`, `layer_1`, ...: `lstm_0/layer_0/ii/kernel`.
    FLOPs: T times the cell's, over all layers.
    """

    source = "Hochreiter and Schmidhuber 1997"
    cell_class = LstmCell


class Gru(Gates, _GatedLayer):
    """Gated recurrent units over time: [B, T, …, in] -> [B, T, …, features]. State `h`; the rest is `gru_cell`'s.

    With several layers the parameters stand under `layer_0`, `layer_1`, ...: `gru_0/layer_0/ir/kernel`.
    FLOPs: T times the cell's, over all layers.
    """

    source = "Cho and others 2014"
    cell_class = GruCell
