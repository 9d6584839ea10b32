"""`netspec data FILE`: what files hold, what would mislead, and a declaration that can be pasted as it is."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.compile import check
from tests.cli.titanic import TITANIC


def looked(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> tuple[int, str]:
    code = main(["data", *map(str, argv)])
    return code, capsys.readouterr().out


def written(folder: Path, name: str, content: str | bytes) -> Path:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / name


def test_a_table_of_mixed_kinds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = looked(capsys, written(tmp_path, "titanic.csv", TITANIC))
    assert code == 0 and out.startswith("titanic.csv: 50 lines, 11 columns\n")
    for line in (
        "  Sex          words   female 29, male 21",
        "  Age          number  2 to 74.7, mean 35.3, all different       11 (22%) missing",
        "note: `PassengerId` is an id, as it seems, and tells nothing about new lines: it is left out",
        "note: `Name` has 50 different texts in 50 lines, so few occur again: it is left out",
        "note: `Cabin` is missing in 35 (70%) of 50 lines",
        "taken for the label: `Survived`; another one by `--label NAME`",
        "    categories={sex: 3, cabin: 6, embarked: 5},",
        '    fill={x: "mean", cabin: "none", embarked: "none"},',
        '    missing=["", "NA"],',
    ):
        assert line in out.splitlines(), out


NOTES = [
    ("a,b,label\n" + "".join(f"{i % 7},5,{i % 2}\n" for i in range(20)), "`b` is `5` in every line"),
    ("a,boat,label\n" + "".join(f"{i % 7},{'AB'[i % 2]},{i % 2}\n" for i in range(20)), "`boat` tells `label` exactly"),
    ("a,label\n" + "".join(f"{i},{int(i > 37)}\n" for i in range(40)), "`label` is `0` in 38 lines and `1` in 2"),
    ("a,label\n" + "".join(f"{i % 3},{i % 2}\n" for i in range(24)), "18 lines repeat another one; "),
    ("a,label\n" + "".join(f"{i * 1.5 if i % 9 else -999},{i % 2}\n" for i in range(40)), "`a`: -999 stands in 5 lines and far from"),
    ("a,label\n1,0\n2,0\n3,1\n", "the class `1` of `label` has one line"),
    ("a,label\n" + "".join(f"{i % 5},{i % 2 if i % 6 else ''}\n" for i in range(24)), "the label `label` is missing in 4 (17%)"),
    ("a,when,label\n" + "".join(f"{i % 5},2020-01-{i + 1:02},{i % 2}\n" for i in range(24)), "`when` grows from line to line"),
]


@pytest.mark.parametrize(("text", "note"), NOTES, ids=range(len(NOTES)))
def test_what_would_mislead_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, note: str) -> None:
    assert f"note: {note}" in looked(capsys, written(tmp_path, "t.csv", text))[1]


def test_parts_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = written(tmp_path, "train.tsv", "a\ttown\tlabel\n" + "".join(f"{i}\t{'UB'[i % 2]}\t{i % 3}\n" for i in range(20)))
    test = written(tmp_path, "test.tsv", "a\ttown\tlabel\n0\tU\t0\n50\tT\t1\n")
    out = looked(capsys, train, "--test", test)[1]
    assert "note: 1 line of the evaluation stands in training as well" in out
    assert "note: `a` lies outside of training's 0 to 19 in 1 line of the evaluation" in out
    assert "note: `town` has 1 word in the evaluation that training never saw: T" in out and 'test="test.tsv"' in out
    assert 'separator="\\t"' in out


SENTENCES = "".join(
    "".join(f"{k}\t{w}\t_\t_\t{t}\t_\t_\t_\t_\t_\n" for k, (w, t) in enumerate(zip(line.split(), tags.split(), strict=True), 1)) + "\n"
    for line, tags in [("the cat sleeps", "D N V"), ("a dog barks", "D N V"), ("the dog", "D N")] * 6
)
ARRAYS = {"x": np.arange(80.0).reshape(20, 4), "flat": np.zeros((20, 8, 8), "u1"), "label": np.arange(20) % 3, "more": np.zeros(3)}


def json_lines(make: Callable[[int], object]) -> str:
    return "".join(json.dumps(make(k)) + "\n" for k in range(40))


def file_of(folder: Path, kind: str) -> Path:
    """A file of a kind."""
    if kind == "a.npz":
        np.savez(folder / kind, **ARRAYS)
        return folder / kind
    if kind == "pets":
        image = pytest.importorskip("PIL.Image")
        for name in ("cat", "dog"):
            (folder / kind / name).mkdir(parents=True)
            for k in range(6):
                image.fromarray(np.full((40, 50, 3), 20 * k, "u1")).save(folder / kind / name / f"{k}.png")
        return folder / kind
    content: dict[str, str | bytes] = {
        "titanic.csv": TITANIC,
        "t.csv.gz": gzip.compress(TITANIC.encode()),
        "houses.csv": "rooms;price\n" + "".join(f"{k};{k * 1000.5}\n" for k in range(1, 30)),
        "flags.csv": "on,town,grade\n" + "".join(f"{['true', 'False'][k % 2]},{'UB'[k % 2]},{1 + k % 3}\n" for k in range(30)),
        "odd names.csv": 'A b,"c, d",2x,label\n' + "".join(f"{k},{k % 3},{k % 4},{k % 2}\n" for k in range(30)),
        "hours.csv": "when,load,wind,town\n"
        + "".join(f"2024-01-{1 + k // 24:02} {k % 24:02}:00,{100 + k % 24 + k / 7:.1f},{k % 5},{'UB'[k % 2]}\n" for k in range(300)),
        "days.tsv": "time\tsales\n" + "".join(f"{1000 + 60 * k}\t{k % 7 * 1.5}\n" for k in range(120)),
        "paths.jsonl": json_lines(lambda k: {"x": [[k / 3, j] for j in range(1 + k % 4)], "size": k % 3, "label": ["walk", "run"][k % 2]}),
        "words.jsonl": json_lines(lambda k: {"tokens": [j % 9 for j in range(k % 5)], "more": None if k else 1, "score": k / 7}),
        "texts.jsonl": json_lines(lambda k: {"text": f"line {k}", "grid": [[k, 1], [2, 3.5]], "stars": k % 3, "ok": k % 2 == 0}),
        "t.conllu": SENTENCES,
        "t.txt": "one line\nanother line\n\nand a third\n" * 9,
    }
    return written(folder, kind, content[kind])


TABLES = ["titanic.csv", "t.csv.gz", "houses.csv", "flags.csv", "odd names.csv", "hours.csv", "days.tsv"]
KINDS = [*TABLES, "paths.jsonl", "words.jsonl", "texts.jsonl", "t.conllu", "t.txt", "a.npz", "pets"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_written_spec_has_no_problem_and_reads_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    file, spec = file_of(tmp_path, kind), tmp_path / "m.net"
    code, out = looked(capsys, file, "-o", spec)
    assert code == 0 and f"wrote {spec}; next: netspec train {spec} --data {tmp_path}" in out.replace("'", "")
    assert check(spec).problems == ()
    code, out = looked(capsys, spec, "--data", tmp_path)
    assert code == 0 and " training: " in out and " test: " in out or kind in ("t.conllu", "t.txt", "pets")
    assert looked(capsys, file, "-o", spec)[0] != 0


@pytest.mark.slow  # a compilation for each kind
@pytest.mark.parametrize("kind", KINDS)
def test_the_written_spec_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    assert looked(capsys, file_of(tmp_path, kind), "-o", tmp_path / "m.net")[0] == 0
    fit = netspec.compile(tmp_path / "m.net", set={"train.duration": "2 epochs"}).fit(folder=tmp_path)
    assert fit.history and all(np.isfinite(line.loss) for line in fit.history)


def test_several_files_in_several_folders_are_declared_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder, "t.csv", "x,label\n" + "".join(f"{k},{k % 2}\n" for k in range(20)))
        written(tmp_path / folder, "t.txt", "one line\nanother line\n" * 5)
    for kind, dataset in {"t.csv": "csv", "t.txt": "text_lines"}.items():
        spec = tmp_path / f"{dataset}.net"
        code, out = looked(capsys, tmp_path / "a" / kind, tmp_path / "b" / kind, "-o", spec)
        assert code == 0 and f'{dataset}(["a/{kind}", "b/{kind}"]' in "".join(out.split()).replace(",]", "]").replace('","', '", "'), out
        assert check(spec).problems == () and looked(capsys, spec, "--data", tmp_path)[0] == 0
    written(tmp_path / "b", "t.csv", "x,other\n1,2\n")
    assert main(["data", str(tmp_path / "a" / "t.csv"), str(tmp_path / "b" / "t.csv")]) == 1
    assert "has no `label`" in capsys.readouterr().err


def test_a_series_is_cut_into_windows_by_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = looked(capsys, file_of(tmp_path, "hours.csv"), "--label", "load")[1]
    assert "note: `when` grows from line to line, so that the lines are in the order of time and the last ones are set aside" in out
    assert 'columns={x: ["wind", "load"], label: "load"}' in out and 'split_by="time"' in out
    assert '-> windows(18, horizon=6, stride=1, target="label")' in out and 'standardize("x")' in out
    short = looked(capsys, written(tmp_path, "s.csv", "when,load\n" + "".join(f"2024-01-0{k},{k * 1.5}\n" for k in range(1, 9))))[1]
    assert "windows" not in short


def test_files_of_evaluation_are_named_in_the_spec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in ("t.conllu", "t.txt", "pets"):
        file, spec = file_of(tmp_path, kind), tmp_path / f"{kind}.net"
        assert looked(capsys, file, "--test", file, "-o", spec)[0] == 0
        assert check(spec).problems == () and "eval" in spec.read_text()


def test_what_cannot_be_declared_or_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no declaration to propose" in looked(capsys, written(tmp_path, "ids.csv", "id\n" + "\n".join(map(str, range(30)))))[1]
    for name in ("missing.csv", written(tmp_path, "bad.npz", b"PK nothing"), written(tmp_path, "empty.csv", "")):
        assert looked(capsys, tmp_path / name)[0] != 0
    np.save(tmp_path / "names.npy", np.array(["a"]))
    odd = written(tmp_path, "odd.csv", 'a\x1b[2J,"b\nc",label\n' + "".join(f"{k},{k % 3},{k % 2}\n" for k in range(30)))
    assert "\x1b" not in looked(capsys, odd)[1]


def test_a_strange_line_end_inside_a_cell_ends_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for sign in "\u2028\u2029\x85\x0b\x0c\x1c\r":
        rows = "".join(f"{k},{'left' if k % 2 else f'ri{sign}ght'},{k % 3}\n" for k in range(30)).replace(f"ri{sign}ght", f'"ri{sign}ght"')
        code, out = looked(capsys, written(tmp_path, "t.csv", "a,side,label\n" + rows), "--label", "side")
        assert code == 0 and out.startswith("t.csv: 30 lines, 3 columns\n"), (sign, out)
        assert len(out.splitlines()) == len(out.split("\n")) - 1 and sign not in out.replace("\n", ""), (sign, out)


def test_changed_bytes_are_a_problem_or_harmless(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    for kind in ("titanic.csv", "t.conllu", "a.npz", "t.txt", "t.csv.gz"):
        content = file_of(tmp_path, kind).read_bytes()
        for trial in range(25):
            changed = bytearray(content[: int(rng.integers(len(content)))] if trial % 5 == 0 else content)
            for place in rng.integers(0, max(len(changed), 1), 3):
                changed[place : place + 1] = bytes([int(rng.integers(256))])
            code = main(["data", str(written(tmp_path, f"x{kind}", bytes(changed)))])
            found = capsys.readouterr()
            assert code == 0 or (code == 1 and f"x{kind}" in found.err), (code, found)


def refused(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> str:
    """The one problem of a command that changes nothing."""
    assert main(["data", *map(str, argv)]) in (1, 2)
    found = capsys.readouterr()
    assert not found.out and found.err.count("error[") == 1, found
    return found.err


def test_a_label_that_is_not_there_or_cannot_be_learned_is_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"{k},{k % 2},2020-01-{10 + k}\n" for k in range(20))
    table = written(tmp_path, "t.csv", "a,label,when\n" + rows)
    lines = written(tmp_path, "t.jsonl", json_lines(lambda k: {"x": k, "name": f"n{k}", "label": k % 2}))
    np.savez(tmp_path / "t.npz", x=np.ones((9, 3)), label=np.arange(9) % 2)
    for file in (table, lines, tmp_path / "t.npz"):
        assert "did you mean `label`?" in refused(capsys, file, "--label", "lable")
    assert "t.csv` has no `zzz`" in refused(capsys, table, "--label", "zzz") and "names nothing" in refused(capsys, table, "--label", "")
    assert "it holds dates" in refused(capsys, table, "--label", "when")
    assert "40 different texts in 40 lines" in refused(capsys, lines, "--label", "name")
    assert "learns one number an example" in refused(capsys, tmp_path / "t.npz", "--label", "x")
    text, sentences = written(tmp_path, "t.txt", "one\ntwo\n"), written(tmp_path, "t.conllu", SENTENCES)
    assert "have no columns" in refused(capsys, text, "--label", "a") and "has no `TAG`" in refused(capsys, sentences, "--label", "TAG")
    assert "the classes, its sub-folders, are the label" in refused(capsys, file_of(tmp_path, "pets"), "--label", "cat")


def test_a_column_without_a_name_that_counts_the_lines_is_no_label(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = looked(capsys, written(tmp_path, "t.csv", ",a,label\n" + "".join(f"{k},{k % 7},{k % 2}\n" for k in range(40))))[1]
    assert "note: the column without a name is an id, as it seems" in out and "taken for the label: `label`" in out
    assert 'columns={x: ["a"]}' in out


def test_what_holds_nothing_or_has_no_name_is_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty, sentences = written(tmp_path, "e.conllu", "# a\n\n# b\n\n"), written(tmp_path, "t.conllu", SENTENCES)
    assert "e.conllu` holds no records" in refused(capsys, empty) and "e.conllu` holds" in refused(capsys, sentences, "--test", empty)
    assert "there is no file ``" in refused(capsys, "")
    pictures = tmp_path / b"f\xff".decode("utf-8", "surrogateescape")
    file_of(tmp_path, "pets").rename(pictures)
    assert "f<0xFF>`: its name is not UTF-8" in refused(capsys, pictures)
    np.save(tmp_path / "one.npy", np.array(3.0))
    assert "it is one number without an axis" in refused(capsys, tmp_path / "one.npy")


def test_arrays_without_an_axis_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, size in (("a.npz", 20), ("b.npz", 8)):
        np.savez(tmp_path / name, x=np.ones((size, 3)), label=np.arange(size) % 2, n=np.array(3))
    code, out = looked(capsys, tmp_path / "a.npz", "--test", tmp_path / "b.npz")
    assert code == 0 and "note: `n` is left out: it has no axis" in out and "fields={x: f32[3], label: i32[]}" in out


def arrays_with_gaps(*gaps: str) -> dict[str, Any]:
    """Arrays of 40 examples, of which some hold NaN in two."""
    arrays = {"x": np.arange(120.0).reshape(40, 3), "z": np.ones((40, 2)) * np.arange(40)[:, None], "label": np.arange(40) % 2.0}
    for name in gaps:
        arrays[name][[3, 7]] = np.nan
    return arrays


@pytest.mark.parametrize(
    ("gaps", "why"),
    [(("x",), ""), (("x", "z"), "`x` holds"), (("label",), "the label `label` holds"), (("x", "z", "label"), "the label `label` holds")],
)
@pytest.mark.parametrize("single", [False, True], ids=["npz", "npy"])
def test_arrays_with_missing_values_are_not_declared(
    gaps: tuple[str, ...], why: str, single: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is proposed can be trained on: an array with NaN is left out, and where nothing is left, that is said."""
    arrays, spec = arrays_with_gaps(*gaps), tmp_path / "m.net"
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    np.savez(tmp_path / "a.npz", **arrays)
    files = [tmp_path / f"{name}.npy" for name in arrays] if single else [tmp_path / "a.npz"]
    assert main(["data", *map(str, files), "-o", str(spec)]) == bool(why)
    out, err = capsys.readouterr()
    assert all(
        f"note: `{name}` is left out: it holds NaN or infinity in 2 (5%) of 40 records, and arrays have no sign" in out for name in gaps
    )
    assert spec.exists() == (not why) and (not why or f"no declaration to propose: {why} NaN or infinity" in out and why in err)
    if not why:
        assert "x: " not in spec.read_text() and "{z: f32[2]" in spec.read_text()
        assert main(["data", str(spec), "--data", str(tmp_path)]) == 0 and " training: " in capsys.readouterr().out
    if "label" in gaps:
        assert "holds NaN or infinity" in refused(capsys, *files, "--label", "label")


