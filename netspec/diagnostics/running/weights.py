"""Defines the problems of what a running program is given: arrays that do not fit its inputs, weights not of its model. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import did_you_mean, list_some, nearest, one_of
from netspec.limits import LIMITS
from netspec.record import record


@record(kw_only=True)
class ArrayMismatch(Diagnostic):
    """An array given to a program does not have the type that the spec declares for this input or field."""

    field: str
    expected: str
    """The type in the spec."""
    found: str
    """The array's own type."""
    sizes: tuple[tuple[str, int], ...] = ()
    """What the symbols of the expected type stand for, where other inputs have fixed them."""
    reason: str = ""
    """What is wrong when the types alone do not show it."""
    repair: str = ""
    """What to write in its place."""

    def message(self) -> str:
        text = f"`{self.field}` must be {self.expected}, but it is {self.found}"
        return f"{text}: {self.reason}." if self.reason else f"{text}."

    def help(self) -> str | None:
        if self.repair:
            return self.repair
        return ", ".join(f"{name} is {size}" for name, size in self.sizes) + " by the other inputs" if self.sizes else None


@record(kw_only=True)
class SizeExcluded(Diagnostic):
    """The arrays given to a program make a symbol a size that the spec's `dim` and `require` statements exclude."""

    symbol: str
    size: int
    low: int | None
    high: int | None
    """The range that the spec allows; not every size in it has to be allowed."""

    def message(self) -> str:
        if self._inside():
            return f"`{self.symbol}` is {self.size} here, which a `require` of the spec excludes."
        allowed = f"{self.low} to {self.high}" if self.high is not None else f"{self.low} and more"
        return f"`{self.symbol}` is {self.size} here, but the spec allows {allowed}."

    def _inside(self) -> bool:
        return (self.low is None or self.size >= self.low) and (self.high is None or self.size <= self.high)


@record(kw_only=True)
class DoublePrecisionOff(Diagnostic):
    """A spec uses f64, in which its program computes by itself; but it is called in a trace of JAX that runs in 32 bits."""

    model: str

    def message(self) -> str:
        return f"`{self.model}` computes in f64, but it is called in a trace of JAX that runs in 32 bits."

    def help(self) -> str | None:
        return "trace it under `with jax.enable_x64(True):`, or set the environment variable `JAX_ENABLE_X64=1`"


@record(kw_only=True)
class MissingArray(Diagnostic):
    """A call of a program, or a batch, lacks an input of the model or a field that the loss or a metric reads."""

    field: str
    expected: str
    given: tuple[str, ...] = ()

    def message(self) -> str:
        return f"`{self.field}` is missing: {self.expected}."

    def help(self) -> str | None:
        return did_you_mean(nearest(self.field, self.given)) if nearest(self.field, self.given) else None


@record(kw_only=True)
class UnknownInput(Diagnostic):
    """A call of a program names an input that the model does not have."""

    field: str
    inputs: tuple[str, ...]
    missing: tuple[str, ...] = ()
    """Inputs that the call does not give."""

    def message(self) -> str:
        return f"the model has no input `{self.field}`."

    def help(self) -> str | None:
        near = nearest(self.field, self.inputs) or (self.missing if len(self.missing) == 1 else ())
        return did_you_mean(near) if near else f"its inputs are {one_of(self.inputs)}".replace(" or ", " and ")


@record(kw_only=True)
class WeightsMismatch(Diagnostic):
    """A tree of weights does not fit the model: paths are missing or too many, or arrays have other shapes or numbers."""

    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    misshaped: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = ()
    """(path, expected shape, found shape)."""
    lost: tuple[tuple[str, str], ...] = ()
    """(path, the numbers that its element type does not hold)."""
    alone: bool = False
    """Parameters were given by themselves, though the model has buffers."""

    def message(self) -> str:
        shapes = tuple(f"{path} is {list(found)} instead of {list(expected)}" for path, expected, found in self.misshaped)
        parts = (
            list_some("missing ", self.missing, LIMITS.listed_weights),
            list_some("unknown ", self.extra, LIMITS.listed_weights),
            list_some("", shapes, LIMITS.listed_weights),
            list_some("", tuple(f"{path} has {numbers}" for path, numbers in self.lost), LIMITS.listed_weights),
        )
        return f"the weights do not fit the model: {'; '.join(part for part in parts if part)}."

    def help(self) -> str | None:
        if self.alone and not self.extra:
            return 'hand over both, `{"params": params, "buffers": state.buffers}`, or a state'
        pairs = [(path, nearest(path, self.missing)) for path in self.extra]
        renamed = [f"`{path}` may be `{near[0]}`" for path, near in pairs if near]
        return ", ".join(renamed[: LIMITS.listed_weights]) or None


