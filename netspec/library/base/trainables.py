"""Defines what trains: lengths, schedules, gradient transformations, optimizers, losses and metrics."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from netspec.record import record
from netspec.shape import TensorType

if TYPE_CHECKING:
    from pathlib import Path

    from netspec.library.data.draws import Draws
from netspec.library.base.argument_types import Positive
from netspec.library.base.field_bounds import Field
from netspec.library.base.op import Array, Callable, In, Op
from netspec.library.base.path_patterns import matches
from netspec.library.base.schedule_marks import Mark, Part
from netspec.limits import LIMITS


@record
class Clock:
    """The lengths that schedules are written against; steps are optimizer updates."""

    steps_per_epoch: int
    total_steps: int


@record
class Duration:
    """A length of training: `5 epochs` or `2_000 steps`."""

    count: float
    unit: str  # "epoch" or "step"

    def steps(self, clock: Clock) -> int:
        """In steps, of which there are no more than an i32 can count."""
        return round(min(self.count * clock.steps_per_epoch if self.unit == "epoch" else self.count, LIMITS.steps))

    def __str__(self) -> str:
        number = f"{self.count:g}"
        return f"{number} {self.unit}" if self.count == 1 else f"{number} {self.unit}s"


class Schedule(Op):
    """A number that depends on the step."""

    kind = "schedule"
    counts_steps: ClassVar[bool] = False
    """Its values depend on how many steps there are, not only on how much of the lengths is over."""

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        """Moments of its course in order, which the training should reach: the end of a warm-up, of a decay."""
        return ()

    def parts(self, clock: Clock) -> tuple[Part, ...]:
        """The schedules that it is made of."""
        return ()

    def height(self) -> str:
        """The argument that says how large it becomes; "" where no single one does."""
        names = self.arguments()
        falls = "start" in names and "end" in names and self.start >= (self.end or 0)  # pyright: ignore[reportAttributeAccessIssue]
        return "peak" if "peak" in names else "start" if falls else ""

    def value(self, step: Array, clock: Clock) -> Array:
        """The value at a step (f32 scalar, traced); `step` counts finished updates from 0."""
        raise TypeError(f"{self.op_name()} has no value")


@record
class Transformation:
    """A gradient transformation with optax's protocol: `init(params) -> state`, `update(grads, state, params) -> (updates, state)`.

    Trees are flat dicts by stored path. Updates are added to the parameters. It unpacks to (init, update), so it can stand in an
    `optax.chain`.
    """

    init: Any
    update: Any
    needs: tuple[str, ...] = ()
    """What `update` takes by keyword besides: `value` (the loss before the step, a scalar), `value_fn` (params -> loss on the same batch),
    `grad_fn` (params -> gradients on the same batch)."""
    evaluated: Any = None
    """`evaluated(params, state)` -> the parameters that evaluate and predict in place of those that train, where these differ."""
    scaled: Any = None
    """`scaled(state)` -> what the loss is multiplied by before its gradient is taken, where `update` wants such gradients."""

    def __iter__(self) -> Iterator[Any]:
        return iter((self.init, self.update))


@record
class Leaf:
    """What an optimizer may know of a stored parameter: its logical paths (one per slice) and how many leading axes stack slices."""

    paths: tuple[str, ...]
    stacked: int = 0
    columns: int | None = None
    """How many outputs a slice has that maps several axes to several, as projections of attention do; else its last axis counts them."""


class Optimizer(Op):
    """A gradient transformation (`clip_by_global_norm`, `adamw`). `->` between two composes them."""

    kind = "optimizer"
    descends: ClassVar[bool] = True
    """Takes the step against the gradient; False for those that only change the gradient on its way (`clip_by_global_norm`)."""
    behind: ClassVar[bool] = False
    """Does it stand behind the one that takes the step, and change that?"""
    scales: ClassVar[bool] = False
    """Does it have the loss multiplied (`Transformation.scaled`)? Then it must be the whole optimizer."""

    def in_order(self) -> tuple[Optimizer, ...]:
        """What changes the gradient one after another: itself, where it is no chain."""
        return (self,)

    def steps(self) -> tuple[str, ...]:
        """The names of those of its parts that take the step."""
        return (self.op_name(),) if self.descends else ()

    def parts_on(self, paths: Collection[str]) -> Iterator[tuple[tuple[str, ...], Optimizer, Collection[str]]]:
        """Optimizers in its arguments: where each stands (argument, key), and the logical paths that it moves. Raises `Mistake`."""
        for name in self.arguments():
            value = getattr(self, name, None)
            if isinstance(value, Optimizer):
                yield (name,), value, paths

    def patterns(self) -> dict[str, str]:
        """Arguments that are patterns over logical paths, which must match something."""
        return {}

    def decays(self) -> Mapping[str, str]:
        """Arguments that pull parameters towards zero now, each with the argument whose pattern says which ones: without one all are."""
        return {}

    def frozen(self, paths: Collection[str]) -> set[str]:
        """Which of these logical paths, of parameters or buffers, it leaves as they are: `freeze`, and what holds one."""
        inner = (getattr(self, name, None) for name in self.arguments())
        return {path for value in inner if isinstance(value, Optimizer) for path in value.frozen(paths)}

    def decayed(self, paths: Collection[str]) -> set[str]:
        """Which of these parameters it pulls towards zero by its own `weight_decay`, leaving out what optimizers in its arguments do."""
        mask = getattr(self, "decay_mask", None)
        return {path for path in paths if mask is None or matches(mask, path)} if getattr(self, "weight_decay", 0) else set()

    def rates(self, step: Array, clock: Clock, state: Any) -> dict[str, Array | float]:
        """The learning rates of its update number `step` (from 0), for people to see: one alone as "", several by the names of their
        groups, none where it has none. `state` is its own behind the update, None where that is not known."""
        own = getattr(self, "learning_rate", None)
        inner = getattr(self, "inner", None)
        if isinstance(inner, Optimizer):
            return inner.rates(step, clock, state.get("inner") if isinstance(state, Mapping) else None)
        if own is None:
            return {}
        return {"": own.value(step, clock) if isinstance(own, Schedule) else own}

    def shrinks(self, state: Any) -> Array | float:
        """What it multiplies the steps of the optimizer before it by, as a learning rate that follows the loss does."""
        return 1.0

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        raise TypeError(f"{self.op_name()} has no meaning")


FACTOR = "weight"
WEIGHT = In(
    FACTOR,
    "Factors of the values, of any sign: of the values' shape, or of its first axes, such as [B]. See `normalize`.",
    dtype="number",
    optional=True,
)


class Measure(Callable):
    """A loss or metric: statistics that add up over batches and devices, finished once.

    `shape` gives the type of the values v (one per example, or per token …), `apply` computes them; the pair (Σ w·v, Σ w) with
    w = mask × `weights` × batch weight is the default statistic. `mask`, where an op takes one, is an optional input that `apply` does
    not get, unless `mask_weighs` is false. Every one whose result is a mean takes `weight` and `normalize` besides; no method gets to see
    those two.
    """

    mask_weighs: ClassVar[bool] = True
    """Is the optional input `mask` the weight of the values? If not, `apply` gets it."""
    averaged: ClassVar[bool] = True
    """Is its result a mean of the values, or a function of it? If not, the values mean something to `statistics` only: classes, scores."""

    takes_weight: ClassVar[bool] = False
    """Is the input `weight` the one that every mean has? It is set by netspec; an op may have an input of that name of its own."""

    normalize: bool = False
    """Divide by the sum of `weight`, for a weighted mean, Σ w·v / Σ w, with weights of 0 and more (a negative one gives NaN); else Σ w·v is
    divided by the number of values, Σ w·v / Σ 1. What `mask`, `ignore` or class weights leave out counts in neither."""

    better: ClassVar[str] = ""
    """Which of two values is the better one, the "higher" or the "lower"; "": that is for the spec to say."""

    axes: ClassVar[tuple[str, ...]] = ()
    """What the axes of its result count, where that may have any: `"label"` and `"prediction"` count classes, as `"class"` does."""

    def __init_subclass__(cls) -> None:
        """Gives a mean `weight` and `normalize`, unless it has something of its own that is called so, and takes them from what is none."""
        super().__init_subclass__()
        inputs = tuple(declared for declared in cls.inputs if declared is not WEIGHT)
        common = cls._arguments["normalize"] is Measure._arguments["normalize"] if "normalize" in cls._arguments else False
        cls.takes_weight = cls.averaged and common and bool(inputs) and all(declared.name != WEIGHT.name for declared in inputs)
        cls.inputs = (*inputs, WEIGHT) if cls.takes_weight else inputs
        if common and inputs:
            others = {name: argument for name, argument in cls._arguments.items() if name != "normalize"}
            cls._arguments = {**others, "normalize": cls._arguments["normalize"]} if cls.takes_weight else others
            cls.last_arguments = (*cls.last_arguments, "normalize")

    def leaves_labels_out(self) -> bool:
        """Does a value of its labels say that an element does not count, as `ignore` does?"""
        return getattr(self, "ignore", None) is not None

    def result(self, values: TensorType) -> TensorType:
        """The type of what `finish` gives, by the type of the values: one number, or for example one for each class."""
        return TensorType("f32", ())

    def widens(self, tensor: In) -> bool:
        """Whatever whole numbers a loss or metric takes are labels, targets or counts."""
        return True

    def find_impossible(self, types: Sequence[Any], fields: Mapping[str, Any]) -> tuple[int, str, str] | None:
        """The first record for which it is infinite whatever the model says, why, and the argument that leaves such out. `fields` are those
        of its inputs that the data have, all records by the names of the inputs."""
        return None

    def weights(self, *inputs: Array, **optional: Array) -> Array | None:
        """How much each value counts by what `apply` gets, of the values' shape (or its first axes); None: all the same.

        A factor beside `mask` and the batch's weights, so it stands in the denominator of the mean too: weights of classes, or 0 for labels
        that are to be ignored.
        """
        return None

    def statistics(self, values: Array, weight: Array) -> Any:
        """A tree of sums over the elements of `values`; `weight` has the same shape."""
        from netspec.lazy import jnp

        wide = jnp.promote_types(values.dtype, jnp.float32)
        counted = jnp.where(weight != 0, values.astype(wide) * weight, 0)  # a NaN of an example that does not count stays out
        return jnp.sum(counted, dtype=wide), jnp.sum(weight, dtype=wide)

    def finish(self, statistics: Any) -> Array:
        """The value that the summed statistics mean: Σ w·v / Σ w, and 0 where nothing counts."""
        from netspec.lazy import jnp

        total, weight = statistics
        return jnp.where(weight > 0, total / jnp.where(weight > 0, weight, 1), 0)


class Loss(Measure):
    """What training makes small."""

    kind = "loss"
    better: ClassVar[str] = "lower"

    def says(self) -> tuple[str, str] | None:
        """Which of its inputs says what another one is: scores of classes and the labels, predictions and the targets. So an output of the
        model can be read by a person; None where it says no field of the data in its units."""
        required = [declared for declared in self.inputs if not declared.optional]
        meant = len(required) == 2 and required[0].wants in ("logits", "log_odds", "probabilities") and not required[1].wants
        return (required[0].name, required[1].name) if meant else None


class Metric(Measure):
    """What an evaluation reports."""

    kind = "metric"


Learned = Mapping[str, Any]
"""What training data taught a dataset or a transform (a vocabulary, a tokenizer): JSON, kept in the run folder."""


def require_texts(known: Learned, lists: Sequence[str] = (), single: Sequence[str] = ()) -> None:
    """Raises ValueError unless what was learned holds exactly these lists of different texts and these texts."""
    if unlike := known.keys() ^ {*lists, *single}:
        raise ValueError(f"`{sorted(unlike)[0]}` {'does not belong there' if unlike & known.keys() else 'is missing'}")
    for name in lists:
        values = known[name]
        if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
            raise ValueError(f"`{name}` is no list of texts")
        if len(set(values)) < len(values):
            raise ValueError(f"`{name}` holds a text twice")
    if bad := next((name for name in single if not isinstance(known[name], str)), None):
        raise ValueError(f"`{bad}` is no text")


def files_of(op: Op) -> tuple[tuple[str, ...], ...]:
    """What the arguments `file`, which may be compressed, and `folder` name."""
    file, folder = (getattr(op, name, None) if name in op.arguments() else None for name in ("file", "folder"))
    files = tuple((name, f"{name}.gz", f"{name}.zst") for name in ((file,) if isinstance(file, str) else file or ()))
    return (*files, (folder,)) if isinstance(folder, str) else files


Held: TypeAlias = Annotated[float, Field(gt=0, lt=1)] | Positive | Literal["auto"] | None
"""How much is set aside."""
SHARED = ("validation", "split_by", "group")
"""The arguments that all datasets have which come in batches."""


class Dataset(Op):
    """Examples. The field `part` ("train" or "test") chooses the split where there is one.

    Every dataset that comes in batches takes `validation`, `split_by` and `group` besides: what of its training part is set aside. They are
    the trainer's to read; no method gets to see them.
    """

    kind = "dataset"
    validation: Held = "auto"
    """What is set aside of the training part: a fraction, a number of examples, `none`. "auto": a tenth, if a batch is left."""
    split_by: str | None = None
    """By what: the seed, in proportion of the classes, when left out; "time": the last ones; a field: those with its largest values."""
    group: str | None = None
    """A field, such as a patient's number: examples with the same one stay on one side."""
    origin: ClassVar[str] = ""
    """Where its files, or without files its data, come from, where that is known."""
    endings: ClassVar[tuple[str, ...]] = ()
    """How the names of files end that are of its form: `.csv`. What no dataset claims is read as any other file of it."""
    extra: ClassVar[str] = ""
    """netspec's extra that brings the package which it needs to read its files."""
    pictures: ClassVar[bool] = False
    """Does its field `image` hold pictures in 0..1? Then one in any file can be predicted."""
    batched: ClassVar[bool] = True
    """False: the data are one whole (a graph) that is never cut. Its fields have no dim B, a chain on it neither `shuffle` nor `batch`, an
    epoch is one step, and without `eval` the same data are evaluated."""

    def __init_subclass__(cls) -> None:
        """Puts the arguments that all share behind its own, and takes them from data that are one whole."""
        super().__init_subclass__()
        common = [name for name in SHARED if cls._arguments.get(name) is Dataset._arguments[name]]
        own = {name: argument for name, argument in cls._arguments.items() if name not in common}
        cls._arguments = {**own, **({name: cls._arguments[name] for name in common} if cls.batched else {})}
        cls.last_arguments = (*cls.last_arguments, *(common if cls.batched else ()))
        cls.later_arguments = (*cls.later_arguments, *(common if cls.batched else ()))

    def fields(self) -> dict[str, TensorType]:
        """Type of each field of a batch; the leading dim is the symbol B. A dim that differs between batches is a symbol (`T`)."""
        raise TypeError(f"{self.op_name()} has no fields")

    def batch_types(self) -> dict[str, TensorType]:
        """What `fields` says. A dataset that has an argument `fields` says it here instead."""
        return self.fields()

    def needs(self) -> tuple[tuple[str, ...], ...]:
        """The files it reads: of each the path in the data folder, then the other names that would do."""
        return files_of(self)

    def describe_files(self, folder: Path) -> Iterable[str]:
        """Lines about what its files hold, for `netspec data`, where that is not said by the fields. Raises `Mistake` like `load`."""
        return ()

    @property
    def scatters(self) -> bool:
        """Are examples set aside one by one, so that those that stay are no longer neighbours?"""
        aside = self.validation is not None and (self.validation != "auto" or self.validation_part() is None)
        return self.batched and self.split_by is None and self.group is None and (aside or isinstance(getattr(self, "test", None), float))

    def mixture(self) -> tuple[float, ...] | None:
        """Of several datasets in one the share of each in an epoch; the field `source` says which one an example is of."""
        return None

    def known_count(self) -> int | None:
        """How many examples it has, where that is known without reading a file."""
        return None

    def portion(self, count: int, data: Mapping[str, Any] | None = None) -> Array | None:
        """Which of so many examples handed over from Python are of this part, bool[count]; None where that is not for it to say. `data` are
        their fields."""
        return None

    def load(self, folder: Path | None) -> Mapping[str, Any]:
        """All examples: for each field a NumPy array whose first axis counts examples, or a `library.columns.Column`.

        `Lazy` and `Ragged` columns give a batch lists of arrays. Sequences of different length (arrays of one axis) are padded with 0
        behind the last transform, and a field `length` i32[B] counts their elements. Bad files raise `Mistake` with file and record.
        """
        raise TypeError(f"{self.op_name()} cannot be loaded")

    def learn(self, folder: Path | None, known: Learned | None) -> tuple[Mapping[str, Any], Learned | None]:
        """`load`, for a dataset that learns from training data: the examples, and what is learned of them.

        With `known`, what the same dataset in the chain of `data` has learned, nothing is learned anew.
        """
        return self.load(folder), None

    def learn_part(self, folder: Path | None, kept: Array) -> tuple[Mapping[str, Any], Learned | None]:
        """As `learn` where nothing is known, of these examples alone (i64[n], their places among all): the others are set aside. As it
        stands what is learned does not depend on them."""
        return self.learn(folder, None)

    def fields_to_divide(self, folder: Path | None) -> Mapping[str, Any]:
        """Fields of all examples that say which of them are set aside, before anything is learned: classes, groups and moments in numbers
        that no other example changes. As it stands, all fields."""
        return self.learn(folder, None)[0]

    @property
    def learns(self) -> bool:
        """Does it learn something of the data of training, so that these must be read before an evaluation?"""
        return type(self).learn is not Dataset.learn

    def require_learned(self, known: Learned) -> None:
        """Raises ValueError where `known`, read from a run folder, is not what `learn` gave. As it stands every JSON object will do."""

    def of_file(self, file: str, fields: Collection[str]) -> Dataset | None:
        """The same from another file, of which only these fields are wanted: to predict with, so that labels need not be there. None where
        it reads no file."""
        if "file" not in self.arguments():
            return None
        own = self.batch_types()
        values = {name: getattr(self, name) for name in self.arguments()}
        by_field = {name: value for name, value in values.items() if isinstance(value, dict) and value.keys() <= own.keys()}
        kept = {name: {f: v for f, v in value.items() if f in fields} for name, value in by_field.items()}
        all_of_it = {"test": None, "validation": None, "part": "train", "drop_missing": False}
        whole = {name: value for name, value in all_of_it.items() if name in values}
        return self.replaced(file=file, **kept, **whole)

    def as_written(self, folder: Path) -> Dataset:
        """The same, where its file may be written in another way that can be seen in it: by other signs between values, for instance."""
        return self

    def columns_of(self, field: str) -> tuple[str, ...]:
        """The columns of a table that one of its fields is made of, in the order of its elements."""
        return (field,)

    def recognised_by(self, folder: Path) -> Mapping[str, Sequence[Any]]:
        """What a person knows the examples in its file by, as one column or more: their text, the words of each."""
        return {}

    def annotated(self, file: Path | None, answers: Sequence[Mapping[str, Any]]) -> str | None:
        """A file of its form with these answers where labels stand, everything else as it is in `file`; without one, of the examples that
        the answers name. None where its form has no place for them."""
        return None

    def texts_of(self, field: str, ids: Sequence[Sequence[int]], known: Learned | None = None) -> list[str] | None:
        """The texts that numbers of one of its fields stand for, by what is `known` from training; None where that holds no texts."""
        return None

    def background_of_pictures(self) -> tuple[float, ...]:
        """What shines through where a picture is transparent, in 0..1; nothing: such a one is refused."""
        return ()

    def encoded(self, given: Mapping[str, Any], known: Learned | None) -> Mapping[str, Any]:
        """Fields of examples that a person hands over to predict with, in numbers: words, for instance, become their ids."""
        return given

    def class_counts(self) -> Mapping[str, int]:
        """How many classes a field of class numbers has, by field, where the arguments, or the dataset itself, say so."""
        return {}

    def vocabularies(self) -> Mapping[str, int]:
        """Below which number the ids of a field are, by field, where the arguments, or the dataset itself, say so."""
        return {}

    def numbers_words(self) -> Collection[str]:
        """The fields whose numbers stand for words or classes, so that a larger one means no more than a smaller one."""
        return tuple(self.class_counts())

    def class_names(self, known: Learned) -> Mapping[str, Sequence[str]]:
        """What the numbers 0, 1, … of a field of classes are called, by field, as far as the dataset or what it has learned tells."""
        return {}

    def require_trainable(self) -> None:
        """Raises `Mistake` when the arguments do for evaluation only."""

    def validation_part(self) -> Dataset | None:
        """The dataset's own validation part; where it has none, a part of its training part is set aside."""
        return None

    def test(self) -> Dataset | None:
        """The dataset's own test part, which is measured once, when the training is over."""
        return None

    def test_part(self) -> Dataset | None:
        """What `test` says. A dataset that has an argument `test` says it here instead."""
        return self.test()


