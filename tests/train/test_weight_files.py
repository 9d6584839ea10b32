"""Weights as files: bit for bit out and in, as Flax writes them too, and nothing that is not exactly of its format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from flax import serialization

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.weight_files import BadMap, UnknownWeightsFile, WeightsUnreadable
from netspec.lower.path_tree import flatten
from netspec.train import flax_file
from netspec.train.path_maps import read_map, rename
from netspec.train.weight_files import SUFFIXES, Weights, pack_weights, read_weights

PARAMS: dict[str, Any] = {
    "dense_0/kernel": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "dense_0/bias": np.array([np.nan, -0.0, 1e-45], np.float32),
    "half": np.array([1.5, np.inf], ml_dtypes.bfloat16),
    "file": np.array(0.1, np.float64),
    "no/elements": np.zeros((0, 3), np.float16),
}
BUFFERS: dict[str, Any] = {"count": np.array(7, np.int32), "flags": np.array([[True], [False]]), "big": np.array([2**40], np.int64)}
ABOUT = {"spec": "5" * 64, "step": "220"}


def bits(arrays: dict[str, Any]) -> dict[str, Any]:
    return {name: (str(a.dtype), a.shape, a.tobytes()) for name, a in sorted(arrays.items())}


@pytest.mark.parametrize("kind", list(SUFFIXES))
def test_what_is_written_comes_back_bit_for_bit(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"weights{SUFFIXES[kind]}"
    path.write_bytes(pack_weights(Weights(PARAMS, BUFFERS, ABOUT), kind))
    arrays, about = read_weights(path)
    assert bits(arrays) == bits({**PARAMS, **BUFFERS})
    assert kind == "flax" or about == {"netspec": "1", **ABOUT}


@pytest.mark.parametrize("chunk", [2**30, 8])
def test_flax_reads_ours_and_we_read_what_flax_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(flax_file, "CHUNK", chunk)
    monkeypatch.setattr(serialization, "MAX_CHUNK_SIZE", chunk)
    own = flax_file.pack_variables(PARAMS, BUFFERS)
    theirs = serialization.msgpack_restore(own)
    assert bits(flatten(theirs["params"])) == bits(PARAMS) and bits(flatten(theirs["batch_stats"])) == bits(BUFFERS)
    path = tmp_path / "theirs.msgpack"
    path.write_bytes(serialization.to_bytes({"params": {"dense": {"kernel": PARAMS["dense_0/kernel"], "bias": PARAMS["half"]}}, "step": 3}))
    assert bits(read_weights(path)[0]) == bits({"dense/kernel": PARAMS["dense_0/kernel"], "dense/bias": PARAMS["half"]})


def test_names_of_collections_are_no_part_of_paths_in_the_files_of_others(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", **{"params/a/w": np.ones(2), "batch_stats/a/mean": np.zeros(2)})
    assert sorted(read_weights(tmp_path / "w.npz")[0]) == ["a/mean", "a/w"]
    np.savez(tmp_path / "v.npz", **{"params/a": np.ones(2), "other": np.zeros(2)})
    assert sorted(read_weights(tmp_path / "v.npz")[0]) == ["other", "params/a"]


def safetensors(header: Any, data: bytes = b"\0" * 8) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def tensor(begin: int = 0, end: int = 8, dtype: str = "F32", shape: Any = (2,), **more: Any) -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end], **more}


def test_a_file_that_another_program_may_have_written(tmp_path: Path) -> None:
    """By the format's own description: blanks behind the header, no metadata, tensors in any order of names."""
    header = json.dumps({"b": tensor(4, 8, "I32", ()), "a": tensor(0, 4, "U8", (2, 2))}).encode() + b"   "
    (tmp_path / "w.safetensors").write_bytes(safetensors(header, bytes([1, 2, 3, 4, 5, 0, 0, 0])))
    arrays, about = read_weights(tmp_path / "w.safetensors")
    assert (arrays["a"].tolist(), arrays["b"].tolist(), about) == ([[1, 2], [3, 4]], 5, {})


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (b"", "it does not begin with the length of its header"),
        (b"\xff" * 16, "it does not begin with the length of its header"),
        (safetensors(b"[]"), "its header is no object"),
        (safetensors(b"{"), "it is no JSON"),
        (safetensors(b'{"a": 1, "a": 2}'), 'an object has the key "a" twice'),
        (safetensors({"a": tensor(dtype="F4")}), "its type F4 is none that is read"),
        (safetensors({"a": tensor(more=1)}), "`more` does not belong there"),
        (safetensors({"a": tensor(0, 4)}), "its bytes are 0 to 4, where 8 from 0 on belong to F32[2]"),
        (safetensors({"a": tensor(shape=(2**62, 2**62))}), "its bytes are 0 to 8"),
        (safetensors({"a": tensor(shape=(-2,))}), "it is -2, not greater than or equal to 0"),
        (safetensors({"a": tensor(), "b": tensor()}), "its bytes are 0 to 8, where 8 from 8 on belong"),
        (safetensors({"a": tensor(8, 16)}, b"\0" * 16), "where 8 from 0 on belong"),
        (safetensors({"a": tensor()}, b"\0" * 9), "9 bytes of tensors are in it, and its header describes 8"),
        (safetensors({"a": tensor()}, b"\0" * 7), "7 bytes of tensors are in it, and its header describes 8"),
        (safetensors({"__metadata__": {"step": 3}, "a": tensor()}), "it is 3, not a text"),
    ],
)
def test_a_file_that_is_not_exactly_of_the_format(tmp_path: Path, content: bytes, finding: str) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    assert finding in unreadable(path).message()


