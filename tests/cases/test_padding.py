"""The cases about images, padding, frozen and shared layers, each with its right answer, and siblings of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import netspec
from netspec.compile import check
from netspec.diagnostics.shapes.masks import PaddingTaken
from netspec.source import Source

CASES = Path(__file__).parent


def problems(case: str) -> list[str]:
    """What is said of a case's spec."""
    folder, number = case.split("/")
    return [problem.slug() for problem in check(next((CASES / folder).glob(f"{number}-*.net"))).problems]


def said(text: str) -> list[str]:
    """What is said of a spec."""
    return [problem.slug() for problem in check(Source("m.net", f"netspec 1\n{text}")).problems]


def first_image(case: str) -> np.ndarray:
    """The first image of a case's first batch."""
    path = next((CASES / "reports").glob(f"{case}-*.net"))
    feed = netspec.compile(path).training_feed(path.parent)
    return np.asarray(next(iter(feed.training(0)))["image"])


def test_16_bits_are_divided_by_65535() -> None:
    found = np.unique(first_image("03").round(4))
    np.testing.assert_allclose(found[:6], [0.0, 0.0039, 0.0156, 0.0625, 0.25, 0.5], atol=1e-4)


def test_floats_are_as_they_are() -> None:
    found = np.unique(first_image("04"))
    np.testing.assert_allclose(found[[0, 1, 2, -1]], [0.0, 1 / 7, 2 / 7, 1.0], atol=1e-4)


def test_a_picture_is_turned_as_its_tag_says() -> None:
    image = first_image("05")[0, :, :, 0]
    sides = {"top": image[0], "bottom": image[-1], "left": image[:, 0], "right": image[:, -1]}
    assert max(sides, key=lambda side: sides[side].mean()) == "right"


def test_a_sequence_begins_once() -> None:
    assert problems("traps/16") == ["begins-twice"]


LM = """
model M {{
  dim T <= 32
  input tokens: i32[B, T]
  x = tokens -> embed(50, 16) -> self_attention(2, causal=true)
  output logits = x -> {layer} -> dense(50)
}}
serve M {{ tokens = greedy(logits, start=1, stop=2, limit=8) }}
"""


def test_a_window_of_one_sees_no_other_step() -> None:
    assert problems("traps/18") == []
    one = ("conv(16, 1)", "conv(16, 1, dilation=3)", 'conv(16, 1, padding="VALID")', "conv(16, [1], stride=[1])", "depthwise_conv(1)")
    for layer in (*one, "max_pool(1)", "avg_pool(1)", "min_pool(1, stride=1)", "lp_pool(1)", 'avg_pool(1, padding="SAME")'):
        assert said(LM.format(layer=layer)) == [], layer
    for layer in ("conv(16, 2)", 'avg_pool(3, stride=1, padding="SAME")', "conv(16, 3, dilation=2)"):
        assert said(LM.format(layer=layer)) == ["not-causal"], layer


def test_a_window_of_one_generates_what_the_whole_sequence_gives() -> None:
    program = netspec.compile(Source("m.net", f"netspec 1\n{LM.format(layer='conv(16, 1) -> max_pool(1)')}"))
    state = program.init()
    answer = program.decode(state, examples=2)["tokens"]
    tokens = np.concatenate([np.ones((2, 1), np.int32), answer[:, :-1]], axis=1)
    logits = np.asarray(program.apply(state, tokens=tokens)["logits"])
    ends = np.where((answer == 2).any(1), (answer == 2).argmax(1), answer.shape[1])
    for row, end in enumerate(ends):
        assert logits[row].argmax(-1)[: end + 1].tolist() == answer[row][: end + 1].tolist()


# --- padding ---------------------------------------------------------------------------------------------------------
def test_the_last_step_and_windows_of_padded_sequences() -> None:
    assert problems("reports/01") == ["last-is-padding"]
    assert problems("reports/02") == ["window-over-padding"]


