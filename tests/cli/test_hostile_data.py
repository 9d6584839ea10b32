"""Files of data that are empty, damaged, endless or made to harm: `netspec data` and `netspec train` name the file, at once."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.cli.main import main
from netspec.record import record

SECONDS = 10.0
"""As long as any answer may take."""
SPEC = """netspec 1

model M {{
{inputs}
  output y = {body}
}}

train M {{
  data = {data} -> batch(2)
  loss = mean(y)
  optimizer = sgd(0.1)
  duration = 1 step
}}
"""
TWO, TEXT = "  input x: f32[B, 2]", "  input text: u8[B, N]"
CHAINS = {
    ".csv": (TWO, "mean(x, axis=1)", 'csv("{file}", fields={{x: f32[2], label: i32[]}}, validation=none)'),
    ".jsonl": (TWO, "mean(x, axis=1)", 'json_lines("{file}", fields={{x: f32[2], label: i32[]}}, validation=none)'),
    ".npz": (TWO, "mean(x, axis=1)", 'npz("{file}", fields={{x: f32[2], label: i32[]}}, validation=none)'),
    ".npy": (TWO, "mean(x, axis=1)", 'npy(fields={{x: f32[2]}}, files={{x: "{file}"}}, validation=none)'),
    ".txt": (TEXT, "mean(cast(text, f32), axis=1)", 'text_lines("{file}", validation=none)'),
    ".conllu": ("  input words: i32[B, T]", "mean(cast(words, f32), axis=1)", 'conllu("{file}", size=9, validation=none)'),
    "": ("  input image: f32[B, 8, 8, 3]", "mean(image, axis=[1, 2, 3])", 'image_folder("{file}", validation=none) -> center_crop(8)'),
}
"""By the end of a file's name: a model's inputs, its output, and the data."""


class Harm:
    """What a pickle would do, if anybody unpickled it."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("harmed",)


def npy(shape: str = "(4, 2)", descr: str = "'<f4'", content: bytes = b"\0" * 32, version: bytes = b"\1\0") -> bytes:
    """An array's file with a header of this text."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY" + version + struct.pack("<H", len(header)) + header + content


def archive(*members: tuple[str, bytes], **how: Any) -> bytes:
    """A zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(name, content)
    return buffer.getvalue()


def saved(array: Any, allow_pickle: bool = True) -> bytes:
    """As `numpy.save` writes it."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


def picture(folder: Path, content: bytes) -> None:
    """A folder of classes with one bad picture."""
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        (folder / name / "a.png").write_bytes(content)


def png(width: int, height: int, data: bytes = b"") -> bytes:
    """A picture that claims a size."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", data), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


HEAD = b"x_0,x_1,label\n"
GOOD = HEAD + b"1,2,0\n3,4,1\n5,6,0\n"
WIDE = ",".join(f"c{k}" for k in range(100_000)).encode() + b"\n" + b"1," * 99_999 + b"1\n"
BEYOND = b'{"x": [1, ' + b"9" * 400 + b'], "label": 0}\n'
WORD = "1\tthe\t_\t_\tD\t_\t_\t_\t_\t_\n"


@record
class Case:
    """A hostile file: its name, and its content or what makes it."""

    name: str
    content: bytes | Callable[[Path], None]
    trained: str
    """Words of the problem that training has with it; "": none."""
    looked: str | None = None
    """Words of the problem that a look at it has, or of a note; None: the same ones as of training; "": none."""