def test_arrays_of_an_evaluation_with_missing_values_are_not_declared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", **arrays_with_gaps())
    np.savez(tmp_path / "b.npz", **arrays_with_gaps("z"))
    assert main(["data", str(tmp_path / "a.npz"), "--test", str(tmp_path / "b.npz"), "-o", str(tmp_path / "m.net")]) == 1
    assert "`z` of `b.npz` holds NaN or infinity in 2 (5%) of 40 records" in capsys.readouterr().out and not (tmp_path / "m.net").exists()


def test_a_series_with_missing_labels_says_why_it_is_taken_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"2024-01-{1 + k // 24:02} {k % 24:02}:00,{'' if k % 90 == 5 else k % 24 + 0.5},{k % 5}\n" for k in range(300))
    file = written(tmp_path, "t.csv", "when,load,wind\n" + rows)
    out = looked(capsys, file, "--label", "load")[1]
    assert (
        "note: the lines follow each other in time, but are taken one by one" in out and "`load` is missing in 4 (1%) of 300 lines" in out
    )
    assert "one by one" not in looked(capsys, file, "--label", "load", "--horizon", "0")[1]
    assert "one by one" not in looked(capsys, file, "--label", "wind", "--horizon", "2")[1]


def test_the_folder_that_one_stands_in_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file_of(tmp_path, "pets"))
    code, out = looked(capsys, ".", "-o", tmp_path / "m.net")
    assert (
        code == 0
        and 'image_folder("pets"' in out
        and f"--data {tmp_path}" in out.replace("'", "")
        and check(tmp_path / "m.net").problems == ()
    )