PADDED = """
model M {{
  input tokens: i32[B, T]
  input length: i32[B]
  mask = iota(T)[none, :] < length[:, none]
  x = tokens -> embed(50, 8)
  output _m = mask
  {body}
}}
"""
FORMS = {
    "h = x -> lstm(8, lengths=length)\n  output y = h[:, -1]": "output y = last(x -> lstm(8, lengths=length), length)",
    "output y = (x -> gru(8, lengths=length))[:, T - 1]": "_, h = x -> gru(8, lengths=length, return_state=true)\n  output y = h.h",
    "output y = x -> conv(8, [3]) -> global_max_pool(mask=mask)": (
        "output y = where(mask[:, :, none], x, 0) -> conv(8, [3]) -> global_max_pool(mask=mask)"
    ),
    "output y = (x -> self_attention(2, mask=mask)) -> mean(axis=1)": (
        "output y = x -> self_attention(2, mask=mask) -> global_avg_pool(mask=mask)"
    ),
}


@pytest.mark.parametrize("wrong", FORMS)
def test_the_form_that_a_warning_shows_gives_the_same_alone_and_beside_a_longer_one(wrong: str) -> None:
    assert len(said(PADDED.format(body=wrong))) == 1
    text = PADDED.format(body=FORMS[wrong])
    assert said(text) == []
    program = netspec.compile(Source("m.net", f"netspec 1\n{text}"))
    state = program.init()
    tokens, length = np.random.default_rng(0).integers(1, 50, (2, 7)).astype("i4"), np.asarray([3, 7], "i4")
    tokens[0, 3:] = 0
    beside = np.asarray(program.apply(state, tokens=tokens, length=length)["y"])[0]
    alone = np.asarray(program.apply(state, tokens=tokens[:1, :3], length=length[:1])["y"])[0]
    np.testing.assert_allclose(beside, alone, atol=1e-6)


FOLLOWED = """
model M {{
  dim T >= 8
  input x: f32[B, T, 4]
  input n: i32[B]
  mask = iota(T)[none, :] < n[:, none]
  output _m = mask
  h = x -> lstm(8, lengths=n)
  {body}
}}
"""


@pytest.mark.parametrize(
    ("problem", "forms"),
    {
        "last-is-padding": [
            'rearrange(h, "b t d -> t b d")[-1]',
            "transpose(h, [1, 0, 2])[-1]",
            "swap_axes(h, 0, 1)[T - 1]",
            "h[:, [0, -1]]",
            "h[:, [-2]]",
            "h[:, T // 2]",
            "roll(h, 1, axis=1)[:, 0]",
        ],
        "mask-dropped": ['mean(rearrange(h, "b t d -> t b d"), axis=0)', 'max(rearrange(h, "b t d -> d t b"), axis=1)'],
        "zeros-counted": [
            "max(where(mask[:, :, none], h, 0), axis=1)",
            "softmax(where(mask[:, :, none], h, 0), axis=1)",
            "var(where(iota(T)[none, :, none] >= n[:, none, none], 0, h), axis=1)",
            "mean(where(mask[:, :, none], h, 0) -> relu, axis=1)",
            "mean(h * cast(mask, f32)[:, :, none], axis=1)",
            'mean(where(transpose(mask)[:, :, none], rearrange(h, "b t d -> t b d"), 0), axis=0)',
            "where(mask[:, :, none], h, 0) -> global_max_pool",
        ],
    }.items(),
    ids=lambda found: found if isinstance(found, str) else "",
)
def test_padding_is_followed(problem: str, forms: list[str]) -> None:
    for form in forms:
        assert said(FOLLOWED.format(body=f"output y = {form}")) == [problem], form


def test_parts_and_windows_of_padded_sequences() -> None:
    halves = FOLLOWED.replace("dim T >= 8", "dim S >= 4\n  input s: f32[B, S]\n  output _s = s").replace("T", "2 * S")
    assert said(halves.format(body="a, b = split(h, 2, axis=1)\n  output y = a[:, 2] + b[:, 2]")) == ["last-is-padding"]
    assert said(halves.format(body="a, b = split(h, [S, S], axis=1)\n  output y = a[:, 2] + mean(b, axis=-1)[:, 2, none]")) != []
    assert said(halves.format(body="a, b = split(h, 2, axis=1)\n  output y = a + b")) == []
    assert said(halves.format(body="a, _ = split(h, 2, axis=1)\n  output y = a[:, 2]")) == []
    assert said(FOLLOWED.format(body="output y = where(mask[:, :, none], h, 0) -> conv(8, [3]) -> global_avg_pool")) == ["mask-dropped"]


