"""Damaged and forged .npz files: none may raise anything but a problem in words. `python -m tests.soak archives` tries many."""

from __future__ import annotations

import io
import random
import tempfile
from pathlib import Path

import numpy as np

from netspec.diagnostics.base import Mistake
from netspec.library.data.datasets.npz_archive import read_all, read_archive
from netspec.shape import TensorType
from tests.train.forgery import Report

TYPES = {"x": TensorType("f32", ("B", 4)), "label": TensorType("i32", ("B",))}


def run(count: int, seed: int, first: int = 0) -> Report:
    """Changes bytes of .npz archives, packed and not, and reads them as `predict` and as datasets do: each is read or refused in words."""
    report = Report()
    whole = [_archive(np.savez), _archive(np.savez_compressed)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.npz"
        for number in range(first, first + count):
            rng = random.Random(f"{seed}:{number}")
            path.write_bytes(_damaged(whole[number % 2], rng))
            for name, read in (("predict", lambda: read_all(path)), ("dataset", lambda: read_archive(path, TYPES))):
                try:
                    read()
                    end = "read"
                except Mistake as mistake:
                    end = mistake.diagnostic.slug()
                except Exception as error:
                    end = type(error).__name__
                    report.wrong.append(f"case {number}, seed {seed}: {name}: {end}: {error}")
                report.ends[f"{name} {end}"] += 1
    return report


def _archive(save: object) -> bytes:
    stream = io.BytesIO()
    save(stream, x=np.arange(12, dtype=np.float32).reshape(3, 4), label=np.arange(3))  # type: ignore[operator]
    return stream.getvalue()


def _damaged(data: bytes, rng: random.Random) -> bytes:
    """The bytes with a few of them flipped, cut, put in or overwritten."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        place = rng.randrange(len(changed) + 1)
        match rng.randrange(6):
            case 0:
                changed[place : place + 1] = bytes(b ^ 1 << rng.randrange(8) for b in changed[place : place + 1])
            case 1:
                del changed[place:]
            case 2:
                changed[place:place] = rng.randbytes(rng.randrange(1, 9))
            case 3:
                changed[place : place + 4] = b"\xff\xff\xff\xff"
            case 4:
                changed[place : place + 4] = b"\0\0\0\0"
            case _:
                changed[place : place + 2] = rng.randbytes(2)
    return bytes(changed)
