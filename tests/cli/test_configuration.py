"""`[tool.netspec]` of pyproject.toml: where it is found, what it may hold, and what it asks of specs."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from netspec.cli.configuration import Budget, read_configuration
from netspec.cli.main import main
from netspec.diagnostics.base import Mistake
from netspec.proofs.budgets import Limits

CLEAN = "netspec 1\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> dense(4)\n}\n"
UNUSED = CLEAN.replace("  output", "  z = x -> dense(3)\n  output")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(text: str, path: str = "pyproject.toml") -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def slugs(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["check", *words, "--format", "concise"])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_the_nearest_table_counts_and_its_paths_are_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure("[tool.netspec]\nfiles = ['specs']\n[tool.netspec.budgets]\n'specs/*' = {max-params = 1}\n")
    configure("[project]\nname = 'x'\n", "a/b/pyproject.toml")
    monkeypatch.chdir(folder / "a/b")
    found = read_configuration()
    assert found.files == ("../../specs",) and found.budgets[0].covers("../../specs/m.net") and not found.budgets[0].covers("m.net")


def test_the_search_ends_at_the_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure("[tool.netspec]\nfiles = ['specs']\n")
    (folder / "a/.git").mkdir(parents=True)
    monkeypatch.chdir(folder / "a")
    assert read_configuration().files == ()


def test_a_file_that_is_no_toml_and_not_about_specs_is_left_alone(folder: Path) -> None:
    configure("[project\nname = 'netspec'\n")
    assert read_configuration().files == ()


WRONG = {
    "files = 'models'": "bad-configuration",
    "files = [3]": "bad-configuration",
    "require = 'proofs'": "bad-configuration",
    "require = true": "bad-configuration",
    "budgets = 3": "bad-configuration",
    "budgets = {'a' = 3}": "bad-configuration",
    "budgets = {'a' = {max-params = -1}}": "bad-configuration",
    "budgets = {'a' = {max-params = true}}": "bad-configuration",
    "budgets = {'a' = {max-params = '3 apples'}}": "bad-configuration",
    "budgets = {'a' = {max-params = '_'}}": "bad-configuration",
    "budgets = {'a' = {max-params = '1__0'}}": "bad-configuration",
    f"budgets = {{'a' = {{max-params = '{'9' * 500}M'}}}}": "bad-configuration",
    f"budgets = {{'a' = {{max-params = {'9' * 5000}}}}}": "configuration-unreadable",
    "budgets = {'' = {max-params = 1}}": "bad-configuration",
    "budgets = {'/m.net' = {max-params = 1}}": "bad-configuration",
    "budgets = {'../m.net' = {max-params = 1}}": "bad-configuration",
    "budgets = {'a' = {at = {T = 0}}}": "bad-configuration",
    "budgets = {'a' = {at = 3}}": "bad-configuration",
    "budgets = {'a' = {max-parms = 3}}": "unknown-configuration",
    "locked = 1": "bad-configuration",
    "format = 'no'": "bad-configuration",
    "file = []": "unknown-configuration",
    "ignore = ['no-such-thing']": "unknown-warning",
    "ignore = ['unknown-name']": "error-chosen",
    "files = [": "configuration-unreadable",
    "files = []\nfiles = []": "configuration-unreadable",
}


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_is_said_with_its_place(line: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(f"[tool.netspec]\n{line}\n")
    Path("m.net").write_text(CLEAN)
    assert main(["check", "m.net"]) == 2
    said = capsys.readouterr().err
    assert f"error[{WRONG[line]}]" in said and "pyproject.toml:" in said, said
    assert main(["check", "m.net", "--config", "none"]) == 0


@pytest.mark.parametrize(
    ("written", "number"),
    [("3", 3), ("30_000", 30_000), ("'30M'", 30_000_000), ("'1.5k'", 1_500), ("'2 GiB'", 2 << 30), ("'9007199254740993'", 2**53 + 1)],
)
def test_numbers_may_have_units(written: str, number: int, folder: Path) -> None:
    configure(f"[tool.netspec.budgets]\n'*' = {{max-params = {written}}}\n")
    assert read_configuration().budgets[0].limits.largest == {"max-params": number}


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("models/*.net", "models/a.net", True),
        ("models/*.net", "models/b/a.net", False),
        ("models/**", "models/b/a.net", True),
        ("**/a.net", "a.net", True),
        ("**/a.net", "x/y/a.net", True),
        ("m?.net", "m1.net", True),
        ("m.net", "mxnet", False),
        ("[m].net", "[m].net", True),
    ],
)
def test_patterns(pattern: str, path: str, covered: bool, folder: Path) -> None:
    assert Budget("", pattern, Limits({}, {})).covers(path) is covered


def test_a_pattern_may_begin_at_its_own_folder(folder: Path) -> None:
    """`./m.net` guards m.net: a budget that silently covers nothing is none."""
    configure("[tool.netspec.budgets]\n'./m.net' = {max-params = 1}\n")
    assert read_configuration().budgets[0].covers("m.net")


def test_any_text_is_a_number_or_a_problem(folder: Path) -> None:
    """A law: what a person may type for a number ends in a number, or in a problem with its place, never in a bug."""
    rng = Random(0)
    for _ in range(300):
        text = "".join(rng.choices("0123456789_.kMGTiB e-+", k=rng.randint(0, 6)))
        configure(f"[tool.netspec.budgets]\n'*' = {{max-params = '{text}'}}\n")
        try:
            found = read_configuration().budgets[0].limits.largest["max-params"]
            assert isinstance(found, int) and found >= 0, text
        except Mistake as mistake:
            assert mistake.diagnostic.slug() == "bad-configuration", text


def test_warnings_are_chosen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("m.net").write_text(UNUSED)
    assert slugs(capsys, "m.net")[1].startswith("m.net:4:3: warning[unused-binding]")
    assert slugs(capsys, "m.net", "--ignore", "unused-binding,zeros-counted")[1] == "No problems in 1 file.\n"
    assert slugs(capsys, "m.net", "--select", "zeros-counted")[1] == "No problems in 1 file.\n"
    assert "unused-binding" in slugs(capsys, "m.net", "--select", "zeros-counted", "--select", "unused-binding")[1]
    configure("[tool.netspec]\nignore = ['unused-binding']\n")
    assert slugs(capsys, "m.net")[1] == "No problems in 1 file.\n"


def test_errors_always_count(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("m.net").write_text(UNUSED.replace("dense(4)", "dens(4)"))
    code, said = slugs(capsys, "m.net", "--select", "zeros-counted")
    assert code == 1 and "unknown-name" in said and "unused-binding" not in said


def test_what_an_import_assumes_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    block = "block Add {\n  input x: f32[B, T, 8]\n  input y: f32[B, S, 8]\n  assume T == S\n  output z = x + y\n}\n"
    Path("blocks.net").write_text(f"netspec 1\n{block}")
    text = (
        'netspec 1\nimport Add from "blocks.net"\nmodel M {\n  input a: f32[B, T, 8]\n  input b: f32[B, S, 8]\n  output c = Add(a, b)\n}\n'
    )
    Path("m.net").write_text(text)
    assert slugs(capsys, "m.net")[0] == 0
    code, said = slugs(capsys, "m.net", "--require", "proved")
    assert code == 1 and "error[assumed] `T == S`" in said and "blocks.net:5" in said
    configure("[tool.netspec]\nrequire = 'proved'\n")
    assert slugs(capsys, "m.net")[0] == 1


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("alone", [True, False])
def test_what_several_files_import_is_one_problem(folder: Path, capsys: pytest.CaptureFixture[str], jobs: str, alone: bool) -> None:
    """What it assumes, its warnings and its errors; it stays with the file where that is checked itself."""
    Path("s").mkdir()
    inputs = "  input a: f32[B, T, 8]\n  input b: f32[B, S, 8]\n"
    block = f"block Add {{\n{inputs}  assume T == S\n  unused = a -> relu\n  bad = xyzzy\n  output z = a + b + bad\n}}\n"
    Path("s/blocks.net").write_text(f"netspec 1\n{block}")
    for name in ("s/a.net", "s/c.net", "s/d.net"):
        Path(name).write_text(f'netspec 1\nimport Add from "blocks.net"\nmodel M {{\n{inputs}  output c = Add(a, b)\n}}\n')
    files = (os.path.abspath("s"),) if alone else ("s/a.net", "s/c.net", "s/d.net")
    _, said = slugs(capsys, *files, "--require", "proved", "--statistics", "--jobs", jobs)
    assert "     1  error[assumed]" in said and "     1  error[unknown-name]" in said and "     1  warning[unused-binding]" in said
    assert said.count(f"{files[0]}/blocks.net:" if alone else "s/blocks.net:") == 3


def test_an_import_is_named_from_the_working_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("s").mkdir()
    block = "block Add {\n  input x: f32[B, T, 8]\n  input y: f32[B, S, 8]\n  assume T == S\n  output z = x + y\n}\n"
    Path("s/blocks.net").write_text(f"netspec 1\n{block}")
    inputs = "  input a: f32[B, T, 8]\n  input b: f32[B, S, 8]\n"
    Path("s/m.net").write_text(f'netspec 1\nimport Add from "blocks.net"\nmodel M {{\n{inputs}  output c = Add(a, b)\n}}\n')
    _, said = slugs(capsys, "s/m.net", "--require", "proved")
    assert "s/blocks.net:5" in said


def test_places_are_those_of_whole_keys(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure("[tool.netspec]\nformat = true\n[tool.netspec.budgets]\n'*.net' = { max-params = 3, at = 5 }\n'b*.net' = 3\n")
    main(["check", "m.net"])
    assert "pyproject.toml:4:29" in capsys.readouterr().err
    configure("[tool.netspec.budgets]\n'models/b*.net' = 3\n")
    main(["check", "m.net"])
    assert "`models/b*.net` is a table" in capsys.readouterr().err


def test_budgets_hold_models_as_they_are_trained(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One whose params have no values alone has those that its `train` gives."""
    text = (
        "netspec 1\nmodel M {\n  param n: int\n  input image: f32[B, 8, 8, 1]\n  output y = image -> flatten -> dense(n) -> dense(10)\n}\n"
    )
    train = "  data = digits() -> batch(32)\n  loss = softmax_cross_entropy(y, label)\n  optimizer = sgd(0.1)\n  duration = 1 epoch\n"
    Path("m.net").write_text(f"{text}train M(n=512) {{\n{train}}}\n")
    configure("[tool.netspec.budgets]\n'*.net' = {max-params = '10k', at = {B = 2}, max-activation-bytes = 8_000}\n")
    code, said = slugs(capsys, "m.net")
    assert code == 1 and "`M` has 38,410 parameters" in said


