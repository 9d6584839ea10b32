"""`serve`: which models can generate, what is said of those that cannot, and which body a section is about."""

from __future__ import annotations

import pytest

from netspec.compile import Checked, check
from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.drawing.text import render_text
from netspec.diagnostics.training.serving import NotCausal
from netspec.ir import ServePlan
from netspec.source import Source

SERVE = "serve M { tokens = greedy(logits, start=1, limit=5) }"


def checked(body: str, serve: str = SERVE, before: str = "") -> Checked:
    """A model with a body of which `x`, f32[B, T, 8], is given and `y`, f32[B, T, 8], expected."""
    model = f"model M {{\n  input tokens: i32[B, T]\n  x = tokens -> embed(20, 8)\n{body}\n  output logits = y -> dense(20)\n}}\n"
    return check(Source("m.net", f"netspec 1\n{before}\n{model}{serve}\n"))


def plan(body: str, **options: str) -> ServePlan:
    found = checked(body, **options)
    assert not found.problems, render_text(found.problems)
    assert found.typed is not None
    return found.typed.serves[0]


def refusal(body: str, **options: str) -> Diagnostic:
    problems = checked(body, **options).problems
    assert [type(p) for p in problems] == [NotCausal], render_text(problems)
    return problems[0]


PASS = {
    "each position alone": "y = x -> layer_norm -> dense(8) -> gelu -> dropout(0.1) -> batch_norm",
    "causal attention": "y = x -> self_attention(2, causal=true, window=3, kv_heads=1)",
    "a mask of the past": "y = x -> self_attention(2, causal=true, mask=tokens != 0)",
    "a mask by hand": "m = iota(T)[:, None] >= iota(T)[None, :]\ny = x -> self_attention(2, causal=true, mask=broadcast_to(m, [B, T, T]))",
    "positions": "weight wpe: f32[64, 8] = normal(0.1)\ndim T <= 64\ny = x + wpe[:T] + sinusoidal(iota(T), 8)",
    "a recurrence": "h = x -> lstm(8)\ny = h -> gru(8)",
    "a running sum": "y = cumsum(x, axis=1) / cast(iota(T) + 1, f32)[None, :, None]",
    "a convolution that looks back": "y = x -> conv(8, 3, padding=[[2, 0]])",
    "a causal convolution": 'y = x -> conv(8, 3, padding="CAUSAL", dilation=2) -> depthwise_conv(2, padding="CAUSAL")',
    "a window that looks back": "y = x -> pad([0, [1, 0], 0]) -> max_pool(2, stride=1)",
    "the elements before, by hand": "y = concat([zeros([B, 1, 8]), x], axis=1)[:, :T]",
    "heads": 'y = rearrange(x, "b t (h d) -> b h t d", h=2) -> transpose([0, 2, 1, 3]) -> reshape([B, T, 8])',
    "einsum": 'weight w: f32[8, 8] = normal(0.1)\ny = einsum("btd,de->bte", x, w) + x @ w',
    "another axis": "y = softmax(x, axis=-1) * sum(x, axis=-1, keepdims=true)",
    "repeat": "y = x\nrepeat 3 { y = y + (y -> self_attention(2, causal=true)) }",
    "for": "y = x\nfor i in range(3) { y = y -> dense(8) }",
    "what the output does not need": "pooled = mean(x, axis=1)\noutput other = pooled -> dense(2)\ny = x",
    "what only training does": "y = x\nwhen train { y = y - mean(y, axis=1, keepdims=true) }",
    "what only serving does": "y = x - mean(x, axis=1, keepdims=true)\nwhen serve { y = x }",
    "still things are free": "weight w: f32[5, 8] = normal(0.1)\ny = x + mean(w, axis=0) + max(w)",
    "gathered by positions": "require T <= 64\nweight w: f32[64, 8] = normal(0.1)\ny = x + gather(w, iota(T))",
}


@pytest.mark.parametrize("name", PASS)
def test_generates(name: str) -> None:
    placed = name == "the elements before, by hand"
    assert plan(PASS[name], serve=SERVE.replace("start=1, ", "") if placed else SERVE).placed == placed
    if placed:
        assert [problem.slug() for problem in checked(PASS[name]).problems] == ["begins-twice"]


