"""The checks of arguments against pydantic, which reads the same annotations: both take and refuse the same values, and keep the same."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest
from pydantic import ValidationError, create_model

from netspec.library.base import BadArguments, Duration, Fault, Op
from netspec.library.base.arguments import Argument
from netspec.library.base.value_faults import describe_expected
from netspec.library.data.transforms.steps import Batch, Shuffle
from netspec.library.functions.activation import Relu
from netspec.library.functions.einops import Rearrange
from netspec.library.functions.indexing import Cut
from netspec.library.initializers.distributions import LecunNormal, TruncatedNormal, Zeros
from netspec.library.layers.conv import Conv
from netspec.library.layers.dense import Dense
from netspec.library.losses.classes import SoftmaxCrossEntropy
from netspec.library.optimizers.adam import Adam
from netspec.library.optimizers.gradient_descent import Sgd
from netspec.library.schedules import Cosine
from netspec.library.shelf.index_writer import classes
from netspec.shape import Dim, TensorType
from netspec.testing.checks import hold
from netspec.tools.argument_schema import CONFIG, pydantic_type

B = Dim.symbol("B")


class Whole(int):
    """An int of a class of its own."""


class Word(str):
    """A string of a class of its own."""


POOL: list[Any] = [
    *(0, 1, -1, 2, 3, 128, 10**30, Whole(3), True, False),
    *(0.0, 0.1, 1.0, 2.5, -0.5, 0.999, 1e-8, -1e30, float("inf"), float("-inf"), float("nan")),
    *(np.float32(0.5), np.float64(0.5), np.float64("inf"), np.int64(3), np.bool_(True), Decimal("0.5"), 1j),
    *("", "SAME", "VALID", "valid", "train", "test", "sum", "f32", "i32", "f99", "...", "0.5", "3", "**/kernel", Word("SAME"), b"SAME"),
    *(None, ..., int, object(), slice(1, 2), slice(None), range(3)),
    *([], [1], [1, 2], [0], [-1], [1, -1], [2.5], [1, 2.5], [None], ["a"], [True], [[1, 2], 3], [[1, 2, 3]], [B, 2], [float("nan")]),
    *((), (1,), (1, 2), (3, 3, 3), (0.1, 0.2), ((1, 2), (0, 1)), ("...", None, 1), (Cut(), 1), ([1, 2],), [[1]], {1, 2}, frozenset({3})),
    *({}, {"a": 1}, {"a": 0}, {"a": B}, {"a": "b"}, {"h": 8, "w": True}, {"x": Sgd(learning_rate=0.1)}),
    *(B, Dim.of(3), 4 * B, Duration(5, "epoch"), Duration(2.5, "step"), Cut(), Cut(1, B, 2), TensorType("f32", (Dim.of(13),))),
    *(Dense(features=3), Relu(), LecunNormal(), Zeros(), Sgd(learning_rate=0.1), (Sgd(learning_rate=0.1), Adam(learning_rate=1e-3))),
    *(Cosine(start=0.1), SoftmaxCrossEntropy(), Batch(size=2), Shuffle(), Zeros, [Zeros(), Zeros()]),
]

CLASSES = [cls for cls in classes() if cls.arguments()]
Asked = tuple[type[Op], Argument]


@lru_cache(maxsize=1)
def model(argument: Argument) -> Any:
    """A pydantic model that reads the argument's annotation; made once for all values."""
    return create_model("Value", __config__=CONFIG, value=(pydantic_type(argument), ...))


def pool_of(cls: type[Op], argument: Argument) -> list[Any]:
    """The pool, and what the op's own examples and choices give."""
    examples = [getattr(example.op, argument.name) for example in cls.examples()]
    return [*POOL, *examples, *words_of(argument.annotation)]


def words_of(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return tuple(word for part in get_args(annotation) for word in words_of(part))


def theirs(argument: Argument, value: Any) -> tuple[bool, Any]:
    if get_origin(argument.annotation) is Literal and (isinstance(value, bool) or not isinstance(value, int | str)):
        return False, None  # pydantic takes what is equal
    try:
        return True, model(argument)(value=value).value
    except ValidationError:
        return False, None


def same(a: Any, b: Any) -> bool:
    """Equal, and of equal types all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return a is b or a == b


@lru_cache(maxsize=1)
def outcomes(cls: type[Op], argument: Argument) -> list[tuple[Any, list[Fault], Any]]:
    """Each value of the pool with the faults that are found in it and what is kept of it, for all laws of one argument."""
    found = []
    for value in pool_of(cls, argument):
        faults: list[Fault] = []
        kept = argument.check(value, faults)
        found.append((value, faults, kept))
    return found


def takes_and_keeps_what_pydantic_does(asked: Asked) -> None:
    for value, faults, kept in outcomes(*asked):
        taken, wanted = theirs(asked[1], value)
        assert (not faults) == taken, f"{value!r}"
        assert faults or same(kept, wanted), f"{value!r}: {kept!r} is not {wanted!r}"


def the_pool_says_yes_and_no(asked: Asked) -> None:
    found = {not faults for _, faults, _ in outcomes(*asked)}
    assert found == ({True} if asked[1].annotation is Any else {True, False})


def a_refusal_says_what_is_wanted(asked: Asked) -> None:
    for _, faults, _ in outcomes(*asked):
        assert not faults or len(describe_expected(faults)) > 3


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.kind}-{cls.op_name()}")
def test_arguments(cls: type[Op]) -> None:
    laws = (takes_and_keeps_what_pydantic_does, the_pool_says_yes_and_no, a_refusal_says_what_is_wanted)
    hold(laws, *((cls, argument) for argument in cls.arguments().values()))


def test_keys_are_checked_too() -> None:
    with pytest.raises(BadArguments):
        Rearrange(pattern="a b -> b a", sizes={1: 2})  # type: ignore[dict-item]


def test_refusals_name_the_argument_and_what_it_wants() -> None:
    given: dict[str, Any] = {"features": 0, "padding": "SAM", "strides": 2}
    with pytest.raises(BadArguments) as caught:
        Conv(**given)
    assert str(caught.value).splitlines() == [
        "conv: `features` wants a whole number above 0, not 0",
        "conv: `kernel` wants a value",
        'conv: `padding` wants a whole number, a list, "SAME", "VALID", "CIRCULAR", "REFLECT" or "CAUSAL", not \'SAM\'',
        "conv: `strides` wants another name: there is no such argument, not 2",
    ]


def test_arguments_that_do_not_fit_together() -> None:
    with pytest.raises(BadArguments, match="lower must be below upper") as caught:
        TruncatedNormal(lower=2.0, upper=1.0)
    assert list(caught.value.faults) == [""]
