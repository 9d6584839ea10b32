"""What ops say of a sequence that is generated, held against what they do: an op that lets positions pass gives position i the same value
whatever stands behind it, and however long the sequence is."""

from __future__ import annotations

import pytest

from netspec.diagnostics.training.serving import NotCausal
from netspec.library.base import Callable, Measure
from netspec.library.layers.cells import Cell, Recurrence
from netspec.library.shelf.index_writer import classes
from netspec.shape import Dim
from netspec.testing.checks import hold
from netspec.testing.sequence_trials import Row, choose_trials, outcomes
from tests.quick import thin

T = Dim.symbol("T")
OTHERS = Measure | Recurrence | Cell
CALLABLES = [cls for cls in classes() if issubclass(cls, Callable) and not issubclass(cls, OTHERS) and not cls.parts]
WITHOUT_A_RULE = {"random_normal", "random_uniform", "random_bernoulli", "random_permutation", "l1", "l2"}
"""Ops of which nothing is known along positions: what is drawn depends on the shape, and penalties take parameters."""


CAREFUL = {"pad", "tile", "concat", "split", "reshape", "flatten", "rearrange", "repeat", "conv", "conv_transpose", "max_pool", "avg_pool"}
CAREFUL |= {"weight_norm", "spectral_norm", "scatter", "gather_at", "random_categorical"}
CAREFUL |= {"attention", "rope", "relative_bias", "distance_bias"}
CAREFUL |= {"min_pool", "lp_pool", "patch_embed", "upsample", "space_to_depth", "depth_to_space", "pixel_shuffle", "pixel_unshuffle"}
CAREFUL |= {"graph_conv", "graph_attention", "graph_pool", "moe", "edge_inputs", "node_inputs"}
"""Ops that refuse more than they have to: where the axis changes its size, along features, and where edges lead as it happens."""


first_or_every = pytest.mark.parametrize("every", thin([False, True], 2), ids=["first", "every"])
"""The first trial of each example, quickly, and all the others."""
each_op = pytest.mark.parametrize("cls", thin(CALLABLES, 3), ids=lambda cls: f"{cls.kind}-{cls.op_name()}")


def what_passes_keeps_its_promise(row: Row) -> None:
    trial, found = row
    assert trial.holds(found), f"{trial} says {found}"  # type: ignore[arg-type]


def what_is_refused_has_a_reason(row: Row) -> None:
    """An op that could let positions pass as any other does not refuse to."""
    trial, found = row
    assert found.why and found.op == trial.op.op_name()  # type: ignore[union-attr]
    assert trial.op.op_name() in CAREFUL or not trial.could_pass(), str(trial)


@each_op
@first_or_every
def test_trials(cls: type[Callable], every: bool) -> None:
    rows = list(outcomes(cls))
    passing = [row for row in rows if not isinstance(row[1], NotCausal)]
    refused = [row for row in rows if isinstance(row[1], NotCausal)]
    hold([what_passes_keeps_its_promise], *choose_trials(passing, every))
    hold([what_is_refused_has_a_reason], *choose_trials(refused, every))


def has_a_rule(cls: type[Callable]) -> None:
    assert cls.elementwise or cls.flow is not Callable.flow or cls.op_name() in WITHOUT_A_RULE


def test_every_op_has_a_rule() -> None:
    hold([has_a_rule], *CALLABLES)
