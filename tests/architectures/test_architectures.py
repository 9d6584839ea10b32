"""Known architectures: clean, sound, formatted, with the published numbers of parameters, and they mean what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.spec_error import SpecError
from netspec.ir.paths import parameters
from tests.architectures.build import clean, counts, drawn, ids, inputs, numbers, reformatted, small

HERE = Path(__file__).parent
PATHS = sorted(HERE.glob("*.net"))
COUNTS = {
    "VGG16": 138_357_544,
    "ResNet18": 11_689_512,
    "ResNet152": 60_192_808,
    "WideResNet": 38_557_770,
    "MobileNet": 4_231_976,
    "EfficientNet": 5_288_548,
    "UNet": 31_030_658,
    "Transformer": 63_045_632,
    "Tagger": 1_238_865,
    "Written": 18_688,
    "BuiltIn": 18_688,
    "Cora": 92_373,
    "VAE": 228_193,
    "Siamese": 38_951_745,
    "GoogLeNet": 13_004_888,
    "DDPM": 41_089,
    "DoubleDqn": 4_610,
    "SwinT": 28_288_354,
    "Mixtral": 46_702_792_704,
    "Mamba": 129_135_360,
}


def spec(name: str) -> Path:
    return HERE / f"{name}.net"


def test_all_are_counted() -> None:
    assert {name for path in PATHS for name in clean(path).typed.models} == set(COUNTS)  # type: ignore[union-attr]


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_clean_sound_and_counted(path: Path) -> None:
    found = counts(path)
    assert found == {name: COUNTS[name] for name in found}


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_every_model_expects_its_count(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\nmodel ") <= text.count("\nexpect ") == text.count("params == ")


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_formatted(path: Path) -> None:
    assert reformatted(path) == path.read_text(encoding="utf-8")


# --- running ---------------------------------------------------------------------------------------------------------
SMALL: list[tuple[str, dict[str, str], dict[str, int], dict[str, tuple[int, ...]]]] = [
    ("vgg16", {"size": "32", "classes": "10"}, {}, {"logits": (2, 10)}),
    ("resnet18", {"size": "64", "classes": "10"}, {}, {"logits": (2, 10)}),
    ("resnet152", {"size": "32", "classes": "10", "stages": "[1, 2, 3, 1]"}, {}, {"logits": (2, 10)}),
    ("wide_resnet", {"size": "16", "k": "1", "n": "2"}, {}, {"logits": (2, 10)}),
    ("mobilenet", {"size": "64", "classes": "10"}, {}, {"logits": (2, 10)}),
    ("efficientnet", {"size": "64", "classes": "10", "width": "0.2", "depth": "0.5"}, {}, {"logits": (2, 10)}),
    ("unet", {"widths": "[4, 6, 8, 8]"}, {"H": 16, "W": 32}, {"mask": (2, 16, 32, 2)}),
    (
        "transformer",
        {"vocab": "50", "d": "16", "heads": "2", "hidden": "32", "layers": "2"},
        {"S": 7, "T": 5},
        {"logits": (2, 5, 50)},
    ),
    ("bilstm_tagger", {"vocab": "50", "hidden": "8"}, {"T": 6}, {"tag_logits": (2, 6, 17)}),
    ("gru", {"Written.features": "5"}, {"T": 6}, {"h": (2, 6, 5), "last": (2, 5)}),
    ("graph_attention", {"words": "12"}, {"N": 9, "E": 20}, {"logits": (9, 7)}),
    ("vae", {}, {}, {"pixels": (2, 28, 28, 1), "divergence": (2,)}),
    ("siamese", {"features": "8"}, {}, {"same": (2,)}),
    ("googlenet", {"classes": "10"}, {}, {"logits": (2, 10)}),
    ("ddpm", {"width": "8"}, {}, {"error": (2, 8, 8, 1)}),
    ("target_network", {"actions": "6"}, {}, {"value": (2,), "wanted": (2,)}),
    ("swin", {"size": "32", "width": "32", "window": "4", "depths": "[2, 1]", "classes": "10"}, {}, {"logits": (2, 10)}),
    (
        "mixtral",
        {"vocab": "50", "d": "16", "layers": "5", "heads": "4", "kv_heads": "2", "experts": "4", "hidden": "8"},
        {"T": 6},
        {"logits": (2, 6, 50)},
    ),
    ("mamba", {"vocab": "50", "d": "16", "layers": "5", "state": "4"}, {"T": 6}, {"logits": (2, 6, 50)}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "overrides", "sizes", "shapes"), SMALL, ids=[row[0] for row in SMALL])
def test_runs(name: str, overrides: dict[str, str], sizes: dict[str, int], shapes: dict[str, tuple[int, ...]]) -> None:
    program = small(spec(name), **overrides)
    found = program.apply(program.init(), **inputs(program, below=6, B=2, **sizes))
    assert {key: value.shape for key, value in found.items()} == shapes
    for value in map(np.asarray, found.values()):
        assert value.dtype == np.float32 and np.isfinite(value).all()
        assert not np.allclose(value[0], value[1], 1e-6, 1e-9)


def test_running_covers_all() -> None:
    assert sorted(row[0] for row in SMALL) == [path.stem for path in PATHS]


# --- meaning ---------------------------------------------------------------------------------------------------------
def fused(tree: dict[str, Any]) -> dict[str, Any]:
    """Weights of the shelf's `gru` as those of the written cell: the three gates side by side."""
    gates = tree["params"]["gru_0"]
    side_by_side = {
        "input_kernel": [gates[f"i{g}"]["kernel"] for g in "rzn"],
        "input_bias": [gates[f"i{g}"]["bias"] for g in "rzn"],
        "state_kernel": [gates[f"h{g}"]["kernel"] for g in "rzn"],
        "state_bias": [gates["hn"]["bias"]],
    }
    cell = {name: np.concatenate(parts, -1) for name, parts in side_by_side.items()}
    return {"params": {"rnn_0": {"Gru_0": cell}}, "buffers": {}}


