"""A user's own arrays: read exactly, and when damaged refused with the file, the array and the record."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data import arrays as own_data
from netspec.diagnostics.data import files, records
from netspec.library.base import BadArguments
from netspec.library.data.datasets.arrays import Arrays
from netspec.library.data.datasets.npz import Npz
from netspec.library.data.datasets.user_data import choose_held_out
from netspec.shape import TensorType

X = np.random.default_rng(0).normal(size=(20, 3))
LABEL = np.arange(20) % 4
FIELDS = {"x": TensorType("f32", (3,)), "label": TensorType("i32")}
NPZ = Npz(file="a.npz", fields=FIELDS)


def write(folder: Path, name: str = "a.npz", **arrays: Any) -> Path:
    np.savez(folder / name, **{"x": X, "label": LABEL, **arrays})
    return folder


def problem(folder: Path | None, op: Any = NPZ) -> Any:
    with pytest.raises(Mistake) as caught:
        op.load(folder)
    return caught.value.diagnostic


# --- read as it is ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"x": np.asfortranarray(X)},
        {"x": X.astype(">f8"), "label": LABEL.astype("u1")},
        {"other": np.array([{"a": 1}], object)},
    ],
    ids=["plain", "by columns", "other widths", "with an array that is not wanted"],
)
def test_arrays_come_in_the_types_of_the_fields(tmp_path: Path, change: dict[str, Any]) -> None:
    found = NPZ.load(write(tmp_path, **change))
    assert {n: (a.dtype.name, a.shape) for n, a in found.items()} == {"x": ("float32", (20, 3)), "label": ("int32", (20,))}
    np.testing.assert_array_equal(found["x"], X.astype(np.float32))
    np.testing.assert_array_equal(found["label"], LABEL)


def test_a_compressed_archive_is_read_too(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", x=X, label=LABEL)
    np.testing.assert_array_equal(NPZ.load(tmp_path)["label"], LABEL)


def test_arrays_come_from_the_file_that_data_names(tmp_path: Path) -> None:
    found = Arrays(fields=FIELDS).load(write(tmp_path) / "a.npz")
    np.testing.assert_array_equal(found["label"], LABEL)


def test_a_symbol_is_a_size_that_the_data_know(tmp_path: Path) -> None:
    op = Npz(file="a.npz", fields={"x": TensorType("f32", ("T",)), "label": TensorType("i32")})
    assert op.batch_types()["x"] == TensorType("f32", ("B", "T")) and op.load(write(tmp_path))["x"].shape == (20, 3)
    both = Npz(file="a.npz", fields={"x": TensorType("f32", ("T",)), "y": TensorType("f32", ("T",))})
    assert isinstance(problem(write(tmp_path, y=np.zeros((20, 4))), both), own_data.ArrayUnlike)


# --- what is set aside -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 3, 10, 999, 1000])
def test_the_fraction_is_set_aside_and_never_all_or_nothing(count: int) -> None:
    for fraction in (0.001, 0.1, 0.5, 0.999):
        assert choose_held_out(count, fraction).sum() == min(max(round(count * fraction), 1), count - 1)


def test_what_is_set_aside_is_fixed_for_ever() -> None:
    by_hash = sorted(range(40), key=splitmix64)
    assert np.flatnonzero(choose_held_out(40, 0.1)).tolist() == sorted(by_hash[:4]) == [2, 4, 32, 33]
    assert splitmix64(0) == 0xE220A8397B1DCDAF
    small, large = choose_held_out(400, 0.1), choose_held_out(400, 0.2)
    assert (large[small]).all()


def splitmix64(index: int) -> int:
    """The number `index` of the generator with seed 0, whose first is well known."""
    x = (index + 1) * 0x9E3779B97F4A7C15 % 2**64
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
    return x ^ x >> 31


def test_training_and_test_share_no_example(tmp_path: Path) -> None:
    op = Npz(file="a.npz", fields=FIELDS, test=0.25)
    test = op.test_part()
    assert test is not None and test.test_part() is None
    parts = [part.load(write(tmp_path))["x"] for part in (op, test)]
    assert [len(p) for p in parts] == [15, 5]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts), 0), np.sort(X.astype(np.float32), 0))


def test_the_test_part_may_be_a_second_file(tmp_path: Path) -> None:
    op = Npz(file="a.npz", fields=FIELDS, test="b.npz")
    write(write(tmp_path), "b.npz", x=X[:4] + 1, label=LABEL[:4])
    test = op.test_part()
    assert test is not None and len(op.load(tmp_path)["x"]) == 20 and len(test.load(tmp_path)["x"]) == 4
    assert (op.needs(), test.needs()) == ((("a.npz",),), (("b.npz",),))


def test_one_example_cannot_be_split(tmp_path: Path) -> None:
    found = problem(write(tmp_path, x=X[:1], label=LABEL[:1]), Npz(file="a.npz", fields=FIELDS, test=0.1))
    assert isinstance(found, own_data.TooFewToSplit)


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"x": 3},
        {"a b": TensorType("f32")},
        {"x": TensorType("f32", ("B", 3))},
        3,
    ],
)
def test_fields_are_types_of_one_example(fields: Any) -> None:
    with pytest.raises(BadArguments):
        Arrays(fields=fields)


def test_a_part_that_is_not_there() -> None:
    with pytest.raises(BadArguments, match="without `test`"):
        Arrays(fields=FIELDS, part="test")


def test_no_folder_no_file_and_a_folder_for_a_file(tmp_path: Path) -> None:
    assert isinstance(problem(None), files.DataFolderNeeded)
    assert problem(tmp_path).file == "a.npz"
    arrays = Arrays(fields=FIELDS)
    assert problem(None, arrays).fields == ("x: f32[B, 3]", "label: i32[B]")
    assert problem(tmp_path, arrays).folder == str(tmp_path)
    assert isinstance(problem(tmp_path / "none.npz", arrays), files.MissingData)


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"x": X[:, :2]}, own_data.ArrayUnlike, "`x` in `{}` is f64[20, 2], not f32[B, 3]"),
        ({"x": X[:, 0]}, own_data.ArrayUnlike, "1 axes, not 2"),
        ({"x": LABEL}, own_data.ArrayUnlike, "its elements are whole numbers, not floats"),
        ({"label": LABEL > 1}, own_data.ArrayUnlike, "truth values, not whole numbers"),
        ({"label": LABEL.astype(str)}, own_data.ArrayUnlike, "no numbers"),
        ({"label": np.array([{}] * 20, object)}, own_data.BadArchive, "Python objects"),
        ({"label": LABEL[:19]}, records.UnequalCounts, "20 records, but `{}: label` has 19"),
        ({"x": X[:0], "label": LABEL[:0]}, records.NoRecords, "holds no records"),
        ({"x": np.where(np.arange(60).reshape(20, 3) == 22, np.nan, X)}, own_data.BadValue, "record 7 (counted from 0) of `{}` has nan"),
        ({"x": np.where(np.arange(60).reshape(20, 3) == 22, 1e300, X)}, own_data.BadValue, "record 7 (counted from 0) of `{}` has 1e+300"),
        ({"label": np.where(LABEL == 3, 2**40, LABEL)}, own_data.BadValue, "record 3 (counted from 0) of `{}` has 1099511627776"),
    ],
)
def test_arrays_that_are_not_what_the_spec_says(tmp_path: Path, change: dict[str, Any], kind: type, words: str) -> None:
    found = problem(write(tmp_path, **change))
    assert isinstance(found, kind) and words.format(tmp_path / "a.npz") in found.message()


def test_an_array_that_is_missing_names_those_that_are_there(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=X, labels=LABEL)
    found = problem(tmp_path)
    assert isinstance(found, own_data.NoSuchColumn) and found.help() == "did you mean `labels`?"


def member(array: np.ndarray, header: bytes = b"", change: Any = None) -> bytes:
    """The content of one .npy."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=True)
    content = buffer.getvalue()
    return change(content) if change else header + content


