"""Random well-formed specs, built from the registry: every op is asked for its result before it is written."""

from __future__ import annotations

from random import Random

from hypothesis import strategies as st

from netspec.shape import Facts, TensorType
from tests.random_specs.layout import Layout
from tests.random_specs.model import Model
from tests.random_specs.training import digits_spec


def random_spec(rng: Random, largest: int = 30) -> str:
    """The text of a spec with one model of 3 to `largest` statements, or of one that is trained on the digits."""
    return digits_spec(rng) if rng.random() < 0.15 else model_spec(rng, largest)


def model_spec(rng: Random, largest: int = 30) -> str:
    layout = Layout(rng)
    model = Model(rng, layout, "M", Facts())
    for number in range(rng.choice([1, 1, 1, 2])):
        model.input("xy"[number], random_type(rng))
    for _ in range(rng.randrange(1, max(largest - 4, 2))):
        model.statement()
    return model.file()


def random_type(rng: Random) -> TensorType:
    """The type of an input: a batch, perhaps axes of unknown size, and features."""
    space: list[int | str] = [rng.choice([4, 6, 8, "H", "T"]) for _ in range(rng.choice([0, 0, 1, 2, 2, 3]))]
    if space.count("H") + space.count("T") > 1:
        space = [size if isinstance(size, int) else 8 for size in space]
    return TensorType(rng.choice(["f32"] * 6 + ["i32", "bool"]), ["B", *space, rng.choice([1, 2, 3, 4, 8, 12])])


@st.composite
def specs(draw: st.DrawFn, largest: int = 12) -> str:
    """Random specs for Hypothesis; it looks for a failing one by its seed."""
    return random_spec(Random(draw(st.integers(0, 2**32 - 1))), largest)
