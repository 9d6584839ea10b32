"""Lints about meaning are silent where they say that they do not look. On every spec that this repository shows they are too: the tests of
the zoo, the samples and the architectures want no problem."""

from __future__ import annotations

import pytest

from netspec.compile import check
from netspec.library.shape_rules.windows import windows
from netspec.shape import Dim, TensorType
from netspec.source import Source
from netspec.testing.checks import hold, require

TRAIN = """
train M {{
  data = arrays(fields={{x: f32[{x}], t: f32[1]}}) -> batch(32)
  loss = {loss}
  optimizer = {optimizer}
  duration = 20 epochs
}}
"""


def spec(body: str, loss: str = "", optimizer: str = "adam(1e-3)", x: str = "8") -> str:
    """A model of these lines, trained where there is a loss."""
    lines = "\n".join(f"  {line}" for line in (f"input x: f32[B, {x}]", *body.split("\n")))
    return f"netspec 1\n\nmodel M {{\n{lines}\n}}\n" + (TRAIN.format(loss=loss, optimizer=optimizer, x=x) if loss else "")


def slugs(text: str) -> list[str]:
    return [problem.slug() for problem in check(Source("spec.net", text)).problems]


MSE = "mean_squared_error(y, t)"
IMAGE = "32, 32, 3"
SILENT = {
    "layer_norm takes its mean over the features": spec("output y = x -> dense(4) -> layer_norm -> relu"),
    "something else reads the layer": spec("h = x -> dense(4)\noutput y = (h -> batch_norm) + h"),
    "a shared layer has another use": spec("shared d = dense(8)\nh = x -> d -> batch_norm\noutput y = h -> d"),
    "the norm stands behind something": spec("output y = x -> dense(4) -> relu -> batch_norm"),
    "a bias of each place": spec("output y = x -> conv_local(4, 3) -> batch_norm", x=IMAGE),
    "group_norm with groups of several features": spec("output y = x -> conv(4, 3) -> group_norm(groups=2)", x=IMAGE),
    "a large kernel deep in a model": spec("output y = x -> max_pool(4) -> conv(4, 8)", x=IMAGE),
    "a 3x3 kernel on 2x2": spec("output y = x -> max_pool(16) -> conv(4, 3, stride=2)", x=IMAGE),
    "a kernel of open size": spec("output y = x -> conv(4, 64)", x="H, W, 3"),
    "a circular kernel": spec('output y = x -> max_pool(32) -> conv(4, 3, padding="CIRCULAR")', x=IMAGE),
    "dropout before the last layer": spec("output y = x -> dropout(0.5) -> dense(1)", MSE),
    "dropout that is off": spec("output y = x -> dense(1) -> dropout(0)", MSE),
    "dropout as a view of the data": spec(
        "shared d = dense(4)\noutput y = x -> d -> dropout(0.5)\noutput z = x -> d -> dropout(0.5)", "mean_squared_error(y, z)"
    ),
    "a residual with dropout": spec("h = x -> dense(8)\noutput y = (h + (h -> dense(8) -> dropout(0.1))) -> dense(1)", MSE),
    "weights of a loop": spec("h = x\nrepeat 3 { h = h + (h -> dense(8)) }\noutput y = h -> dense(1)", MSE),
    "weights that one pass leaves to the next": spec(
        "h = x\nm = x\nrepeat 3 {\n  h = h + m\n  m = m -> dense(8)\n}\noutput y = h -> dense(1)", MSE
    ),
    "a frozen layer": spec(
        "output y = x -> dense(1)\noutput z = x -> side: dense(1)", MSE, 'adam(1e-3) -> freeze("side/**")'
    ),
    "a shared layer behind stop_gradient and not": spec(
        "shared d = dense(8)\nh = x -> d\noutput y = ((x -> stop_gradient -> d) + h) -> dense(1)", MSE
    ),
    "weights of a recurrence": spec("output y = x -> lstm(4) -> mean(axis=1) -> dense(1)", MSE, x="5, 3"),
    "a decay that nobody wrote": spec("output y = x -> dense(4) -> layer_norm -> dense(1)", MSE, "adamw(1e-3)"),
    "a decay of all that is meant": spec(
        "output y = x -> dense(4) -> layer_norm -> dense(1)", MSE, 'adamw(1e-3, weight_decay=0.1, decay_mask="**")'
    ),
    "a decay of a group without norms": spec(
        "output y = x -> a: dense(4) -> layer_norm -> dense(1)",
        MSE,
        'groups({"a/**": adamw(1e-3, weight_decay=0.1), else: adam(1e-3)})',
    ),
    "a pattern for all of them": spec("output y = x -> dense(4) -> dense(1)", MSE, 'adam(1e-3) -> freeze("dense/kernel")'),
    "a label that looks counted": spec("output y = x -> dense_9: dense(4) -> dense(1)", MSE, 'adam(1e-3) -> freeze("dense_9/**")'),
    "a wide sum behind which a norm stands": spec(
        "output y = x -> flatten -> dense(4, kernel_init=normal(1.0)) -> layer_norm", x=IMAGE
    ),
    "a table of vectors": spec("output y = cast(x[:, 0], i32) -> embed(5000, 4, init=normal(1.0)) -> dense(1)"),
    "a schedule in steps": spec("output y = x -> dense(1)", MSE, "adam(cosine(1e-3, duration=500 steps))"),
}  # fmt: skip


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT.keys())
def test_a_lint_is_silent(text: str) -> None:
    assert slugs(text) == []


