"""The design's samples: their models are clean, sound and formatted, have the documented numbers of parameters, and mean what they say.

Each file here is a sample with a count of its own where it had none; those that `test_training` and its like train, and `mnist`, have their
`train` and `serve` sections, the others are without.
Seven spellings follow the library as it is built: `gpt2` packs rows of its context, `pack(1024, fill="stream")`, since a row of 1,025
tokens breaks its own `dim T <= context`; `tagger` says how many tags it takes, `tags=96`; the evaluation of `resnet50` names the share
that it cuts, `center_crop(224, share=0.875)`; `lm1b` names the optional input of `shift_right(tokens, segments=segment)`; `seq2seq`
writes the missing axis of `iota(T - 1)[none, :]` and calls its evaluation data `part="test"`; the positions of `llama` are `i32[T]`, the
same for all sequences, as `iota(T)` makes them; `gru` writes `_` for the outputs it does not use.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.compile import check
from netspec.diagnostics.spec_error import SpecError
from netspec.ir.paths import parameters
from tests.architectures.build import clean, counts, drawn, ids, inputs, numbers, reformatted, small

HERE = Path(__file__).parent
PATHS = sorted(HERE.glob("*.net"))
COUNTS = {
    "Gan": 678_530,
    "GPT2": 124_439_808,
    "Names": 228_626,
    "Karate": 2_338,
    "Llama": 19_155_200,
    "LM1B": 49_653_040,
    "MnistCNN": 824_458,
    "ResNet50": 25_557_032,
    "Seq2Seq": 2_170_383,
    "Tagger": 29_192_288,
    "UNet": 31_043_521,
    "VAE": 815_824,
    "WideResNet": 38_557_770,
}
REQUIRED = {"tagger": {"vocab": "20_000", "tags": "96"}}
"""Values for params that have no default."""


def spec(name: str) -> Path:
    return HERE / f"{name}.net"


def count(name: str, model: str, **overrides: str) -> int:
    return counts(spec(name), **overrides)[model]


def test_there_is_one_for_each_sample() -> None:
    assert [path.name for path in PATHS] == sorted(p.name for p in (HERE.parent / "syntax" / "samples").glob("*.net"))


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_clean_sound_and_counted(path: Path) -> None:
    assert check(path).problems == ()
    found = counts(path, **REQUIRED.get(path.stem, {}))
    assert found and found == {name: COUNTS[name] for name in found}
    assert "params == " in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_formatted(path: Path) -> None:
    assert reformatted(path) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "model", "overrides", "wanted"),
    [
        ("resnet50", "ResNet50", {"stages": "[3, 4, 23, 3]"}, 44_549_160),
        ("resnet50", "ResNet50", {"classes": "10"}, 25_557_032 - 990 * 2049),
        ("wrn", "WideResNet", {"k": "2"}, 1_555_658),
        ("lm1b", "LM1B", {"tied": "true"}, 49_653_040 - 513 * 30_000),
        ("gpt2", "GPT2", {"context": "2048"}, 124_439_808 + 1024 * 768),
    ],
)
def test_other_sizes(name: str, model: str, overrides: dict[str, str], wanted: int) -> None:
    assert count(name, model, **overrides) == wanted


# --- meaning ---------------------------------------------------------------------------------------------------------
def effect(program: Any, weights: Any, given: dict[str, Any], name: str, at: tuple, below: int, output: str) -> Any:
    """How far each element of an output moves when one whole number of an input becomes another one: [B, …] -> the first two axes."""
    other = {key: np.array(value) for key, value in given.items()}
    other[name][at] = other[name][at] % (below - 1) + 1
    before, after = (np.asarray(program.apply(weights, **g)[output]) for g in (given, other))
    moved = np.abs(after - before)
    return moved.max(tuple(range(2, moved.ndim)))


CAUSAL = {
    "gpt2": {"vocab": "20", "context": "6", "d": "12", "train.data.pack.length": "6"},
    "llama": {"vocab": "20", "d": "16"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CAUSAL)
def test_a_token_changes_nothing_before_it(name: str) -> None:
    program = small(spec(name), **CAUSAL[name])
    moved = effect(program, program.init(), {"tokens": ids(1, 6, below=20)}, "tokens", (0, 3), 20, "logits")[0]
    assert moved[:3].max() == 0 and moved[3:].min() > 1e-6


@pytest.mark.slow
def test_lm1b_predicts_each_token_from_those_before_it_in_its_segment() -> None:
    program = small(spec("lm1b"), vocab="20", d="16", heads="2", mlp="8", layers="2")
    segment, position = np.array([[1, 1, 1, 2, 2, 2]], np.int32), np.array([[0, 1, 2, 0, 1, 2]], np.int32)
    given = {"tokens": ids(1, 6, below=20), "segment": segment, "position": position}
    state = program.init()
    first = effect(program, state, given, "tokens", (0, 0), 20, "logits")[0]
    assert first[1:3].min() > 1e-6 and first[[0, 3, 4, 5]].max() == 0
    last = effect(program, state, given, "tokens", (0, 2), 20, "logits")[0]
    assert last.max() == 0


def test_a_name_is_read_up_to_its_length() -> None:
    program = small(spec("gru"))
    weights, given = drawn(program), {"chars": ids(2, 5, below=60), "n": np.array([5, 3], np.int32)}
    for at, moves in (((1, 2), True), ((1, 3), False), ((0, 4), True)):
        moved = effect(program, weights, given, "chars", at, 60, "logits").max(1)
        assert (moved[at[0]] > 1e-6) == moves and moved[1 - at[0]] == 0


def test_the_query_reaches_the_answer_through_the_carry_alone() -> None:
    program = small(spec("seq2seq"), hidden="8")
    weights = drawn(program)
    given = {"query": ids(1, 4, below=15), "query_length": np.array([3], np.int32), "answer": ids(1, 5, below=15)}
    assert effect(program, weights, given, "query", (0, 0), 15, "logits").min() > 1e-6
    assert effect(program, weights, given, "query", (0, 3), 15, "logits").max() == 0
    moved = effect(program, weights, given, "answer", (0, 2), 15, "logits")[0]
    assert moved[:2].max() == 0 and moved[2:].min() > 1e-6


@pytest.mark.slow
def test_padding_of_the_tagger_is_not_seen() -> None:
    program = small(spec("tagger"), vocab="20", tags="5", **{"train.data.conllu.tags": "5"})
    words, state = np.array([[3, 4, 5, 6]], np.int32), program.init()
    padded = np.concatenate([words, np.zeros((1, 3), np.int32)], 1)
    before, after = (program.apply(state, words=w)["tag_logits"] for w in (words, padded))
    np.testing.assert_allclose(after[:, :4], before, 1e-4, 1e-5)


def test_a_graph_convolution_by_hand() -> None:
    program = small(spec("karate"))
    weights, nodes = drawn(program), numbers(34, 34)
    senders, receivers = ids(2, 60, below=34)
    x = nodes.astype(np.float64)
    for name in ("GraphConv_0", "GraphConv_1"):
        gathered = np.zeros_like(x)
        for sender, receiver in zip(senders, receivers, strict=True):
            gathered[receiver] += x[sender]
        dense = weights["params"][name]["dense_0"]
        x = np.concatenate([x, gathered], 1) @ dense["kernel"] + dense["bias"]
        x = np.maximum(x, 0) if name == "GraphConv_0" else x
    found = program.apply(weights, nodes=nodes, senders=senders, receivers=receivers)["logits"]
    np.testing.assert_allclose(found, x, 1e-4, 1e-3)


def test_the_vae_draws_samples_where_it_serves() -> None:
    program = small(spec("vae"))
    state, image = program.init(), numbers(3, 28, 28, 1)
    assert set(program.apply(state, image=image)) == {"mean", "logvar", "reconstruction"}
    served = program.predict(state, image=image)
    assert served["sample"].shape == (3, 784) and not np.allclose(served["sample"][0], served["sample"][1])
    assert {path.split("/")[0] for path in parameters(program.model)} == {"dense_0", "mu", "logvar", "decoder"}


def test_one_critic_judges_what_is_real_and_what_is_made() -> None:
    program = small(spec("gan"))
    assert {path.split("/")[0] for path in parameters(program.model)} == {"g", "d"}
    weights = program.unpack(program.init())
    made = program.apply(weights, image=numbers(2, 28, 28, 1))
    assert made["fake"].shape == (2, 28, 28, 1) and np.abs(made["fake"]).max() <= 1
    again = program.apply(weights, image=np.asarray(made["fake"]))
    np.testing.assert_allclose(again["real_score"], made["fake_score"], 1e-4, 1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "overrides", "sizes", "output", "shape"),
    [
        ("unet", {"widths": "[8, 8, 16, 16]"}, {"H": 16, "W": 32}, "mask", (2, 16, 32, 1)),
        ("wrn", {"k": "1", "n": "2"}, {}, "logits", (2, 10)),
        ("mnist", {}, {}, "logits", (2, 10)),
    ],
)
def test_pictures(name: str, overrides: dict[str, str], sizes: dict[str, int], output: str, shape: tuple[int, ...]) -> None:
    program = small(spec(name), **overrides)
    found = np.asarray(program.apply(program.init(), **inputs(program, below=2, B=2, **sizes))[output])
    assert found.shape == shape and np.isfinite(found).all() and not np.allclose(found[0], found[1], 1e-6, 1e-9)


def test_the_u_net_refuses_sizes_that_cannot_be_halved_four_times() -> None:
    program = small(spec("unet"), widths="[8, 8, 8, 8]")
    with pytest.raises(SpecError):
        program.apply(program.init(), image=numbers(1, 24, 32, 3))


def test_blocks_of_the_resnet_project_where_the_shape_changes() -> None:
    body = clean(spec("resnet50")).typed.models["ResNet50"]  # type: ignore[union-attr]
    blocks = {f"Bottleneck_{i}": {p.split("/")[1] for p in parameters(body) if p.startswith(f"Bottleneck_{i}/")} for i in range(16)}
    assert [i for i, found in enumerate(blocks.values()) if "conv_3" in found] == [0, 3, 7, 13]
    assert all({"conv_0", "conv_1", "conv_2"} <= found for found in blocks.values())
