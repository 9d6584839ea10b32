"""Frozen records: dataclasses whose methods are shared instead of generated. Floor 0.

`@dataclass(frozen=True)` compiles four functions for each class, half a millisecond each time the class is imported; the check path defines
some three hundred of them. A `@record` is a dataclass to `dataclasses.fields`, `replace`, `match` and pydantic, and costs a tenth of that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, field
from typing import Any, NoReturn, TypeVar, dataclass_transform, overload

C = TypeVar("C", bound=type)


@overload
def record(cls: C, /) -> C: ...
@overload
def record(*, kw_only: bool = False, eq: bool = True) -> Callable[[C], C]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: Any = None, /, *, kw_only: bool = False, eq: bool = True) -> Any:
    """A frozen dataclass. `eq=False`: two records are equal only when they are the same one."""
    if cls is None:
        return lambda c: record_of(c, kw_only, eq)
    return record_of(cls, kw_only, eq)


def record_of(cls: Any, kw_only: bool, eq: bool) -> Any:
    cls.__doc__ = cls.__doc__ or cls.__name__  # else dataclasses writes a signature, which is slow
    dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
    fields = dataclasses.fields(cls)
    cls._record_names = frozenset(f.name for f in fields)
    cls._record_order = tuple(f.name for f in fields if not f.kw_only)
    cls._record_defaults = {f.name: f.default for f in fields if f.default is not MISSING}
    cls._record_factories = tuple((f.name, f.default_factory) for f in fields if f.default_factory is not MISSING)
    cls._record_compared = tuple(f.name for f in fields if f.compare)
    cls._record_shown = tuple(f.name for f in fields if f.repr)
    methods = {"__init__": _init, "__repr__": _repr, "__setattr__": _frozen, "__delattr__": _frozen}
    methods |= {"__eq__": _eq, "__hash__": _hash} if eq else {"__eq__": object.__eq__, "__hash__": object.__hash__}
    for name, method in methods.items():
        if name not in cls.__dict__ or name == "__hash__":
            setattr(cls, name, method)
    return cls


def _init(self: Any, *args: Any, **named: Any) -> None:
    cls = type(self)
    own = self.__dict__
    own.update(cls._record_defaults)
    for name, factory in cls._record_factories:
        if name not in named:
            own[name] = factory()
    own.update(zip(cls._record_order, args, strict=False))
    own.update(named)
    if own.keys() != cls._record_names or len(args) > len(cls._record_order):
        _misused(cls, args, named)
    post = getattr(self, "__post_init__", None)
    if post is not None:
        post()


def _misused(cls: Any, args: tuple[Any, ...], named: dict[str, Any]) -> NoReturn:
    given = {*named, *cls._record_order[: len(args)], *cls._record_defaults, *(n for n, _ in cls._record_factories)}
    missing, unknown = sorted(cls._record_names - given), sorted(given - cls._record_names)
    raise TypeError(f"{cls.__name__}() lacks {missing}, does not know {unknown}, takes {len(cls._record_order)} positional arguments")


def _repr(self: Any) -> str:
    return f"{type(self).__qualname__}({', '.join(f'{n}={getattr(self, n)!r}' for n in self._record_shown)})"


def _eq(self: Any, other: object) -> Any:
    if self is other:
        return True
    if other.__class__ is not self.__class__:
        return NotImplemented
    mine, theirs = self.__dict__, other.__dict__
    return all(mine[n] == theirs[n] for n in self._record_compared)


def _hash(self: Any) -> int:
    own = self.__dict__
    return hash(tuple([own[n] for n in self._record_compared]))


def _frozen(self: Any, name: str, *value: Any) -> NoReturn:
    raise FrozenInstanceError(f"cannot change {name!r} of a {type(self).__name__}")