def test_what_leaves_padding_out_is_not_told_of() -> None:
    for form in (
        "sum(where(mask[:, :, none], h, 0), axis=1)",
        "sum(where(mask[:, :, none], h, 0), axis=1) / cast(n, f32)[:, none]",
        "max(where(mask[:, :, none], h, -1e9), axis=1)",
        "softmax(where(mask[:, :, none], h, -inf), axis=1)",
        "softmax(h, axis=-1)",
        "global_avg_pool(h, mask=mask)",
        "where(mask[:, :, none], h, 0) -> conv(8, [3]) -> global_avg_pool(mask=mask)",
        'sum(where(transpose(mask)[:, :, none], rearrange(h, "b t d -> t b d"), 0), axis=0)',
        "last(h, n)",
        "h[:, 0]",
        "roll(h, -1, axis=1)",
        "h[:, [0, 0]]",
        'rearrange(h, "b t d -> t b d")[0]',
        'mean(rearrange(h, "b t d -> t b d"), axis=-1)',
    ):
        assert said(FOLLOWED.format(body=f"output y = {form}")) == [], form


def test_the_last_one_is_that_of_the_same_lengths() -> None:
    text = FOLLOWED.replace("input n: i32[B]", "input n: i32[B]\n  input m: i32[B]\n  output _n = m")
    for form in ("last(h, m)", "last(h -> dense(3), m)", "last(h -> gru(8), m)"):
        assert said(text.format(body=f"output y = {form}")) == ["other-lengths"], form
    for form in ("last(h, n)", "last(h, minimum(n, m))", "last(h -> gru(8, lengths=m), m)", "last(where(mask[:, :, none], h, 0), n)"):
        assert said(text.format(body=f"output y = {form}")) == [], form


RAGGED = """
model M {{
  input x: {kind}
  output y = {pooled} -> flatten -> dense(3)
}}
train M {{
  data = arrays(fields={{x: {record}, a: i32[], length: i32[]}}) -> batch(4)
  loss = softmax_cross_entropy(y, a)
  optimizer = adam(0.01)
  duration = 1 epoch
}}
"""


def test_lists_of_unequal_length_are_padded_whatever_they_are_lists_of() -> None:
    kinds = {"i32[B, T]": "x -> embed(9, 4)", "f32[B, T, 4]": "x", "f32[B, T, 4, 3]": "x"}
    for kind, x in kinds.items():
        text = RAGGED.format(kind=kind, record=kind.replace("B, ", ""), pooled=f"mean({x}, axis=1)")
        assert said(text) == ["mask-dropped"], kind
        assert said(text.replace("T", "6")) == [], kind


def test_a_label_that_is_ignored_marks_padding() -> None:
    text = """
model M {{
  input x: i32[B, T]
  mask = x != 0
  output y = x -> embed(9, 8) -> self_attention(2, mask=mask) -> dense(4)
}}
train M {{
  data = arrays(fields={{x: i32[T], a: i32[T], length: i32[]}}) -> batch(4)
  loss = softmax_cross_entropy(y, a{more})
  optimizer = adam(0.01)
  duration = 1 epoch
}}
"""
    assert "mask-dropped" not in said(text.format(more=", ignore=0"))
    assert "mask-dropped" in said(text.format(more=""))


TRAINED = """
model M {{
  dim T >= 2
  input tokens: i32[B, T]
  input segment: i32[B, T]
  output s = segment
  x = tokens -> {before} embed(300, 8)
  output logits = x -> {layer} -> dense(300)
}}
train M {{
  data = text_lines("a.txt") -> bpe(300) -> {pack} batch(4)
  loss = softmax_cross_entropy({loss}, mask={mask})
  optimizer = adam(0.01)
  duration = 1 epoch
}}
"""
NEXT = {"loss": "logits[:, :-1], tokens[:, 1:]", "mask": "tokens[:, 1:] != 0", "before": "", "pack": ""}
SAME = {"loss": "logits, tokens", "mask": "tokens != 0", "before": "shift_right ->", "pack": ""}


