"""The cases of picking for each example, of ops that were refused and should not be, and of habits from elsewhere, with their siblings."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.diagnostics.base import Diagnostic

HERE = Path(__file__).parent


def problems(folder: Path, text: str) -> list[Diagnostic]:
    """What `check` says of a spec."""
    path = folder / "spec.net"
    path.write_text("netspec 1\n\n" + text)
    return list(netspec.check(path).problems)


def slugs(folder: Path, text: str) -> list[str]:
    return [problem.slug() for problem in problems(folder, text)]


def apply(folder: Path, text: str, **inputs: Any) -> Any:
    """The output `y` of the model of a spec, in eval."""
    path = folder / "spec.net"
    path.write_text("netspec 1\n\n" + text)
    program = netspec.compile(path)
    return np.asarray(program.apply(program.init(0), **inputs)["y"])


def repaired(folder: Path, text: str) -> str:
    """The spec after the edits of its problems."""
    path = folder / "spec.net"
    path.write_text(text := "netspec 1\n\n" + text)
    edits = [edit for problem in netspec.check(path).problems for edit in problem.edits()]
    for edit in sorted(edits, key=lambda e: -e.span.start):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text.removeprefix("netspec 1\n\n")


# --- picking for each example ----------------------------------------------------------------------------------------
TRAIN = """
model Policy {{
  input x: f32[B, 3]
  output logits = x -> dense(4)
}}

train Policy {{
  data = arrays(fields={{x: f32[3], action: i32[], adv: f32[]}}) -> batch(8)
  {loss}
  optimizer = sgd(0.1)
  duration = 3 steps
}}
"""
MODEL = """
{blocks}
model M {{
  input x: f32[B, 5, 7]
  input i: i32[B]
  input ij: i32[B, 2]
  input s: f32[B, 7]
  {body}
}}
"""
LOOPED = "repeat 2 { s = (s, i) -> Own }\n  output y = s"
ROWS, EVERY = "picks-rows-of-the-batch", "picks-for-every-example"


def test_the_case(tmp_path: Path) -> None:
    text = (HERE / "traps/10-index-picks-batch-rows.net").read_text().removeprefix("netspec 1\n")
    assert slugs(tmp_path, text) == [ROWS]
    assert "-pick(log_softmax(logits), action)[:, none] * adv[:, none]" in repaired(tmp_path, text)


@pytest.mark.parametrize(
    "loss",
    [
        "loss = mean(-log_softmax(logits)[action])",
        "let taken = log_softmax(logits)\n  let own = taken[action]\n  loss = mean(-own)",
        "let a = cast(cast(action, f32), i32)\n  loss = mean(-gather(log_softmax(logits), a))",
        "loss = mean(-(log_softmax(logits) -> gather(action)))",
        "loss = mean(adv * logits[:, 0])\n  metric taken = mean(softmax(logits)[action - 1])",
    ],
)
def test_rows_in_sections(tmp_path: Path, loss: str) -> None:
    assert slugs(tmp_path, TRAIN.format(loss=loss)) == [ROWS]
    assert slugs(tmp_path, TRAIN.format(loss=loss).replace("f32[B, 3]", "f32[N, 3]")) == [ROWS]


@pytest.mark.parametrize(
    ("body", "slug", "right"),
    [
        ("output y = s[i]", ROWS, "pick(s, i)"),
        ("output y = gather(x, i)", ROWS, "x[iota(B), i]"),
        ("output y = (s -> softmax)[i]", ROWS, "pick((s -> softmax), i)"),
        ("output y = s[ij]", ROWS, "s[iota(B)[:, none], ij]"),
        ("output y = s[:, i]", EVERY, "pick(s, i)"),
        ("output y = x[:, i]", EVERY, "x[iota(B), i]"),
        ("output y = x[:, :, i]", EVERY, "x[iota(B), :, i]"),
        ("output y = gather(x, ij, axis=1)", EVERY, "x[iota(B)[:, none], ij]"),
    ],
)
def test_rows_in_models(tmp_path: Path, body: str, slug: str, right: str) -> None:
    text = MODEL.format(blocks="", body=body)
    found = [problem for problem in problems(tmp_path, text) if problem.slug() != "unused-binding"]
    assert [problem.slug() for problem in found] == [slug]
    assert f"`{right}`" in (found[0].help() or "")
    assert not {ROWS, EVERY} & set(slugs(tmp_path, repaired(tmp_path, text)))


@pytest.mark.parametrize(
    ("blocks", "body"),
    [
        ("block Own {\n  input a: f32[N, C]\n  input b: i32[N]\n  output a[b]\n}", "output y = (s, i) -> Own"),
        (
            "block Own {\n  input a: f32[N, C]\n  input b: i32[N]\n  output gather(a, b)\n}",
            "repeat 2 { s = (s, i) -> Own }\n  output y = s",
        ),
        ("", "when train { s = s[i] }\n  output y = s"),
        ("", "for k in range(2) { s = s[i] }\n  output y = s"),
        ("", "output y = s[argmax(s, axis=-1)]"),
        ("", "output y = take_along_axis(s, i[:, none], axis=0)"),
        ("", "output y = x[i, i]"),
    ],
)
def test_rows_in_blocks_and_loops(tmp_path: Path, blocks: str, body: str) -> None:
    assert ROWS in slugs(tmp_path, MODEL.format(blocks=blocks, body=body))


@pytest.mark.parametrize(
    "body",
    [
        "output y = pick(s, i)",
        "output y = x[iota(B), i]",
        "output y = take_along_axis(s, ij)",
        "output y = s[argmin(s @ transpose(s), axis=1)]",  # the nearest example
        "output y = gather(s, argmax(random_uniform([B, B]), axis=1))",
        "output y = reshape(x, [5 * B, 7])[i + 5 * iota(B)]",
        "output y = s[(iota(B) + 1) % B]",
        "weight table: f32[10, 8] = normal(0.02)\n  output y = table[i]",
        "output y = s[[0]]",
        "output y = iota(9)[i]",
    ],
)
def test_what_picks_as_it_says(tmp_path: Path, body: str) -> None:
    assert not {ROWS, EVERY} & set(slugs(tmp_path, MODEL.format(blocks="", body=body)))


GRAPHS = [
    "model G {\n  input nodes: f32[N, 8]\n  input senders: i32[E]\n  output y = gather(nodes, senders)\n}",
    "model G {\n  input nodes: f32[N, 8]\n  input near: i32[N, 6]\n  output y = nodes[near]\n}",
    "model G {\n  input nodes: f32[B, N, 8]\n  input senders: i32[B, E]\n  output y = nodes[iota(B)[:, none], senders]\n}",
    "model G {\n  input bank: f32[M, 8]\n  input ids: i32[B]\n  output y = bank[ids]\n}",
]


@pytest.mark.parametrize("text", GRAPHS)
def test_graphs_and_memories(tmp_path: Path, text: str) -> None:
    assert slugs(tmp_path, text) == []


FIXED = """
{blocks}
model Policy {{
  input x: f32[{batch}, 3]
  output logits = x -> dense(4)
}}

