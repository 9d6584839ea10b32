"""Keeps `manifest.json` of a checkpoint: size and SHA-256 of every file, what the tensors are, and its own digest.

A checkpoint without a finished manifest does not exist, and one that differs from its manifest in a single bit is not used. The text must
be exactly what `manifest_text` would write, so that no bit of the manifest itself is free to change.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import CheckpointDamaged, CheckpointTooNew
from netspec.files import sha256_file
from netspec.limits import LIMITS
from netspec.train.leaves import Leaf, is_dtype
from netspec.train.strict_json import AsTuple, Count, Digest, Size, Strict, Text, Unfit, fit, parse_json

NAME = "manifest.json"
FORMAT = 2
"""Format 1 had its tensors in a folder that Orbax wrote."""


class Facts(Strict):
    """Where a run stood: the position in its data, and what had been evaluated."""

    step: Count
    epoch: Count
    batch: Count
    seed: Annotated[int, Field(ge=-(2**63), lt=2**64)]
    evaluated: Count
    score: float | None
    best: float | None
    reached: float | None
    waited: Count
    stopped: bool
    seconds: Annotated[float, Field(ge=0)]

    @model_validator(mode="before")
    @classmethod
    def _read_older(cls, facts: Any) -> Any:
        """Runs of an older netspec chose by the evaluation's loss alone."""
        if not isinstance(facts, dict) or "eval_loss" not in facts or "score" in facts:
            return facts
        named = {"score" if name == "eval_loss" else name: value for name, value in facts.items()}
        return {**named, "reached": facts.get("best"), "waited": 0, "stopped": False}


def _require_dtype(name: str) -> str:
    """The name of an element type that an array may have."""
    if not is_dtype(name):
        raise ValueError("is no element type of an array")
    return name


def _require_countable(shape: list[int]) -> list[int]:
    """A shape whose elements can be counted, empty axes apart."""
    product = 1
    for size in shape:
        product *= size or 1
    if product > LIMITS.elements:
        raise ValueError("is the shape of more elements than any array has")
    return shape


DType = Annotated[str, AfterValidator(_require_dtype)]
Axis = Annotated[int, Field(ge=0, le=LIMITS.axis_size)]
Shape = Annotated[list[Axis], Field(max_length=4 * LIMITS.axes), AfterValidator(_require_countable)]


class Form(Strict):
    """What stands in the file."""

    format: Literal[1, 2]
    digest: Digest
    step: Count
    spec: Digest
    facts: Facts
    leaves: list[Annotated[tuple[Text, DType, Shape], AsTuple]]
    files: dict[str, Annotated[tuple[Size, Digest], AsTuple]]


@dataclass(frozen=True)
class Manifest:
    """What a checkpoint says of itself."""

    step: int
    spec: str
    """SHA-256 of the spec and overrides that the run was started with."""
    leaves: tuple[Leaf, ...]
    facts: Mapping[str, Any]
    """The trainer's position: epoch, batch, seed, what has been evaluated."""
    files: Mapping[str, tuple[int, str]]
    """Path within the checkpoint -> (size in bytes, SHA-256)."""
    format: int = FORMAT


def files_of(folder: Path) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of every file below the folder but the manifest. Raises `Mistake` for anything that is no plain file."""
    return {name: (os.path.getsize(folder / name), sha256_file(folder / name)) for name in sorted(_names(folder)) if name != NAME}


def _names(folder: Path) -> Iterator[str]:
    """The files of a checkpoint, relative to its folder. Raises `Mistake` for anything that is no plain file."""
    for here, folders, files in os.walk(folder):
        for name in [*files, *(f for f in folders if os.path.islink(os.path.join(here, f)))]:
            path = os.path.join(here, name)
            if not stat.S_ISREG(os.lstat(path).st_mode):
                raise _describe_damage(folder, path, "it is a link or a special file, where a plain file was written")
            yield Path(path).relative_to(folder).as_posix()


# --- text ------------------------------------------------------------------------------------------------------------


def manifest_text(manifest: Manifest) -> bytes:
    """The manifest's only text: canonical JSON with the digest of everything else in it."""
    body = {
        "format": manifest.format,
        "step": manifest.step,
        "spec": manifest.spec,
        "facts": dict(manifest.facts),
        "leaves": [[leaf.name, leaf.dtype, list(leaf.shape)] for leaf in manifest.leaves],
        "files": {name: list(entry) for name, entry in manifest.files.items()},
    }
    return _text({**body, "digest": _digest(body)})


