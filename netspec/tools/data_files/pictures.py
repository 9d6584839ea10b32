"""Looks at folders of pictures, one sub-folder for each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from netspec.lazy import np
from netspec.library.data.datasets.image_folder import CLASSES, ImageFolder
from netspec.tools.data_files import fields
from netspec.tools.data_files.look import Look, Starter, batch_size, count, epochs_of, refuse_label, write_names

SIDE = 32
"""Points to which the pictures of a first small model are cut."""
WHITE = 1.0
REFUSED = " refused: "


def look(paths: Sequence[Path], tests: Sequence[Path], label: str) -> Look:
    """What a folder of classes holds. Raises `Mistake`."""
    refuse_label(label, "of a folder of pictures the classes, its sub-folders, are the label")
    folder = paths[0]
    dataset = ImageFolder(folder=folder.name)
    data, known = dataset.learn(folder.parent, None)
    names, labels = known[CLASSES], data["label"]
    lines = [f"{name}: {int((labels == number).sum()):,}" for number, name in enumerate(names)]
    chosen, described = _see(dataset, folder.parent)
    warnings = [*fields.warnings({"label": labels}, {"label": names})] if len(np.unique(labels)) > 1 else []
    warnings = [line for line in warnings if "repeat" not in line]
    if chosen.background is not None:
        warnings.append("some pictures are transparent: white is laid behind them, another shade by `background`")
    warnings += [line for line in described if REFUSED in line]
    kept = [line for line in described if REFUSED not in line]
    if len(kept) < 2:  # of no kind there is a picture that can be read
        data["image"].rows(np.arange(len(labels)))
    if len(names) < 2:
        warnings.append("one class alone tells nothing apart: put the pictures of each class into a folder of its own")
    title = f"{folder.name}: {count(len(labels), 'picture')} of {count(len(names), 'class', 'classes')}"
    starter = _classifier(chosen, paths, tests, len(names), len(labels)) if len(names) > 1 else None
    return Look(title, (*lines, *kept), tuple(warnings), starter)


def _see(dataset: ImageFolder, home: Path) -> tuple[ImageFolder, list[str]]:
    """What the pictures hold, and the dataset that reads most of them: with something behind transparent ones, where there are such."""
    described = list(dataset.describe_files(home))
    if any(REFUSED in line for line in described):
        laid = dataset.replaced(background=WHITE)
        again = list(laid.describe_files(home))
        if [line for line in again if REFUSED in line] != [line for line in described if REFUSED in line]:
            return laid, again
    return dataset, described


def _classifier(dataset: ImageFolder, paths: Sequence[Path], tests: Sequence[Path], classes: int, pictures: int) -> Starter:
    """A small spec that tells the classes apart."""
    size = batch_size(pictures, most=64, least=2)
    shade = "" if dataset.background is None else f", background={dataset.background}"

    def source(folders: Sequence[Path]) -> str:
        return f"image_folder({write_names(folders[:1], paths, tests)}, size={classes}{shade})"

    body = (
        "h = image -> conv(16, 3) -> relu -> max_pool(2) -> conv(32, 3) -> relu -> max_pool(2)",
        f"output logits = h -> flatten -> dense({classes})",
    )
    inputs = (f"image: f32[B, {SIDE}, {SIDE}, 3]",)
    data = f"{source(paths)} -> random_resized_crop({SIDE}) -> normalize(0.5, 0.25) -> shuffle -> batch({size})"
    cut = f"center_crop({SIDE}, share=0.875) -> normalize(0.5, 0.25)"
    other = f"{source(tests)} -> {cut} -> batch({size})" if tests else ""
    epochs = epochs_of(pictures, 30)
    return Starter(data, inputs, body, "softmax_cross_entropy(logits, label)", "accuracy(logits, label)", epochs, evaluated=other)
