"""Changes examples by functions of plugins."""

from __future__ import annotations

from typing import Annotated, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.chains import NoSuchField
from netspec.diagnostics.data.mapped import MappedOtherwise
from netspec.lazy import np
from netspec.library.base import Array, Example, ExampleFunction, Transform
from netspec.library.base.field_bounds import BeforeValidator, model_validator
from netspec.library.data.columns import Sequences
from netspec.library.data.datasets.user_data import FieldTypes, batch_types
from netspec.library.data.draws import Draws
from netspec.library.data.mappings import log1p, noise
from netspec.library.data.transforms.image_fields import IMAGE
from netspec.library.data.transforms.steps import as_tuple
from netspec.shape import TensorType

Names = Annotated[str | tuple[str, ...], BeforeValidator(as_tuple)]


class Map(Transform):
    """Changes each example by a function of a plugin: `map(acme.brighten(0.3))`, `map(acme.louder, "audio")`.

    The function, which the plugin marks with `@mapping`, takes the values of one example, NumPy arrays, and returns what stands in their
    place. It does not know other examples, so neither batches nor worker processes change what it gives. One that draws has a parameter
    `rng`, a `numpy.random.Generator` for each example, seeded by (seed, epoch, position in the chain, index of the example); in evaluations
    it is left out. The values keep their types, unless `gives` says others.
    """

    function: ExampleFunction
    """The function, with its arguments."""
    field: Names = IMAGE
    """The field of the batch that it changes, or a list of those that it takes together."""
    gives: FieldTypes | None = None
    """The types of one example's fields behind it, of those that get another one: `{image: f32[64, 64, 1]}`."""

    @model_validator(mode="after")
    def _fits(self) -> Map:
        """Checks that the function takes as many fields as there are, and that `gives` names some of them."""
        if self.function.takes != len(self.names):
            count = self.function.takes
            what = "one field" if count == 1 else f"a list of {count} fields"
            raise ValueError(f"{what} for `{self.function.op_name()}`, which takes {count}")
        if other := next((name for name in self.gives or {} if name not in self.names), None):
            raise ValueError(f"types of fields that the function changes: `{other}` is none of them")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that it changes."""
        return (self.field,) if isinstance(self.field, str) else self.field

    @property
    def has_eval_form(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """A function that draws is left out in evaluations, where nothing else would give its types."""
        return not (self.function.random and self.gives)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        kinds = {"price": TensorType("f32", ())}
        return (Example(cls(function=noise(**{"scale": 0.2}))), Example(cls(function=log1p(), field="price", gives=kinds)))

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        missing = next((name for name in self.names if name not in fields), None)
        if missing is not None:
            raise Mistake(NoSuchField(field=missing, fields=tuple(fields), blame="field"))
        return {**fields, **batch_types(self.gives or {})}

    def apply(self, batch: dict[str, Array], draws: Draws) -> dict[str, Array]:
        return self._changed(batch, draws.generators() if self.function.random else None)

    def apply_eval(self, batch: dict[str, Array]) -> dict[str, Array]:
        known = all(name in batch for name in self.names)  # nobody knows labels where a person asks for a prediction
        return batch if self.function.random or not known else self._changed(batch, None)

    def _changed(self, batch: dict[str, Any], generators: list[Any] | None) -> dict[str, Any]:
        """The batch with the function's values in the place of its own."""
        own = [batch[name] for name in self.names]
        drawn = generators or [None] * len(own[0])
        rows = [self._made(values, rng) for *values, rng in zip(*own, drawn, strict=True)]
        columns = zip(self.names, own, zip(*rows, strict=True), strict=True)
        return {**batch, **{name: self._gathered(name, before, list(values)) for name, before, values in columns}}

    def _made(self, values: list[Any], rng: Any) -> tuple[Any, ...]:
        """The new values of one example. Raises `Mistake` for another number of them."""
        made = self.function(values, rng)
        if len(made) != len(self.names):
            wanted, found = f"{len(self.names)} values", f"{len(made)} value{'s' * (len(made) != 1)}"
            raise Mistake(MappedOtherwise(op=self.function.op_name(), fields=self.names, expected=wanted, found=found))
        return made

    def _gathered(self, name: str, before: Any, values: list[Any]) -> Any:
        """The values of a field as it has them: one array, or a list where they differ in shape."""
        kind = (self.gives or {}).get(name)
        arrays = [self._held(name, value, np.asarray(old), kind) for value, old in zip(values, before, strict=True)]
        if isinstance(before, Sequences) or len({array.shape for array in arrays}) > 1:
            return type(before)(arrays) if isinstance(before, list) else arrays
        return np.stack(arrays)

    def _held(self, name: str, value: Any, before: Array, kind: TensorType | None) -> Array:
        """A value as an array of the field's type. Raises `Mistake` for one that is of none."""
        found = np.asarray(value)
        dtype = before.dtype if kind is None else np.dtype(NUMPY.get(kind.dtype, kind.dtype))
        sizes = before.shape if kind is None else tuple(d.value if d.is_constant else None for d in kind.shape)
        fits = len(sizes) == found.ndim and all(size in (None, own) for size, own in zip(sizes, found.shape, strict=True))
        if not (fits or (kind is None and isinstance(before, list))) or not np.can_cast(found.dtype, dtype, "same_kind"):
            wanted = str(kind) if kind is not None else _described(dtype, np.shape(before))
            shown = _described(found.dtype, found.shape)
            raise Mistake(MappedOtherwise(op=self.function.op_name(), fields=(name,), expected=wanted, found=shown))
        return found.astype(dtype, copy=False)


def _described(dtype: Any, shape: tuple[int, ...]) -> str:
    """The type of an array as specs write it, where they have one."""
    return f"{next((name for name, own in NUMPY.items() if own == str(dtype)), dtype)}{list(shape)}"


NUMPY = {"f16": "float16", "f32": "float32", "f64": "float64", "i8": "int8", "i32": "int32", "u8": "uint8", "u32": "uint32"}
"""NumPy's names of the types of fields."""
