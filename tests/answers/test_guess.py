"""Repairs that hold what only a person knows are shown and not written; arguments go only at values that change nothing; no weights are
added to products of weights.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import netspec
from netspec.cli.main import main
from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.source import Source

SECTION = """
model M {{
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> {layer}
}}

train M {{
  {data}
  loss = softmax_cross_entropy(logits, label)
  optimizer = {optimizer}
  duration = 2 epochs
}}"""
DATA = "data = digits() -> batch(32)"


def section(layer: str = "dense(10)", optimizer: str = "adam(0.001)", data: str = DATA) -> str:
    return SECTION.format(layer=layer, optimizer=optimizer, data=data)


def model(body: str, input: str = "f32[B, 8]") -> str:
    return f"model M {{\n  input x: {input}\n{body}\n}}"


def read(spec: str) -> Source:
    return Source("spec.net", f"netspec 1\n\n{spec.strip()}\n")


def only_problem(source: Source) -> Diagnostic:
    problems = netspec.check(source).problems
    assert len(problems) == 1, [p.message() for p in problems]
    return problems[0]


GUESSES = {
    "embed": model("  output y = x -> lstm(4)", "i32[B, T]"),
    "missing value": model("  output y = x -> dropout"),
    "missing features": model("  output y = x -> dense"),
    "missing lines": section().replace("  duration = 2 epochs\n", ""),
    "another layer": model("  h = x -> dense(16)\n  output y = x + h"),
    "nearest number": model("  output y = x -> self_attention(3)", "f32[B, T, 8]"),
    "chain without an optimizer": section(optimizer="clip_by_global_norm(1.0)"),
    "optimizer by its name": section(optimizer='"adam"'),
    "out of range": model("  output y = x -> dropout(1.5)"),
    "index": model("  output y = x[:, 9]"),
    "param without a value": section(layer="dense(n)").replace("model M {", "model M {\n  param n: int"),
}


@pytest.mark.parametrize("name", GUESSES)
def test_a_guess_is_shown_and_edited_but_not_written(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = read(GUESSES[name])
    problem = only_problem(source)
    assert problem.held is not None and problem.held.guess and problem.help(), problem
    assert not netspec.check(Source(source.path, apply_edits(source, edits_of(problem)))).problems
    path = tmp_path / "m.net"
    path.write_text(source.text)
    assert main(["check", str(path), "--diff"]) == 1, "what is left is said"
    assert main(["check", str(path), "--fix"]) == 1
    out, err = capsys.readouterr()
    assert path.read_text() == source.text and "-  " not in out
    assert err.count("1 problem whose repair holds a value that only a person knows") == 2


EXACT = [
    model("  output y = x -> dens(3)"),
    model("  output y = x -> dense(units=3)"),
    model('  output y = x -> dense(3, activation="relu")'),
]


def test_what_is_known_exactly_is_written(tmp_path: Path) -> None:
    for spec in EXACT:
        path = tmp_path / "m.net"
        path.write_text(read(spec).text)
        assert main(["check", str(path), "--fix"]) == 0, spec


CHANGES = [
    model("  output y = x -> dense(3, units=4)"),
    section(optimizer="sgd(0.1, maximize=true)"),
    model("  output y = x -> dropout(0.5, training=true)"),
    model("  output y = x -> dropout(0.5, deterministic=false)"),
    model("  output y = x -> batch_norm(track_running_stats=false)"),
    model("  output y = x -> dense(3, kernel_regularizer=l2(0.01))"),
    model("  output y = x -> dense(3, dtype=f16)"),
    model("  output y = x -> global_avg_pool(axis=1)", "f32[B, 8, 8, 3]"),
    model("  output y = x -> conv(4, 3, channels_first=true)", "f32[B, 8, 8, 3]"),
    model('  output y = x -> conv(4, 3, data_format="channels_first")', "f32[B, 8, 8, 3]"),
    model("  output y = x -> lstm(4, batch_first=false)", "f32[B, T, 8]"),
    model("  output y = x -> lstm(4, time_major=true)", "f32[B, T, 8]"),
    model("  output y = x -> embed(100, 8, padding_idx=0)", "i32[B, T]"),
    model("  output y = x -> embed(100, 8, max_norm=1.0)", "i32[B, T]"),
    model("  output y = x -> embed(100, 8, mask_zero=true)", "i32[B, T]"),
]


@pytest.mark.parametrize("spec", CHANGES)
def test_an_argument_that_changes_something_stays(spec: str) -> None:
    problem = only_problem(read(spec))
    assert edits_of(problem) == [] and problem.help()


NOTHING = [
    (model("  output y = x -> dense(3, units=3)"), "dense(3)\n"),
    (section(optimizer="sgd(0.1, maximize=false)"), "optimizer = sgd(0.1)\n"),
    (model("  output y = x -> dropout(0.5, deterministic=train)"), "dropout(0.5)\n"),
    (model("  output y = x -> batch_norm(track_running_stats=true)"), "batch_norm\n"),
    (model("  output y = x -> dense(3, kernel_regularizer=none)"), "dense(3)\n"),
    (model('  output y = x -> dense(3, dtype="float32")'), "dense(3)\n"),
    (model("  output y = x -> global_avg_pool(axis=[1, 2])", "f32[B, 8, 8, 3]"), "global_avg_pool\n"),
    (model('  output y = x -> conv(4, 3, data_format="channels_last")', "f32[B, 8, 8, 3]"), "conv(4, 3)\n"),
    (model("  output y = x -> lstm(4, batch_first=true)", "f32[B, T, 8]"), "lstm(4)\n"),
    (section(data="data = digits() -> batch(32, shuffle=true)"), "data = digits() -> shuffle -> batch(32)\n"),
    (section(data="data = digits() -> batch(32, shuffle=false)"), "data = digits() -> batch(32)\n"),
]


@pytest.mark.parametrize(("spec", "line"), NOTHING)
def test_an_argument_that_changes_nothing_goes(spec: str, line: str) -> None:
    source = read(spec)
    text = apply_edits(source, edits_of(only_problem(source)))
    assert line in text and not netspec.check(Source(source.path, text)).problems


PRODUCTS = [
    ("  input a_log: f32[6, 4]\n  output y = exp(-x[:, :, :, none] * exp(a_log))", "exp(a_log)[none, none]"),
    ("  weight w: f32[6, 4] = zeros\n  output y = exp(-x[:, :, :, none] * w)", "w[none, none]"),
    ("  weight w: f32[6, 4] = zeros\n  output y = exp(-x[:, :, :, none] * exp(w))", "exp(w)[none, none]"),
    ("  weight w: f32[1, 6] = zeros\n  output y = x * w", "w[none]"),
]


@pytest.mark.parametrize(("body", "meant"), PRODUCTS)
def test_axes_and_no_weights_are_added_to_a_product(body: str, meant: str) -> None:
    source = read(model(body, "f32[B, T, 6]"))
    problem = only_problem(source)
    assert meant in (problem.help() or "") and "dense" not in (problem.help() or "")
    text = apply_edits(source, edits_of(problem))
    assert meant in text and not netspec.check(Source(source.path, text)).problems


def test_no_layer_comes_beside_weights() -> None:
    problem = only_problem(read(model("  weight w: f32[3] = zeros\n  output y = exp(x * exp(w[none]))")))
    assert all("dense" not in edit.text for repair in problem.repairs() for edit in repair.edits)


def test_a_function_that_moves_is_shown_alone() -> None:
    problem = netspec.check(read(model("  def twice(v: int):\n    return 2 * v\n  output y = x -> dense(twice(3))"))).problems[0]
    assert "let twice" in (problem.help() or "") and "model M" not in (problem.help() or "") and "output" not in (problem.help() or "")
