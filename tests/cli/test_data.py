"""`netspec data`: the files that a spec needs, and whether they are there."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.cli.main import main
from netspec.library.base import Dataset, Transform
from netspec.library.shelf.index_writer import classes

SPEC = """netspec 1

model M {{
  input x: f32[B, 3]
  output y = x -> dense(1)
}}

train M {{
  data      = {data} -> batch(16)
  loss      = mean(y)
  optimizer = adam(0.05)
  duration  = 3 epochs
}}
"""
TABLE = 'csv("houses.csv", fields={x: f32[3]}, test="test.csv")'


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, list[str]]:
    code = main(["data", *argv])
    return code, capsys.readouterr().out.splitlines()


def written(folder: Path, data: str) -> str:
    (folder / "m.net").write_text(SPEC.format(data=data))
    return str(folder / "m.net")


def test_files_and_fields_without_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, written(tmp_path, TABLE)) == (
        0,
        [
            "train M",
            '  data = csv("houses.csv", fields={x: f32[3]}, test="test.csv")',
            "    fields: x: f32[B, 3]",
            "    file houses.csv (or houses.csv.gz, houses.csv.zst)",
            "  validation: 0.1 of the examples, by the seed",
            '  test = csv("houses.csv", fields={x: f32[3]}, test="test.csv", part="test")',
            "    fields: x: f32[B, 3]",
            "    file test.csv (or test.csv.gz, test.csv.zst)",
        ],
    )


def test_what_is_there_and_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = written(tmp_path, TABLE)
    (tmp_path / "houses.csv.gz").write_bytes(gzip.compress(b"x_0,x_1,x_2\n1,2,3\n", mtime=0))
    code, lines = printed(capsys, spec, "--data", str(tmp_path))
    size = (tmp_path / "houses.csv.gz").stat().st_size
    assert code == 1 and f"    file {tmp_path / 'houses.csv.gz'}: {size} bytes" in lines
    assert "    file test.csv (or test.csv.gz, test.csv.zst): missing" in lines
    (tmp_path / "test.csv").write_text("x_0,x_1,x_2\n" + "1,2,3\n" * 1000)
    code, lines = printed(capsys, spec, "--data", str(tmp_path))
    assert code == 0 and f"    file {tmp_path / 'test.csv'}: 6.01 KB" in lines


def test_examples_are_counted_as_a_training_divides_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, rows in (("houses.csv", 40), ("test.csv", 5)):
        (tmp_path / name).write_text("x_0,x_1,x_2\n" + "".join(f"{row},{row * row},{rows}\n" for row in range(rows)))
    lines = printed(capsys, written(tmp_path, TABLE), "--data", str(tmp_path))[1]
    assert [line for line in lines if line.endswith(" examples")] == [
        "  training: 36 examples",
        "  validation: 4 examples",
        "  test: 5 examples",
    ]
    lines = printed(capsys, written(tmp_path, TABLE.replace("test=", "validation=none, test=")), "--data", str(tmp_path))[1]
    assert "  training: 40 examples" in lines and "  validation: 4 examples" not in lines


def test_arrays_are_the_user_s_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = written(tmp_path, "arrays(fields={x: f32[3]})")
    assert printed(capsys, spec)[1][3] == "    from your own arrays: `fit({…})` from Python, or `--data FILE.npz`"
    np.savez(tmp_path / "x.npz", x=np.zeros((4, 3)))
    assert printed(capsys, spec, "--data", str(tmp_path / "x.npz"))[1][3].startswith(f"    file {tmp_path / 'x.npz'}: ")


def test_a_renamed_field_and_mnist(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = printed(capsys, str(root / "models" / "mnist.net"), "--data", str(tmp_path))
    assert code == 1 and sum(line.endswith(": missing") for line in lines) == 4
    assert any("t10k-labels-idx1-ubyte" in line for line in lines) and any("    from https://" in line for line in lines)
    lines = printed(capsys, written(tmp_path, 'arrays(fields={y0: f32[3]}) -> rename(y0="x")'))[1]
    assert lines[2:4] == ["    fields: y0: f32[B, 3]", "    after the transforms: x: f32[B, 3]"]


def test_data_that_netspec_carries_and_a_spec_without_train(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, str(root / "models" / "digits.net"))[1][-1] == "    no files: the data are part of netspec"
    (tmp_path / "m.net").write_text(SPEC.split("train")[0].format())
    assert printed(capsys, str(tmp_path / "m.net")) == (0, [f"`{tmp_path / 'm.net'}` has no `train` section, so it needs no data."])


def test_a_bad_spec_shows_its_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", written(tmp_path, "arrays(fields={x: 3})")]) == 1
    assert "error[bad-argument]" in capsys.readouterr().err


READERS = [cls for cls in classes() if issubclass(cls, Dataset | Transform) and {"file", "folder"} & cls.arguments().keys()]


@pytest.mark.parametrize("cls", READERS, ids=lambda cls: cls.op_name())
def test_every_op_that_reads_a_file_says_so(cls: Any) -> None:
    named = [op for example in cls.examples() if (op := example.op) and (getattr(op, "file", None) or getattr(op, "folder", None))]
    assert named and all(op.needs() for op in named)


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    import subprocess

    code = (
        "import sys; from netspec.cli.main import main; main(['data', sys.argv[1]]); print(sorted({'jax', 'numpy'} & sys.modules.keys()))"
    )
    found = subprocess.run([sys.executable, "-c", code, written(tmp_path, TABLE)], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[]"
