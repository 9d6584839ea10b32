"""Calls of other libraries inside of one another, and weights that are read of instances: one problem each, and edits that mend it."""

from __future__ import annotations

import pytest

from netspec import check
from netspec.diagnostics.base import Edit
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.diagnostics.nested import Draft
from netspec.source import Source, Span
from netspec.testing.checks import hold
from tests.answers.test_calls import IMAGE, STEPS, TOKENS, VECTOR, Wrong, repaired_once

CALLS = "model M {{\n  dim T <= 64\n  input ids: i32[B, T]\n  x = ids -> embed(100, 32)\n  {}\n  output y = h -> dense(3)\n}}\n"
NESTED = [
    Wrong(TOKENS.format("Bidirectional(LSTM(64))"), "-> bidirectional(lstm(64)) ->"),
    Wrong(TOKENS.format("bidirectional(LSTM(64))"), "-> bidirectional(lstm(64)) ->"),
    Wrong(TOKENS.format("Bidirectional(LSTM(64, return_sequences=True))"), "-> bidirectional(lstm(64)) ->"),
    Wrong(TOKENS.format('Bidirectional(GRU(64), merge_mode="sum")'), '-> bidirectional(gru(64), merge="sum") ->'),
    Wrong(TOKENS.format('layers.Bidirectional(layers.GRU(8), merge_mode="ave")'), '-> bidirectional(gru(8), merge="mean") ->'),
    Wrong(TOKENS.format("RNN(LSTMCell(64))"), "-> rnn(lstm_cell(64)) ->"),
    Wrong(TOKENS.format("nn.LSTM(32, 64, batch_first=True, bidirectional=True)"), "-> bidirectional(lstm_cell(64)) ->"),
    Wrong(TOKENS.format("TimeDistributed(Dense(8))"), "-> dense(8) ->"),
    Wrong(TOKENS.format("TimeDistributed(dense(8))"), "-> dense(8) ->"),
    Wrong(TOKENS.format('layers.TimeDistributed(layers.Dense(8, activation="relu"))'), "-> dense(8) -> relu ->"),
    Wrong(VECTOR.format("nn.Sequential(nn.Linear(20, 4), nn.ReLU())"), "-> dense(4) -> relu() ->"),
    Wrong(VECTOR.format("Sequential([Dense(4), ReLU()])"), "-> dense(4) -> relu() ->"),
    Wrong(
        VECTOR.format('keras.Sequential([layers.Dense(64, activation="relu"), layers.Dense(10)])'), "-> dense(64) -> relu -> dense(10) ->"
    ),
    Wrong(
        IMAGE.format("nn.Sequential(nn.Conv2d(3, 32, 3, bias=False), nn.BatchNorm2d(32), nn.ReLU(inplace=True))"),
        '-> conv(32, 3, bias=false, padding="VALID") -> batch_norm -> relu ->',
    ),
    Wrong(VECTOR.format("SpectralNormalization(Dense(64))"), "-> spectral_norm(dense(64)) ->"),
    Wrong(VECTOR.format("Dense(64, activation=nn.ReLU(inplace=True))"), "-> dense(64) -> relu ->"),
    Wrong(CALLS.format("h = Bidirectional(LSTM(64))(x)"), "h = x -> bidirectional(lstm(64))"),
    Wrong(CALLS.format("h = nn.ReLU(inplace=True)(x)"), "h = x -> relu\n"),
    Wrong(CALLS.format("h = TimeDistributed(Dense(3))(x)"), "h = x -> dense(3)\n"),
]
MEANINGLESS = [
    Wrong(VECTOR.format("nn.ReLU(inplace=True)"), "-> relu ->"),
    Wrong(VECTOR.format("nn.LeakyReLU(negative_slope=0.2, inplace=True)"), "-> leaky_relu(slope=0.2) ->"),
    Wrong(VECTOR.format("nn.Dropout(0.5, inplace=False)"), "-> dropout(0.5) ->"),
    Wrong(VECTOR.format("dense(64, trainable=True)"), "-> dense(64) ->"),
    Wrong(VECTOR.format('Dense(64, input_shape=(20,), activation="relu", name="fc")'), "-> fc: dense(64) -> relu ->"),
    Wrong(VECTOR.format("dense(64, use_bias=False, dtype=jnp.float32)"), "-> dense(64, bias=false) ->"),
    Wrong(VECTOR.format('nn.Linear(20, 64, bias=False, device="cuda", dtype=torch.float32)'), "-> dense(64, bias=false) ->"),
    Wrong(VECTOR.format('Activation("relu", name="act1")'), "-> relu ->"),
    Wrong(IMAGE.format("nn.Conv2d(3, 32, 3, padding=1) -> nn.ReLU(inplace=True)"), "-> conv(32, 3, padding=1) -> relu ->"),
    Wrong(STEPS.format("h = F.relu(x, inplace=True)"), "h = relu(x)"),
    Wrong(STEPS.format("h = F.dropout(x, p=0.5, training=self.training)"), "h = dropout(x, rate=0.5)"),
    Wrong(STEPS.format("a = x -> nn.ReLU(inplace=True)\n  h = a -> nn.ReLU(inplace=True)"), "a = x -> relu\n  h = a -> relu\n"),
]
READ = "model M {{\n  input x: f32[B, 20]\n  {}\n  output y = h @ {}\n}}\n"
WEIGHTS = [
    Wrong(READ.format("shared d = dense(8)\n  h = x -> d", "transpose(d.weight)"), "transpose(d.kernel)"),
    Wrong(READ.format("shared d = dense(8)\n  h = x -> d", "transpose(d.kernl)"), "transpose(d.kernel)"),
    Wrong(READ.format("shared d = dense(8)\n  h = x -> d", "d.kernel.T"), "h @ transpose(d.kernel)"),
    Wrong(READ.format("d = dense(8)\n  h = x -> d", "transpose(d.kernel)"), "shared d = dense(8)"),
    Wrong(READ.format("n = 8\n  d = dense(n)\n  h = x -> d", "transpose(d.kernel)"), "shared d = dense(n)"),
    Wrong(READ.format("h = x -> d: dense(8)", "transpose(d.kernel)"), "shared d = dense(8)\n  h = x -> d\n"),
    Wrong(READ.format("shared d = dense(8)\n  w = transpose(d.kernel)\n  h = x -> d", "w"), "h = x -> d\n  w = transpose(d.kernel)"),
    Wrong(READ.format("shared d = dense(8) -> dense(4)\n  h = x -> d", "transpose(d.dense_1)"), "transpose(d.dense_1.kernel)"),
    Wrong(READ.format("weight w: f32[20] = normal(0.1)\n  buffer t: f32[2] = w\n  h = x * t", "w"), "buffer t: f32[20] = w"),
    Wrong(READ.format("weight w: f32[20] = normal(0.1)\n  buffer t = w\n  h = x * t", "w"), "buffer t: f32[20] = w"),
    Wrong(READ.format("shared d = batch_norm\n  h = x -> d", "d.running_mean"), "h @ d.mean"),
]


