"""An op of a plugin that looks back: with a `step` of its own a model that generates runs on what is new alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import netspec
from netspec.library.base import Array, Callable
from netspec.library.contracts.stretch_steps import Past, Use
from netspec.lower.stretch_plan import Part, derive_part
from netspec.source import Source
from netspec.testing import check_op

SERVED = """netspec 1

model M {
  input tokens: i32[B, T]
  output logits = tokens -> embed(9, 6) -> LAYER -> dense(9)
}

serve M {
  tokens = greedy(logits, start=1, limit=5)
}
"""


def program(layer: str) -> Any:
    return netspec.compile(Source("m.net", SERVED.replace("LAYER", layer)), plugins=["acme"])


@pytest.mark.usefixtures("acme")
def test_it_is_decoded_step_by_step_as_by_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    from acme import Decayed  # type: ignore[import-not-found]

    model = program("acme.decayed")
    assert isinstance(derive_part(model.serves[0]), Part)
    begin = np.array([[3, 4], [5, 6], [7, 8]], np.int32)
    variables = model.init(0)
    stepped = model.decode(variables, tokens=begin)
    monkeypatch.setattr(Decayed, "step", Callable.step)
    derive_part.cache_clear()
    anew = program("acme.decayed")
    assert "`acme.decayed` has no step of its own" in derive_part(anew.serves[0])
    whole = anew.decode(variables, tokens=begin)
    for name in stepped:
        np.testing.assert_allclose(stepped[name], whole[name], 1e-5)


@pytest.mark.usefixtures("acme")
def test_its_step_is_held_to_the_whole() -> None:
    from acme import Decayed  # type: ignore[import-not-found]

    class Forgets(Decayed):
        """Looks back, and remembers nothing. FLOPs: 2 per element."""

        namespace = ""

        def step(self, use: Use) -> tuple[Array, Past]:
            return use.alone(), None

    check_op(Decayed)
    with pytest.raises(AssertionError, match="- stretch by stretch is the whole: .*Forgets"):
        check_op(Forgets)


@pytest.mark.usefixtures("acme")
def test_an_op_without_a_step_is_run_anew_unless_it_works_element_by_element() -> None:
    assert isinstance(derive_part(program("acme.twice").serves[0]), Part)
    assert "`acme.fast_dense` has no step" in derive_part(program("acme.fast_dense(6)").serves[0])
