"""Makes records: dataclasses whose methods are shared instead of generated, and whose fields are read at the first use. Floor 0.

`@dataclass(frozen=True)` compiles four functions for each class, half a millisecond each time the class is imported, and importing
`dataclasses` alone costs a check more than reading its spec; the check path defines some three hundred records and makes objects of a
third of them. A record is a dataclass to `dataclasses.fields`, `dataclasses.replace`, `match` and pydantic all the same.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, dataclass_transform, overload

C = TypeVar("C", bound=type)
T = TypeVar("T")


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()


class Field:
    """What a record knows of a field; made by `field(…)`, or by a plain default."""

    __slots__ = ("compare", "default", "default_factory", "kw_only", "name", "repr", "type")

    def __init__(self, default: Any, default_factory: Any, repr: bool, compare: bool, kw_only: bool | None) -> None:
        self.name, self.type = "", ""
        self.default, self.default_factory = default, default_factory
        self.repr, self.compare, self.kw_only = repr, compare, kw_only


def field(
    *,
    default: Any = MISSING,
    default_factory: Callable[[], Any] = MISSING,
    repr: bool = True,
    compare: bool = True,
    kw_only: bool | None = None,
) -> Any:
    """As `dataclasses.field`."""
    return Field(default, default_factory, repr, compare, kw_only)


@overload
def record(cls: C, /) -> C: ...
@overload
def record(*, kw_only: bool = False, eq: bool = True, frozen: bool = True) -> Callable[[C], C]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: Any = None, /, *, kw_only: bool = False, eq: bool = True, frozen: bool = True) -> Any:
    """A dataclass, frozen unless said otherwise. `eq=False`: two records are equal only when they are the same one."""
    if cls is None:
        return lambda c: record_of(c, kw_only, eq, frozen)
    return record_of(cls, kw_only, eq, frozen)


def record_of(cls: Any, kw_only: bool, eq: bool, frozen: bool) -> Any:
    """Gives a class the methods of records; what it defines itself stays."""
    own = cls.__dict__
    cls._record_plan, cls._record_kw_only = None, kw_only
    for name in ("__match_args__", "__dataclass_fields__", "__dataclass_params__"):
        setattr(cls, name, _ON_DEMAND[name])
    methods = {"__init__": _init, "__repr__": _repr} | (_EQUAL if eq else _SAME)
    methods |= _FROZEN if frozen else _CHANGEABLE if eq else {}
    for name, method in methods.items():
        if name not in own or name == "__hash__":
            setattr(cls, name, method)
    return cls


def fields(of: Any) -> tuple[Field, ...]:
    """The fields of a record or of its class, in order. Raises AttributeError for anything else."""
    return plan_of(of if isinstance(of, type) else type(of)).fields


def is_record(value: Any) -> bool:
    return hasattr(type(value), "_record_plan")


def replace(value: T, /, **changed: Any) -> T:
    """A record with other values for some fields."""
    own = value.__dict__
    return type(value)(**{f.name: own[f.name] for f in fields(value)} | changed)


class Plan:
    """What the shared methods know of a class."""

    def __init__(self, found: tuple[Field, ...]) -> None:
        self.fields = found
        self.names = frozenset(f.name for f in found)
        self.order = tuple(f.name for f in found if not f.kw_only)
        self.defaults = {f.name: f.default for f in found if f.default is not MISSING}
        self.factories = tuple((f.name, f.default_factory) for f in found if f.default_factory is not MISSING)
        self.compared = tuple(f.name for f in found if f.compare)
        self.shown = tuple(f.name for f in found if f.repr)
        self.dataclass: Any = None
        """A dataclass with the same fields, for those who ask for one."""


def plan_of(cls: type) -> Plan:
    """The plan of a record's class, or of a class that only inherits from one; made once."""
    owner: Any = next((c for c in cls.__mro__ if "_record_plan" in c.__dict__), None)
    if owner is None:
        raise AttributeError(f"{cls.__name__} is no record")
    if owner._record_plan is None:
        owner._record_plan = Plan(_fields(owner))
    return owner._record_plan


def _fields(cls: Any) -> tuple[Field, ...]:
    """The fields of the bases, then those that the class declares; one declared anew keeps its place."""
    found: dict[str, Field] = {}
    for base in cls.__mro__[:0:-1]:
        if "_record_plan" in base.__dict__:
            found |= {f.name: f for f in plan_of(base).fields}
        elif "__dataclass_fields__" in base.__dict__:
            raise TypeError(f"{cls.__name__} is a record and {base.__name__} is not")
    for name, written in cls.__annotations__.items():
        if not (written.startswith("ClassVar") if isinstance(written, str) else typing.get_origin(written) is typing.ClassVar):
            found[name] = _read_field(cls, name, written)
    return tuple(found.values())


