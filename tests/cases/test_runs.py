"""Runs and their folders: printed commands can be typed, what a run holds is read strictly, and changed data are not passed over."""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import shlex
import shutil
import threading
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import CheckpointsReplaced
from netspec.ir import DataPlan
from netspec.library.data.datasets.image_folder import ImageFolder
from netspec.library.data.datasets.npz_archive import read_archive
from netspec.library.data.datasets.text_file import read_content
from netspec.library.data.datasets.text_table import Source as Column
from netspec.library.data.datasets.text_table import read_table
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.shape import TensorType
from netspec.source import Source
from netspec.train import data_marks, manifest, metric_tables
from netspec.train.checkpoint_store import Store
from netspec.train.metrics_log import Log
from netspec.train.strict_json import Unfit, parse_json
from netspec.train.trainable_model import Program
from tests.train.checkpoints import ONE, facts, save
from tests.train.checkpoints import SPEC as SPEC_DIGEST
from tests.train.older import age

REPORTS = Path(__file__).parent / "reports"

TRAIN = """
train M {
  data = digits() -> shuffle -> batch(512)
  loss = softmax_cross_entropy(logits, label)
  optimizer = adam(0.01)
  duration = 1 epoch
}
"""
SPEC = "netspec 1\n\nmodel M {\n  input image: f32[B, 8, 8, 1]\n  output logits = image -> flatten -> dense(10)\n}\n" + TRAIN
HEAD = "block {name} {{\n  input x: f32[B, H, W, C]\n  output x -> flatten -> dense(10)\n}}\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    """Exit code and everything printed."""
    code = main([str(word) for word in words])
    found = capsys.readouterr()
    return code, found.out + found.err


def printed(capsys: pytest.CaptureFixture[str], *words: object) -> list[str]:
    """The words of the command that a training names at its end."""
    code, text = run(capsys, *words)
    assert code == 0, text
    return shlex.split(text.splitlines()[-1].removeprefix("next: netspec "))


def test_report_10_the_printed_command_evaluates_a_run_with_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(REPORTS / "10-eval-of-a-run-with-imports-by-relative-path.net", tmp_path / "m.net")
    shutil.copytree(REPORTS / "lib", tmp_path / "lib")
    monkeypatch.chdir(tmp_path)
    following = printed(capsys, "train", "m.net", "--out", "run")
    assert following == ["eval", "run"]
    assert run(capsys, *following) == run(capsys, "eval", tmp_path / "run")
    assert main(["train", "m.net", "--out", "run", "--resume"]) == 0
    shutil.rmtree(tmp_path / "lib")
    assert main(["train", "run/spec.net", "--out", "run", "--resume"]) == 0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose spec imports from below, from above, through a link, and a file that is called as a run's own spec is."""
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    nested = 'netspec 1\n\nimport Deep from "../deep.net"\n\n' + HEAD.format(name="Low").replace("dense(10)", "dense(10) -> Deep")
    write(root / "specs" / "low" / "a.net", nested)
    write(root / "specs" / "deep.net", "netspec 1\n\nblock Deep {\n  input x: f32[B, F]\n  output x -> relu\n}\n")
    write(root / "lib" / "high.net", "netspec 1\n\n" + HEAD.format(name="High"))
    write(root / "far" / "real" / "linked.net", 'netspec 1\n\nimport Own from "own.net"\n\n' + HEAD.format(name="Linked") + "")
    write(root / "far" / "real" / "own.net", "netspec 1\n\nblock Own {\n  input x: f32[B, F]\n  output x -> relu\n}\n")
    (root / "specs" / "link").symlink_to(root / "far" / "real")
    write(root / "specs" / "spec.net", "netspec 1\n\n" + HEAD.format(name="Spec"))
    imports = {"Low": "low/a.net", "High": "../lib/high.net", "Linked": "link/linked.net", "Spec": "spec.net"}
    lines = "".join(f'import {name} from "{path}"\n' for name, path in imports.items())
    body = "  output logits = (image -> Low) + (image -> High) + (image -> Linked) + (image -> Spec)\n"
    write(root / "specs" / "m.net", f"netspec 1\n\n{lines}\nmodel M {{\n  input image: f32[B, 8, 8, 1]\n{body}}}\n{TRAIN}")
    return root


def test_a_run_is_evaluated_from_wherever_it_lies_and_one_stands(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    first = run(capsys, *printed(capsys, "train", "specs/m.net", "--out", "runs of mine/-1"))
    assert first[0] == 0, first
    monkeypatch.chdir(project / "specs")
    assert run(capsys, "eval", "../runs of mine/-1") == first
    shutil.move(project / "runs of mine" / "-1", tmp_path / "-r")
    shutil.rmtree(project)
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "eval", "./-r") == run(capsys, "eval", tmp_path / "-r") == first


def test_the_json_twin_of_a_spec_keeps_its_imports_too(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project / "specs")
    code, text = run(capsys, "convert", "m.net")
    assert code == 0, text
    write(project / "specs" / "twin.json", text)
    following = printed(capsys, "train", os.path.join(".", "twin.json"), "--out", "run")
    code, text = run(capsys, *following)
    assert code == 0, text
    kept = json.loads((project / "specs" / "run" / "settings.json").read_text())["imports"]
    assert kept["-> link/linked.net"] == "../far/real/linked.net"


# --- archives --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a small model."""
    home = tmp_path_factory.mktemp("trained")
    assert main(["train", str(write(home / "m.net", SPEC)), "--out", str(home / "run")]) == 0
    return home / "run"


def member(value: object) -> bytes:
    """An array as it stands in an archive."""
    stream = io.BytesIO()
    np.save(stream, np.asarray(value), allow_pickle=True)
    return stream.getvalue()


IMAGE = member(np.zeros((5, 8, 8, 1), np.float32))


