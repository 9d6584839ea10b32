"""Reads what was measured of the models in the zoo, and the text that a spec had when it was trained."""

from __future__ import annotations

import json
import re
from typing import Any

from netspec.files import models_dir
from tests.conftest import ROOT

Row = dict[str, Any]


def read_results() -> list[Row]:
    """The rows of `docs/results.jsonl`."""
    return [json.loads(line) for line in (ROOT / "docs" / "results.jsonl").read_text("utf-8").splitlines()]


def text_when_trained(row: Row) -> str:
    """The spec that a row is of: as it stands, but for what the row says was written before (now, then)."""
    text = (models_dir() / re.split("[ ,]", row["name"])[0]).read_text("utf-8")
    for now, then in row.get("spec_changed", {}).get("edits", []):
        assert text.count(now) == 1, now
        text = text.replace(now, then)
    return text
