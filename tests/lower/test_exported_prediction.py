"""`Program.export` beyond the zoo: what stays open, what needs a number, and whose weights are exported."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from netspec import SpecError
from netspec.compile import compile
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.diagnostics.running.exports import SizeNotOpen, SizeNotTraced
from netspec.diagnostics.running.files import WriteFailed
from netspec.diagnostics.running.weights import SizeExcluded
from netspec.source import Source

EXPERTS = """netspec 1
model Experts {
  dim T <= 16
  input x: f32[B, T, 4]
  output y = x -> moe(experts=3, hidden=5)
}
"""
NORMED = """netspec 1
block Layer { input x: f32[B, D]
  output (x -> dense(D) -> batch_norm -> relu)
}
model Normed {
  input x: f32[B, 6]
  h = x
  repeat 5 { h = h -> Layer }
  output y = h -> dropout(0.5) -> dense(2)
}
train Normed { data = arrays(fields={x: f32[6], label: i32[]}) -> batch(4)
  loss = softmax_cross_entropy(y, label); optimizer = sgd(0.1); ema = 0.5; duration = 1 epochs }
"""
JOINED = """netspec 1
block Pair { input x: f32[B, T, D]
  output rearrange(x, "b (t s) d -> b t (s d)", s=2) -> dense(D)
}
model Joined {
  input x: f32[B, 8, 4]
  shared pair = Pair()
  output y = x -> pair -> pair
  output z = x -> reshape([B, 32])
  output f = x -> rearrange("b t d -> (b t) d") -> rearrange("(b t) d -> b (t d)", b=B)
}
"""


def program(text: str, **more: Any) -> Any:
    return compile(Source("spec.net", text), **more)


def problem(run: Any) -> Any:
    with pytest.raises(SpecError) as caught:
        run()
    (found,) = caught.value.diagnostics
    return found


def drawn(*shape: int) -> Any:
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


def test_a_size_that_an_op_needs_is_named_and_can_be_given() -> None:
    """How many places an expert has depends on the number of tokens."""
    experts = program(EXPERTS)
    found = problem(experts.export)
    assert isinstance(found, SizeNotTraced) and found.sizes == ("B", "T") and "T" in str(found.help())
    state, x = experts.init(), drawn(3, 8, 4)
    fixed = experts.export(state, sizes={"T": 8}, platforms=("cpu",))
    np.testing.assert_allclose(fixed.call(x=x)["y"], experts.predict(state, x=x)["y"], 1e-5, 1e-5)
    assert fixed.exported.platforms == ("cpu",)


def test_sizes_are_held_to_what_the_inputs_and_the_spec_leave_open() -> None:
    experts = program(EXPERTS)
    assert isinstance(problem(lambda: experts.export(batch="C")), SizeNotOpen)
    assert isinstance(problem(lambda: experts.export(sizes={"H": 3})), SizeNotOpen)
    assert isinstance(problem(lambda: experts.export(sizes={"T": 17})), SizeExcluded)


def test_the_batch_is_a_name_and_has_no_number() -> None:
    experts = program(EXPERTS)
    with pytest.raises(ValueError, match="`batch` is the name of the size that stays open, as `B`, and not 3"):
        experts.export(batch=3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="cannot give a number for `B`"):
        experts.export(sizes={"B": 3, "T": 8})


def test_an_artifact_shows_no_bytes() -> None:
    assert repr(program(NORMED).export(platforms=("cpu",))) == "Artifact()"


def test_bounds_of_the_spec_are_bounds_of_the_file() -> None:
    plain = program(EXPERTS.replace("moe(experts=3, hidden=5)", "dense(2)"))
    artifact = plain.export(plain.init(), platforms=("cpu",))
    assert artifact.call(x=drawn(2, 16, 4))["y"].shape == (2, 16, 2)
    with pytest.raises(ValueError, match="T <= 16"):
        artifact.call(x=drawn(2, 17, 4))


def test_what_is_exported_are_the_weights_and_buffers_that_predict_uses() -> None:
    """The moving averages of parameters, and the statistics that training has moved; stacked leaves are one by one outside."""
    normed = program(NORMED)
    batch = {"x": drawn(4, 6), "label": np.int32([0, 1, 1, 0])}
    state, _ = normed.train_step(normed.init(), batch)
    wanted = normed.predict(state, x=batch["x"])["y"]
    assert np.abs(wanted - normed.predict(normed.init(), x=batch["x"])["y"]).max() > 1e-3
    np.testing.assert_allclose(normed.export(state).call(x=batch["x"])["y"], wanted, 1e-5, 1e-5)
    weights = normed.unpack(normed.averaged(state))
    assert len(weights["buffers"]) == 5
    np.testing.assert_allclose(normed.export().call(weights, x=batch["x"])["y"], wanted, 1e-5, 1e-5)


def test_shared_blocks_and_sizes_as_arguments_stay_open() -> None:
    joined = program(JOINED)
    state = joined.init()
    artifact = joined.export(state)
    for size in (1, 3):
        wanted = joined.predict(state, x=drawn(size, 8, 4))
        for name, found in artifact.call(x=drawn(size, 8, 4)).items():
            np.testing.assert_allclose(found, wanted[name], 1e-5, 1e-5)


def test_what_keeps_a_file_from_being_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = program(NORMED).export(platforms=("cpu",))
    assert isinstance(problem(lambda: artifact.save(tmp_path / "missing" / "file")), WriteFailed)
    monkeypatch.setitem(sys.modules, "flatbuffers", None)
    assert isinstance(problem(artifact.serialize), PackageNeeded)


def test_a_state_of_another_model_is_refused() -> None:
    other = program(EXPERTS)
    with pytest.raises(SpecError):
        program(NORMED).export(other.init())


def test_bytes_are_jax_s_own(tmp_path: Path) -> None:
    normed = program(NORMED)
    normed.export(normed.init()).save(tmp_path / "normed.jax")
    read = jax.export.deserialize(bytearray((tmp_path / "normed.jax").read_bytes()))
    assert read.call(x=drawn(2, 6))["y"].shape == (2, 2)


@pytest.mark.parametrize("platforms", [(), "cpu", ("gpu",), ("cpu", "foo")])
def test_platforms_that_there_are_not_are_refused(platforms: Any) -> None:
    program = compile(Source("m.net", EXPERTS))
    with pytest.raises(ValueError, match="`platforms` is a list of some of cpu, cuda, tpu, rocm, and not"):
        program.export(sizes={"T": 4}, platforms=platforms)


def test_an_artifact_names_no_file_of_the_machine_that_wrote_it() -> None:
    before = jax.config.values["jax_hlo_source_file_canonicalization_regex"]
    data = compile(Source("n.net", NORMED)).export(batch="B").serialize()
    assert not re.findall(rb"[ -~]*\.py(?![a-z_])", data)
    assert jax.config.values["jax_hlo_source_file_canonicalization_regex"] == before