def unreadable(path: Path) -> WeightsUnreadable:
    with pytest.raises(Mistake) as caught:
        read_weights(path)
    problem = caught.value.diagnostic
    assert isinstance(problem, WeightsUnreadable) and problem.path == str(path)
    return problem


@pytest.mark.parametrize("kind", list(SUFFIXES))
def test_every_cut_is_refused_with_the_file_s_name(tmp_path: Path, kind: str) -> None:
    content = pack_weights(Weights({"a/kernel": np.arange(6, dtype=np.float32)}, {"b": np.ones(2, np.int32)}, ABOUT), kind)
    path = tmp_path / f"w{SUFFIXES[kind]}"
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        unreadable(path)


@pytest.mark.parametrize("content", [b"", b"\xc1", b"\x93\x01\x02\x03", b"\x81\xa1a\xc7\x01\x05x", b"\x81\xa1a\x01", b"\x91" * 5000])
def test_what_is_no_tree_of_arrays(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.msgpack").write_bytes(content)
    unreadable(tmp_path / "w.msgpack")


def test_a_name_that_says_no_format(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").touch()
    with pytest.raises(Mistake) as caught:
        read_weights(tmp_path / "weights.pt")
    assert caught.value.diagnostic == UnknownWeightsFile(path=str(tmp_path / "weights.pt"), suffixes=tuple(SUFFIXES.values()))


@pytest.mark.parametrize(
    ("text", "path", "new"),
    [
        ("old/**=new/**", "old/a/b", "new/a/b"),
        ("old/**=new/**", "old", "new"),
        ("old/**=new/**", "older/a", None),
        ("old/**=**", "old/a/b", "a/b"),
        ("**/w=**/kernel", "w", "kernel"),
        ("**/w=**/kernel", "a/b/w", "a/b/kernel"),
        ("layer_*/attn/*=block/layer_*/self_attention_0/*", "layer_3/attn/bias", "block/layer_3/self_attention_0/bias"),
        ("layer_*/w=*/kernel", "layer_3/deep/w", None),
        ("**=model/**", "a/b", "model/a/b"),
        ("head/**=", "head/kernel", ""),
        ("a.b=c", "a.b", "c"),
        ("a.b=c", "axb", None),
    ],
)
def test_maps(text: str, path: str, new: str | None) -> None:
    assert read_map(text)(path) == new


@pytest.mark.parametrize(
    ("maps", "reason"),
    [
        (["old"], "is no pair of paths"),
        (["=new"], "is no pair of paths"),
        (["a/**=b/*"], "does not have the same wildcards"),
        (["a**=b**"], "has a `**` that is not a segment of its own"),
        (["x=y"], "fits no array"),
        (["a/**=c/**", "a/w=d"], "fits no array"),
        (["a/w=b"], "gives `b` the name `b`"),
    ],
)
def test_maps_that_cannot_be_followed(maps: list[str], reason: str) -> None:
    with pytest.raises(Mistake) as caught:
        rename({"a/w": 1, "b": 2}, [read_map(text) for text in maps])
    assert isinstance(caught.value.diagnostic, BadMap) and reason in caught.value.diagnostic.message()


def test_what_maps_make_of_names() -> None:
    names, dropped = rename(dict.fromkeys(["old/a", "head/w", "c"]), [read_map("old/**=new/**"), read_map("head/**=")])
    assert (names, dropped) == ({"new/a": "old/a", "c": "c"}, ("head/w",))