def test_a_horizon_that_cannot_be_kept_is_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def hours(value: Callable[[int], object]) -> Path:
        rows = "".join(f"2024-01-{1 + k // 24:02} {k % 24:02}:00,{value(k)},{k % 5}\n" for k in range(300))
        return written(tmp_path, "t.csv", "when,load,wind\n" + rows)

    ahead = ("--label", "load", "--horizon")
    gaps = refused(capsys, hours(lambda k: "" if k % 90 == 5 else k % 24), *ahead, "6")
    assert "`--horizon 6` cannot be kept: windows need every value" in gaps and "4 (1%) of 300 lines" in gaps and "`--horizon 0`" in gaps
    assert "write `--horizon 23` or less" in refused(capsys, hours(lambda k: k % 24), *ahead, "60")
    assert looked(capsys, hours(lambda k: k % 24), *ahead, "23")[1].count("horizon=23") == 1
    assert "`load` is no number" in refused(capsys, hours(lambda k: "ab"[k % 2]), *ahead, "6")
    out = looked(capsys, hours(lambda k: k % 3), *ahead, "6", "-o", tmp_path / "m.net")[1]
    assert "horizon=6" in out and "classes" not in out and check(tmp_path / "m.net").problems == ()
    assert "only the lines of tables" in refused(capsys, written(tmp_path, "t.txt", "a\nb\n"), "--horizon", "2")