def test_options_that_contradict_one_another(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("m.net").write_text(CLEAN)
    for words in (["--watch", "--fix"], ["--watch", "--output-file", "x"], ["--jobs", "0"], []):
        assert main(["check", *words, *(["m.net"] if words else [])]) == 2
        assert capsys.readouterr().err.startswith("netspec: ")


def test_a_missing_configuration_is_named(folder: Path) -> None:
    with pytest.raises(Mistake, match="there is no file"):
        read_configuration("no.toml")


MODELS = """netspec 1
model M {
  param width: int = 40
  input image: f32[B, 8, 8, 1]
  output y = image -> flatten -> dense(width)
}
model N {
  input image: f32[B, T, 8, 8]
  output y = image -> dense(50)
}
"""
TRAINED = """train M(width={width}) as {name} {{
  data = digits() -> batch(4)
  loss = softmax_cross_entropy(y, label)
  optimizer = sgd(0.1)
  duration = 1 epochs
}}
"""


def test_what_was_measured_is_told_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """However many budgets cover a file and however many trainings have the model: by the smallest budget, and once for each amount."""
    trainings = [TRAINED.format(name=name, width=width) for name, width in (("a", 40), ("b", 40), ("c", 60), ("d", 60))]
    Path("m.net").write_text(MODELS + "".join(trainings))
    configure(
        "[tool.netspec.budgets]\n'**' = {max-params = 200}\n'*.net' = {max-params = 100, max-flops = 10, at = {T = 8}}\n"
        "'m.*' = {max-flops = 20}\n"
    )
    said = [line for line in slugs(capsys, "m.net", "--ignore", "more-units")[1].splitlines() if "budget" in line]
    assert said == [
        "m.net:2:1: error[over-budget] `M` has 2,600 parameters, and its budget is 100",
        "m.net:2:1: error[over-budget] `M` of `train c` has 3,900 parameters, and its budget is 100",
        "m.net:2:1: error[over-budget] `M` has 5,160 FLOPs in a forward pass, and its budget is 10",
        "m.net:2:1: error[over-budget] `M` of `train c` has 7,740 FLOPs in a forward pass, and its budget is 10",
        "m.net:7:1: error[over-budget] `N` has 450 parameters, and its budget is 100",
        "m.net:7:1: error[over-budget] `N` has 54,400 FLOPs in a forward pass, and its budget is 10",
        "m.net:7:1: error[budget-needs-sizes] `max-flops` of `N` depends on `T`",
    ]


def test_a_configuration_that_is_named_has_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("m.net").write_text(CLEAN)
    configure("[project]\nname = 'netspec'\n")
    code, said = slugs(capsys, "m.net", "--config", "pyproject.toml")
    assert code == 2 and "error[no-configuration]: `pyproject.toml` has no table `[tool.netspec]`" in said
    assert slugs(capsys, "m.net")[0] == 0
    configure("[tool.netspec]\n")
    assert slugs(capsys, "m.net", "--config", "pyproject.toml")[0] == 0


@pytest.mark.parametrize(
    ("pattern", "words", "said"),
    [
        ("models/*.nett", ["models"], True),
        ("models/*.nett", ["."], True),
        ("models/*.nett", [], True),
        ("modls/**", [], True),
        ("modls/**", ["models"], False),
        ("**/n.net", ["models"], False),
        ("**/n.net", ["."], True),
        ("models/n.net", ["models/m.net"], False),
        ("models/n.net", ["models"], True),
        ("models/m.net", ["."], False),
        ("models/**", [], False),
    ],
)
def test_a_budget_that_guards_nothing_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], pattern: str, words: list[str], said: bool
) -> None:
    """Where the check looks at the whole folder that it is about: a hook names single files."""
    configure(CLEAN, "models/m.net")
    configure(f"[tool.netspec]\nfiles = ['models']\n[tool.netspec.budgets]\n'{pattern}' = {{max-params = 100}}\n")
    code, text = slugs(capsys, *words)
    assert code == 0 and ("pyproject.toml:4:1: warning[budget-covers-nothing]" in text) == said
    assert "budget-covers-nothing" not in slugs(capsys, *words, "--ignore", "budget-covers-nothing")[1]