def test_the_written_gru_is_the_shelf_s() -> None:
    built_in, written = (small(spec("gru"), model, **{f"{model}.features": "16"}) for model in ("BuiltIn", "Written"))
    weights = drawn(built_in)
    given = {"x": numbers(3, 7, 32), "length": np.array([7, 4, 1], np.int32)}
    wanted, found = built_in.apply(weights, **given), written.apply(fused(weights), **given)
    assert np.abs(wanted["last"]).max() > 0.1
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, 1e-6, 1e-6)


def attention_by_hand(weights: dict[str, Any], nodes: Any, senders: Any, receivers: Any) -> Any:
    """Graph attention node by node and head by head, in f64."""
    w = {name: np.asarray(value, np.float64) for name, value in weights.items()}
    heads, features = w["bias"].shape
    h = (nodes.astype(np.float64) @ w["kernel"]).reshape(len(nodes), heads, features)
    result = np.tile(w["bias"], (len(nodes), 1, 1))
    for node in range(len(nodes)):
        neighbours = senders[receivers == node]
        for head in range(heads if len(neighbours) else 0):
            score = h[neighbours, head] @ w["source"][head] + h[node, head] @ w["target"][head]
            share = np.exp(np.where(score > 0, score, 0.2 * score))
            result[node, head] += (share / share.sum()) @ h[neighbours, head]
    return result


def test_graph_attention_beside_numpy() -> None:
    program = small(spec("graph_attention"), words="12")
    weights = drawn(program)
    rng, nodes = np.random.default_rng(1), numbers(9, 12)
    senders, receivers = rng.integers(0, 9, 25).astype("int32"), rng.integers(0, 8, 25).astype("int32")  # node 8 gets nothing
    found = program.apply(weights, nodes=nodes, senders=senders, receivers=receivers)["logits"]
    hidden = attention_by_hand(weights["params"]["hidden"], nodes, senders, receivers)
    hidden = np.where(hidden > 0, hidden, np.expm1(hidden)).reshape(9, 64)
    wanted = attention_by_hand(weights["params"]["last"], hidden, senders, receivers)[:, 0]
    np.testing.assert_allclose(found, wanted, 1e-4, 1e-5)
    np.testing.assert_allclose(found[8], weights["params"]["last"]["bias"][0], 1e-6)


def test_the_siamese_towers_are_one() -> None:
    program = small(spec("siamese"), features="8")
    assert {path.split("/")[0] for path in parameters(program.model)} == {"tower", "dense_0"}
    weights, (left, right) = program.unpack(program.init()), numbers(2, 2, 105, 105, 1)
    weights["params"]["dense_0"]["bias"] += 0.25
    there, back, nowhere = (program.apply(weights, left=a, right=b)["same"] for a, b in ((left, right), (right, left), (left, left)))
    np.testing.assert_allclose(there, back, 1e-6)
    np.testing.assert_allclose(nowhere, [0.25, 0.25], 1e-6)
    assert np.abs(there - nowhere).min() > 1e-3


