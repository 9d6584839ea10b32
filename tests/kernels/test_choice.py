"""Which variant runs: by backend, static shapes and direction; what is kept of the choice, and what portable programs leave out."""

from __future__ import annotations

import jax.numpy as jnp
import pytest

import netspec
from netspec.compile import check
from netspec.kernels.choice import Chooser, Chosen
from netspec.kernels.family import Variant
from netspec.kernels.matmul import matmul
from netspec.kernels.reduce_window import by_axes, by_slices, reduce_window
from netspec.source import Source

SQUARE = jnp.ones((4, 4))
SPEC = """netspec 1

model M {
  input image: f32[B, 4, 4, 2]
  x = image
  repeat 4 { x = x -> conv(2, 3) -> max_pool(2) -> upsample(2) }
  output y = x -> global_avg_pool
}

train M {
  data      = arrays(fields={image: f32[4, 4, 2], y_true: f32[2]}) -> batch(4)
  loss      = mean_squared_error(y, y_true)
  optimizer = sgd(0.1)
  duration  = 1 step
  lowering  = %s
}
"""


def large(place, x, y) -> str:
    return f"{x.shape[0]} rows on {place.backend} at {place.path}" if x.shape[0] > 3 else ""


large_rows = matmul.variant(on=["cpu", "gpu"], when=large)(lambda x, y: jnp.matmul(x, y))
forward = matmul.variant(forward_only=True)(lambda x, y: jnp.matmul(x, y))


def chosen(chooser: Chooser, x=SQUARE, differentiated: bool = True) -> Chosen:
    matmul(chooser.at("here", differentiated), x, SQUARE)
    return next(reversed(chooser.log))


def test_the_first_with_a_reason_runs() -> None:
    found = chosen(Chooser(plugins=(large_rows, forward), backend="cpu"))
    assert (found.variant, found.path, found.reason) == (large_rows, "here", "4 rows on cpu at here")
    assert found.arguments == "f32[4, 4], f32[4, 4]"


def test_the_reference_stays_and_says_why() -> None:
    both, few = (large_rows, forward), SQUARE[:2]
    assert chosen(Chooser(plugins=both, backend="tpu")).reason.startswith("<lambda> is for cpu, gpu; <lambda> has no gradient")
    assert chosen(Chooser(plugins=both, backend="cpu"), few).variant is matmul.reference
    assert chosen(Chooser(plugins=both, backend="cpu"), few, differentiated=False).variant is forward
    assert chosen(Chooser(backend="cpu")).reason == "it has no variants"
    assert chosen(Chooser("portable", both, "cpu")).reason == "lowering = portable"


def test_windows_that_tile_are_reduced_by_slices() -> None:
    options = {"start": -float("inf"), "combine": "max", "size": (2, 2), "stride": (2, 2), "padding": "SAME"}
    reference = reduce_window.reference
    for shape, variant, plain in (
        ((1, 4, 4, 1), by_slices, by_slices),
        ((1, 5, 4, 1), by_axes, reference),
        ((1, 2, 2, 1), by_slices, by_slices),
    ):
        for backend, differentiated, wanted in (("cpu", True, variant), ("cpu", False, plain), ("gpu", False, plain)):
            chooser = Chooser(backend=backend)
            reduce_window(chooser.at("", differentiated), jnp.ones(shape), **options)
            assert [found.variant for found in chooser.log] == [wanted]


@pytest.mark.parametrize(("lowering", "pool"), [("automatic", "by_slices"), ("portable", "reference")])
def test_the_setting(lowering: str, pool: str) -> None:
    model = netspec.compile(Source("m.net", SPEC % lowering))
    assert model.symbols == ("B",)
    found = {(c.path, c.variant.family.name): c.variant.name for c in model.kernels({"B": 4})}
    assert found == {("conv_{0:4}", "convolve"): "reference", ("max_pool_{0:4}", "reduce_window"): pool}


def test_python_says_it_as_well(tmp_path) -> None:
    model = netspec.compile(Source("m.net", SPEC % "automatic"), lowering="portable")
    assert model.lowering == "portable" and model.recipe.overrides == {"train.lowering": "portable"}
    with pytest.raises(ValueError, match="automatic, portable"):
        netspec.compile(Source("m.net", SPEC.partition("train")[0]), lowering="fast")


def test_another_word_is_refused_with_the_nearest() -> None:
    (problem,) = check(Source("m.net", SPEC % "portabel")).problems
    assert type(problem).slug() == "bad-setting" and "`automatic` or `portable`" in problem.message()
    assert [edit.text for edit in problem.edits()] == ["portable"] if hasattr(problem, "edits") else True


def test_variants_are_records_of_what_they_are() -> None:
    assert isinstance(by_slices, Variant) and by_slices.name == "by_slices" and by_slices.family is reduce_window
    assert reduce_window.reference.name == "reference"


TRANSFORMER = """netspec 1

model T {
  dim T >= 1
  input x: f32[B, T, 8]
  y = x -> layer_norm -> self_attention(2, causal=true)
  output z = y -> self_attention(2, kv_heads=1) -> rms_norm -> dense([2, 3]) -> dense(5, axis=[-2, -1])
}

train T {
  data      = arrays(fields={x: f32[3, 8], w: f32[3, 5]}) -> batch(4)
  loss      = mean_squared_error(z, w)
  optimizer = sgd(0.1)
  duration  = 1 step
}
"""
MAPS = [("contract", "by_matrices")]


def test_the_kernels_of_a_transformer() -> None:
    """On the CPU this is the whole choice, in order."""
    own, shared = [("attend", "by_heads")], [("attend", "reference")]
    wanted = {
        "layer_norm_0": [("moments", "by_closed_form")],
        "self_attention_0": [*MAPS, *own, *MAPS],
        "self_attention_1": [*MAPS, *shared, *MAPS],
        "rms_norm_0": [("mean_square", "reference")],
        "dense_0": MAPS,
        "dense_1": MAPS,
    }
    found: dict[str, list[tuple[str, str]]] = {}
    for c in netspec.compile(Source("t.net", TRANSFORMER)).kernels({"B": 4}):
        names = (c.variant.family.name, c.variant.name)
        if found.setdefault(c.path, [])[-1:] != [names]:
            found[c.path].append(names)
    assert found == wanted
