"""Lists what may stand in `train`, and in the sections inside of it."""

from __future__ import annotations

SETTINGS = {
    "train": (
        "data",
        "loss",
        "optimizer",
        "duration",
        "seed",
        "precision",
        "lowering",
        "accumulate",
        "ema",
        "weights",
        "on_nonfinite",
        "workers",
        "best",
    ),
    "update": ("loss", "params", "optimizer", "every"),
    "eval": ("data", "every", "limit", "weights"),
    "checkpoint": ("every", "keep", "keep_every"),
    "stop": ("metric", "patience", "min_delta"),
}
GROUPS = {"train": ("update", "eval", "checkpoint", "stop"), "update": (), "eval": (), "checkpoint": (), "stop": ()}
MEASURED = ("train", "eval")
"""The groups that have metrics."""


def list_lines(section: str) -> tuple[str, ...]:
    """What a line of a section may begin with."""
    more = ("metric", "let") if section in MEASURED else ("let",) if section == "update" else ()
    return (*SETTINGS[section], *GROUPS[section], *more)