def test_a_call_and_what_stands_in_its_parentheses_are_one_mistake() -> None:
    hold([repaired_once], *NESTED)


def test_arguments_without_meaning_here_go_with_their_call() -> None:
    hold([repaired_once], *MEANINGLESS)


def test_weights_that_are_read() -> None:
    hold([repaired_once], *WEIGHTS)


@pytest.mark.parametrize("code", ["StackedRNNCells([LSTMCell(32), LSTMCell(32)])", "dense(8, trainable=False)", "Frobnicate(bias=True)"])
def test_what_nobody_knows_takes_its_arguments_with_it(code: str) -> None:
    assert len(check(Source("spec.net", "netspec 1\n" + VECTOR.format(code))).problems) == 1


def test_calls_beside_one_another_are_two_mistakes() -> None:
    found = check(Source("spec.net", "netspec 1\n" + VECTOR.format("dense(8, bias=True) -> Frobnicate(8)"))).problems
    assert [problem.slug() for problem in found] == ["foreign-constant", "unknown-name"]


@pytest.mark.parametrize("form", ["objects", "text"])
def test_a_twin_has_one_problem_too(form: str) -> None:
    """The stage of a twin, as objects and as an expression in a string."""
    stage = {"objects": '{"kind": "call", "op": "Bidirectional", "args": [{"kind": "call", "op": "LSTM", "args": ["4"]}]}'}
    value = '{"kind": "chain", "head": "x", "stages": [' + stage["objects"] + "]}" if form == "objects" else '"x -> Bidirectional(LSTM(4))"'
    text = f"""{{"netspec": 1, "sections": [{{"kind": "model", "name": "M", "body": [
      {{"kind": "input", "name": "x", "type": "f32[B, T, 8]"}},
      {{"kind": "output", "name": "y", "value": {value}}}]}}]}}"""
    source = Source("spec.json", text)
    problems = check(source).problems
    assert len(problems) == 1, [problem.message() for problem in problems]
    assert not check(Source("spec.json", apply_edits(source, edits_of(problems[0])))).problems


def test_edits_of_edits() -> None:
    """Edits of what others have made are edits of the first text: of the characters that are gone, and of no others."""
    first = Source("m.net", "x -> A(B(1), True) -> c")
    draft = Draft(first)
    for old, new in (("True", "true"), ("A(", "a("), (", true", "")):
        at = draft.text.text.index(old)
        draft = draft.apply([Edit(Span(draft.text, at, at + len(old)), new)])
    assert draft.text.text == "x -> a(B(1)) -> c"
    assert apply_edits(first, draft.edits()) == draft.text.text
    assert [(edit.span.text, edit.text) for edit in draft.edits()] == [("A(", "a("), (", True", "")]
