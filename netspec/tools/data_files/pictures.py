"""Looks at folders of pictures, one sub-folder for each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from netspec.lazy import np
from netspec.library.data.datasets.image_folder import CLASSES, ImageFolder
from netspec.tools.data_files import fields
from netspec.tools.data_files.look import Look, Starter, count, write_names

SIDE = 32
"""Points to which the pictures of a first small model are cut."""


def look(paths: Sequence[Path], tests: Sequence[Path], label: str) -> Look:
    """What a folder of classes holds. Raises `Mistake`."""
    folder = paths[0]
    dataset = ImageFolder(folder=folder.name)
    data, known = dataset.learn(folder.parent, None)
    names, labels = known[CLASSES], data["label"]
    lines = [f"{name}: {int((labels == number).sum()):,}" for number, name in enumerate(names)]
    described = list(dataset.describe_files(folder.parent))
    warnings = [*fields.warnings({"label": labels}, {"label": names})] if len(np.unique(labels)) > 1 else []
    warnings = [line for line in warnings if "repeat" not in line]
    warnings += [line for line in described if " refused: " in line]
    title = f"{folder.name}: {count(len(labels), 'picture')} of {count(len(names), 'class', 'classes')}"
    kept = [line for line in described if " refused: " not in line]
    return Look(title, (*lines, *kept), tuple(warnings), _classifier(paths, tests, len(names), len(labels)))


def _classifier(paths: Sequence[Path], tests: Sequence[Path], classes: int, pictures: int) -> Starter:
    """A small spec that tells the classes apart."""
    size = next((size for size in (64, 32, 16, 8) if pictures >= 8 * size), 2)
    data = (
        f"image_folder({write_names(paths[:1], paths, tests)}, size={classes}) -> random_resized_crop({SIDE}) -> shuffle -> batch({size})"
    )
    body = (
        "h = image -> conv(16, 3) -> relu -> max_pool(2) -> conv(32, 3) -> relu -> max_pool(2)",
        f"output logits = h -> flatten -> dense({classes})",
    )
    inputs = (f"image: f32[B, {SIDE}, {SIDE}, 3]",)
    other = (
        f"image_folder({write_names(tests[:1], paths, tests)}, size={classes}) -> center_crop({SIDE}, share=0.875) -> batch({size})"
        if tests
        else ""
    )
    return Starter(data, inputs, body, "softmax_cross_entropy(logits, label)", "accuracy(logits, label)", epochs=10, evaluated=other)