REFUSED = {
    "self_attention": ("y = x -> self_attention(2)", "every position sees those after it"),
    "mean": ("y = x - mean(x, axis=1, keepdims=true)", "it mixes all positions"),
    "softmax": ("y = softmax(x, axis=1)", "it mixes all positions"),
    "flip": ("y = flip(x, axis=1)", "it turns the positions round"),
    "indexing": ("y = x + x[:, :1]", "its result has no axis of positions any more"),
    "conv": ("y = x -> conv(8, 3)", "along positions its windows need `stride=1` and padding in front only"),
    "group_norm": ("y = x -> group_norm(groups=2)", "it mixes all positions"),
    "lstm": ("y = x -> lstm(8, reverse=true)", "it runs from the last position to the first"),
    "einsum": ('y = einsum("btd,bsd,bse->bte", x, x, x)', "it mixes all positions"),
    "@": ("y = (x @ swap_axes(x, 1, 2)) @ x", "it pairs every position with every other one"),
    "cumsum": ("y = cumsum(x, axis=1, reverse=true)", "it sums from the last position"),
    "rearrange": ('y = rearrange(rearrange(x, "b t d -> (b t) d"), "(b t) d -> b t d", b=B)', "its pattern joins, parts or drops"),
    "random_normal": ("y = x + random_normal([B, T, 8])", "nothing is known of what it does along the positions"),
    "concat": ("y = concat([x, zeros([B, 1, 8])], axis=1)[:, 1:]", "it puts something behind the last position"),
    "attention": (
        "k = iota(4)[None, :, None, None] * 0\nm = cast(k, f32) + zeros([B, 4, 2, 4])\n"
        "a = (x -> dense([2, 4]), m, m) -> attention(causal=true)\ny = a -> dense(8, axis=[-2, -1])",
        "what a query sees depends on how many queries there are",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_and_says_why(name: str) -> None:
    body, why = REFUSED[name]
    found = refusal(body)
    assert why in found.message() and (f"`{name}`" in found.message() or name == "indexing")


def test_the_last_state_of_a_recurrence_is_known_only_at_its_end() -> None:
    found = refusal("_, carry = x -> lstm(8, return_state=true)\ny = x + carry.h[:, None, :]")
    assert "its last state is known only when the sequence has come to its end" in found.message()
    assert plan("h, _ = x -> lstm(8, return_state=true)\ny = h")


@pytest.mark.parametrize("use", ["shared past = lstm(8, reverse=true)\ny = x -> past", "y = x->lstm(8, reverse=true)"])
def test_a_recurrence_is_called_by_its_layer_however_it_is_written(use: str) -> None:
    assert "since `lstm` is on the way" in refusal(use).message()


def test_the_op_is_blamed_with_the_calls_that_led_there() -> None:
    block = "block Mixer {\n  input x: f32[B, T, D]\n  output x + (x -> self_attention(2))\n}\n"
    outer = "block Outer {\n  input x: f32[B, T, D]\n  output x -> Mixer\n}\n"
    found = refusal("y = x -> Outer -> Outer", before=block + outer)
    assert found.at.text == "self_attention(2)"
    assert [place.span.text for place in found.trail] == ["Mixer", "Outer"]
    assert found.help() == "write `self_attention(2, causal=true)`"


def test_a_block_that_serves_differently_is_taken_as_it_serves() -> None:
    block = "block B1 {\n  input x: f32[B, T, D]\n  when train { x = x - mean(x, axis=1, keepdims=true) }\n  output x -> dense(D)\n}\n"
    assert plan("y = x -> B1", before=block)


def test_a_cell_is_causal_whatever_it_does_within_a_step() -> None:
    cell = (
        "block Cell {\n  input x: f32[B, D]\n  state h: f32[B, D] = zeros\n"
        "  h = softmax(h + x, axis=-1) + mean(x, axis=1, keepdims=true)\n  output h\n}\n"
    )
    assert plan("y = x -> rnn(Cell)", before=cell)


# --- which model -----------------------------------------------------------------------------------------------------

NEEDY = """
model M {
  param vocab: int
  input answer: i32[B, T]
  input query: i32[B, S]
  input query_length: i32[B]
  _, carry = query -> one_hot(vocab) -> lstm(4, lengths=query_length, return_state=true)
  output logits = answer -> one_hot(vocab) -> lstm(4, initial=carry) -> dense(vocab)
}
"""
TRAIN = """
train M(vocab=15) {
  data = addition() -> batch(4)
  let mask = iota(T - 1)[none, :] < answer_length[:, none] - 1
  loss = softmax_cross_entropy(logits[:, :-1], answer[:, 1:], mask=mask)
  optimizer = adam(0.01)
  duration = 1 epoch
  EVAL
}
"""


def slugs(text: str) -> list[str]:
    return [p.slug() for p in check(Source("m.net", "netspec 1\n" + text)).problems]


def test_a_section_is_about_the_trained_model() -> None:
    found = check(Source("m.net", f"netspec 1\n{NEEDY}{TRAIN.replace('EVAL', '')}serve M {{ answer = greedy(logits, limit=3) }}\n"))
    assert not found.problems and found.typed is not None
    assert found.typed.serves[0].model is found.typed.trains[0].model


def test_a_section_may_give_arguments_of_its_own() -> None:
    assert slugs(f"{NEEDY}serve M(20) {{ answer = greedy(logits, start=19, limit=3) }}") == []
    assert slugs(f"{NEEDY}serve M(20) {{ answer = greedy(logits, start=20, limit=3) }}") == ["token-outside"]
    assert slugs(f"{NEEDY}serve M {{ answer = greedy(logits, limit=3) }}") == ["missing-argument"]


def test_an_evaluation_may_measure_answers() -> None:
    metric = "eval { metric exact = sequence_exact(serve.answer, answer[:, 1:], mask=mask) }"
    serve = "serve M { answer = greedy(logits, start=2, stop=1, limit=LIMIT) }"
    text = NEEDY + TRAIN.replace("EVAL", metric) + serve
    assert slugs(text.replace("LIMIT", "6")) == []
    assert slugs(text.replace("LIMIT", "7")) == ["unequal-targets"]


def test_answers_are_not_trained_on() -> None:
    metric = "metric exact = mean(serve.answer)"
    serve = "serve M { answer = greedy(logits, start=2, stop=1, limit=6) }"
    assert slugs(NEEDY + TRAIN.replace("EVAL", metric) + serve) == ["answer-unknown"]


def test_a_line_with_a_problem_is_reported_once() -> None:
    metric = "eval { metric exact = mean(serve.answer) }"
    assert slugs(NEEDY + TRAIN.replace("EVAL", metric) + "serve M { answer = greedy(logits, start=99, limit=6) }") == ["token-outside"]


@pytest.mark.parametrize(
    ("serve", "slug"),
    [
        ("serve M { }", None),
        ("serve M { tokens = logits -> beam(size=3, start=1, limit=4) }", None),
        ("serve M { tokens = sample(logits, start=1, limit=4, temperature=0.0) }", "bad-argument"),
        ("serve M { tokens = greedy(logits) }", "missing-argument"),
        ("serve M { tokens = greedy(logits, limit=0) }", "bad-argument"),
        ("serve M { tokens = greedy(logit, limit=4) }", "unknown-name"),
        ("serve M { tokens = gredy(logits, limit=4) }", "unknown-name"),
        ("serve M { tokens = greedy(limit=4) }", "not-a-decoder"),
        ("serve M { token = greedy(logits, limit=4) }", "fed-input"),
        ("serve M { tokens = greedy(logits, limit=4); tokens = greedy(logits, limit=4) }", "duplicate-name"),
        ("serve N { tokens = greedy(logits, limit=4) }", "unknown-model"),
        ("serve M { metric x = mean(logits) }", "serve-line"),
    ],
)
def test_lines(serve: str, slug: str | None) -> None:
    assert [p.slug() for p in checked("y = x", serve=serve).problems] == ([slug] if slug else [])


def test_a_blocks_output_of_another_phase_does_not_matter() -> None:
    block = "block Two {\n  input x: f32[B, T, D]\n  output y = x -> dense(D)\n  when train { output noise = x }\n}"
    assert plan("  y, noise = x -> Two\n  when train { y = y + noise }", before=block).feeds == "tokens"


def test_a_model_that_is_wrong_elsewhere_says_only_that() -> None:
    body = "y = x\nrepeat 2 { y = y -> dense(8)"
    assert [p.slug() for p in checked(body).problems if p.slug() in ("not-causal", "unfed-output")] == []
