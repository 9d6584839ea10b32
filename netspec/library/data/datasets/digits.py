"""The UCI handwritten digits, which netspec carries with it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example
from netspec.shape import TensorType

Part = Literal["train", "test"]
COUNT, SIDE, INK, CLASSES = 1797, 8, 16, 10
TEST = 360
"""Examples in the test part; the other 1,437 are for training."""
SEED = 0


class Digits(Dataset):
    """Handwritten digits: 1,797 images of 8 by 8 points in 10 classes, part of netspec itself, so no files are needed.

    Fields: `image` f32[B, 8, 8, 1] in 0..1 (0 paper, 1 ink) and `label` i32[B]. 1,437 are for training, 360 for test.
    The stratified split is fixed for ever, with seed 0: within each class, examples stand in the order of the SHA-256 of the text
    "digits/SEED/INDEX" (INDEX counts all examples from 0), and the first of them are the test part; each class gives its share of the
    360, rounded by largest remainder (the smaller digit first at a tie). Both parts keep the order of the file.
    """

    pictures = True
    source = "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository 1998, CC BY 4.0"

    part: Part = "train"
    """Which part: "train" or "test"."""
    split: Literal["stratified", "order"] = "stratified"
    """How the parts are chosen: "stratified" (each class in the same proportion), or "order" (the file's first 1,437 for training)."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(part="test", split="order")))

    def fields(self) -> dict[str, TensorType]:
        return {"image": TensorType("f32", ("B", SIDE, SIDE, 1)), "label": TensorType("i32", ("B",))}

    def class_counts(self) -> dict[str, int]:
        return {"label": CLASSES}

    def load(self, folder: Path | None) -> dict[str, Array]:
        pixels, labels = _read()
        test = _choose_stratified(labels) if self.split == "stratified" else np.arange(COUNT) >= COUNT - TEST
        chosen = test if self.part == "test" else ~test
        return {"image": pixels[chosen].astype(np.float32)[..., None] / np.float32(INK), "label": labels[chosen]}

    def known_count(self) -> int:
        return TEST if self.part == "test" else COUNT - TEST

    def test(self) -> Dataset | None:
        return Digits(part="test", split=self.split) if self.part == "train" else None


def _read() -> tuple[Array, Array]:
    """All pixels (bytes 0..16, [1797, 8, 8]) and labels (i32)."""
    import gzip  # here, as the two others, so that `check` does not wait for them
    from importlib.resources import files

    raw = np.frombuffer(gzip.decompress((files("netspec") / "data" / "digits.gz").read_bytes()), np.uint8)
    return raw[: COUNT * SIDE * SIDE].reshape(COUNT, SIDE, SIDE), raw[COUNT * SIDE * SIDE :].astype(np.int32)


def _choose_stratified(labels: Array) -> Array:
    """True for the examples of the test part."""
    from hashlib import sha256

    test = np.zeros(len(labels), bool)
    for digit, count in enumerate(_shares(np.bincount(labels, minlength=CLASSES).tolist())):
        members = np.flatnonzero(labels == digit).tolist()
        test[sorted(members, key=lambda index: sha256(f"digits/{SEED}/{index}".encode()).digest())[:count]] = True
    return test


def _shares(counts: list[int]) -> list[int]:
    """How many of each class are for test: TEST in all, in proportion, by largest remainder."""
    shares = [count * TEST // COUNT for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda c: (-(counts[c] * TEST % COUNT), c))
    for c in by_remainder[: TEST - sum(shares)]:
        shares[c] += 1
    return shares
