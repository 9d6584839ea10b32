"""What a shape rule takes, `apply` takes, and gives what the rule says: for every element type in the place of each input's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from netspec.infer.types import try_shape
from netspec.library.base import Callable, Example, Measure
from netspec.library.shelf.index_writer import classes
from netspec.shape import Facts
from netspec.testing.apply_laws import shape_rule_is_what_apply_does
from netspec.testing.case import Case, has_apply
from netspec.testing.checks import hold
from netspec.tools.reference_examples import type_of
from tests.quick import thin

CLASSES: list[Any] = [cls for cls in classes() if issubclass(cls, Callable) and has_apply(cls) and not issubclass(cls, Measure)]
DTYPES = ("bool", "u8", "i8", "i32", "f32")
"""Halves are the business of `bf16_stays_bf16`."""


def other_types(example: Example) -> Iterator[Example]:
    """The example with another element type for one of its inputs, and for all of them, where the op's rules take it."""
    names = [*range(len(example.inputs)), *example.named]
    for dtype in DTYPES:
        for place in (*names, None):
            inputs = tuple(changed(text, dtype) if place in (n, None) else text for n, text in enumerate(example.inputs))
            named = {name: changed(text, dtype) if place in (name, None) else text for name, text in example.named.items()}
            kinds, optional = [type_of(text) for text in inputs], {name: type_of(text) for name, text in named.items()}
            if (inputs, named) != (example.inputs, example.named) and try_shape(Facts(), example.op, kinds, optional) is not None:
                yield Example(example.op, inputs, named)


def changed(text: str, dtype: str) -> str:
    """`f32[4, 3]` with other elements."""
    return f"{dtype}[{text.partition('[')[2]}" if "[" in text else dtype


def apply_keeps_the_rule(example: Example) -> None:
    shape_rule_is_what_apply_does(Case(example))


@pytest.mark.parametrize("cls", thin(CLASSES, 6), ids=lambda cls: cls.op_name())
def test_rules_hold_for_every_element_type(cls: type[Callable]) -> None:
    hold([apply_keeps_the_rule], *(other for example in cls.examples() for other in other_types(example)))