@pytest.mark.parametrize("form", [NEXT, SAME], ids=["labels moved", "inputs moved"])
def test_what_is_to_be_predicted_is_not_seen(form: dict[str, str]) -> None:
    for layer in (
        "self_attention(2)",
        "self_attention(2, mask=tokens != 0)",
        "lstm(8, reverse=true)",
        "conv(8, 3)",
        "bidirectional(gru_cell(8))",
    ):
        assert "next-element-seen" in said(TRAINED.format(layer=layer, **form)), layer
    for layer in ("self_attention(2, causal=true)", "lstm(8)", 'conv(8, 3, padding="CAUSAL")', "layer_norm", "dropout(0.1) -> batch_norm"):
        assert "next-element-seen" not in said(TRAINED.format(layer=layer, **form)), layer
    assert "next-element-seen" not in said(TRAINED.format(layer="self_attention(2)", **{**SAME, "before": ""}))  # fills in, as BERT


ONE_LENGTH = """
block Layer {{
  input x: f32[B, T, D]
  output y = x + (x -> {layer} -> dropout(0.1))
}}
model M {{
  input tokens: i32[B, 64]
  input source: i32[B, 64]
  weight place: f32[64, {width}] = normal(0.02)
  h = source -> embed(300, {width}) -> {read}
  x = (tokens -> {before} embed(300, {width})) + place
  repeat 6 {{ x = x -> Layer }}
  output logits = x + attention(x[:, :, none, :], h[:, :, none, :], h[:, :, none, :])[:, :, 0, :] -> dense(300)
}}
train M {{
  data = arrays(fields={{tokens: i32[64], source: i32[64]}}) -> batch(4)
  loss = softmax_cross_entropy({loss}, mask={mask})
  optimizer = adam(0.01)
  duration = 1 epoch
}}
"""


@pytest.mark.parametrize("form", [NEXT, SAME], ids=["labels moved", "inputs moved"])
def test_what_is_to_be_predicted_is_not_seen_in_sequences_of_one_length(form: dict[str, str]) -> None:
    plain = {"width": "8", "read": "self_attention(2)", **form}
    for layer in ("self_attention(2)", "lstm(8, reverse=true)", "conv(8, 3)"):
        assert "next-element-seen" in said(ONE_LENGTH.format(layer=layer, **plain)), layer
    for layer in ("self_attention(2, causal=true)", "lstm(8)", 'conv(8, 3, padding="CAUSAL")', "layer_norm", "dense(8)"):
        assert said(ONE_LENGTH.format(layer=layer, **plain)) == [], layer
    assert said(ONE_LENGTH.format(layer="self_attention(2)", **{**plain, "width": "64"})) == []  # 64 may be channels
    assert said(ONE_LENGTH.format(layer="self_attention(2)", **{**plain, **SAME, "before": ""})) == []  # fills in, as BERT


def test_packed_rows_are_told_apart() -> None:
    packed = {**NEXT, "pack": "pack(64) ->"}
    assert said(TRAINED.format(layer="self_attention(2, causal=true)", **packed)) == ["segments-mingled"]
    assert said(TRAINED.format(layer="self_attention(2, causal=true, segments=segment)", **packed)) == []
    assert said(TRAINED.format(layer="self_attention(2, causal=true)", **{**NEXT, "pack": 'pack(64, fill="stream") ->'})) == []
    assert said(TRAINED.format(layer="self_attention(2, causal=true)", **NEXT)) == []
    by_hand = "self_attention(2, causal=true, mask=segment[:, none, :] == segment[:, :, none])"
    assert said(TRAINED.format(layer=by_hand, **packed)) == []