@pytest.fixture(scope="module")
def transformer() -> Any:
    return small(spec("transformer"), vocab="50", d="8", heads="2", hidden="8", layers="1")


def test_tied_embeddings_are_one_leaf(transformer: Any) -> None:
    program = transformer
    assert [path for path, weight in parameters(program.model).items() if 50 in weight.shape] == ["e/embedding"]
    weights, given = drawn(program), {"source": ids(2, 6, below=20), "target": ids(2, 5, below=20)}
    before = program.apply(weights, **given)["logits"]
    weights["params"]["e"]["embedding"][42] *= 2  # a word that nobody says: only its own logit changes
    after = program.apply(weights, **given)["logits"]
    np.testing.assert_allclose(after[..., 42], 2 * before[..., 42], 1e-5, 1e-6)
    np.testing.assert_array_equal(np.delete(after, 42, -1), np.delete(before, 42, -1))
    weights["params"]["e"]["embedding"][given["source"][0, 0]] *= 2
    assert np.abs(program.apply(weights, **given)["logits"] - after)[0, :, 42].min() > 1e-6


def test_the_transformer_sees_the_past_and_the_source_without_padding(transformer: Any) -> None:
    weights, source, target = drawn(transformer), ids(2, 6, below=50), ids(2, 5, below=50)
    padded = np.concatenate([source, np.zeros((2, 3), np.int32)], 1)
    before = transformer.apply(weights, source=source, target=target)["logits"]
    np.testing.assert_allclose(transformer.apply(weights, source=padded, target=target)["logits"], before, 1e-4, 1e-5)
    target[:, 2] = target[:, 2] % 49 + 1
    after = np.abs(transformer.apply(weights, source=source, target=target)["logits"] - before).max((0, 2))
    assert after[:3].max() == 0 and after[3:].min() > 1e-5


def test_the_tagger_reads_both_ways_within_the_length() -> None:
    program, words = small(spec("bilstm_tagger"), vocab="50", hidden="8"), ids(1, 6, below=50)
    weights = drawn(program)

    def moved(at: int) -> Any:
        """Which of the first four tags depend on a word, in a sentence of four."""
        other = words.copy()
        other[0, at] = words[0, at] % 49 + 1
        both = (program.apply(weights, words=w, length=np.array([4], np.int32))["tag_logits"][0, :4] for w in (words, other))
        return np.abs(np.subtract(*map(np.asarray, both))).max(-1)

    assert moved(0).min() > 1e-6 and moved(3).min() > 1e-6
    assert moved(4).max() == moved(5).max() == 0


def test_the_vae_s_divergence_is_that_of_two_gaussians() -> None:
    program = small(spec("vae"))
    weights, image = drawn(program), numbers(4, 28, 28, 1)
    weights["params"]["code"]["kernel"][...] = 0
    mean, logvar = np.split(weights["params"]["code"]["bias"].astype(np.float64), 2)
    wanted = np.sum((np.exp(logvar) + mean**2 - 1 - logvar) / 2)
    np.testing.assert_allclose(program.apply(weights, image=image)["divergence"], np.full(4, wanted), 1e-5)


def test_the_mask_of_the_u_net_needs_sizes_that_can_be_halved_four_times() -> None:
    program = small(spec("unet"), widths="[4, 4, 4, 4]")
    state = program.init()
    assert program.apply(state, image=numbers(1, 16, 48, 1))["mask"].shape == (1, 16, 48, 2)
    with pytest.raises(SpecError):
        program.apply(state, image=numbers(1, 16, 40, 1))


def test_the_channels_of_a_depthwise_convolution_do_not_meet() -> None:
    shapes = {path: weight.shape for path, weight in parameters(clean(spec("mobilenet")).typed.models["MobileNet"]).items()}  # type: ignore[union-attr]
    depthwise = [shape for path, shape in shapes.items() if path.startswith("Separable_") and path.endswith("conv_0/kernel")]
    assert [shape[-1] for shape in depthwise] == [32, 64, 128, 128, 256, 256, *[512] * 6, 1024]
    assert {shape[:3] for shape in depthwise} == {(3, 3, 1)}
