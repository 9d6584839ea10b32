"""Every layer that flax linen has is beside ours: equal output and gradients for the same weights, over pairs of arguments, three seeds.

The table is complete by a law: a layer of flax without a row, and without a reason, fails. All rows are slow together; one of each layer
stays among the others.
"""

from __future__ import annotations

import inspect
from typing import Any

import flax.linen as nn
import pytest

from tests.library.flax_linear import LINEAR
from tests.library.flax_norms import NORMS
from tests.library.flax_pairs import SEEDS, Compared, agree, meetings, possible_rows
from tests.library.flax_sequences import SEQUENCES

TABLE: dict[Any, Compared] = {**LINEAR, **NORMS, **SEQUENCES}
WITHOUT = {
    "Module": "the base of all layers",
    "RNNCellBase": "the base of all cells",
    "Sequential": "a chain of the language: `x -> f -> g`",
    "Fp8DirectDotGeneralOp": "how a product is computed on one kind of hardware, not what: precision is the compiler's",
    "Fp8DotGeneralOp": "the same with scales that are kept",
    "Fp8Einsum": "the same for einsum",
    "NANOOFp8DotGeneralOp": "the same with another format of numbers",
}
"""Classes of flax that have no counterpart of their own, and why."""
LAYERS = {name: c for name, c in vars(nn).items() if inspect.isclass(c) and issubclass(c, nn.Module)}
CHEAP = {nn.Dropout, nn.Einsum, nn.Embed}
"""What only this table compares over pairs; of the others other files hold quick rows."""
ROWS = [pytest.param(c, row, id=f"{c.__name__}-{n}") for c, compared in TABLE.items() for n, row in enumerate(compared.rows())]
FIRST = [p for p in ROWS if p.values[0] in CHEAP and p.id and p.id.endswith("-0")]


def test_every_layer_of_flax_has_a_row_or_a_reason() -> None:
    rows = {c.__name__ for c in TABLE}
    assert {c.__name__ for c in LAYERS.values()} == rows | WITHOUT.keys(), "a layer of flax that nothing is held against"
    assert not rows & WITHOUT.keys()


@pytest.mark.parametrize("compared", TABLE.values(), ids=[c.__name__ for c in TABLE])
def test_rows_meet_in_pairs(compared: Compared) -> None:
    """Every two values of different arguments that can stand together do so in some row, which is drawn with three seeds."""
    possible = set().union(*map(meetings, possible_rows(compared.choices, compared.possible)))
    assert set().union(*map(meetings, compared.rows())) == possible
    assert len(SEEDS) == 3 and len(compared.rows()) < 25


@pytest.mark.parametrize(("layer", "row"), FIRST)
def test_a_row_is_flax_s(layer: Any, row: dict[str, Any]) -> None:
    agree(TABLE[layer].make(row))


@pytest.mark.slow
@pytest.mark.parametrize(("layer", "row"), ROWS)
def test_every_row_is_flax_s(layer: Any, row: dict[str, Any]) -> None:
    agree(TABLE[layer].make(row))