@record(kw_only=True)
class ClockNeeded(Diagnostic):
    """A program was asked to train although a schedule needs a length that only the data, or a duration in steps, can give."""

    unknown: str

    def message(self) -> str:
        return f"a schedule of the optimizer needs {self.unknown}, which is not known yet."

    def help(self) -> str | None:
        return "say how many steps an epoch has: `program = program.at(steps_per_epoch=len(batches))`, or write durations in steps"


@record(kw_only=True)
class KeyNeeded(Diagnostic):
    """A program was called in the phase `train` from Python without a key, but an op of its model draws random numbers there."""

    op: str

    def message(self) -> str:
        return f"`{self.op}` draws random numbers in training, and the call has no key for them."

    def help(self) -> str | None:
        return "give one, another for each step: `key=jax.random.key(0)`"


@record(kw_only=True)
class NoModel(Diagnostic):
    """A program was wanted of a spec that has no model: it is empty, or has nothing but blocks and params for others to import."""

    def message(self) -> str:
        return "there is no model in this spec to make a program of."

    def help(self) -> str | None:
        return "add one: `model M { input x: f32[B, 4]; output y = x -> dense(3) }`"


@record(kw_only=True)
class NothingToTrain(Diagnostic):
    """A program was asked to train or to evaluate, but its spec has no `train` section for the model."""

    model: str
    inputs: tuple[str, ...] = ()
    """Of one example, as fields are declared: `x: f32[13]`."""

    def message(self) -> str:
        return f"the spec says nothing about training `{self.model}`."

    def help(self) -> str | None:
        fields = ", ".join((*self.inputs, "label: i32[]"))
        data = f"arrays(fields={{{fields}}}) -> shuffle -> batch(32)"
        settings = f"data = {data}; loss = …; optimizer = adam(0.001); duration = 10 epochs"
        return f"add a section with a loss on the outputs; `arrays` are what `fit` is given: `train {self.model} {{ {settings} }}`"


@record(kw_only=True)
class LengthOutOfRange(Diagnostic):
    """A length given to a recurrence is negative, or beyond the end of its sequence."""

    field: str
    record: int
    value: int
    longest: int
    axis: str
    """The sequence's size as the spec writes it."""

    def message(self) -> str:
        axis = f" ({self.axis})" if self.axis != str(self.longest) else ""
        return f"`{self.field}` says that example {self.record} has {self.value} steps, but sequences here have {self.longest}{axis}."

    def help(self) -> str | None:
        return "cut the lengths where the sequences are cut, or give longer sequences"


@record(kw_only=True)
class BeginningNeeded(Diagnostic):
    """A sequence cannot be generated from nothing: either the decoder has a `start`, or the caller gives the first elements, or the model
    moves its input to the right itself (`shift_right`)."""

    feeds: str
    why: str = ""

    def message(self) -> str:
        return f"`{self.feeds}` has no beginning to go on from{f': {self.why}' if self.why else ''}"

    def help(self) -> str | None:
        return f"give the array `{self.feeds}`, the first elements of each sequence, or the decoder a `start`"


@record(kw_only=True)
class NothingToDecode(Diagnostic):
    """A program was asked for generated sequences, but no `serve` section of its spec generates any, or not that one."""

    model: str
    name: str = ""
    answers: tuple[str, ...] = ()

    def message(self) -> str:
        what = f"`{self.name}`" if self.name else "anything"
        return f"no `serve {self.model}` generates {what}" + (f", only {', '.join(f'`{a}`' for a in self.answers)}" if self.answers else "")