# --- records ---------------------------------------------------------------------------------------------------------
def test_words_of_a_text_that_look_like_special_tokens_are_its_characters() -> None:
    path = next((CASES / "reports").glob("13-*.net"))
    for batch in netspec.compile(path).training_feed(path.parent).training(0):
        for row, length in zip(np.asarray(batch["tokens"]), (np.asarray(batch["tokens"]) != 0).sum(1), strict=True):
            assert (row[:length] > 0).all() and (row[: length - 1] > 1).all() and row[length - 1] == 1


def test_a_record_that_ctc_cannot_spell_is_named() -> None:
    path = next((CASES / "reports").glob("14-*.net"))
    x, labels = np.random.default_rng(0).normal(size=(4, 6, 4)).astype("f"), np.ones((4, 3), "i4")
    data = {"x": x, "label": labels, "label_length": np.full(4, 3, "i4")}
    with pytest.raises(netspec.SpecError) as caught:
        netspec.compile(path).fit({**data, "length": np.asarray([6, 3, 6, 6], "i4")})
    [found] = caught.value.diagnostics
    assert "record 1" in found.message() and "5 steps" in found.message() and "skip_impossible=true" in str(found.help())
    assert np.isfinite(netspec.compile(path).fit({**data, "length": np.asarray([6, 5, 6, 6], "i4")}).metrics["loss"])
    text = path.read_text().replace("label_lengths=label_length)", "label_lengths=label_length, skip_impossible=true)")
    skipped = netspec.compile(Source("m.net", text)).fit({**data, "length": np.asarray([6, 3, 6, 6], "i4")})
    assert np.isfinite(skipped.metrics["loss"])


# --- frozen and shared -----------------------------------------------------------------------------------------------
def test_the_statistics_of_a_frozen_layer_stay() -> None:
    model = netspec.compile(next((CASES / "reports").glob("11-*.net")))
    rng = np.random.default_rng(0)
    fitted = model.fit({"x": rng.normal(size=(8, 3)).astype("f") * 5 + 20, "t": rng.normal(size=8).astype("f")})
    assert np.asarray(fitted.state.buffers["body_norm/mean"]).tolist() == [0, 0, 0, 0]


def test_a_shared_block_counts_once_in_a_step() -> None:
    model = netspec.compile(next((CASES / "traps").glob("17-*.net")))
    fitted = model.fit({"x": np.ones((4, 4), "f"), "t": np.ones((4, 2), "f")})
    assert float(fitted.state.buffers["counter/calls"]) == 1


# --- branches --------------------------------------------------------------------------------------------------------

BRANCHES = """
model TextCNN {
  dim T >= 5
  input tokens: i32[B, T]
  input length: i32[B]
  mask = iota(T)[none, :] < length[:, none]
  x = tokens -> embed(100, 8) -> lstm(8, lengths=length)
  a = x -> FIRST
  b = x -> SECOND
  c = x -> THIRD
  output logits = concat(a, b, c) -> dense(2)
}
"""
WINDOWS = ("conv(16, [3]) -> relu -> global_max_pool(mask=mask)", "conv(16, [5]) -> global_max_pool(mask=mask)")
POOLED = 'max_pool([3], stride=1, padding="SAME") -> conv(8, 1) -> global_max_pool(mask=mask)'


@pytest.mark.parametrize(
    ("branches", "wanted"),
    [
        ((*WINDOWS, WINDOWS[0]), [("window-over-padding", 2)]),
        ((*WINDOWS, POOLED), [("window-over-padding", 2)]),
        ((WINDOWS[0], "mean(axis=1)", "mean(axis=1) -> relu"), [("window-over-padding", 0), ("mask-dropped", 1)]),
        (("max(axis=1)", "mean(axis=1)", "sum(axis=1)"), [("mask-dropped", 0), ("mask-dropped", 1)]),
    ],
)
def test_branches_over_one_tensor_are_one_problem_where_one_repair_helps(branches: tuple[str, ...], wanted: list[tuple[str, int]]) -> None:
    spec = BRANCHES
    for name, branch in zip(("FIRST", "SECOND", "THIRD"), branches, strict=True):
        spec = spec.replace(name, branch)
    found = check(Source("m.net", f"netspec 1\n{spec}")).problems
    assert [(p.slug(), len(p.others)) for p in found if isinstance(p, PaddingTaken)] == wanted
