"""Checks the files in which Orbax keeps the tensors of a checkpoint, before Orbax reads them: it trusts what it finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from netspec.diagnostics.base import Mistake
from netspec.files import read_bytes
from netspec.train.strict_json import Unfit, fit, parse_json

METADATA, CHECKPOINT_METADATA, DATABASE = "_METADATA", "_CHECKPOINT_METADATA", "manifest.ocdbt"
MAGIC = bytes.fromhex("0cdb3a2a")
"""How a manifest of OCDBT begins; the length of the file follows in eight bytes."""


class BadArrays(Exception):
    """Stored tensors are not those that a manifest names; `file` is the one at fault below their folder, "" for all of them."""

    def __init__(self, finding: str, file: str = "", place: str = "") -> None:
        super().__init__(finding)
        self.finding, self.file, self.place = finding, file, place


class _Tolerant(BaseModel):
    """Orbax may write more in a later version; what stands here must be as it is now."""

    model_config = ConfigDict(strict=True, extra="ignore")


class _Key(_Tolerant):
    key: str
    key_type: int


class _Value(_Tolerant):
    value_type: str
    skip_deserialize: bool = False


class _Entry(_Tolerant):
    key_metadata: list[_Key]
    value_metadata: _Value


class _Tree(_Tolerant):
    """`_METADATA`: which tensors there are."""

    tree_metadata: dict[str, _Entry]
    use_ocdbt: bool = True
    use_zarr3: bool = False
    store_array_data_equal_to_fill_value: bool = True
    custom_metadata: dict[str, Any] | None = None


class _Checkpoint(_Tolerant):
    """`_CHECKPOINT_METADATA`: when it was written, and by what."""

    item_handlers: str | dict[str, str] | None = None
    init_timestamp_nsecs: int | None = None
    commit_timestamp_nsecs: int | None = None
    custom_metadata: dict[str, Any] | None = None


def check_files(folder: Path) -> None:
    """Raises `BadArrays` with the first file that cannot be what Orbax wrote."""
    for name, form in ((METADATA, _Tree), (CHECKPOINT_METADATA, _Checkpoint)):
        try:
            fit(parse_json(_content(folder / name, name)), form)
        except Unfit as unfit:
            raise BadArrays(unfit.finding, name, unfit.place) from None
    for path in sorted(folder.rglob(DATABASE)):
        content = _content(path, path.relative_to(folder).as_posix())
        if content[:4] != MAGIC or int.from_bytes(content[4:12], "little") != len(content):
            raise BadArrays("it is no manifest of OCDBT, which begins with its own length", path.relative_to(folder).as_posix())


def _content(path: Path, name: str) -> bytes:
    """A file's bytes. Raises `BadArrays` where it is none, or not there."""
    try:
        return read_bytes(path)
    except Mistake:
        raise BadArrays("it is missing, or cannot be read as a file", name) from None
