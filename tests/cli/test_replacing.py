"""What `--overwrite` and `--force` leave alone, and options that are refused rather than left unused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netspec.cli.main import main


def folder(path: Path) -> Path:
    """A folder that looks like a run, with a page in it."""
    (path / "checkpoints").mkdir(parents=True)
    (path / "spec.net").write_text("netspec 1\n")
    (path / "settings.json").write_text("{}")
    (path / "checkpoints" / "page.html").write_text("<!DOCTYPE html>\n")
    return path


@pytest.mark.parametrize("name", ["run/spec.net", "run/checkpoints/page.html", "pipe", "link", "notes.txt", "."])
def test_a_report_replaces_nothing_but_pages(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = folder(tmp_path / "run")
    (tmp_path / "notes.txt").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(run / "checkpoints" / "page.html")
    before = {p: p.lstat() for p in tmp_path.rglob("*")}
    assert main(["report", str(run), "-o", str(tmp_path / name), "--overwrite"]) == 2
    assert "error[already-exists]" in (err := capsys.readouterr().err) and "which `--overwrite` does not replace" in err
    assert {p: p.lstat().st_mtime_ns for p in before} == {p: s.st_mtime_ns for p, s in before.items()}


def test_a_spec_is_not_converted_into_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = folder(tmp_path / "run")
    (tmp_path / "m.net").write_text("netspec 1\n\nmodel M {\n  input x: f32[B, 2]\n  output y = x -> relu\n}\n")
    assert main(["convert", str(tmp_path / "m.net"), "-o", str(run / "settings.json"), "--force"]) == 2
    assert "it lies in the run" in capsys.readouterr().err and (run / "settings.json").read_text() == "{}"
    for _ in range(2):
        assert main(["convert", str(tmp_path / "m.net"), "-o", str(tmp_path / "m.json"), "--force"]) == 0


@pytest.fixture
def few_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference of two short pages: the real one takes seconds to write."""
    page = "<!-- Written by `netspec docs` from {}. -->\n\n" + "words " * 100
    monkeypatch.setattr("netspec.tools.reference.PAGES", {name: lambda name=name: page.format(name) for name in ("data.md", "layers.md")})


@pytest.mark.usefixtures("few_pages")
@pytest.mark.parametrize("name", ["run/layers.md", "pipe", "link", "notes"])
def test_docs_replace_nothing_but_pages_of_a_reference(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder(tmp_path / "run") if name.startswith("run") else tmp_path / "pages"
    out.mkdir(exist_ok=True)
    page = out / "layers.md"
    (tmp_path / "real.md").write_text("<!-- Written by `netspec docs`")
    make = {
        "pipe": lambda: os.mkfifo(page),
        "link": lambda: page.symlink_to(tmp_path / "real.md"),
        "notes": lambda: page.write_text("mine"),
    }
    make.get(name, lambda: page.write_text("<!-- Written by `netspec docs`"))()
    before = {p: p.lstat().st_mtime_ns for p in tmp_path.rglob("*")}
    for words, said in (([], "say `--overwrite`"), (["--overwrite"], "which `--overwrite` does not replace")):
        assert main(["docs", "-o", str(out), *words]) == 2
        assert "error[already-exists]" in (err := capsys.readouterr().err) and said in err
    assert {p: p.lstat().st_mtime_ns for p in tmp_path.rglob("*")} == before


@pytest.mark.usefixtures("few_pages")
def test_docs_replace_their_own_pages_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "pages"
    assert main(["docs", "-o", str(out)]) == 0
    page, whole = out / "layers.md", (out / "layers.md").read_text()
    page.write_text(whole[:200])
    (out / "mine.txt").write_text("mine")
    assert main(["docs", "-o", str(out)]) == 2 and len(page.read_text()) == 200
    assert main(["docs", "-o", str(out), "--overwrite"]) == 0 and page.read_text() == whole
    assert (out / "mine.txt").read_text() == "mine"


def answering(trained: Path, tmp_path: Path, *words: str) -> int:
    return main(["predict", str(trained / "run"), str(trained / "new.npz"), *words])


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.npz"])
def test_answers_replace_answers_when_asked(name: str, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / name
    assert answering(trained, tmp_path, "-o", str(out)) == 0
    first = out.read_bytes()
    assert answering(trained, tmp_path, "-o", str(out)) == 2 and "say `--overwrite`" in capsys.readouterr().err
    out.write_bytes(first[:-1] if name != "a.npz" else first)
    assert answering(trained, tmp_path, "-o", str(out), "--overwrite") == 0 and out.read_bytes() == first
    assert answering(trained, tmp_path, "-o", str(out), "--overwrite", "--top", "2") == 2 and out.read_bytes() == first
    assert "it has not the columns row, label, label_probability, label_2" in capsys.readouterr().err


OTHERS = {
    "mine.csv": b"row,label\n1,2\n",
    "mine.tsv": b"row,label,label_probability\n1,2,3\n",
    "mine.jsonl": b"[" * 100_000,
    "mine.ndjson": b'{"row": 1',
    "mine.npz": b"PK\x03\x04",
    "run/checkpoints/answers.csv": b"row,label,label_probability\n",
    "link.csv": None,
    "pipe.csv": None,
    "folder.csv/inside.csv": b"mine",
}


@pytest.mark.parametrize("name", OTHERS)
def test_answers_replace_nothing_else(name: str, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder(tmp_path / "run")
    out, content = tmp_path / name, OTHERS[name]
    (tmp_path / "real.csv").write_text("row,label,label_probability\n")
    (tmp_path / "folder.csv").mkdir()
    if content is not None:
        out.write_bytes(content)
    elif name == "link.csv":
        out.symlink_to(tmp_path / "real.csv")
    else:
        os.mkfifo(out)
    before = {p: p.lstat().st_mtime_ns for p in tmp_path.rglob("*")}
    assert answering(trained, tmp_path, "-o", str(out), "--overwrite") == 2
    assert "which `--overwrite` does not replace" in capsys.readouterr().err
    assert {p: p.lstat().st_mtime_ns for p in tmp_path.rglob("*")} == before


def test_answers_do_not_replace_what_they_are_made_of(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in.npz"
    source.write_bytes((trained / "new.npz").read_bytes())
    for words in ([str(source)], ["--input", str(source)]):
        for out in (source, tmp_path / "." / "in.npz"):
            assert main(["predict", str(trained / "run"), *words, "-o", str(out), "--overwrite"]) == 2
            assert "it is read as" in capsys.readouterr().err and source.read_bytes() == (trained / "new.npz").read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("export r --to flax -o w.safetensors", "end it in .msgpack"),
        ("export r --to npz -o w.msgpack", "end it in .npz"),
        ("predict r --input x.npz --output y.csv", "end it in .npz"),
        ("predict r x.npz --overwrite", "`--overwrite` would be left unused"),
        ("train m.net --dry-run --resume --out r", "`--resume` would be left unused"),
        ("train m.net --find-rate --resume --out r", "`--resume` would be left unused"),
        ("train m.net --overfit-one-batch --init-from w.npz", "`--init-from` would be left unused"),
    ],
)
def test_what_would_be_left_unused_or_misnamed_is_an_error_of_use(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2 and said in capsys.readouterr().err
