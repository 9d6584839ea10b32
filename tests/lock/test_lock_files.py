"""`netspec lock`, and what `--locked` refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from netspec.cli.lock_files import refuse_unlocked
from netspec.cli.main import build_parser, main
from netspec.diagnostics.base import Mistake

SPEC = """netspec 1
model M {
  input image: f32[B, 8, 8, 1]
  x = image -> conv(32, kernel=3) -> relu -> flatten
  output logits = x -> dense(10)
}
train M {
  data = digits() -> batch(32)
  optimizer = adam(0.001)
  duration = 1 epoch
  loss = softmax_cross_entropy(logits, label)
}
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec that is locked."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "m.net"
    path.write_text(SPEC)
    assert main(["lock", "m.net"]) == 0
    return path


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main([*words])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_a_lock_is_one_fact_a_line(spec: Path) -> None:
    text = (spec.parent / "m.net.lock").read_text()
    facts = json.loads(text)
    assert text.endswith("}\n") and max(map(len, text.splitlines())) < 200
    model, training = facts["models"]["M"], facts["trainings"]["M"]
    assert model["layers"]["conv_0"] == "conv(32, kernel=3) gives f32[B, 8, 8, 32]"
    assert model["parameters"]["conv_0/kernel"] == "f32[3, 3, 1, 32] by lecun_normal"
    assert training["parameters"]["dense_0/bias"] == "adam, rate 0.001, no decay"
    assert facts["defaults"]["optimizer"]["adam.eps"] == "1e-08" and facts["defaults"]["layer"]["conv.stride"] == "1"