def _text(body: Mapping[str, Any]) -> bytes:
    """Canonical JSON, a line for each item. (An indent, as format 1 has it, takes Python's encoder in place of C's: ten times as long.)"""
    form: dict[str, Any] = {"indent": 1} if body.get("format") == 1 else {"separators": (",\n", ": ")}
    return (json.dumps(body, sort_keys=True, **form) + "\n").encode()


def _digest(body: Mapping[str, Any]) -> str:
    """The digest of everything else in a manifest."""
    return hashlib.sha256(_text({k: v for k, v in body.items() if k != "digest"})).hexdigest()


def read(folder: Path) -> Manifest:
    """The manifest of a checkpoint, itself verified; the other files are not looked at. Raises `Mistake`."""
    path = folder / NAME
    body = _parse_file(folder, path)
    if isinstance(number := body.get("format"), int) and not isinstance(number, bool) and number not in range(1, FORMAT + 1):
        raise Mistake(CheckpointTooNew(path=str(folder), format=number, known=FORMAT))
    try:
        form = fit(body, Form)
        if str(form.step) != folder.name:
            raise Unfit("/step", f"it is the manifest of step {form.step}")
        _require_sense(form)
    except Unfit as unfit:
        raise _describe_damage(folder, str(path), unfit.finding, unfit.place) from None
    leaves = tuple(Leaf(name, dtype, tuple(shape)) for name, dtype, shape in form.leaves)
    return Manifest(form.step, form.spec, leaves, form.facts.model_dump(), form.files, form.format)


def _require_sense(form: Form) -> None:
    """Raises `Unfit` where two values of a manifest cannot both be so."""
    if form.facts.step != form.step:
        raise Unfit("/facts/step", f"it is {form.facts.step}, but the checkpoint's step is {form.step}")
    if form.facts.evaluated > form.step:
        raise Unfit("/facts/evaluated", f"it is {form.facts.evaluated}, behind the checkpoint's step {form.step}")
    seen: set[str] = set()
    for number, (name, _, _) in enumerate(form.leaves):
        if name in seen:
            raise Unfit(f"/leaves/{number}/0", "it names a tensor that is named before")
        seen.add(name)


def _parse_file(folder: Path, path: Path) -> dict[str, Any]:
    """The JSON object, its digest and spelling verified."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode) or os.path.getsize(path) > LIMITS.manifest_bytes:
            raise _describe_damage(folder, str(path), "it is not the small plain file that was written")
        text = path.read_bytes()
        body = parse_json(text)
        whole = isinstance(body, dict) and body.get("digest") == _digest(body) and text == _text(body)
    except FileNotFoundError:
        raise _describe_damage(folder, str(path), "it is missing") from None
    except (Unfit, ValueError, RecursionError):
        raise _describe_damage(folder, str(path), "it is no JSON any more") from None
    if not whole:
        raise _describe_damage(folder, str(path), "its own digest does not fit its content")
    return body


# --- verification ----------------------------------------------------------------------------------------------------


def verify_folder(folder: Path) -> Manifest:
    """The manifest, after every file was compared with it. Raises `Mistake` with `CheckpointDamaged` for the first file that differs."""
    manifest = read(folder)
    present = set(_names(folder)) - {NAME}
    for name in sorted(present | set(manifest.files)):
        finding = _compare_file(folder / name, manifest.files.get(name), name in present)
        if finding:
            raise _describe_damage(folder, str(folder / name), finding)
    return manifest


def _compare_file(path: Path, entry: tuple[int, str] | None, present: bool) -> str | None:
    """What is wrong with one file, or None."""
    if entry is None:
        return "the manifest does not know it"
    if not present:
        return "it is missing"
    size, digest = entry
    if (found := os.path.getsize(path)) != size:
        return f"it has {found:,} bytes instead of {size:,}"
    return None if sha256_file(path) == digest else "its SHA-256 differs from the manifest's"


def _describe_damage(folder: Path, path: str, finding: str, place: str = "") -> Mistake:
    return Mistake(CheckpointDamaged(path=path, finding=finding, place=place, folder=str(folder)))
