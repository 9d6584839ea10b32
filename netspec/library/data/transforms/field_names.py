"""Fields of data under the names that a model gives its inputs."""

from __future__ import annotations

from typing import Annotated, ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.chains import NoSuchField
from netspec.diagnostics.data.sequences import FieldTwice
from netspec.library.base import Array, Example, Transform
from netspec.library.base.field_bounds import AfterValidator, Field
from netspec.library.data.draws import Draws
from netspec.shape import TensorType


def _require_names(names: dict[str, str]) -> dict[str, str]:
    """Checks that fields get names that a spec can write."""
    if not all(name.isidentifier() for name in names.values()):
        raise ValueError('names of fields: `rename(image="x")`')
    return names


class Rename(Transform):
    """Gives fields other names: behind `rename(image="x")` the field `image` is called `x`. The others keep theirs."""

    open_arguments: ClassVar[str] = "names"

    names: Annotated[dict[str, str], AfterValidator(_require_names)] = Field(default_factory=dict)
    """The new name of each field, by the old one."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(names={"image": "x"})), Example(cls(names={"image": "x", "label": "y"})))

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The fields under their new names. Raises `Mistake` for a field that is not there, and for two of one name."""
        for old in self.names:
            if old not in fields:
                raise Mistake(NoSuchField(field=old, fields=tuple(fields), blame=old))
        new = [self.names.get(name, name) for name in fields]
        seen: set[str] = set()
        if twice := next((name for name in new if name in seen or seen.add(name)), None):
            raise Mistake(FieldTwice(field=twice))
        return dict(zip(new, fields.values(), strict=True))

    def name_before(self, field: str) -> str:
        return next((old for old, new in self.names.items() if new == field), field)

    def apply(self, batch: dict[str, Array], draws: Draws) -> dict[str, Array]:
        return self.apply_eval(batch)

    def apply_eval(self, batch: dict[str, Array]) -> dict[str, Array]:
        return {self.names.get(name, name): values for name, values in batch.items()}