def test_layout_and_comments_do_not_matter(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (spec.parent / "m.net.lock").read_bytes()
    change(spec, "  x = image -> conv(32, kernel=3)", "\n  # why\n  x = image  ->  conv( features = 32, kernel = 3, stride = 1 )")
    assert said(capsys, "check", "--locked", "m.net")[0] == 0
    assert said(capsys, "lock", "m.net") == (0, "m.net.lock  is up to date\n")
    assert (spec.parent / "m.net.lock").read_bytes() == before


DRIFTS = {
    "conv(32": ("conv(64", "`conv_0` was conv(32, kernel=3), now conv(64, kernel=3)"),
    "adam(0.001)": ("adam(0.01)", "setting `optimizer` was adam(0.001), now adam(0.01)"),
    " -> relu": ("", "`relu_0` is gone: it was relu gives f32[B, 8, 8, 32]"),
    "relu -> ": ("relu -> dropout(0.1) -> ", "`dropout_0` is new: dropout(0.1) gives f32[B, 8, 8, 32]"),
    "loss = ": ("seed = 3\n  loss = ", "setting `seed` was 0, now 3"),
    "logits, label)": ("logits, label, label_smoothing=0.1)", "`loss` was softmax_cross_entropy on logits, label, now"),
    "f32[B, 8, 8, 1]": ("f32[B, 8, 8, 1]\n  input unread: f32[B, 3]", "input `unread` is new: f32[B, 3]"),
}


@pytest.mark.parametrize("before", DRIFTS)
def test_what_drifted_is_said(before: str, spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    after, sentence = DRIFTS[before]
    lock = (spec.parent / "m.net.lock").read_bytes()
    if "unread" in after:
        spec.write_text(SPEC.partition("train")[0])
        main(["lock", "m.net"])
        lock = (spec.parent / "m.net.lock").read_bytes()
    change(spec, before, after)
    for words in (["check", "--locked"], ["lock", "--check"]):
        code, text = said(capsys, *words, "m.net")
        assert code == 1 and "error[lock-drifted]" in text and sentence in text
    code, text = said(capsys, "lock", "--diff", "m.net")
    assert code == 1 and text.startswith(f"m.net.lock: {sentence}")
    assert (spec.parent / "m.net.lock").read_bytes() == lock


def test_a_default_that_changed_is_named(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As if the lock were of a library where it was another one, with another hash."""
    lock = spec.parent / "m.net.lock"
    change(lock, '"adam.eps": "1e-08"', '"adam.eps": "1e-07"')
    facts = json.loads(lock.read_text())
    change(lock, facts["hash"], "0" * 64)
    change(lock, f'"netspec": "{facts["netspec"]}"', '"netspec": "0.0.9"')
    code, text = said(capsys, "check", "--locked", "m.net")
    assert code == 1 and "(written by netspec 0.0.9) says: default of `adam.eps` was 1e-07, now 1e-08" in text


def test_another_version_alone_is_a_warning(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = spec.parent / "m.net.lock"
    change(lock, f'"netspec": "{json.loads(lock.read_text())["netspec"]}"', '"netspec": "0.0.9"')
    code, text = said(capsys, "check", "--locked", "m.net")
    assert code == 0 and "warning[lock-of-another-version]" in text and "error" not in text


def test_a_lock_that_was_edited_is_none(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(spec.parent / "m.net.lock", '"duration": "1 epoch"', '"duration": "9 epochs"')
    code, text = said(capsys, "check", "--locked", "m.net")
    assert code == 1 and "setting `duration` was 9 epochs, now 1 epoch" in text


HOSTILE = {
    "empty": b"",
    "conflict": b"<<<<<<< HEAD\n",
    "not text": b"\xff\xfe\x00",
    "a list": b"[]",
    "another form": b'{"lock": "2"}',
    "no hash": b'{"lock": "1"}',
    "wrong types": b'{"lock": "1", "hash": 3, "netspec": "0", "language": "1"}',
    "a list inside": b'{"lock": "1", "hash": "a", "netspec": "0", "language": "1", "models": []}',
    "half a character": b'{"lock": "1", "hash": "a", "netspec": "0", "language": "1", "\\ud800": "b"}',
    "deep": b'{"lock":' * 30_000,
    "nested": b'{"lock": "1", "hash": "a", "netspec": "0", "language": "1", "m": ' + b'{"m": ' * 20 + b'"x"' + b"}" * 21,
    "a long number": b'{"lock": ' + b"9" * 9_000 + b"}",
}


@pytest.mark.parametrize("name", [*HOSTILE, "link", "folder", "pipe", "huge"])
def test_a_lock_is_not_trusted(name: str, spec: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One problem, and no traceback; and `lock` overwrites nothing that is no lock."""
    lock = spec.parent / "m.net.lock"
    lock.unlink()
    if name in HOSTILE:
        lock.write_bytes(HOSTILE[name])
    elif name == "link":
        lock.symlink_to("/dev/zero")
    elif name == "folder":
        lock.mkdir()
    elif name == "pipe":
        os.mkfifo(lock)
    else:
        os.truncate(os.open(lock, os.O_CREAT | os.O_WRONLY), 33 << 20)
    for words in (["check", "--locked"], ["lock"], ["lock", "--diff"], ["train", "--locked"]):
        code, text = said(capsys, *words, "m.net")
        assert code == 1 and text.count("error[lock-unreadable]") == 1 and "Traceback" not in text, text


def test_control_characters_of_a_lock_are_told_as_text(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(spec.parent / "m.net.lock", '"seed": "0",\n    "precision"', '"seed": "\\u001b[31m\\n::error::x",\n    "precision"')
    for format in ("full", "github", "concise"):
        code, text = said(capsys, "check", "--locked", "m.net", "--format", format)
        assert code == 1 and "\x1b" not in text and "\n::error::x" not in text


def test_a_spec_with_errors_has_no_lock(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (spec.parent / "m.net.lock").unlink()
    change(spec, "dense(10)", "dens(10)")
    code, text = said(capsys, "lock", ".")
    assert code == 1 and "unknown-name" in text and not (spec.parent / "m.net.lock").exists()


def test_locks_are_asked_for_by_the_repository(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("pyproject.toml").write_text("[tool.netspec]\nfiles = ['.']\nlocked = true\n")
    assert said(capsys, "check")[0] == 0
    assert said(capsys, "lock", "--check")[0] == 0
    change(spec, "conv(32", "conv(16")
    for words in (["check"], ["train", "m.net"], ["lock", "--check"]):
        assert "lock-drifted" in said(capsys, *words)[1]
    (spec.parent / "m.net.lock").unlink()
    for words in (["check"], ["train", "m.net"]):
        assert "and `locked = true` in `pyproject.toml` asks for one" in said(capsys, *words)[1]
    for words in (["check", "--locked"], ["train", "m.net", "--locked"], ["lock", "--check"], ["lock", "--diff"]):
        option = next(word for word in words if word.startswith("--"))
        assert f"and `{option}` asks for one" in said(capsys, *words)[1]
    Path("pyproject.toml").write_text("[tool.netspec]\nlocked = 1\n")
    assert "bad-configuration" in said(capsys, "check", "m.net")[1]


def test_training_with_other_values_drifts(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(capsys, "train", "--locked", "m.net", "--set", "train.seed=7")
    assert code == 1 and "setting `seed` was 0, now 7" in text


def test_a_run_of_a_locked_repository_may_have_other_values(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are kept with the run, and asked for by whoever types them."""
    Path("pyproject.toml").write_text("[tool.netspec]\nlocked = true\n")
    refuse_unlocked(build_parser().parse_args(["train", "m.net", "--set", "train.seed=7"]))
    change(spec, "conv(32", "conv(16")
    with pytest.raises(Mistake, match="conv_0"):
        refuse_unlocked(build_parser().parse_args(["train", "m.net", "--set", "train.seed=7"]))


def test_a_check_with_other_values_holds_what_is_written_against_the_lock(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a training does: `--locked` alone asks for a lock of what `--set` makes of the spec."""
    Path("pyproject.toml").write_text("[tool.netspec]\nlocked = true\n")
    assert said(capsys, "check", "m.net", "--set", "train.seed=7")[0] == 0
    assert said(capsys, "check", "m.net", "--locked", "--set", "train.seed=7")[0] == 1


def test_no_jax(spec: Path) -> None:
    script = (
        "import sys; from netspec.cli.main import main; code = main(['lock', '--check', 'm.net']); sys.exit(code or 'jax' in sys.modules)"
    )
    root = str(Path(__file__).parents[2])
    assert subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": root}).returncode == 0


def test_a_renamed_block_is_one_fact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    block = "block Stage {\n  input x: f32[B, D]\n  output x -> dense(D) -> relu -> dropout(0.1)\n}\n"
    spec = tmp_path / "m.net"
    spec.write_text(SPEC.replace("model M", f"{block}model M").replace("flatten\n", "flatten -> Stage -> Stage\n"))
    main(["lock", "m.net"])
    spec.write_text(spec.read_text().replace("Stage", "Unit"))
    code, out = said(capsys, "check", "--locked", "--format", "concise", "m.net")
    assert code == 1 and out.splitlines()[0].endswith("says: `Stage_0` is called `Unit_0` now; `Stage_1` is called `Unit_1` now")


def test_what_is_not_wholly_renamed_is_told_fact_by_fact(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(spec, "dense(10)", "head: dense(12)")
    code, out = said(capsys, "lock", "--diff", "m.net")
    assert code == 1 and "is called" not in out and "`dense_0` is gone: it was dense(10)" in out and "`head` is new: dense(12)" in out


def test_what_happened_to_many_is_told_once(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(spec, "adam(0.001)", "adam(0.01)")
    _, out = said(capsys, "check", "--locked", "--format", "concise", "m.net")
    assert "the training of `conv_0/kernel` was adam, rate 0.001, no decay, now adam, rate 0.01, no decay, and so of 3 more\n" in out


def test_a_file_of_blocks_has_no_lock(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = spec.parent / "parts.net"
    parts.write_text("netspec 1\n\nblock Feed {\n  input x: f32[B, D]\n  output x -> dense(D)\n}\n")
    assert said(capsys, "lock", "parts.net") == (0, "parts.net  has no model, and so nothing to lock\n")
    assert said(capsys, "check", "--locked", ".") == (0, "No problems in 2 files.\n") and not (spec.parent / "parts.net.lock").exists()
    (spec.parent / "parts.net.lock").write_text((spec.parent / "m.net.lock").read_text())
    assert said(capsys, "check", "--locked", ".")[0] == 1