def test_lines_that_belong_together_are_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def visits(name: str, value: Callable[[int], object]) -> str:
        rows = "".join(f"{value(k // 4)},{k * k % 17},{k % 2}\n" for k in range(160))
        return looked(capsys, written(tmp_path, "t.csv", f"{name},a,label\n" + rows), "-o", tmp_path / f"{name}.net")[1]

    out = visits("patient", lambda k: k)
    assert 'keep them in one part: `group="patient"`, with a field of its own, `patient: i32[]`, in place' in out
    assert "belong together" not in visits("size", lambda k: k)
    assert 'keep them in one part: `group="who"`' in visits("who", lambda k: f"p{k}")
    spec = (tmp_path / "who.net").read_text().replace("test=0.2", 'test=0.2, group="who"')
    code, out = looked(capsys, written(tmp_path, "grouped.net", spec), "--data", tmp_path)
    assert code == 0 and " training: " in out and " test: " in out and check(tmp_path / "grouped.net").problems == ()


def test_no_spec_is_written_that_could_not_train(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def unwritten(file: Path) -> str:
        assert main(["data", str(file), "-o", str(tmp_path / "m.net")]) == 1 and not (tmp_path / "m.net").exists()
        found = capsys.readouterr()
        assert found.err.count("error[option-not-kept]") == 1, found
        return found.out

    pets = file_of(tmp_path, "pets")
    (tmp_path / "one").mkdir()
    (pets / "cat").rename(tmp_path / "one" / "cat")
    assert "note: one class alone tells nothing apart" in unwritten(tmp_path / "one")
    np.savez(tmp_path / "e.npz", x=np.ones((10, 0)), label=np.arange(10) % 2)
    assert "`x` is left out: it has nothing in an example" in unwritten(tmp_path / "e.npz")
    large = written(tmp_path, "t.jsonl", "".join(f'{{"x": {"1e999" if k == 3 else k}, "label": {k % 2}}}\n' for k in range(30)))
    assert "`x` is left out: it holds numbers that are too large" in unwritten(large)
    named = written(tmp_path, b"q\xff.csv".decode("utf-8", "surrogateescape"), "a,label\n" + "".join(f"{k},{k % 2}\n" for k in range(20)))
    assert "a spec cannot write their names" in unwritten(named)
    assert "names nothing" in refused(capsys, large, "-o", "")


def test_what_is_not_read_is_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, dataset in (
        ("a.parquet", "hf_dataset"),
        ("a.array_record", "array_record"),
        ("a.tfrecord", "tf_record"),
        ("a.bin", ".jsonl"),
    ):
        assert f"{dataset}" in refused(capsys, written(tmp_path, name, b"PAR1\0junk"))
    (tmp_path / "bad" / "cat").mkdir(parents=True)
    written(tmp_path / "bad" / "cat", "0.png", b"x")
    assert "cat/0.png` cannot be read as an image" in refused(capsys, tmp_path / "bad")