def archive(path: Path, members: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as made:
        warnings.simplefilter("ignore")  # of a name that stands twice
        for name, content in members:
            made.writestr(name, content)
    return path


def encrypted(data: bytes) -> bytes:
    """The same archive, whose first entry says that it is encrypted."""
    changed = bytearray(data)
    changed[data.rfind(b"PK\x01\x02") + 8] |= 1
    changed[6] |= 1
    return bytes(changed)


def replaced(data: bytes, before: bytes, after: bytes) -> bytes:
    assert before in data and len(before) == len(after)
    return data.replace(before, after)


@pytest.mark.parametrize("name", ["self", "cls", "args", "kwargs", "state", "seed", "name", "variables", "prefix_length", "image2"])
def test_crafted_26_an_array_may_be_called_anything(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    file = archive(tmp_path / "x.npz", [("image.npy", IMAGE), (f"{name}.npy", IMAGE)])
    code, text = run(capsys, "predict", trained, "--input", file)
    assert code == 1 and f"`{name}`" in text and "error[unknown-input]" in text, text


STRANGE = {
    "encrypted": (lambda data: encrypted(data), "it is encrypted"),
    "a bit of it flipped": (lambda data: replaced(data, b"NUMPY", b"NUMPX"), "Bad CRC-32"),
    "cut": (lambda data: data[:-30], "not a zip file"),
    "of another method": (lambda data: data, "compressed in a way that NumPy does not write"),
    "twice": (lambda data: data, "it stands twice in the file"),
    "leading up": (lambda data: data, "its name is no name of an array"),
    "from the root": (lambda data: data, "its name is no name of an array"),
    "with NUL": (lambda data: replaced(data, b"imageX", b"image\0"), "its name is no name of an array"),
    "of objects": (lambda data: data, "Python objects, which are not unpickled"),
    "no array": (lambda data: data, "whose name would end in `.npy`"),
    "an archive in it": (lambda data: data, "it begins like no array that NumPy writes"),
    "a bomb": (lambda data: data, "it would unpack from"),
    "empty": (lambda data: data, "it holds no array"),
    "elements of no bytes": (lambda data: data, "`image` cannot be read: its elements have no bytes"),
    "texts of no bytes": (lambda data: data, "its elements have no bytes"),
    "a header without end": (lambda data: data, "its header has"),
    "more elements than bytes": (lambda data: data, "its header promises"),
}
MEMBERS: dict[str, list[tuple[str, bytes]]] = {
    "twice": [("image.npy", IMAGE), ("image.npy", IMAGE)],
    "leading up": [("image.npy", IMAGE), ("../image.npy", IMAGE)],
    "from the root": [("/image.npy", IMAGE)],
    "with NUL": [("imageX.npy", IMAGE)],
    "of objects": [("image.npy", member(np.array([{}, print], object)))],
    "no array": [("image.npy", IMAGE), ("notes.txt", b"x")],
    "an archive in it": [("image.npy", b"PK\x03\x04" + bytes(40))],
    "a bomb": [("image.npy", member(np.zeros(40 << 20, np.uint8)))],
    "empty": [],
    "elements of no bytes": [("image.npy", IMAGE.replace(b"<f4", b"|V0"))],
    "texts of no bytes": [("image.npy", IMAGE.replace(b"<f4", b"|S0"))],
    "a header without end": [("image.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + bytes(40))],
    "more elements than bytes": [("image.npy", IMAGE.replace(b"(5, 8, 8, 1)", b"(9, 8, 8, 1)"))],
}


@pytest.mark.parametrize("kind", STRANGE)
def test_crafted_27_a_strange_archive_is_refused_in_words_by_predict_and_by_datasets(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    change, words = STRANGE[kind]
    method = zipfile.ZIP_BZIP2 if kind == "of another method" else zipfile.ZIP_STORED if kind.startswith("a bit") else zipfile.ZIP_DEFLATED
    file = archive(tmp_path / "x.npz", MEMBERS.get(kind, [("image.npy", IMAGE)]), method)
    file.write_bytes(change(file.read_bytes()))
    code, text = run(capsys, "predict", trained, "--input", file)
    assert code == 1 and words in text and "x.npz" in text, text
    if kind == "no array":
        return  # which datasets leave alone
    with pytest.raises(Mistake) as caught:
        read_archive(file, {"image": TensorType("f32", ("B", 8, 8, 1))})
    assert "x.npz" in caught.value.diagnostic.message()


def test_a_pipe_is_no_archive(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "x.npz")
    code, text = run(capsys, "predict", trained, "--input", tmp_path / "x.npz")
    assert code in (1, 2) and "pipe" in text


# --- steps are whole -------------------------------------------------------------------------------------------------

PLACES = {
    "duration = 1 epoch": "duration = {}",
    "optimizer = adam(0.01)": "optimizer = adam(warmup_cosine(0.01, warmup={}))",
    "duration = 1 epoch\n": "duration = 1 epoch\n  checkpoint {{ every = {} }}\n",
    "duration = 1 epoch\n ": "duration = 1 epoch\n  eval {{ every = {} }}\n ",
    "data = digits()": "eval {{ limit = {} }}\n  data = digits()",
}


@pytest.mark.parametrize("place", PLACES)
def test_crafted_36_steps_are_whole_wherever_they_are_counted(place: str) -> None:
    def problems(length: str) -> list[str]:
        text = SPEC.replace("duration = 1 epoch\n", "duration = 1 epoch\n  \n").replace(place, PLACES[place].format(length), 1)
        return [p.slug() for p in netspec.check(Source("m.net", text)).problems if p.severity == "error"]

    assert problems("1.5 steps") == problems("0.2 steps") == ["fraction-of-step"]
    assert problems("2 steps") == problems("1e1 steps") == []
    assert "limit" in place or PLACES[place].startswith("eval") or problems("1.5 epochs") == []


def test_crafted_36_also_by_set_and_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "m.net", SPEC)
    for setting in ("train.duration=1.5 steps", "train.checkpoint.every=2.5 steps"):
        code, text = run(capsys, "train", file, "--out", tmp_path / "run", "--set", setting)
        assert code == 1 and "error[fraction-of-step]" in text and not (tmp_path / "run").exists(), text
    assert run(capsys, "convert", file, "--output", tmp_path / "m.json")[0] == 0
    twin = (tmp_path / "m.json").read_text()
    assert "1 epoch" in twin
    code, text = run(capsys, "check", write(tmp_path / "m.json", twin.replace("1 epoch", "1.5 steps")))
    assert code == 1 and "error[fraction-of-step]" in text, text


# --- the data of a run -----------------------------------------------------------------------------------------------

TABLE = "x_0,x_1,label\n" + "0.5,0.5,2\n" * 16


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with a spec, its table, and a run of it."""
    shutil.copy(REPORTS / "09-resume-with-changed-labels.net", tmp_path / "m.net")
    write(tmp_path / "t.csv", TABLE)
    monkeypatch.chdir(tmp_path)
    code, text = run(capsys, "train", "m.net", "--data", ".", "--out", "run")
    assert code == 0, text
    return tmp_path


def test_report_09_changed_data_are_refused_at_resume_and_said_at_eval(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    resume = ("train", "m.net", "--data", ".", "--out", "run", "--resume")
    assert run(capsys, *resume)[0] == 0
    times = (table / "t.csv").stat()
    for text, words in ((TABLE.replace("0.5,0.5,2", "0.1,0.1,1"), "its content is another"), (TABLE + "0.1,0.1,1\n", "bytes, and had")):
        write(table / "t.csv", text)
        os.utime(table / "t.csv", ns=(times.st_atime_ns, times.st_mtime_ns))
        before = {path: path.read_bytes() for path in (table / "run").rglob("*") if path.is_file()}
        code, said = run(capsys, *resume)
        assert code == 1 and "error[data-changed]" in said and f"t.csv: {'it has' if 'had' in words else ''}" in said and words in said
        assert {path: path.read_bytes() for path in (table / "run").rglob("*") if path.is_file()} == before
        code, said = run(capsys, "eval", "run")
        assert code == 0 and "warning[data-differ]" in said and "t.csv" in said and ": loss" in said, said
    (table / "run" / "data.json").unlink()
    assert run(capsys, *resume)[0] == 0 == run(capsys, *resume)[0]
    write(table / "t.csv", TABLE)
    assert run(capsys, *resume)[0] == 1
    os.rename(table / "t.csv", table / "t.csv.gz")
    (table / "t.csv.gz").write_bytes(gzip.compress((table / "t.csv.gz").read_bytes()))
    code, said = run(capsys, *resume)
    assert code == 1 and "t.csv: it is not there any more" in said and "t.csv.gz: it was not there" in said


def test_the_same_data_elsewhere_are_the_same(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "other" / "t.csv", TABLE)
    write(tmp_path / "other" / "unused.csv", "x\n")
    assert run(capsys, "train", "m.net", "--data", "other", "--out", "run", "--resume")[0] == 0
    code, said = run(capsys, "eval", "run", "--data", "other")
    assert code == 0 and "warning" not in said


ARRAYS = """netspec 1

model M {
  input x: f32[B, 4]
  output y = mean(x -> dense(3), axis=1)
}

train M {
  data = arrays(fields={x: f32[4], price: f32[]}) -> batch(2)
  loss = mean_squared_error(y, price)
  optimizer = adam(0.01)
  duration = 1 epoch
}
"""


def test_arrays_from_python_are_compared_too(tmp_path: Path) -> None:
    made = netspec.compile(Source("m.net", ARRAYS))
    x, price = np.ones((4, 4), np.float32), np.arange(4, dtype=np.float32)
    data = {"x": x, "price": price}
    batches = [{"x": x[:2], "price": price[:2]}, {"x": x[2:], "price": price[2:]}]
    for number, (given, others) in enumerate(
        (
            (data, ({**data, "price": price + 1}, {**data, "x": x * 2}, {"x": x[:2], "price": price[:2]})),
            (batches, ([batches[1], batches[0]], batches[:1], [batches[0], {**batches[1], "price": price[:2]}])),
        )
    ):
        out = tmp_path / f"run{number}"
        made.fit(given, out=out)
        made.fit(given, out=out, resume=True)
        for other in others:
            with pytest.raises(netspec.SpecError, match="the data are not those") as caught:
                made.fit(other, out=out, resume=True)
            assert any(name in str(caught.value) for name in ("price: its content is another", "x: it"))
        with pytest.raises(netspec.SpecError, match="validation: x: it was not there"):
            made.fit(given, validation=given, out=out, resume=True)


def test_an_iterable_is_known_as_one(tmp_path: Path) -> None:
    class Stream:
        """Batches of numbers that are others each time."""

        def __iter__(self) -> Iterator[dict[str, Any]]:
            return iter([{"x": np.random.rand(2, 4).astype(np.float32), "price": np.ones(2, np.float32)}])

        def __len__(self) -> int:
            return 1

    made = netspec.compile(Source("m.net", ARRAYS))
    made.fit(Stream(), out=tmp_path / "run")
    made.fit(Stream(), out=tmp_path / "run", resume=True)
    with pytest.raises(netspec.SpecError, match="batches: it is not there any more"):
        made.fit(list(Stream()), out=tmp_path / "run", resume=True)


def test_large_data_are_known_by_sizes_and_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b/c", "b/d", "b/.hidden"):
        write(tmp_path / "data" / name, "12345678")
    monkeypatch.setattr(data_marks, "LIMITS", replace(LIMITS, digest_bytes=20))
    plan = DataPlan(ImageFolder(folder="b"), (), {}, 1)
    first = data_marks.mark_files([plan], tmp_path / "data")
    assert sorted(first) == ["b/c", "b/d"] and all(mark.digest for mark in first.values())
    monkeypatch.setattr(data_marks, "LIMITS", replace(LIMITS, digest_bytes=10))
    less = data_marks.mark_files([plan], tmp_path / "data")
    assert less["b/c"].digest and less["b/d"].digest is None and data_marks.compare(first, less) == ()
    os.utime(tmp_path / "data" / "b" / "d", ns=(1, 1))
    [line] = data_marks.compare(less, data_marks.mark_files([plan], tmp_path / "data"))
    assert line.startswith("b/d: it was changed or copied")


# --- lists of different length ---------------------------------------------------------------------------------------

VECTORS = (REPORTS / "07-lists-of-vectors-of-different-length.net").read_text()
TOKENS = (REPORTS / "08-predict-with-lists-and-length.net").read_text()
MEAN = "output y = mean(x -> dense(1), axis=[1, 2])"
MASKED = "input length: i32[B]\n  output y = x -> global_avg_pool(mask=iota(T)[none, :] < length[:, none]) -> dense(1)"


@pytest.fixture(scope="module")
def masked() -> Program:
    """A model that pools over vectors, as many as `length` says."""
    text = VECTORS.replace(MEAN, MASKED).replace("loss = y", "loss = mean(y)")
    return netspec.compile(Source("m.net", text))


def test_report_07_lists_of_vectors_are_padded_as_lists_of_numbers_are(masked: Program) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(n, 4)).astype(np.float32) for n in (3, 5, 2, 4)]
    lengths = np.array([3, 5, 2, 4], np.int32)
    padded = np.zeros((4, 8, 4), np.float32)
    for row, array in zip(padded, arrays, strict=True):
        row[: len(array)] = array
    wanted = masked.fit({"x": padded, "length": lengths})
    objects = np.empty(4, object)
    objects[:] = arrays
    for given in (arrays, tuple(arrays), [array.tolist() for array in arrays], objects):
        for data in ({"x": given, "length": lengths}, {"x": given}):
            assert masked.fit(data).metrics == wanted.metrics
            np.testing.assert_array_equal(wanted.predict(**data)["y"], wanted.predict(x=padded, length=lengths)["y"])
    batches = [{"x": arrays[:2], "length": lengths[:2]}, {"x": arrays[2:], "length": lengths[2:]}]
    assert masked.fit(batches).metrics["loss"] == pytest.approx(wanted.metrics["loss"], abs=0.1)
    many = arrays * 100
    np.testing.assert_allclose(wanted.predict(x=many)["y"], np.tile(wanted.predict(x=arrays)["y"], (100, 1)), rtol=1e-5)


def test_report_08_what_fit_takes_goes_to_predict_too() -> None:
    made = netspec.compile(Source("m.net", TOKENS))
    lists, lengths = [[1, 2, 3], [4, 5, 6, 7, 8]], np.array([3, 5], np.int32)
    fit = made.fit({"tokens": lists, "length": lengths, "label": np.array([0, 1], np.int32)})
    wanted = fit.predict(tokens=np.array([[1, 2, 3, 0, 0], [4, 5, 6, 7, 8]], np.int32), length=lengths)["logits"]
    for given in ({"tokens": lists, "length": lengths}, {"tokens": lists}, {"tokens": [np.array(row) for row in lists], "length": [3, 5]}):
        np.testing.assert_allclose(fit.predict(**given)["logits"], wanted, rtol=1e-5)


WRONG = {
    "other vectors": {"x": [np.ones((3, 4), np.float32), np.ones((2, 5), np.float32)]},
    "vectors of different length": {"x": [[[1.0, 2.0, 3.0, 4.0], [1.0, 2.0]], [[1.0] * 4]]},
    "numbers among vectors": {"x": [np.ones((3, 4), np.float32), 1.0]},
    "texts": {"x": [["a", "b"], ["c"]]},
    "nothing": {"x": [None, [1.0]]},
    "not finite": {"x": [np.ones((3, 4), np.float32), np.full((2, 4), np.nan, np.float32)]},
    "more than there are": {"x": [np.ones((3, 4), np.float32), np.ones((2, 4), np.float32)], "length": np.array([3, 7], np.int32)},
}


@pytest.mark.parametrize("kind", WRONG)
def test_lists_that_cannot_be_padded_are_refused_in_words(masked: Program, kind: str) -> None:
    with pytest.raises(netspec.SpecError) as caught:
        masked.fit(WRONG[kind])
    assert all(word in str(caught.value) for word in (("length", "record 1") if kind == "more than there are" else ("`x`",)))
    if kind not in ("not finite", "more than there are"):
        with pytest.raises(netspec.SpecError):
            masked.predict(masked.init(0), length=np.array([3, 2], np.int32), **WRONG[kind])


# --- damaged runs ----------------------------------------------------------------------------------------------------


def newest(run: Path) -> Path:
    return max((run / "checkpoints").iterdir(), key=lambda path: int(path.name))


def rewrite(run: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Change the newest checkpoint's manifest; its digest and its list of files fit again."""
    path = newest(run) / manifest.NAME
    body = json.loads(path.read_text())
    body["files"] = {name: list(entry) for name, entry in manifest.files_of(newest(run)).items()}
    change(body)
    body.pop("digest", None)
    path.write_bytes(manifest._text({**body, "digest": manifest._digest(body)}))
    return path


def kernel(body: dict[str, Any]) -> int:
    """The first tensor of several axes."""
    return next(number for number, leaf in enumerate(body["leaves"]) if len(leaf[2]) > 1)


Body = dict[str, Any]
MANIFESTS: dict[str, tuple[Callable[[Body], object], str]] = {
    "01": (lambda m: m.pop("facts"), "damaged: `facts` is missing"),
    "02": (lambda m: m.pop("files"), "damaged: `files` is missing"),
    "03": (lambda m: m.pop("format"), "damaged: `format` is missing"),
    "04": (lambda m: m.pop("step"), "damaged: `step` is missing"),
    "05": (lambda m: m.update(spec=None), "at `/spec`: it is null, not a text"),
    "06": (lambda m: m.update(files=[]), "at `/files`: it is a list, not an object"),
    "07": (lambda m: m.update(files=None), "at `/files`: it is null, not an object"),
    "08": (lambda m: m.update(leaves=None), "at `/leaves`: it is null, not a list"),
    "09": (lambda m: m.update(facts=None), "at `/facts`: it is null, not an object"),
    "10": (lambda m: m["leaves"][kernel(m)].__setitem__(2, [1]), "float32[1], but float32[64, 10] is stored"),
    "11": (lambda m: m["leaves"][kernel(m)].__setitem__(2, None), "/2`: it is null, not a list"),
    "12": (lambda m: m["leaves"].__setitem__(kernel(m), ["a", "b"]), "/1`: it is no element type of an array"),
    "13": (lambda m: m["leaves"].reverse(), "is stored"),
    "14": (lambda m: m["leaves"][0].__setitem__(0, 5), "at `/leaves/0/0`: it is 5, not a text"),
    "15": (lambda m: m["facts"].pop("step"), "at `/facts`: `step` is missing"),
    "16": (lambda m: m["facts"].update(step="x"), 'at `/facts/step`: it is "x", not a whole number'),
    "17": (lambda m: m["facts"].update(seconds="x"), 'at `/facts/seconds`: it is "x", not a number'),
    "18": (lambda m: m["facts"].update(score=[1]), "at `/facts/score`: it is a list, not a number"),
    "a float for a count": (lambda m: m["facts"].update(epoch=1.0), "at `/facts/epoch`: it is 1.0, not a whole number"),
    "a truth value for a count": (lambda m: m["facts"].update(batch=True), "at `/facts/batch`: it is true, not a whole number"),
    "negative": (lambda m: m["facts"].update(batch=-1), "at `/facts/batch`: it is -1, not greater than or equal to 0"),
    "beyond every training": (lambda m: m["facts"].update(epoch=2**31), "at `/facts/epoch`: it is 2147483648"),
    "infinite": (lambda m: m["facts"].update(best=1e999), "no JSON any more"),
    "evaluated later": (lambda m: m["facts"].update(evaluated=99), "at `/facts/evaluated`: it is 99"),
    "of two steps": (lambda m: m["facts"].update(step=1), "at `/facts/step`: it is 1"),
    "a key more": (lambda m: m["facts"].update(more=1), "at `/facts`: `more` does not belong there"),
    "an axis of -1": (lambda m: m["leaves"][kernel(m)].__setitem__(2, [-1, 640]), "it is -1"),
    "a tensor twice": (lambda m: m["leaves"][1].__setitem__(0, m["leaves"][0][0]), "names a tensor that is named before"),
    "a tensor more": (lambda m: m["leaves"].append(["w", "float32", [2]]), "no tensor is stored for w"),
    "a tensor less": (lambda m: m["leaves"].pop(), "is stored that no leaf is"),
    "more than fits": (lambda m: m["leaves"][kernel(m)].__setitem__(2, [2**31 - 1] * 3), "more elements than any array"),
    "a dtype that is none": (lambda m: m["leaves"][0].__setitem__(1, "__doc__"), "it is no element type"),
    "a file elsewhere": (lambda m: m["files"].update({"../../spec.net": [1, "0" * 64]}), "spec.net` is damaged: it is missing"),
    "of a later version": (lambda m: m.update(format=7), "has format 7"),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_crafted_01_to_18_a_forged_manifest_is_refused_with_file_and_place(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    copy = shutil.copytree(trained, tmp_path / "run")
    change, words = MANIFESTS[case]
    path = rewrite(copy, change)
    x = archive(tmp_path / "x.npz", [("image.npy", IMAGE)])
    for command in (
        ("eval", copy, "--which", "last"),
        ("predict", copy, "--input", x),
        ("train", trained.parent / "m.net", "--out", copy, "--resume"),
    ):
        code, text = run(capsys, *command)
        assert code == 1 and words in text, text
        assert str(path) in text or "of a later" in case or "elsewhere" in case, text
    with pytest.raises(netspec.SpecError):
        netspec.load(copy)


METRICS = {
    "19": ('{"step":"5","epoch":1,"split":"train","loss":1,"metrics":{},"examples_per_second":0,"seconds":0}', "line 1, /step"),
    "20": ('{"step":1,"epoch":1,"split":"train","loss":1,"metrics":{"a":"x"},"examples_per_second":0,"seconds":0}', "line 1, /metrics/a"),
    "21": ('{"step":1,"epoch":1,"split":"train","loss":"low","metrics":[],"examples_per_second":0,"seconds":0}', "line 1, /loss"),
    "22": ("[" * 100_000, "line 1: its lists or objects lie too deep"),
    "a split that is none": (
        '{"step":1,"epoch":1,"split":"tests","loss":1,"metrics":{},"examples_per_second":0,"seconds":0}',
        "line 1, /split",
    ),
    "lists in lists": (
        '{"step":1,"epoch":1,"split":"train","loss":1,"metrics":{"a":' + "[" * 90 + "]" * 90 + '},"examples_per_second":0,"seconds":0}',
        "line 1, /metrics/a: it has lists that lie too deep",
    ),
    **{
        f"{name} is {text[:9]}": (
            f'{{"step":1,"epoch":1,"split":"train","loss":{pair[1]},"metrics":{{"a":{pair[0]}}},"examples_per_second":0,"seconds":0}}',
            f"line 1, /{'loss' if name == 'loss' else place}: it {words}",
        )
        for text, place, words in (
            ("1" * 401, "metrics/a", "holds a number of too many digits"),
            ("-" + "1" * 5_000, "metrics/a", "holds a number of too many digits"),
            ("18446744073709551616", "metrics/a", "holds a number of too many digits"),
            ("1e999", "metrics/a", "is a number larger than any that is finite"),
            ("-1e999", "metrics/a", "is a number larger than any that is finite"),
            ("[1,[2,-1e999]]", "metrics/a/1/1", "is a number larger than any that is finite"),
            ("[[1,2],3]", "metrics/a", "has lists that are not of one length"),
            ("[[1,2],[3]]", "metrics/a", "has lists that are not of one length"),
            ("[[[1]],[[]]]", "metrics/a", "has lists that are not of one length"),
        )
        for name, pair in (("a", (text, 1)), *([] if "[" in text else [("loss", (1, text))]))
    },
    "a byte order mark": (
        '\ufeff{"step":1,"epoch":1,"split":"train","loss":1,"metrics":{},"examples_per_second":0,"seconds":0}',
        "line 1, column 1: it begins with a byte order mark",
    ),
}


@pytest.mark.parametrize("case", METRICS)
def test_crafted_19_to_22_a_forged_line_is_refused_with_its_number(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    copy = shutil.copytree(trained, tmp_path / "run")
    line, words = METRICS[case]
    before = write(copy / "metrics.jsonl", f"{line}\n").read_bytes()
    code, text = run(capsys, "train", trained.parent / "m.net", "--out", copy, "--resume")
    assert code == 1 and "metrics.jsonl" in text and words in text, text
    assert (copy / "metrics.jsonl").read_bytes() == before


def test_numbers_of_a_run_are_those_that_it_can_write() -> None:
    for text in ("18446744073709551615", "-9223372036854775808", "1.7976931348623157e308", "5e-324", "-0.0", '{"a": [1, [2.5, null]]}'):
        assert parse_json(text) == json.loads(text)
    for text, place in (("1e309", ""), ('{"a/b": [0, -1e309]}', "/a~1b/1"), ("9" * 20, ""), ("-9223372036854775809", "")):
        with pytest.raises(Unfit) as caught:
            parse_json(text)
        assert caught.value.place == place


@pytest.mark.parametrize(
    "value", [[], [[]], [[], []], [[[1.0, 2.0]]], [[[]]], [[math.nan, 1.0]], [10**19], [[float(k) for k in range(500)]] * 2]
)
def test_metrics_of_any_shape_are_shown(value: Any) -> None:
    assert metric_tables.table("a", value, (), []).startswith("a")


def everything(run: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}


def empty(path: Path) -> None:
    path.write_bytes(b"")


def fill_with_nul(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def say_twice(path: Path) -> None:
    first = path.read_bytes().splitlines(keepends=True)[0]
    path.write_bytes(first + path.read_bytes())


VANISHED: dict[str, tuple[Callable[[Path], object], str]] = {
    "metrics emptied": (lambda run: empty(run / "metrics.jsonl"), "metrics.jsonl` is damaged: no line is in it"),
    "metrics of NUL": (lambda run: fill_with_nul(run / "metrics.jsonl"), "metrics.jsonl` is damaged"),
    "a line twice": (lambda run: say_twice(run / "metrics.jsonl"), "metrics.jsonl` is damaged at line 2: a second line says"),
    "checkpoints gone": (lambda run: shutil.rmtree(run / "checkpoints"), "checkpoints` is damaged: it is missing, though"),
    "manifest gone": (lambda run: (newest(run) / manifest.NAME).unlink(), "manifest.json` is damaged: it is missing"),
}


@pytest.mark.parametrize("case", VANISHED)
def test_what_vanished_of_a_run_is_said_when_it_goes_on(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    copy = shutil.copytree(trained, tmp_path / "run")
    change, words = VANISHED[case]
    change(copy)
    before = everything(copy)
    code, text = run(capsys, "train", trained.parent / "m.net", "--out", copy, "--resume")
    assert code == 1 and words in text, text
    assert everything(copy) == before


def test_what_begins_anew_is_said(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = shutil.copytree(trained, tmp_path / "run")
    resume = ("train", trained.parent / "m.net", "--out", copy, "--resume")
    (copy / "metrics.jsonl").unlink()
    code, text = run(capsys, *resume)
    assert code == 0 and text.startswith(f"warning: `{copy / 'metrics.jsonl'}` is missing"), text
    lines = (copy / "metrics.jsonl").read_text().splitlines()
    assert ["test"] == [json.loads(line)["split"] for line in lines], "the end is measured anew, and the run can go on again"
    assert run(capsys, *resume)[0] == 0
    shutil.copy(trained / "metrics.jsonl", copy)
    assert "warning" not in run(capsys, *resume)[1]
    shutil.rmtree(newest(copy))
    code, text = run(capsys, *resume)
    assert code == 0 and text.startswith("the run has no checkpoint yet: it begins again at step 0"), text


@pytest.mark.slow
def test_every_flip_in_the_metrics_is_said_or_drops_nothing(trained: Path, tmp_path: Path) -> None:
    text = (trained / "metrics.jsonl").read_bytes()
    path = tmp_path / "metrics.jsonl"
    for bit in range(0, 8 * len(text), 3):
        changed = bytearray(text)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        try:
            kept = Log(path).keep_until(3, 3, True)
        except Mistake as mistake:
            assert "line " in mistake.diagnostic.message()
            assert path.read_bytes() == bytes(changed)
        else:
            assert len(kept) == 2, f"bit {bit} of {text.decode()}"


PACKED: dict[str, tuple[Callable[[bytes], bytes | None], str]] = {
    "missing": (lambda content: None, "tensors.bin` is damaged: it is missing, or cannot be read as a file"),
    "empty": (lambda content: b"", "tensors.bin` is damaged: its header cannot be read"),
    "a huge header": (lambda content: b"\xff" * 8 + content[8:], "it does not begin with the length of its header"),
    "no header": (lambda content: (4).to_bytes(8, "little") + b"null", "tensors.bin` is damaged: its header cannot be read: it is null"),
    "an empty header": (lambda content: (2).to_bytes(8, "little") + b"{}", "its header cannot be read: `leaves` is missing"),
    "a deep header": (lambda content: (9_000).to_bytes(8, "little") + b"[" * 9_000, "its header cannot be read: its lists"),
    "cut": (lambda content: content[:-1], "bytes, and its tensors take"),
    "longer": (lambda content: content + b"x", "bytes, and its tensors take"),
    "spelled otherwise": (lambda content: _respelled(content), "its header is written in another way"),
}


def _respelled(content: bytes) -> bytes:
    """The same header with a blank in it."""
    length = int.from_bytes(content[:8], "little") + 1
    return length.to_bytes(8, "little") + content[8:].replace(b":", b": ", 1)


@pytest.mark.parametrize("case", PACKED)
def test_a_forged_file_of_tensors_is_refused_by_name(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str) -> None:
    copy = shutil.copytree(trained, tmp_path / "run")
    change, words = PACKED[case]
    path = newest(copy) / "tensors.bin"
    content = change(path.read_bytes())
    path.unlink() if content is None else path.write_bytes(content)
    rewrite(copy, lambda body: None)
    code, text = run(capsys, "eval", copy, "--which", "last")
    assert code == 1 and "error[checkpoint-damaged]" in text and words in text, text


ARRAY_FILES: dict[str, tuple[str, bytes | None, str]] = {
    "24": ("_METADATA", b"null", "_METADATA` is damaged: it is null, not an object"),
    "25": ("manifest.ocdbt", b"", "manifest.ocdbt` is damaged: it is no manifest of OCDBT"),
    "metadata of nothing": ("_METADATA", b'{"tree_metadata": {}}', "is damaged"),
    "metadata missing": ("_METADATA", None, "_METADATA` is damaged: it is missing"),
    "metadata deep": ("_METADATA", b"[" * 9_000, "_METADATA` is damaged: its lists"),
    "metadata cut": ("_METADATA", b'{"tree_metadata"', "_METADATA` is damaged at line 1"),
    "the other metadata": ("_CHECKPOINT_METADATA", b"[]", "_CHECKPOINT_METADATA` is damaged"),
    "no database": ("manifest.ocdbt", None, "is damaged"),
    "another database": ("manifest.ocdbt", bytes.fromhex("0cdb3a2a") + (20).to_bytes(8, "little") + bytes(8), "is damaged"),
}


@pytest.mark.parametrize("case", ARRAY_FILES)
def test_crafted_24_and_25_forged_files_of_tensors_are_refused_by_name(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    copy = shutil.copytree(trained, tmp_path / "run")
    age(Store(copy / "checkpoints", 1))
    name, content, words = ARRAY_FILES[case]
    path = newest(copy) / "tensors" / name
    path.unlink() if content is None else path.write_bytes(content)
    rewrite(copy, lambda body: None)
    code, text = run(capsys, "eval", copy, "--which", "last")
    assert code == 1 and "error[checkpoint-damaged]" in text and words in text, text


def test_crafted_23_a_forged_setting_is_refused_with_its_place(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = shutil.copytree(trained, tmp_path / "run")
    settings = json.loads((copy / "settings.json").read_text())
    for name, value, words in (
        ("spec", "a\0b", "at `/spec`: it holds the character NUL"),
        ("data", "a\0b", "at `/data`: it holds the character NUL"),
        ("imports", {"a": 1}, "at `/imports/a`: it is 1, not a text"),
        ("settings", {"x": {"value": "1"}}, "at `/settings/x`: `origin` is missing"),
        ("plugins", "acme", 'at `/plugins`: it is "acme", not a list'),
    ):
        write(copy / "settings.json", json.dumps({**settings, name: value}))
        code, text = run(capsys, "eval", copy)
        assert code == 1 and "settings.json" in text and words in text, text


def test_a_reader_that_meets_retention_chooses_again(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = shutil.copytree(trained, tmp_path / "run")
    store = Store(copy / "checkpoints", 1)
    step = int(newest(copy).name)
    original = manifest.verify_folder
    calls: list[Path] = []

    def removing(folder: Path) -> Any:
        """The process that trains removes the checkpoint in the middle of the verification, and has a newer one."""
        calls.append(folder)
        if len(calls) == 1:
            shutil.copytree(folder, store.path(step + 1))
            (body := json.loads((store.path(step + 1) / manifest.NAME).read_text())).update(step=step + 1)
            body["facts"]["step"] = step + 1
            body.pop("digest")
            (store.path(step + 1) / manifest.NAME).write_bytes(manifest._text({**body, "digest": manifest._digest(body)}))
            shutil.rmtree(folder)
        return original(folder)

    monkeypatch.setattr(manifest, "verify_folder", removing)
    assert store.restore_chosen("last")[0] == step + 1 and len(calls) >= 2
    with pytest.raises(Mistake, match=f"no checkpoint {step}"):
        store.restore_chosen(str(step))

    def replacing(folder: Path) -> Any:
        """Whenever it is looked at, another one of the same step has taken its place."""
        shutil.move(folder, tmp_path / "aside")
        shutil.copytree(tmp_path / "aside", folder)
        shutil.rmtree(tmp_path / "aside")
        return original(folder / "no")

    monkeypatch.setattr(manifest, "verify_folder", replacing)
    with pytest.raises(Mistake, match="was removed 10 times"):
        store.restore_chosen("last")


def test_report_19_a_run_goes_on_longer_or_by_steps_of_one_s_own(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = shutil.copytree(trained, tmp_path / "run")
    code, text = run(capsys, "train", trained.parent / "m.net", "--set", "train.duration=2 epochs", "--out", copy, "--resume")
    assert code == 0 and text.startswith("duration: 2 epochs in place of 1 epoch"), text
    loaded = netspec.load(copy, "last")
    batch = {"image": np.zeros((4, 8, 8, 1), np.float32), "label": np.zeros(4, np.int32)}
    state, _ = loaded.program.train_step(loaded.state, batch)
    assert int(state.step) == loaded.step + 1


def test_reading_while_a_training_saves_and_removes_meets_no_raw_error(tmp_path: Path) -> None:
    store = Store(tmp_path / "checkpoints", keep=1)
    save(store, 1, loss={1: 1.0})
    stop = threading.Event()

    def train() -> None:
        for step in range(2, 10_000):
            if stop.is_set():
                return
            store.save(step, ONE, SPEC_DIGEST, facts(step, 1.0 / step))

    writer = threading.Thread(target=train)
    writer.start()
    steps = []
    try:
        for number in range(2_000):
            if number >= 20 and store.steps()[-1:] > [5]:
                break
            try:
                steps.append(store.restore_chosen(("best", "last")[number % 2])[0])
            except Mistake as mistake:
                assert isinstance(mistake.diagnostic, CheckpointsReplaced), mistake.diagnostic.message()
    finally:
        stop.set()
        writer.join()
    assert steps and steps == sorted(steps) and store.steps()[-1] > 5


def test_the_file_of_arrays_is_data_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "m.net", ARRAYS)
    np.savez(tmp_path / "a.npz", x=np.ones((4, 4), np.float32), price=np.ones(4, np.float32))
    assert run(capsys, "train", file, "--data", tmp_path / "a.npz", "--out", tmp_path / "run")[0] == 0
    os.rename(tmp_path / "a.npz", tmp_path / "b.npz")
    resume = ("train", file, "--data", tmp_path / "b.npz", "--out", tmp_path / "run", "--resume")
    assert run(capsys, *resume)[0] == 0
    np.savez(tmp_path / "b.npz", x=np.ones((4, 4), np.float32), price=np.zeros(4, np.float32))
    code, text = run(capsys, *resume)
    assert code == 1 and "--data: its content is another" in text, text


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop"])
def test_a_strange_lock_stops_no_reader_and_is_named_to_a_training(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    copy = shutil.copytree(trained, tmp_path / "run")
    lock = copy / ".lock"
    lock.unlink()
    {"pipe": os.mkfifo, "folder": os.mkdir, "loop": lambda path: path.symlink_to(path)}[kind](lock)
    assert run(capsys, "eval", copy)[0] == 0
    code, text = run(capsys, "train", trained.parent / "m.net", "--out", copy, "--resume")
    assert (code == 0 and kind == "pipe") or (code == 2 and ".lock" in text), text


# --- what Python hands over ------------------------------------------------------------------------------------------


def test_whatever_python_hands_over_is_answered_by_a_spec_error(tmp_path: Path) -> None:
    program = netspec.compile(Source("m.net", ARRAYS))
    x, price = np.ones((4, 4), np.float32), np.ones(4, np.float32)
    hidden = np.ma.masked_array(x, x == 1)
    good = {"x": x, "price": price}
    calls: dict[str, tuple[Callable[[], object], str]] = {
        "a number as a name": (lambda: program.fit({1: x, "price": price}), "`x` is missing"),
        "only numbers as names": (lambda: program.fit({1: x, 2: price}), "`x` is missing"),
        "arrays in a list": (lambda: program.fit([x, price]), "`data` must be dicts of arrays by field"),
        "a text": (lambda: program.fit("data.npz"), "`data` must be"),
        "a number": (lambda: program.fit(3), "`data` must be a dict of arrays by field"),
        "a mask": (lambda: program.fit({"x": hidden, "price": price}), "it is a masked array: what its mask hides would count"),
        "a mask of batches": (lambda: program.fit([{"x": hidden, "price": price}]), "it is a masked array"),
        "a mask in predict": (lambda: program.predict(program.init(), x=hidden), "it is a masked array"),
        "a number too large": (
            lambda: program.predict(program.init(), x=x * np.float64(1e300)),
            "its value 1e+300 is too large for float32",
        ),
        "a number too large to train": (lambda: program.fit({"x": -1e39 * x.astype("f8"), "price": price}), "its value -1e+39 is too"),
        "no state": (lambda: program.predict(None, x=x), "`state` must be a state"),
        "NUL in a folder": (lambda: program.fit(good, out="a\0b"), "no file can have this name"),
        "half a character in a folder": (lambda: program.fit(good, out=tmp_path / "\ud800"), "no file can have this name"),
        "NUL to go on": (lambda: program.fit(good, out="a\0b", resume=True), "no file can have this name"),
        "NUL in a spec": (lambda: netspec.compile("a\0b"), "no file can have this name"),
        "no spec": (lambda: netspec.compile(tmp_path / "none.net"), "there is no file"),
        "NUL in a run": (lambda: netspec.load("a\0b"), "is not a run folder"),
    }
    for name, (call, words) in calls.items():
        with pytest.raises(netspec.SpecError) as caught:
            call()
        assert words in str(caught.value), (name, str(caught.value))
    spoiled = np.where(np.arange(4)[:, None] == 2, np.nan, x)
    values = next(iter(program.predict(program.init(), x=spoiled).values()))
    assert np.isnan(values[2]).all() and np.isfinite(values[[0, 1, 3]]).all()
    assert program.fit({"x": np.ma.masked_array(x, False), "price": price}).history  # which hides nothing


UNREADABLE = ("a\0b", ".", "\ud800.net", "none.net", "/dev/null")


@pytest.mark.parametrize("untrusted", [False, True])
@pytest.mark.parametrize("path", UNREADABLE)
def test_check_returns_that_a_file_cannot_be_read(path: str, untrusted: bool) -> None:
    checked = netspec.check(path, untrusted=untrusted)
    assert len(checked.problems) == 1 and not checked.ok and checked.typed is None


@pytest.mark.slow
def test_no_output_goes_to_a_name_that_no_file_can_have(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = trained.parent / "m.net"
    for name in ("a\0b", "a\ud800b"):
        for words in (
            ("convert", file, "-o", name),
            ("convert", file, "-o", name, "--force"),
            ("predict", trained, "--input", "x.npz", "--output", name),
            ("docs", "--out", name),
            ("train", file, "--out", name),
        ):
            code, text = run(capsys, *words)
            assert code == 2 and "no file can have this name" in text, (words, text)


# --- in words of ours ------------------------------------------------------------------------------------------------


def damage_sum(packed: bytes) -> bytes:
    return packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]


def damage_length(packed: bytes) -> bytes:
    return packed[:-4] + bytes([packed[-4] ^ 1]) + packed[-3:]


GZIP: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "more behind it": (lambda packed: packed + b"junk", "what follows its compressed content is none"),
    "its check sum": (damage_sum, "its content is not what its check sum says"),
    "its length": (damage_length, "its content has another length than it says"),
    "its end": (lambda packed: packed[:-9], "the compressed file ends too early"),
    "its method": (lambda packed: packed[:2] + b"\x07" + packed[3:], "its compressed content cannot be unpacked"),
    "its blocks": (lambda packed: packed[:10] + b"\xff" * 9 + packed[19:], "its compressed content cannot be unpacked"),
}


@pytest.mark.parametrize("case", GZIP)
def test_what_is_wrong_with_a_compressed_file_is_said_in_words_of_ours(tmp_path: Path, case: str) -> None:
    change, words = GZIP[case]
    path = tmp_path / "t.csv.gz"
    path.write_bytes(change(gzip.compress(TABLE.encode(), mtime=0)))
    with pytest.raises(Mistake) as caught:
        read_content(path)
    assert words in caught.value.diagnostic.message(), caught.value.diagnostic.message()


ROWS = {
    'a\n"1"x\n': "goes on behind a closing quote",
    'a\n"1': "opens a quote that is never closed",
    "a\n" + "1" * 200_000: "has a value of more than 131,072 characters",
}


@pytest.mark.parametrize("text", ROWS, ids=["quote", "open", "long"])
def test_what_is_wrong_with_a_row_is_said_in_words_of_ours(tmp_path: Path, text: str) -> None:
    with pytest.raises(Mistake) as caught:
        read_table(write(tmp_path / "t.csv", text), [Column("a", TensorType("f32", ()), ("a",))], ",")
    assert ROWS[text] in caught.value.diagnostic.message()


# --- what stands where something else is asked for --------------------------------------------------------------------


def test_data_are_read_from_no_device_and_a_file_is_no_run(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, kind in ((str(tmp_path / "pipe"), "a named pipe"), ("/dev/zero", "a device")):
        for words in (("train", trained.parent / "m.net", "--out", tmp_path / "run"), ("eval", trained)):
            code, text = run(capsys, *words, "--data", name)
            assert code == 2 and f"it is {kind}, not a file" in text and not (tmp_path / "run").exists(), text
    code, text = run(capsys, "eval", trained.parent / "m.net")
    assert code == 1 and "is not a run folder: it is no folder" in text, text


def test_a_link_that_leads_nowhere_is_not_what_was_meant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dang.net").symlink_to("nowhere.net")
    code, text = run(capsys, "check", tmp_path / "dang.net")
    assert code == 2 and "there is no file" in text and "did you mean" not in text, text


def test_no_form_of_a_spec_is_written_under_the_name_of_the_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "u.net", SPEC)
    assert run(capsys, "convert", file, "-o", tmp_path / "u.json")[0] == 0
    twin = (tmp_path / "u.json").read_text()
    for source, output in (("u.net", "u.net"), ("u.net", "v.netspec"), ("u.json", "u.json"), ("u.json", "v.json")):
        code, text = run(capsys, "convert", tmp_path / source, "-o", tmp_path / output, "--force")
        assert code == 2 and "choose another name" in text, text
    assert file.read_text() == SPEC and (tmp_path / "u.json").read_text() == twin and len(list(tmp_path.iterdir())) == 2
