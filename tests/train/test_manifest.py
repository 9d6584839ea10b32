"""The manifest of a checkpoint."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from netspec.diagnostics.running.checkpoints import CheckpointDamaged, CheckpointTooNew
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.train import manifest
from netspec.train.leaves import Leaf
from netspec.train.manifest import Manifest, files_of, manifest_text, read, verify_folder
from tests.train.checkpoints import SPEC, damage, facts, problem, rewrite


def test_a_manifest_comes_back_as_it_was_written(checkpoint: Path) -> None:
    found = verify_folder(checkpoint)
    assert found == read(checkpoint)
    assert (found.step, found.spec, found.facts, found.leaves) == (7, SPEC, facts(7), (Leaf("w", "float32", (2, 3)),))
    assert list(found.files) == ["first", "tensors/manifest.json"] and found.files["first"][0] == 1234
    assert manifest_text(found) == (checkpoint / manifest.NAME).read_bytes()
    assert LIMITS.manifest_bytes == 64 * 2**20


def test_the_text_of_a_manifest_never_changes() -> None:
    """Checkpoints of older versions are compared letter by letter with what would be written today."""
    older = manifest_text(Manifest(7, "d", (Leaf("w", "float32", (2,)),), {"epoch": 1}, {"t/f": (3, "ab")}, 1)).decode()
    assert (
        older.startswith('{\n "digest": "')
        and older.endswith("\n}\n")
        and ' "files": {\n  "t/f": [\n   3,\n   "ab"\n  ]\n },\n "format": 1,' in older
    )
    assert older.replace("\n", "").replace(" ", "") == (
        f'{{"digest":"{json.loads(older)["digest"]}","facts":{{"epoch":1}},"files":{{"t/f":[3,"ab"]}},"format":1,'
        '"leaves":[["w","float32",[2]]],"spec":"d","step":7}'
    )
    text = manifest_text(Manifest(7, "d", (Leaf("w", "float32", (2,)),), {"epoch": 1}, {"f": (3, "ab")})).decode()
    assert text == (
        f'{{"digest": "{json.loads(text)["digest"]}",\n"facts": {{"epoch": 1}},\n"files": {{"f": [3,\n"ab"]}},\n"format": 2,\n'
        '"leaves": [["w",\n"float32",\n[2]]],\n"spec": "d",\n"step": 7}\n'
    )


def test_files_that_differ_are_named(checkpoint: Path) -> None:
    first = checkpoint / "first"
    first.write_bytes(b"y" * 1234)
    assert damage(lambda: verify_folder(checkpoint)) == "first: its SHA-256 differs from the manifest's"
    first.write_bytes(b"x" * 1235)
    assert damage(lambda: verify_folder(checkpoint)) == "first: it has 1,235 bytes instead of 1,234"
    first.write_bytes(b"x" * 1233)
    assert damage(lambda: verify_folder(checkpoint)) == "first: it has 1,233 bytes instead of 1,234"
    first.unlink()
    assert damage(lambda: verify_folder(checkpoint)) == "first: it is missing"
    first.write_bytes(b"x" * 1234)
    verify_folder(checkpoint)
    (checkpoint / "tensors" / "more").touch()
    assert damage(lambda: verify_folder(checkpoint)) == "more: the manifest does not know it"
    read(checkpoint)


@pytest.mark.parametrize("kind", ["link", "folder link", "pipe"])
def test_what_is_no_plain_file_is_damage(checkpoint: Path, tmp_path: Path, kind: str) -> None:
    strange = checkpoint / "strange"
    if kind == "pipe":
        os.mkfifo(strange)
    else:
        strange.symlink_to(checkpoint / "first" if kind == "link" else checkpoint / "tensors")
    found = problem(lambda: verify_folder(checkpoint))
    assert isinstance(found, CheckpointDamaged)
    assert (found.path, found.folder) == (str(strange), str(checkpoint)) and "link or a special file" in found.finding
    assert "link or a special file" in damage(lambda: files_of(checkpoint))


def test_a_manifest_is_not_used_unless_it_is_letter_by_letter_its_own(checkpoint: Path) -> None:
    path = checkpoint / manifest.NAME
    text = path.read_bytes()
    for changed, finding in (
        (text + b" ", "its own digest does not fit its content"),
        (text.replace(b'"step": 7', b'"step": 8'), "its own digest does not fit its content"),
        (text.replace(b'"step": 7', b'"step":  7'), "its own digest does not fit its content"),
        (b"[1]\n", "its own digest does not fit its content"),
        (b"{}\n", "its own digest does not fit its content"),
        (text[:-10], "it is no JSON any more"),
        (b"[" * 100_000, "it is no JSON any more"),
        (b"\xff", "it is no JSON any more"),
    ):
        path.write_bytes(changed)
        assert damage(lambda: read(checkpoint)) == f"manifest.json: {finding}"
    path.unlink()
    assert damage(lambda: read(checkpoint)) == "manifest.json: it is missing"
    path.symlink_to(checkpoint / "first")
    assert damage(lambda: read(checkpoint)) == "manifest.json: it is not the small plain file that was written"


def test_a_manifest_that_is_too_large_is_not_read(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = (checkpoint / manifest.NAME).stat().st_size
    monkeypatch.setattr(manifest, "LIMITS", replace(LIMITS, manifest_bytes=size))
    assert read(checkpoint).step == 7
    monkeypatch.setattr(manifest, "LIMITS", replace(LIMITS, manifest_bytes=size - 1))
    assert damage(lambda: read(checkpoint)) == "manifest.json: it is not the small plain file that was written"


def test_a_manifest_of_another_step_or_format(checkpoint: Path) -> None:
    rewrite(checkpoint, step=70)
    assert damage(lambda: read(checkpoint)) == "manifest.json: it is the manifest of step 70"
    for number in (3, 0):
        rewrite(checkpoint, step=7, format=number)
        assert problem(lambda: read(checkpoint)) == CheckpointTooNew(path=str(checkpoint), format=problem_format(checkpoint), known=2)


def problem_format(checkpoint: Path) -> int:
    return json.loads((checkpoint / manifest.NAME).read_bytes())["format"]