class Transform(Op):
    """A step of the data chain. Structural ones (`shuffle`, `batch`) have their own classes, which the trainer reads.

    Most work on one batch at a time (`apply`, `apply_eval`); those that are `whole` work once, on all examples, before batches are made
    (`prepare`): tokenizers, packing. Whole ones stand in front of the others, of `shuffle` and of `batch`.
    """

    kind = "transform"
    extra: ClassVar[str] = ""
    """netspec's extra that brings the package which does the work."""
    random: ClassVar[bool] = False
    whole: ClassVar[bool] = False
    arranges: ClassVar[bool] = False
    """Only puts examples together or in order. Such a one is left out where single examples are predicted."""
    groups: ClassVar[bool] = False
    """Says which examples may share a batch, so nothing behind it may work on all examples any more."""

    @property
    def mingles(self) -> bool:
        """Does it put sequences that have nothing to do with each other into one row, told apart by the field `segment`?"""
        return False

    in_order: ClassVar[bool] = False
    """Does it need the rows of the data as they follow each other, none of them set aside in between?"""
    successors: ClassVar[int] = 0
    """How many examples it needs besides those of a batch, the next ones in the order: each is changed by those behind it. It gets so many
    more, and gives back only the others."""
    training_only: ClassVar[bool] = False
    """Says how much is trained on: left out where a chain of training is used for evaluation."""
    has_eval_form: ClassVar[bool] = True
    """Has it a form for evaluation? Without one, a spec that uses it must say in `eval` what the data of evaluations are."""

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """Types of the fields behind it. Raises `Mistake` when it cannot work on those."""
        return fields

    def name_before(self, field: str) -> str:
        """What a field that comes out of it was called before it."""
        return field

    def vocabularies(self) -> Mapping[str, int]:
        """Below which number the ids of a field that it makes are, by field, where the arguments say so."""
        return {}

    def count_after(self, count: int) -> int | None:
        """How many examples of an epoch come out where so many go in; None where only the data tell."""
        return None if self.whole or self.groups else count

    def needs(self) -> tuple[tuple[str, ...], ...]:
        """The files it reads: see `Dataset.needs`."""
        return files_of(self)

    def prepare(self, data: Mapping[str, Any], folder: Path | None) -> Mapping[str, Any]:
        """All examples before to all examples after (arrays or columns by field); only for `whole` ones. The number may change."""
        return data

    def require_learned(self, known: Learned) -> None:
        """Raises ValueError where `known`, read from a run folder, is not what `learn` gave. As it stands every JSON object will do."""

    def learn(self, data: Mapping[str, Any], folder: Path | None, known: Learned | None) -> tuple[Mapping[str, Any], Learned | None]:
        """`prepare`, for a transform that learns: see `Dataset.learn`."""
        return self.prepare(data, folder), None

    def apply(self, batch: dict[str, Array], draws: Draws) -> dict[str, Array]:
        """One batch in training. A field is a NumPy array [B, ...], or a list of B arrays where the dataset's values differ in shape.

        Each example is changed by itself: which others are beside it depends on the batch size, and on who makes the batch. `draws` has
        random numbers for each, keyed by (seed, epoch, position in the chain, index of the example).
        """
        return batch

    def apply_eval(self, batch: dict[str, Array]) -> dict[str, Array]:
        """The form used in evaluation: identity for random transforms, the same as training for the others."""
        return batch

    def reads(self) -> tuple[str, ...]:
        """Fields without which it cannot arrange the others: a prediction needs them too."""
        return ()

    def restored(self, field: str, values: Array) -> Array:
        """Numbers of a field behind it as they were before it, where it changed them in a way that can be undone."""
        return values

    def restored_by(self, field: str, values: Array, known: Learned | None) -> Array:
        """`restored`, for a transform that learns what it does."""
        return self.restored(field, values)

    def for_beginning(self) -> Transform:
        """The same for texts that are to be gone on with: it puts no end behind them."""
        return self

    def along(self, field: str, length: int) -> Array | None:
        """The values of one of its fields at so many positions of a sequence, where they are the same for every sequence."""
        return None

    def texts_of(self, field: str, ids: Sequence[Sequence[int]], known: Learned | None) -> list[str] | None:
        """The texts that ids of this field stand for; None where it made them of no texts."""
        return None