train Policy {{
  data = arrays(fields={{x: f32[3], a: i32[], i: i32[4], adv: f32[]}}) -> batch({batch})
  loss = {loss}
  optimizer = sgd(0.1)
  duration = 3 steps
}}
"""
OWN_ROW = "block Own {\n  input s: f32[N, C]\n  input i: i32[N]\n  output s[i]\n}"


@pytest.mark.parametrize("batch", ["8", "4", "B"])
@pytest.mark.parametrize(
    ("loss", "slug"),
    [
        ("-mean(log_softmax(logits)[a])", ROWS),
        ("-mean(gather(log_softmax(logits), a))", ROWS),
        ("mean((logits, a) -> Own)", ROWS),
        ("mean(logits[:, a])", EVERY),
        ("mean(take_along_axis(logits, i, axis=0))", ROWS),
        ("-mean(pick(log_softmax(logits), a) * adv)", ""),
        ("-mean(logits[iota(8), a])", ""),
        ("mean(logits[(iota(8) + a) % 8])", ""),
        ("mean(gather(eye(4), a) * logits)", ""),  # a table of classes, as many as examples
        ("mean(take_along_axis(logits, i))", ""),
    ],
)
def test_rows_of_a_fixed_batch(tmp_path: Path, batch: str, loss: str, slug: str) -> None:
    """The size of the batch is written, and may be that of the classes."""
    text = FIXED.format(batch=batch, loss=loss.replace("8", batch), blocks=OWN_ROW if "Own" in loss else "")
    text = text.replace("batch(B)", "batch(8)").replace("iota(B)", "iota(batch_size)")
    found = [s for s in slugs(tmp_path, text) if s in (ROWS, EVERY)]
    assert found == ([slug] if slug else [])


PLAIN = "model M {{\n  input x: f32[{n}, 10]\n  input a: i32[{n}]\n{more}  output y = {y}\n}}"


def test_rows_of_shares_under_any_name(tmp_path: Path) -> None:
    """What a softmax made of each row is chosen of by class, whatever the axis of rows is called; and a table stands beside a batch."""
    for y in ("log_softmax(x)[a]", "gather(softmax(x * 2.0), a)"):
        assert slugs(tmp_path, PLAIN.format(n="N", more="", y=y)) == [ROWS]
    for y in ("x[a]", "softmax(x, axis=0)[a]", "pick(log_softmax(x), a)"):
        assert ROWS not in slugs(tmp_path, PLAIN.format(n="N", more="", y=y))
    table = "  input table: f32[V, 10]\n"
    assert ROWS in slugs(tmp_path, PLAIN.format(n="B", more=table, y="log_softmax(x)[a] @ transpose(table)"))
    assert slugs(tmp_path, PLAIN.format(n="B", more=table, y="table[a] * x")) == []
    graph = "model G {\n  input nodes: f32[N, 8]\n  input senders: i32[E]\n  output y = gather(softmax(nodes), senders)\n}"
    assert slugs(tmp_path, graph) == []


def test_policy_gradient_by_hand(tmp_path: Path) -> None:
    """The mended case gives what NumPy gives."""
    path = tmp_path / "spec.net"
    path.write_text("netspec 1\n" + TRAIN.format(loss="loss = mean(-pick(log_softmax(logits), action) * adv)"))
    program = netspec.compile(path)
    state, r = program.init(0), np.random.default_rng(1)
    x, action, adv = r.normal(size=(8, 3)).astype("f"), np.array([3, 3, 2, 0, 1, 2, 0, 1], "i4"), r.normal(size=8).astype("f")
    logits = np.asarray(program.apply(state, x=x)["logits"])
    shares = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    _, metrics = program.train_step(state, {"x": x, "action": action, "adv": adv})
    np.testing.assert_allclose(program.finish(metrics)["loss"], (-shares[np.arange(8), action] * adv).mean(), 1e-5)


def test_indices_of_small_types(tmp_path: Path) -> None:
    """Places of 300 elements, by i8, u8, u32: -1 is the last one, and 2**32 - 1 is none."""
    x = np.arange(600, dtype="f").reshape(2, 300)
    text = "model M {{\n  input x: f32[B, 300]\n  input i: {0}[B]\n  output y = take_along_axis(x, (i * 1)[:, none])[:, 0]\n}}"
    for dtype, name, numbers, wanted in [
        ("int8", "i8", [-1, 5], [299, 305]),
        ("uint8", "u8", [255, 0], [255, 300]),
        ("uint32", "u32", [299, 2**32 - 1], [299, np.nan]),
    ]:
        np.testing.assert_array_equal(apply(tmp_path, text.format(name), x=x, i=np.array(numbers, dtype)), wanted)


# --- indices, slices and windows -------------------------------------------------------------------------------------
def test_paired_indices_are_numpy_s(tmp_path: Path) -> None:
    """One program for many forms: each output is what NumPy makes of the same text."""
    r = np.random.default_rng(0)
    x, i, j = r.normal(size=(3, 5, 6, 4)).astype("f"), r.integers(0, 4, (3, 2)).astype("i4"), r.integers(-4, 4, (3, 2)).astype("i4")
    forms = ["x[:, i, j]", "x[:, i, :, j]", "x[..., i, j]", "x[0, :, i, j]", "x[:, i, none, j]", "x[:, [0, -1], [2, 3]]", "x[:, i, 2, j]"]
    forms += ["x[:, 0, i, j]", "x[:, 1:, i, j]", "x[:, i[0], [1, 2]]", "x[0, :, i]", "x[:, 0, :, i]", "x[..., 0, i]", "x[:, [1, 2], :, -1]"]
    inputs = "input x: f32[B, 5, 6, 4]\n  input i: i32[B, 2]\n  input j: i32[B, 2]"
    path = tmp_path / "spec.net"
    path.write_text(f"netspec 1\n\nmodel M {{\n  {inputs}\n" + "".join(f"  output y{k} = {form}\n" for k, form in enumerate(forms)) + "}\n")
    program = netspec.compile(path)
    found = program.apply(program.init(0), x=x, i=i, j=j)
    for k, form in enumerate(forms):
        right = eval(form.replace("none", "None"), {"x": x, "i": i, "j": j})
        assert found[f"y{k}"].shape == right.shape, form
        np.testing.assert_array_equal(found[f"y{k}"], right, form)


def test_slices_are_numpy_s_and_never_clamped() -> None:
    from netspec.diagnostics.base import Mistake
    from netspec.library.functions.indexing import Cut, Slice
    from netspec.shape import Facts, TensorType

    ends = [None, *range(-8, 9)]
    for size, start, stop, step in itertools.product(range(1, 7), ends, ends, (-3, -1, 1, 2)):
        right = len(range(size)[slice(start, stop, step)])
        outside = any(end is not None and not -size <= end <= size - (step < 0) for end in (start, stop))
        try:
            found = Slice(items=(Cut(start, stop, step),)).shape(Facts(), TensorType("f32", [size])).shape[0].value
        except Mistake:
            found = None
        assert found == (None if outside or right == 0 else right), (size, start, stop, step)


def test_slices_backwards_with_free_sizes(tmp_path: Path) -> None:
    text = "model M {{\n  dim T >= 3\n  input x: f32[B, T]\n  output y = {0}\n}}"
    x = np.arange(10, dtype="f").reshape(2, 5)
    assert apply(tmp_path, text.format("x[:, T - 1 : 0 : -1]"), x=x).tolist() == x[:, :0:-1].tolist()
    assert apply(tmp_path, text.format("x[:, -2::-2]"), x=x).tolist() == x[:, -2::-2].tolist()
    assert slugs(tmp_path, text.format("x[:, T::-1]")) == ["slice-outside-axis"]
    assert slugs(tmp_path, text.format("x[:, 4:0:-1]")) == ["unproven-size"]


def test_integers_are_pooled_and_resized(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(-100, 100, (2, 6, 6, 1)).astype("int8")
    text = "model M {{\n  input x: i8[B, 6, 6, 1]\n  output y = x -> {0}\n}}"
    blocks = x.reshape(2, 3, 2, 3, 2, 1)
    np.testing.assert_array_equal(apply(tmp_path, text.format("adaptive_max_pool(3)"), x=x), blocks.max((2, 4)))
    assert apply(tmp_path, text.format("adaptive_max_pool(4)"), x=x).dtype == np.int8
    grown = np.repeat(np.repeat(x, 2, 1), 2, 2)
    np.testing.assert_array_equal(apply(tmp_path, text.format('resize(12, method="nearest")'), x=x), grown)
    np.testing.assert_array_equal(apply(tmp_path, text.format("upsample(2)"), x=x), grown)
    assert slugs(tmp_path, text.format("resize(12)")) == ["wrong-operand"]


RESIZED = list(
    itertools.product(["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"], [(4, 7), (7, 3), (5, 1), (1, 4), (3, 6)])
)


@pytest.mark.parametrize(("rule", "sizes"), RESIZED)
def test_resizing_is_onnx_s(rule: str, sizes: tuple[int, int]) -> None:
    """The formulas of ONNX's Resize, in plain loops: places, the four roundings, linear and cubic weights with repeated borders."""
    from netspec.library.functions.resize_filter import nearest_points, weights

    before, after = sizes
    scale = after / before
    for i in range(after):
        half = (i + 0.5) / scale - 0.5
        place = {
            "half_pixel": half,
            "pytorch_half_pixel": half if after > 1 else 0.0,
            "align_corners": i * (before - 1) / (after - 1) if after > 1 else 0.0,
            "asymmetric": i / scale,
        }[rule]
        low = int(np.floor(place + 1e-9))
        ratio = max(place - low, 0.0)
        rounded = {"floor": low, "ceil": low + (ratio > 1e-9)}
        rounded["round_prefer_floor"], rounded["round_prefer_ceil"] = low + (ratio > 0.5 + 1e-9), low + (ratio >= 0.5 - 1e-9)
        for rounding, point in rounded.items():
            assert nearest_points(before, after, rule, rounding)[i] == min(max(point, 0), before - 1), (i, rounding)  # type: ignore[arg-type]
        for method, a, taps in [("bilinear", 0.0, [1 - ratio, ratio]), ("bicubic", -0.75, None), ("bicubic", -0.5, None)]:
            if taps is None:
                near = [
                    ((a * (d - 5) * d + 8 * a) * d - 4 * a) if d > 1 else ((a + 2) * d - (a + 3)) * d * d + 1 for d in (1 + ratio, ratio)
                ]
                taps = near + [
                    ((a + 2) * d - (a + 3)) * d * d + 1 if d <= 1 else ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
                    for d in (1 - ratio, 2 - ratio)
                ]
            first, row = low - (len(taps) // 2 - 1), np.zeros(before)
            for k, tap in enumerate(taps):
                row[min(max(first + k, 0), before - 1)] += tap
            found = weights(before, after, method, False, rule, a, False)[i]  # type: ignore[arg-type]
            np.testing.assert_allclose(found, row, 1e-6, 1e-6, err_msg=f"{method} {a} {i}")


def test_cubic_enlargement_by_two() -> None:
    """PyTorch's and ONNX's weights of a = -0.75 for a factor of 2, the well-known eighths of 256: -0.03515625, 0.26171875, 0.87890625, …"""
    from netspec.library.functions.resize_filter import weights

    row = weights(8, 16, "bicubic", False, "half_pixel", -0.75, False)[6]
    np.testing.assert_allclose(row[1:5], [-0.03515625, 0.26171875, 0.87890625, -0.10546875], 1e-6)


# --- what was refused, and habits ------------------------------------------------------------------------------------
def test_ceil_pooling_at_a_free_size(tmp_path: Path) -> None:
    text = (HERE / "reports/15-ceil-pooling-at-a-free-size.net").read_text().removeprefix("netspec 1\n")
    found = problems(tmp_path, text)
    assert [problem.slug() for problem in found] == ["argument-of-free-size"] and "`H` and `W`" in found[0].message()
    right = text.replace("padding=[[0, H % 2], [0, W % 2]]", "ceil_mode=true")
    assert slugs(tmp_path, right) == []
    plain = "model M {{\n  input x: f32[B, N, 1]\n  output y = x -> {0}\n}}"
    x = np.arange(1, 6, dtype="f").reshape(1, 5, 1)
    assert apply(tmp_path, plain.format("max_pool(2, ceil_mode=true)"), x=x).ravel().tolist() == [2, 4, 5]
    assert apply(tmp_path, plain.format("avg_pool(2, ceil_mode=true)"), x=x).ravel().tolist() == [1.5, 3.5, 5]
    assert apply(tmp_path, plain.format("max_pool(2, stride=3, padding=1, ceil_mode=true)"), x=x).ravel().tolist() == [1, 4]
    assert slugs(tmp_path, plain.format("conv(4, 3, padding=[[N % 2, 0]])")) == ["argument-of-free-size"]
    assert slugs(tmp_path, plain.format("conv(4, N)")) == ["argument-of-free-size"]


@pytest.mark.parametrize(
    ("text", "unused"),
    [
        ((HERE / "reports/16-input-used-for-its-size-only.net").read_text().removeprefix("netspec 1\n"), 0),
        ("model M {\n  input x: f32[B, 3]\n  input like: f32[B, N]\n  output y = x[:, none] * ones([N, 1])\n}", 0),
        ("model M {\n  input x: f32[B, N]\n  input like: f32[B, N]\n  output y = x * ones([N])\n}", 1),
        ("model M {\n  input x: f32[B, 3]\n  input like: f32[B, N]\n  output y = x\n}", 1),
    ],
)
def test_an_input_used_for_its_size(tmp_path: Path, text: str, unused: int) -> None:
    assert slugs(tmp_path, text).count("unused-binding") == unused


def test_a_block_is_an_activation(tmp_path: Path) -> None:
    """Keras 2's hard sigmoid as a block, and as the function's argument, gives the same; one with parameters is refused with a reason."""
    text = (HERE / "reports/20-hard-sigmoid-of-keras-2.net").read_text().removeprefix("netspec 1\n")
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype("f")
    assert slugs(tmp_path, text) == []
    named = text.replace("gate_activation=KerasHardSigmoid", "gate_activation=hard_sigmoid(slope=0.2)")
    np.testing.assert_allclose(apply(tmp_path, text, x=x), apply(tmp_path, named, x=x), 1e-6, 1e-6)
    for body in ("x -> dense(8)", "x -> softmax", "x -> dropout(0.5)"):
        found = problems(tmp_path, text.replace("clip(0.2 * x + 0.5, 0.0, 1.0)", body))
        assert [p.slug() for p in found] == ["bad-argument"] and "element by element" in (found[0].help() or ""), body
    line = "block Line {\n  input x: f32[B, D]\n  output 0.2 * x + 0.5\n}\n"
    nested = line + text.replace("clip(0.2 * x + 0.5, 0.0, 1.0)", "x -> Line -> clip(0.0, 1.0)")
    np.testing.assert_allclose(apply(tmp_path, nested.replace("B, ..., D", "B, D"), x=x), apply(tmp_path, named, x=x), 1e-6, 1e-6)


NORM = """
model M {{
  input x: f32[{batch}, 4]
  output y = (x -> {norm} -> dense(1))[:, 0]
}}

train M {{
  data = arrays(fields={{x: f32[4], t: f32[]}}) -> batch({size})
  loss = mean_squared_error(y, t)
  optimizer = adam(0.01)
  duration = 3 epochs
}}
"""


@pytest.mark.parametrize(
    ("norm", "size", "warned"),
    [
        ("dense(4) -> batch_norm", 1, True),
        ("dense(4) -> batch_norm", 2, False),
        ("reshape([B, 2, 2]) -> batch_norm -> flatten", 1, False),
        ("reshape([B, 1, 1, 4]) -> conv(4, 1) -> batch_norm -> flatten", 1, True),
        ("dense(1) -> layer_norm", 8, True),
        ("dense(4) -> layer_norm", 1, False),
        ("dense(8) -> group_norm(8)", 4, True),
        ("dense(8) -> group_norm(4)", 4, False),
        ("reshape([B, 1, 4]) -> instance_norm -> flatten", 4, True),
    ],
)
def test_normalising_one_value(tmp_path: Path, norm: str, size: int, warned: bool) -> None:
    assert ("one-value" in slugs(tmp_path, NORM.format(batch="B", norm=norm, size=size))) is warned


def test_the_first_of_equals_is_the_first_of_the_largest(tmp_path: Path) -> None:
    text = "model M {\n  input x: f32[B, 4]\n  _, i = x -> top_k(4)\n  output y = i\n}"
    x = np.array([[-0.0, 0.0, -1.0, 0.0], [0.0, -0.0, 3.0, -0.0]], "f")
    assert apply(tmp_path, text, x=x).tolist() == [[0, 1, 3, 2], [2, 0, 1, 3]]
    slope = "model M {\n  input x: f32[B, 4]\n  best, _ = x -> top_k(2)\n  output y = best\n}"
    path = tmp_path / "slope.net"
    path.write_text("netspec 1\n\n" + slope)
    import jax

    program = netspec.compile(path)
    state = program.init(0)
    assert jax.grad(lambda x: program.apply(state, x=x)["y"].sum())(x).tolist() == [[1, 1, 0, 0], [1, 0, 1, 0]]


IMAGE = "model M {{\n  input image: f32[{shape}]\n  output y = image -> {layers}\n}}"


@pytest.mark.parametrize(
    ("shape", "layers", "slug"),
    [
        ("28, 28, 1", "conv(8, 3) -> relu", "image-without-batch"),
        ("3, 64, 64", "conv(8, 3)", "image-without-batch"),
        ("32, 48, 3", "max_pool(2)", "image-without-batch"),
        ("B, 3, 224, 224", "conv(64, 7, stride=2)", "channels-first"),
        ("B, 1, 28, 28", "avg_pool(2, padding=1)", "channels-first"),
        ("B, 1, 16, 16, 16", "conv(4, 3)", "channels-first"),
        ("B, 32, 32, 3", "conv(3, 64, 3)", "foreign-order"),
        ("B, 32, 32, 1", "conv(1, 6, 5)", "foreign-order"),
        ("B, 32, 32, 3", "conv(16, 3) -> relu -> conv(16, 32, 3, padding=1)", "foreign-order"),
        ("B, 16, 16, 64", "conv_transpose(64, 32, 2)", "foreign-order"),
        ("B, 100, 64", "conv(64, 128, 3)", "foreign-order"),
        ("B, 8, 8, 16", "conv(16, 9, 1)", "foreign-order"),
    ],
)
def test_habits(tmp_path: Path, shape: str, layers: str, slug: str) -> None:
    text = IMAGE.format(shape=shape, layers=layers)
    assert slugs(tmp_path, text) == [slug]
    assert slugs(tmp_path, repaired(tmp_path, text)) == []


@pytest.mark.parametrize(
    ("shape", "layers"),
    [
        ("8, 32, 32, 3", "conv(8, 3)"),
        ("B, 3, 3, 512", "conv(8, 3)"),
        ("B, 3, 64", "conv(8, 3)"),
        ("B, 1, 64, 8", "conv(8, 3)"),
        ("16, 100, 40", "conv(8, 3)"),
        ("28, 28, 1", "flatten -> dense(10)"),
        ("B, 3, 32, 32", "transpose([0, 2, 3, 1]) -> conv(8, 3)"),
        ("B, 16, 16, 64", "conv(64, 3, 1)"),
        ("B, 16, 16, 64", "conv(64, 4, 2)"),
        ("B, 16, 16, 64", "conv(64, 2, 2)"),
        ("B, 16, 16, 64", "conv(64, 7, 4)"),
        ("B, 16, 16, 64", "conv(64, 8, 4)"),
        ("B, 16000, 1", "conv(512, 10, 5)"),
        ("B, 16, 16, 64", "conv_transpose(64, 4, 2)"),
        ("B, 100, 512", "conv(512, 31, 1)"),
        ("B, 32, 32, 3", "conv(features=3, kernel=64, stride=3)"),
        ("B, 32, 32, 3", "conv(3, 3, 1)"),
    ],
)
def test_no_habit(tmp_path: Path, shape: str, layers: str) -> None:
    assert not {"image-without-batch", "channels-first"} & set(slugs(tmp_path, IMAGE.format(shape=shape, layers=layers)))
    if layers != "conv(3, 3, 1)":
        assert "foreign-order" not in slugs(tmp_path, IMAGE.format(shape=shape, layers=layers))


@pytest.mark.parametrize(
    "layers", ["dense(3, 64)", "lstm(8, 20)", "layer_norm(64)", "rms_norm(3)", "batch_norm(64)", "group_norm(3, 64)", "instance_norm(64)"]
)
def test_sizes_that_another_library_wants(tmp_path: Path, layers: str) -> None:
    """A number of channels is no epsilon, momentum, bias or activation, and the help says what to do with it."""
    found = problems(tmp_path, f"model M {{\n  input x: f32[B, 16, 3]\n  output y = x -> {layers}\n}}")
    assert [problem.slug() for problem in found] == ["bad-argument"] and (found[0].help() or "").startswith("write `")


# --- names that data and sections give -------------------------------------------------------------------------------
TABLE = """
model M {{
  input x: f32[B, 1]
  output logits = x -> dense({units})
}}

train M {{
  data = csv("t.csv", fields={{x: f32[1], label: {kind}[]}}, classes={{label: {words}}}) -> batch(8)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 3 steps
}}
"""


@pytest.mark.parametrize(
    ("kind", "words", "said"),
    [
        ("u8", [f"c{i}" for i in range(256)], ""),
        ("u8", [f"c{i}" for i in range(257)], "u8[]`, which holds numbers up to 255"),
        ("i8", [f"c{i}" for i in range(128)], ""),
        ("i8", [f"c{i}" for i in range(129)], "i8[]`, which holds numbers up to 127"),
        ("i32", [f"c{i}" for i in range(300)], ""),
        ("i32", ["a", "a", "c"], 'the word "a" twice'),
        ("u8", ["a", "c", "b", "c"], 'the word "c" twice'),
    ],
)
def test_each_class_has_a_number(tmp_path: Path, kind: str, words: list[str], said: str) -> None:
    written = "[" + ", ".join(f'"{word}"' for word in words) + "]"
    found = problems(tmp_path, TABLE.format(kind=kind, units=len(words), words=written))
    assert [p.slug() for p in found] == (["bad-argument"] if said else [])
    assert all(said in p.message() for p in found)


SECTION = """
train M{name} {{
  data = arrays(fields={{x: f32[3], t: f32[1]}}) -> batch(8)
  loss = {loss}(y, t)
  optimizer = sgd(0.1)
  duration = 3 steps
}}
"""


@pytest.mark.parametrize(
    ("first", "second", "taken"), [("", "", "M"), (" as a", " as a", "a"), ("", " as M", "M"), ("", " as b", ""), (" as a", "", "")]
)
def test_two_trainings_have_two_names(tmp_path: Path, first: str, second: str, taken: str) -> None:
    model = "model M {\n  input x: f32[B, 3]\n  output y = x -> dense(1)\n}\n"
    found = problems(
        tmp_path, model + SECTION.format(name=first, loss="mean_squared_error") + SECTION.format(name=second, loss="mean_absolute_error")
    )
    assert [p.slug() for p in found] == (["duplicate-name"] if taken else [])
    assert all(f"`{taken}`" in p.message() and "as NAME" in (p.help() or "") for p in found)


PARTS = "netspec 1\n\nparam k: int = 3\n\nlet f(v: int) = v + 1\n\nblock P {\n  input x: f32[N, C]\n  output x * 2.0\n}\n"


@pytest.mark.parametrize(
    ("line", "units", "slug"),
    [
        ("import f as max", "max(1, 2)", "duplicate-name"),
        ("import f as len", "len([1])", "duplicate-name"),
        ("import f as relu", "3", "duplicate-name"),
        ("import k", "k", "unknown-name"),
        ("import k", "k + 1", "unknown-name"),
        ("import k as f", "f(2)", "unknown-name"),
        ("import f as more", "more(2)", ""),
        ("import f", "f(2)", ""),
    ],
)
def test_imports_take_no_name_of_netspec(tmp_path: Path, line: str, units: str, slug: str) -> None:
    (tmp_path / "parts.net").write_text(PARTS)
    text = f'{line} from "parts.net"\n\nmodel M {{\n  input x: f32[B, 4]\n  output y = x -> dense({units})\n}}\n'
    found = slugs(tmp_path, text)
    assert found[:1] == ([slug] if slug else [])
    assert len(found) <= 1 or slug == "duplicate-name"


# --- what numbers mean -----------------------------------------------------------------------------------------------
SCORED = """
model M {{
  input x: f32[B, 6, 4]
  output y = {y}
}}

train M {{
  data = arrays(fields={{x: f32[6, 4], t: i32[{t}]}}) -> batch(8)
  loss = softmax_cross_entropy({logits}, t)
  optimizer = sgd(0.1)
  duration = 3 steps
}}
"""
TWICE = "probabilities-for-logits"


@pytest.mark.parametrize(
    ("y", "logits", "t", "slug"),
    [
        ("softmax(x) * 1.0", "y", "6", TWICE),
        ("1 * softmax(x)", "y", "6", TWICE),
        ("softmax(x) / 1.0", "y", "6", TWICE),
        ("0.0 + softmax(x) - 0", "y", "6", TWICE),
        ("mean(softmax(x), axis=1)", "y", "", TWICE),
        ("x", "mean(softmax(y), axis=1)", "", TWICE),
        ("max(sigmoid(x), axis=1)", "y", "", TWICE),
        ("x -> softmax -> global_avg_pool", "y", "", TWICE),
        ("x -> softmax -> reshape([B, 3, 8])", "y", "3", TWICE),
        ("softmax(x) * 20.0", "y", "6", ""),  # a temperature
        ("1.0 - softmax(x)", "y", "6", ""),
        ("1.0 / softmax(x)", "y", "6", ""),
        ("mean(log_softmax(x), axis=1)", "y", "", ""),
        ("mean(x, axis=1) * 1.0", "y", "", ""),
        ("sum(softmax(x) * x, axis=-1, keepdims=true) * x", "y", "6", ""),
    ],
)
def test_probabilities_that_something_hides(tmp_path: Path, y: str, logits: str, t: str, slug: str) -> None:
    assert slugs(tmp_path, SCORED.format(y=y, logits=logits, t=t)) == ([slug] if slug else [])


SERVED = """
model M {{
  input tokens: i32[B, T]
  output y = tokens -> embed({rows}, 8) -> self_attention(2, causal=true) -> dense(9){stage}
}}

serve M {{ tokens = {decoder}(y, start=1, limit=4) }}
"""


@pytest.mark.parametrize("decoder", ["greedy", "sample", "beam"])
@pytest.mark.parametrize(
    ("stage", "slug"),
    [("", ""), (" -> softmax", TWICE), (" -> sigmoid -> identity", TWICE), (" -> log_softmax", ""), (" -> softmax -> dense(9)", "")],
)
def test_decoders_take_logits(tmp_path: Path, decoder: str, stage: str, slug: str) -> None:
    text = SERVED.format(rows=9, stage=stage, decoder=decoder)
    assert slugs(tmp_path, text) == ([slug] if slug else [])
    assert slugs(tmp_path, repaired(tmp_path, text)) in ([], [slug])


@pytest.mark.parametrize(
    ("rows", "stop", "slug"),
    [(9, "", ""), (20, "", ""), (5, "", "token-outside"), (8, "", "token-outside"), (8, "stop=8, ", ""), (8, "stop=2, ", "token-outside")],
)
def test_what_is_generated_is_taken(tmp_path: Path, rows: int, stop: str, slug: str) -> None:
    """The scores are of 9 elements. What ends an answer is fed to nothing."""
    text = SERVED.format(rows=rows, stage="", decoder="sample").replace("limit=4", f"{stop}limit=4")
    found = problems(tmp_path, text)
    assert [p.slug() for p in found] == ([slug] if slug else [])
    assert all(f"takes 0 to {rows - 1} of `tokens`" in p.message() for p in found)
    clamped = text.replace("tokens -> embed", f"minimum(tokens, {rows - 1}) -> embed")
    assert slugs(tmp_path, clamped) == []


WEIGHED = """
model M {{
  input x: f32[B, 3]
  output y = x -> dense(1)
}}

train M {{
  data = arrays(fields={{x: f32[3], t: f32[1], n: {kind}}}) -> batch(40)
  loss = mean_squared_error(y, t)
  optimizer = sgd(0.1)
  duration = 1 epochs
  weights = n
}}
"""


@pytest.mark.parametrize("kind", ["f32[]", "u8[]", "i32[]"])
def test_whole_numbers_weigh(tmp_path: Path, kind: str) -> None:
    """Counts of examples weigh as the same floats would, large ones too."""
    draw = np.random.default_rng(3)
    data = {"x": draw.normal(size=(50, 3)), "t": draw.normal(size=(50, 1)), "n": draw.integers(100, 250, 50)}
    data = {name: values.astype(np.float32) if name != "n" or kind == "f32[]" else values for name, values in data.items()}
    (tmp_path / "spec.net").write_text("netspec 1\n" + WEIGHED.format(kind=kind))
    program = netspec.compile(tmp_path / "spec.net")
    state = program.init(0)
    wrong = (np.asarray(program.predict(state, x=data["x"])["y"]) - data["t"])[:, 0] ** 2
    assert program.evaluate(state, data)["loss"] == pytest.approx(np.average(wrong, weights=data["n"]), rel=1e-5)


@pytest.mark.parametrize("kind", ["bool[]", "i32[2]"])
def test_other_fields_do_not_weigh(tmp_path: Path, kind: str) -> None:
    assert slugs(tmp_path, WEIGHED.format(kind=kind)) == ["bad-setting"]


MODEL_ALONE = "\nmodel M {\n  input x: f32[B, 4]\n  output y = x -> dense(4)\n}\n"


@pytest.mark.parametrize(
    "function",
    [
        "let f(v: int) = len(v)",
        "let f(v: str) = v * 2.5",
        "let f(v: list[int]) = v.x",
        "let f(v: list[int], w: int) = v * w",
        "let f(v: bool) = v + 1",
        'let f(v: {a: int}) = v.a + "s"',
        "let f(v: {a: int}) = len(v.a)",
        'let f(v: list[list[int]]) = [sum(row) + "s" for row in v]',
        "let f(v: float) = v[0]",
        "let f(v: int) = g(v)\n\nlet g(v: list[int]) = len(v)",
    ],
)
def test_functions_that_nothing_calls_are_typed(tmp_path: Path, function: str) -> None:
    found = slugs(tmp_path, function + "\n" + MODEL_ALONE)
    assert found[:1] in (["bad-operands"], ["bad-argument"])
    assert len(found) == 1


@pytest.mark.parametrize(
    "function",
    [
        "let f(v: int) = v // 2 + 1",
        "let f(v: int, w: int) = v / (v - w)",
        "let f(v: list[int]) = v[5] + max(v)",
        "let f(v: list[int]) = max(v) - min(v)",
        "let f(v: int?) = if v == none { 1 } else { v + 1 }",
        'let f(v: str) = if v == "wide" { 8 } else { 4 }',
        'let f(v: str) = v + "_x"',
        "let f(v: layer) = v",
        "let f(v: list) = len(v)",
        "let f(v: {a: int, b: list[int]?}) = v.a + 1",
        "let f(v: int) = dense(v)",
        "let f(v: str) = conv(4, 3, padding=v)",
        "let f(v: float) = round(v * 3)",
        "let f(v: list[float]) = [x * 2 for x in v]",
        "let f(v: int) = [range(v)[k] for k in range(v)]",
        "let f(v: bool) = if v { 1 } else { 2 }",
        "let f(v: int) = g(v) + 1\n\nlet g(v: int) = v * 2",
    ],
)
def test_functions_that_are_right_for_some(tmp_path: Path, function: str) -> None:
    assert slugs(tmp_path, function + "\n" + MODEL_ALONE) == []