CASES: dict[str, Case] = {
    "nothing": Case("t.csv", b"", "holds no records"),
    "a header alone": Case("t.csv", HEAD, "holds no records"),
    "a mark alone": Case("t.csv", b"\xef\xbb\xbf", "holds no records"),
    "empty lines": Case("t.csv", b"\n\r\n\n", "holds no records"),
    "a NUL": Case("t.csv", HEAD + b"1,2,0\n1,\0,0\n", "line 3 of `{}` is no text"),
    "NULs alone": Case("t.csv", b"\0" * 4096, "line 1 of `{}` is no text"),
    "UTF-16": Case("t.csv", GOOD.decode().encode("utf-16"), "line 1 of `{}` is not UTF-8"),
    "Latin-1": Case("t.csv", HEAD + b"1,2,0\n1,\xe9,0\n", "line 3 of `{}` is not UTF-8"),
    "100,000 columns": Case("t.csv", WIDE, "has no `x_0`", ""),
    "a short line": Case("t.csv", HEAD + b"1,2,0\n1,2\n", "line 3 of `{}` has 2 values"),
    "a long line": Case("t.csv", HEAD + b"1,2,0\n" + b"1," * 50_000 + b"\n", "line 3 of `{}` has 50001 values"),
    "an open quote": Case("t.csv", GOOD + b'7,"8,0\n' * 1000, "of `{}` "),
    "a name twice": Case("t.csv", b"x_0,x_0,label\n1,2,0\n", 'has the name "x_0" twice'),
    "no header": Case("t.csv", b"1,2,0\n" * 9, "has no header"),
    "a long number": Case("t.csv", HEAD + b"1," + b"9" * 100_000 + b",0\n", "line 2 of", ""),
    "a number without end": Case("t.csv", HEAD + b"1,1e99999,0\n" * 3, "line 2 of", ""),
    "random bytes": Case("t.csv", np.random.default_rng(0).bytes(5000), "line 2 of `{}`"),
    "cut off gzip": Case("t.csv.gz", gzip.compress(GOOD, mtime=0)[:-12], "`{}` is damaged"),
    "gzip without end": Case("t.csv.gz", gzip.compress(b"1" * 60_000_000, 9, mtime=0), "unpacks to more than"),
    "no gzip": Case("t.csv.gz", b"\x1f\x8b\x08" + b"\xff" * 90, "`{}` is damaged"),
    "no Zstandard": Case("t.csv.zst", b"\x28\xb5\x2f\xfd" + b"\xff" * 90, "t.csv.zst` "),
    "a folder": Case("t.csv", lambda path: path.mkdir(), "t.csv"),
    "a pipe": Case("t.csv", lambda path: os.mkfifo(path), "not a file"),
    "a link to itself": Case("t.csv", lambda path: path.symlink_to(path), "t.csv"),
    "brackets without end": Case("t.jsonl", b'{"x": ' + b"[" * 500_000, "line 1 of `{}` is no JSON object"),
    "half a line": Case("t.jsonl", b'{"x": [1, 2], "label": 0}\n{"x": [1, 2], "la', "line 2 of `{}` is no JSON object"),
    "lines of lists": Case("t.jsonl", b"[1, 2]\n", "line 1 of `{}` is no JSON object"),
    "NaN in JSON": Case("t.jsonl", b'{"x": [1, NaN], "label": 0}\n', "line 1 of `{}` is no JSON object"),
    "a number of 10,000 digits": Case("t.jsonl", BEYOND.replace(b"9" * 4, b"9" * 100), "line 1 of `{}` is no JSON object"),
    "a number beyond floats": Case("t.jsonl", BEYOND * 3, "line 1 of", ""),
    "no lines": Case("t.jsonl", b"\n \n", "holds no records"),
    "Python objects": Case("x.npy", saved(np.array([Harm(), 1], object)), "Python objects, which are not unpickled"),
    "a pickle": Case("x.npy", pickle.dumps(Harm()), "no array that NumPy writes"),
    "a claim of petabytes": Case("x.npy", npy("(1000000000000000, 2)"), "promises 8,000,000,000,000,000 bytes"),
    "a claim beyond numbers": Case("x.npy", npy(f"({10**17}, {10**17}, {10**17})"), "promises"),
    "a cut off array": Case("x.npy", npy(content=b"\0" * 20), "promises 32 bytes"),
    "code in a header": Case("x.npy", npy("__import__('os').mkdir('harmed')"), "no plain element type and shape"),
    "another version": Case("x.npy", npy(version=b"\x09\0"), "another version"),
    "records of several types": Case("x.npy", npy(descr="[('a', '<f4'), ('b', '<i4')]"), "no plain element type and shape"),
    "an array of none": Case("x.npy", npy("(0, 2)", content=b""), "no records", ""),
    "no axis": Case("x.npy", npy("()", content=b"\0" * 4), "x.npy"),
    "no archive": Case("t.npz", b"PK\x03\x04" + b"\0" * 90, "`{}` is no archive"),
    "an empty archive": Case("t.npz", archive(), "t.npz"),
    "objects in an archive": Case("t.npz", archive(("x.npy", saved(np.array([Harm()], object)))), "not unpickled"),
    "a pickle in an archive": Case("t.npz", archive(("x.pkl", pickle.dumps(Harm()))), "t.npz"),
    "an archive without end": Case("t.npz", archive(("x.npy", npy("(10000000, 2)", content=b"\0" * 80_000_000))), "would unpack from"),
    "names that lead elsewhere": Case("t.npz", archive(("../x.npy", npy())), "leads elsewhere"),
    "a cut off archive": Case("t.npz", archive(("x.npy", npy()), ("label.npy", npy("(4,)", "'<i4'", b"\0" * 16)))[:-30], "no archive"),
    "a text of nothing": Case("t.txt", b"\n\n", "holds no records", ""),
    "a text that is none": Case("t.txt", b"one\n\xff\xfe\n", "line 2 of `{}` is not UTF-8"),
    "nine columns": Case("t.conllu", (WORD + WORD.replace("\t_\n", "\n")).encode(), "line 2 of `{}` is no CoNLL-U"),
    "a word out of order": Case("t.conllu", (WORD + "7" + WORD[1:]).encode(), "line 2 of `{}` is no CoNLL-U"),
    "no class": Case("pets", lambda path: path.mkdir(), "pets"),
    "an empty picture": Case("pets", lambda path: picture(path, b""), "a.png"),
    "a picture of gigabytes": Case("pets", lambda path: picture(path, png(100_000, 100_000, zlib.compress(b"\0" * 99))), "a.png"),
    "a cut off picture": Case("pets", lambda path: picture(path, png(8, 8, zlib.compress(b"\0" * 200))[:-40]), "a.png"),
}  # fmt: skip


def answered(capsys: pytest.CaptureFixture[str], file: Path, *argv: str | Path) -> tuple[int, str]:
    """The exit code and all that is said; the answer comes in time."""
    start = time.process_time()
    code = main(list(map(str, argv)))
    said = capsys.readouterr()
    assert time.process_time() - start < SECONDS, f"{time.process_time() - start:.1f} s"
    assert "Traceback" not in said.err + said.out
    return code, said.err + said.out


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    case = CASES[name]
    monkeypatch.chdir(tmp_path)
    file = Path("data") / case.name
    file.parent.mkdir()
    if isinstance(case.content, bytes):
        file.write_bytes(case.content)
    else:
        case.content(file)
    inputs, body, data = CHAINS[next(end for end in CHAINS if end in case.name)]
    Path("m.net").write_text(SPEC.format(inputs=inputs, body=body, data=data.format(file=case.name)))
    for words, argv in ((case.trained, ("train", "m.net", "--data", "data")), (case.looked, ("data", file))):
        code, said = answered(capsys, file, *argv)
        wanted = (case.trained if words is None else words).format(file)
        assert code in ((1, 2) if wanted and not wanted.startswith("note: ") else (0,)) and wanted in said and case.name in said, (
            argv,
            code,
            said,
        )
    assert not Path("harmed").exists()