def archive(path: Path, method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> None:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c[:-8],
        lambda c: c + b"12345678",
        lambda c: c[:5],
        lambda c: b"",
        lambda c: b"\x93NUMPY\x09\x00" + c[8:],
        lambda c: c.replace(b"(20,)", b"(-2,)"),
        lambda c: c.replace(b"(20,), ", b"(99999999999,), ")[:-9],
        lambda c: c.replace(b"'descr'", b"'descx'"),
        lambda c: c.replace(b"<i8", b"<b8"),
        lambda c: c.replace(b"<i8", b"<m8"),
        lambda c: c.replace(b"shape", b"shap\n"),
        lambda c: c[:10] + b"__import__('os').x(" + c[29:],
        lambda c: b"\x93NUMPY\x02\x00" + (20_000).to_bytes(4, "little") + b" " * 20_000 + c,
    ],
    ids=[
        "short",
        "long",
        "cut in the header",
        "empty",
        "version",
        "negative",
        "huge",
        "no descr",
        "no type",
        "dates",
        "no shape",
        "code",
        "long header",
    ],
)
def test_a_damaged_array_names_the_file_and_the_array(tmp_path: Path, change: Any) -> None:
    archive(tmp_path / "a.npz", x=member(X), label=member(LABEL, change=change))
    found = problem(tmp_path)
    assert isinstance(found, own_data.BadArchive) and found.array == "label" and "a.npz" in found.message()


def test_every_cut_and_flipped_byte_is_a_diagnostic_or_harmless(tmp_path: Path) -> None:
    """Zip files carry check sums: what is read is what was written, or it is refused."""
    content = (write(tmp_path) / "a.npz").read_bytes()
    rng, fine = np.random.default_rng(1), NPZ.load(tmp_path)
    changed = [content[:n] for n in rng.integers(0, len(content), 40)]
    for place in rng.integers(0, len(content), 160):
        changed.append(content[:place] + bytes([content[place] ^ (1 << int(rng.integers(8)))]) + content[place + 1 :])
    for text in changed:
        (tmp_path / "a.npz").write_bytes(text)
        try:
            found = NPZ.load(tmp_path)
        except Mistake as mistake:
            assert "a.npz" in mistake.diagnostic.message()
        else:
            assert all((found[name] == fine[name]).all() for name in fine)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    archive(tmp_path / "a.npz", x=member(np.zeros((1_000_000, 3))), label=member(np.zeros(1_000_000, int)))
    found = problem(tmp_path)
    assert isinstance(found, own_data.BadArchive) and "unpack" in found.message()


def test_another_compression_is_refused(tmp_path: Path) -> None:
    archive(tmp_path / "a.npz", zipfile.ZIP_BZIP2, x=member(X), label=member(LABEL))
    assert "compressed in a way" in problem(tmp_path).message()


def test_what_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("x,label\n1,2\n")
    assert isinstance(problem(tmp_path), own_data.BadArchive)
    (tmp_path / "a.npz").unlink()
    (tmp_path / "a.npz").mkdir()
    assert isinstance(problem(tmp_path), files.UnreadableData)
