"""Reads the arguments that a class declares as annotated fields, and evaluates no annotation before a value for it is given."""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable
from typing import Any

from netspec.library.base.field_bounds import Rule
from netspec.library.base.value_checks import Check, check_of, check_ruled
from netspec.library.base.value_faults import Fault

REQUIRED: Any = type("Required", (), {"__repr__": lambda self: "REQUIRED"})()
"""The default of an argument that has none."""


class Argument:
    """One argument of an op: its name, type, rules and default."""

    __slots__ = ("_check", "_parts", "default", "factory", "home", "name", "rule", "written")

    def __init__(self, name: str, home: str, written: Any, default: Any) -> None:
        self.name = name
        self.home = home
        """The module in which the annotation is read."""
        self.written = written
        """The annotation as it stands there: text, or a type."""
        self.rule: Rule | None = default if isinstance(default, Rule) else None
        """What `Field(…)` in the place of the default says."""
        self.factory: Callable[[], Any] | None = self.rule.default_factory if self.rule else None
        self.default = REQUIRED if self.rule else default
        self._check: Check | None = None
        self._parts: tuple[Any, tuple[Any, ...]] | None = None

    @property
    def required(self) -> bool:
        """Whether a call must give the argument, since it has no default."""
        return self.default is REQUIRED and self.factory is None

    def initial(self) -> Any:
        """The value where none is given; REQUIRED where one must be."""
        return self.default if self.factory is None else self.factory()

    @property
    def annotation(self) -> Any:
        """The type, without what the outermost `Annotated` says beside it."""
        return self._read()[0]

    @property
    def metadata(self) -> tuple[Any, ...]:
        """What `Annotated` and `Field` say beside the type."""
        return self._read()[1]

    def check(self, value: Any, faults: list[Fault]) -> Any:
        """The value to keep; what is wrong with it is added to the faults."""
        if self._check is None:
            annotation, metadata = self._read()
            self._check = check_ruled(annotation, metadata) if metadata else check_of(annotation)
        return self._check(value, faults)

    def _read(self) -> tuple[Any, tuple[Any, ...]]:
        """The type and the rules beside it, evaluated when they are first needed."""
        if self._parts is None:
            written = self.written
            type_ = eval(written, vars(sys.modules[self.home])) if isinstance(written, str) else written
            own = (self.rule,) if self.rule else ()
            if typing.get_origin(type_) is typing.Annotated:
                type_, *beside = typing.get_args(type_)
                own = (*beside, *own)
            self._parts = type_, own
        return self._parts


def read_declared(cls: type) -> dict[str, Argument]:
    """The arguments that a class adds to those of its bases, or declares anew; a `Field(…)` is taken out of the class."""
    found = {}
    for name, written in cls.__annotations__.items():
        if written.startswith("ClassVar") if isinstance(written, str) else typing.get_origin(written) is typing.ClassVar:
            continue
        found[name] = Argument(name, cls.__module__, written, cls.__dict__.get(name, REQUIRED))
        if found[name].rule is not None:
            delattr(cls, name)
    return found
