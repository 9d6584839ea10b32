"""The cases of picking for each example, of ops that were refused and should not be, and of habits from elsewhere, with their siblings."""

from __future__ import annotations

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
    assert "-pick(log_softmax(logits), action) * adv[:, none]" in repaired(tmp_path, text)


@pytest.mark.parametrize(
    "loss",
    [
        "loss = mean(-log_softmax(logits)[action])",
        "let taken = log_softmax(logits)\n  let own = taken[action]\n  loss = mean(-own)",
        "let a = cast(cast(action, f32), i32)\n  loss = mean(-gather(log_softmax(logits), a))",
        "loss = mean(-(log_softmax(logits) -> gather(action)))",
        "loss = mean(adv)\n  metric taken = mean(softmax(logits)[action - 1])",
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
    text = "model M {{\n  input x: f32[B, 300]\n  input i: {0}[B]\n  output y = pick(x, i)\n}}"
    for dtype, name, numbers, wanted in [
        ("int8", "i8", [-1, 5], [299, 305]),
        ("uint8", "u8", [255, 0], [255, 300]),
        ("uint32", "u32", [299, 2**32 - 1], [299, np.nan]),
    ]:
        np.testing.assert_array_equal(apply(tmp_path, text.format(name), x=x, i=np.array(numbers, dtype)), wanted)
