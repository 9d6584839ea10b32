"""A record is a dataclass to everybody who asks, and pays for it only then."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from typing import Any, ClassVar

import pytest

from netspec.record import field, fields, is_record, record, replace


@record
class Point:
    """A place."""

    kind: ClassVar[str] = "point"
    x: int
    y: int = 2
    seen: list[int] = field(default_factory=list, compare=False, repr=False)


@record(kw_only=True)
class Named(Point):
    name: str
    y: int = 3


@record(eq=False)
class Own:
    x: int = 0


@record(frozen=False)
class Open:
    x: int
    rest: dict[str, int] = field(default_factory=dict)


@record
class Judged:
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")


@dataclasses.dataclass(frozen=True)
class Below(Point):
    """A dataclass below a record."""

    z: int = 0


def test_made_as_a_dataclass_is() -> None:
    assert (Point(1).x, Point(1).y, Point(x=1, y=5).y, Point(1).seen) == (1, 2, 5, [])
    assert Point(1).seen is not Point(1).seen and Point.y == 2 and not hasattr(Point, "seen")
    assert repr(Point(1)) == "Point(x=1, y=2)"
    assert repr(Named(1, name="a")) == "Named(x=1, y=3, name='a')"


@pytest.mark.parametrize("make", [lambda: Point(), lambda: Point(1, 2, [], 4), lambda: Point(1, z=3), lambda: Named(1, "a")])
def test_wrong_arguments(make: Any) -> None:
    with pytest.raises(TypeError, match=r"\(\) lacks"):
        make()


def test_equal_by_value_or_not() -> None:
    assert Point(1, seen=[1]) == Point(1) and hash(Point(1)) == hash(Point(1)) and Point(1) != Point(2)
    assert Point(1) != Below(1) and Point(1) != 1
    assert Own() != Own() and len({Own(), Own()}) == 2
    assert Open(1) == Open(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(Open(1))


def test_frozen_or_not() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Point(1).x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del Point(1).x
    changed = Open(1)
    changed.x = 2
    assert changed == Open(2)


def test_looked_at_when_finished() -> None:
    assert Judged(1, 2).high == 2
    with pytest.raises(ValueError, match="above"):
        Judged(2, 1)


def test_replaced() -> None:
    assert replace(Point(1), x=4) == Point(4) == dataclasses.replace(Point(1), x=4)
    assert replace(Named(1, name="a"), name="b") == Named(1, name="b")
    with pytest.raises(TypeError):
        replace(Point(1), z=4)
    with pytest.raises(ValueError, match="above"):
        replace(Judged(1, 2), high=0)


def test_a_dataclass_to_others() -> None:
    assert dataclasses.is_dataclass(Point) and dataclasses.is_dataclass(Point(1))
    assert [f.name for f in dataclasses.fields(Named)] == [f.name for f in fields(Named)] == ["x", "y", "seen", "name"]
    assert [(f.kw_only, f.compare, f.default) for f in dataclasses.fields(Named)] == [
        (False, True, dataclasses.MISSING),
        (True, True, 3),
        (False, False, dataclasses.MISSING),
        (True, True, dataclasses.MISSING),
    ]
    assert dataclasses.asdict(Point(1)) == {"x": 1, "y": 2, "seen": []}
    assert Below(1, z=4) == Below(1, 2, [], 4) and [f.name for f in dataclasses.fields(Below)] == ["x", "y", "seen", "z"]


def test_asked_of_the_class_or_the_object() -> None:
    assert is_record(Point(1)) and not is_record(Point) and not is_record(1)
    assert fields(Point) == fields(Point(1))
    with pytest.raises(AttributeError, match="no record"):
        fields(int)


def test_matched_by_place() -> None:
    match Named(1, name="a"):
        case Named(x, seen, name="a"):
            assert (x, seen) == (1, [])
        case _:
            raise AssertionError
    match Point(1):
        case Point(1, 2):
            pass
        case _:
            raise AssertionError


def test_copied_and_pickled() -> None:
    assert copy.deepcopy(Point(1, seen=[3])).seen == [3] and pickle.loads(pickle.dumps(Point(7))) == Point(7)


def test_not_below_a_dataclass() -> None:
    with pytest.raises(TypeError, match="is not"):

        @record
        class Wrong(Below):
            more: int = 0

        Wrong(1)


def test_fields_are_read_at_the_first_use() -> None:
    code = (
        "import sys\nfrom netspec.record import record\n"
        "@record\nclass A:\n    x: int = 1\n"
        "assert A._record_plan is None and A().x == 1 and A._record_plan is not None\n"
        "print('dataclasses' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"