def test_what_a_block_exports_to_the_loss_is_trained() -> None:
    text = spec("h = x -> dense(4)\naux size = mean(h ** 2)\noutput y = x -> dense(1)", f'{MSE} + aux("size")')
    assert slugs(text) == ["mixes-examples"]


SAID = {
    "in a loop": (spec("h = x\nrepeat 2 { h = h -> dense(8) -> batch_norm -> relu }\noutput y = h"), "bias-before-norm"),
    "instance_norm": (spec("output y = x -> conv(4, 3) -> instance_norm", x=IMAGE), "bias-before-norm"),
    "the gradient stops": (spec("output y = x -> side: dense(8) -> stop_gradient -> dense(1)", MSE), "dead-parameters"),
    "a weight": (spec("weight w: f32[8] = zeros\noutput y = x -> dense(1)\noutput z = x * w", MSE), "dead-parameters"),
    "a loop that leads nowhere": (
        spec("h = x\nrepeat 2 { h = h -> dense(8) }\noutput y = x -> dense(1)\noutput z = h", MSE),
        "dead-parameters",
    ),
    "what is dropped is cut": (spec("output y = x -> dense(2) -> dropout(0.1)", "mean_squared_error(y[:, :1], t)"), "dropout-on-output"),
    "in a group": (
        spec(
            "output y = x -> a: dense(4) -> layer_norm -> dense(1)",
            MSE,
            'groups({"a/**": adam(1e-3), else: adamw(1e-3, weight_decay=0.1)})',
        ),
        "decays-norms",
    ),
    "as a key": (spec("output y = x -> dense(4) -> dense(1)", MSE, 'groups({"dense_0/**": sgd(0.1), else: adam(1e-3)})'), "counted-layer"),
}  # fmt: skip


SAID |= {
    f"no slope in {step}": (spec(f"output y = x -> side: dense(8) -> {step} -> dense(1)", MSE), "dead-parameters")
    for step in ("floor", "ceil", "round", "sign", "stop_gradient", "argmax(axis=-1) -> one_hot(8)")
}
SAID |= {
    f"no slope in {value}": (spec(f"h = x -> side: dense(8)\noutput y = {value} -> dense(1)", MSE), "dead-parameters")
    for value in ("(h > 0) -> cast(f32)", "(h // 2.0)", "where(h > 0, x, 2.0 * x)", "one_hot(argmax(h, axis=-1), 8)")
}


@pytest.mark.parametrize(("text", "slug"), SAID.values(), ids=SAID.keys())
def test_a_lint_speaks(text: str, slug: str) -> None:
    assert slugs(text) == [slug]


def the_blind_are_those_that_meet_nothing(case: tuple[int, int, int, int, object]) -> None:
    size, kernel, stride, apart, padding = case
    w = windows("conv", "kernel", TensorType("f32", (2, size, 4)), kernel, stride, padding, apart)  # type: ignore[arg-type]
    span = (kernel - 1) * apart + 1
    if w.padding == "SAME":
        places = -(-size // stride)
        low = max((places - 1) * stride + span - size, 0) // 2
    else:
        low, high = w.padding[0]
        places = (size + low + high - span) // stride + 1
    if places > 0:
        seen = [any(0 <= place * stride + tap * apart - low < size for place in range(places)) for tap in range(kernel)]
        require(w.count_blind(0, Dim.of(size)) == seen.count(False), str(case))


def test_blind_elements_of_windows_are_counted() -> None:
    paddings = ("SAME", "VALID", 1, 3, 11)
    cases = [(n, k, s, d, p) for n in (1, 2, 3, 7) for k in (1, 2, 3, 5) for s in (1, 2, 3, 5) for d in (1, 2, 3) for p in paddings]
    hold([the_blind_are_those_that_meet_nothing], *cases)


def test_a_kernel_of_any_size_is_checked_in_no_time() -> None:
    """A walk over its elements took 24 GB for the kernel of a spec with one number changed."""
    for kernel in ("40_000", "[1, 2_000_000_000]"):
        assert "kernel-past-image" in slugs(f"netspec 1\nmodel M {{\n  input x: f32[B, 8, 8, 1]\n  output y = x -> conv(4, {kernel})\n}}\n")