def _read_field(cls: Any, name: str, written: Any) -> Field:
    """A field, and the class attribute that a dataclass leaves for it."""
    given = cls.__dict__.get(name, MISSING)
    if type(given) is Field:
        found = given
    elif type(given).__name__ == "Field" and type(given).__module__ == "dataclasses":
        found = _from_dataclasses(given)
    else:
        found = Field(given, MISSING, True, True, None)
    found.name, found.type = name, written
    found.kw_only = cls._record_kw_only if found.kw_only is None else found.kw_only
    if found.default is not MISSING:
        setattr(cls, name, found.default)
    elif given is not MISSING:
        delattr(cls, name)
    return found


# --- the methods -----------------------------------------------------------------------------------------------------


def _init(self: Any, *args: Any, **named: Any) -> None:
    """The constructor of every record: fields by place or name, then defaults, then `__post_init__`."""
    cls = type(self)
    plan = cls._record_plan or plan_of(cls)
    own = self.__dict__
    if plan.defaults:
        own.update(plan.defaults)
    for name, factory in plan.factories:
        if name not in named:
            own[name] = factory()
    if args:
        own.update(zip(plan.order, args, strict=False))
    if named:
        own.update(named)
    if len(own) != len(plan.names) or len(args) > len(plan.order) or (named and own.keys() != plan.names):
        _refuse_arguments(cls, plan, args, named)
    post = getattr(cls, "__post_init__", None)
    if post is not None:
        post(self)


def _refuse_arguments(cls: Any, plan: Plan, args: tuple[Any, ...], named: dict[str, Any]) -> NoReturn:
    """Raises the TypeError of a constructor called with other arguments than the fields."""
    given = {*named, *plan.order[: len(args)], *plan.defaults, *(n for n, _ in plan.factories)}
    missing, unknown = sorted(plan.names - given), sorted(given - plan.names)
    raise TypeError(f"{cls.__name__}() lacks {missing}, does not know {unknown}, takes {len(plan.order)} positional arguments")


def _repr(self: Any) -> str:
    return f"{type(self).__qualname__}({', '.join(f'{n}={getattr(self, n)!r}' for n in plan_of(type(self)).shown)})"


def _eq(self: Any, other: object) -> Any:
    if self is other:
        return True
    if other.__class__ is not self.__class__:
        return NotImplemented
    mine, theirs = self.__dict__, other.__dict__
    return all(mine[n] == theirs[n] for n in (self._record_plan or plan_of(type(self))).compared)


def _hash(self: Any) -> int:
    own = self.__dict__
    return hash(tuple([own[n] for n in (self._record_plan or plan_of(type(self))).compared]))


def _refuse_change(self: Any, name: str, *value: Any) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot change {name!r} of a {type(self).__name__}")


_EQUAL = {"__eq__": _eq, "__hash__": _hash}
_SAME = {"__eq__": object.__eq__, "__hash__": object.__hash__}
_FROZEN = {"__setattr__": _refuse_change, "__delattr__": _refuse_change}
_CHANGEABLE = {"__hash__": None}


# --- for those who take a record for a dataclass ---------------------------------------------------------------------


class _OnDemand:
    """A class attribute that is worked out when somebody looks at it."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self.make = make

    def __get__(self, instance: Any, cls: type) -> Any:
        return self.make(cls)


def _dataclass(cls: type) -> Any:
    """A dataclass with the same fields, made once."""
    plan = plan_of(cls)
    plan.dataclass = plan.dataclass or _make_dataclass(cls.__name__, plan)
    return plan.dataclass


def _make_dataclass(name: str, plan: Plan) -> Any:
    """The dataclass with a record's fields, of which the standard library's functions read what they want to know."""
    import dataclasses

    rows = []
    for f in plan.fields:
        said = {"default": f.default, "default_factory": f.default_factory}
        said = {key: value for key, value in said.items() if value is not MISSING}
        rows.append((f.name, f.type, dataclasses.field(**said, repr=f.repr, compare=f.compare, kw_only=bool(f.kw_only))))
    return dataclasses.make_dataclass(name, rows, init=False, repr=False, eq=False, frozen=True)


def _from_dataclasses(given: Any) -> Field:
    """A field of the standard library as one of ours."""
    import dataclasses

    default, factory = (MISSING if value is dataclasses.MISSING else value for value in (given.default, given.default_factory))
    return Field(default, factory, given.repr, given.compare, None if given.kw_only is dataclasses.MISSING else given.kw_only)


_ON_DEMAND = {
    "__match_args__": _OnDemand(lambda cls: plan_of(cls).order),
    "__dataclass_fields__": _OnDemand(lambda cls: _dataclass(cls).__dataclass_fields__),
    "__dataclass_params__": _OnDemand(lambda cls: _dataclass(cls).__dataclass_params__),
}
