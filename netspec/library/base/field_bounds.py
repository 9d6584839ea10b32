"""Defines what a field of an op may say about its values beside their type: bounds, lengths, and functions of its own.

`Annotated[int, Field(gt=0)]`, `Annotated[str, AfterValidator(known)]`, `sizes: dict[str, Size] = Field(default_factory=dict)`. The spelling
and the meaning are pydantic's, so that pydantic can read the same annotations (`tools.argument_schema`), but nothing here imports it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from netspec.record import record

F = TypeVar("F", bound=Callable[..., Any])


@record
class Rule:
    """Bounds of a number, lengths of a list, and whether a tuple may be given as any other list (`strict=False`)."""

    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    strict: bool | None = None
    default_factory: Callable[[], Any] | None = None


@record
class Exactly:
    """What `InstanceOf[Cut]` says beside the class."""


if TYPE_CHECKING:

    def Field(  # noqa: N802
        *,
        gt: float | None = None,
        ge: float | None = None,
        lt: float | None = None,
        le: float | None = None,
        min_length: int | None = None,
        max_length: int | None = None,
        strict: bool | None = None,
        default_factory: Callable[[], Any] | None = None,
    ) -> Any:
        """What a field of an op says about its values: bounds, lengths, a default that is made anew, a function of its own."""

    T = TypeVar("T")
    InstanceOf = Annotated[T, ...]
else:
    Field = Rule

    class InstanceOf:
        """`InstanceOf[Cut]`: an object of the class as it is."""

        def __class_getitem__(cls, item: type) -> Any:
            return Annotated[item, Exactly()]


@record
class AfterValidator:
    """A function from a value of the type to the value to keep. It refuses with a ValueError, whose text says what is wanted."""

    func: Callable[[Any], Any]


@record
class BeforeValidator:
    """A function from what is given to what is then checked against the type. It refuses with a ValueError."""

    func: Callable[[Any], Any]


class model_validator:  # noqa: N801
    """Marks a method that looks at a finished op: `@model_validator(mode="after")`. It refuses with a ValueError."""

    def __init__(self, *, mode: str) -> None:
        if mode != "after":
            raise TypeError("an op is looked at after its arguments are checked")

    def __call__(self, function: F) -> F:
        return _Judge(function)  # type: ignore[return-value]


class _Judge:
    """Puts the method's name among its class's judges, and the method itself in its place."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __set_name__(self, owner: Any, name: str) -> None:
        owner.judges = (*owner.judges, name)
        setattr(owner, name, self.function)


__all__ = ["AfterValidator", "BeforeValidator", "Exactly", "Field", "InstanceOf", "Rule", "model_validator"]
