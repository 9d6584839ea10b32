"""What `netspec diff` says of pairs of specs; each page is for people to read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from netspec.cli.main import main
from netspec.compile import check
from netspec.source import Source
from netspec.tools.diff.compare import compare
from tests.diff.pages import Pair, all_pairs, rewrite

PAIRS = all_pairs()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.id)
def test_pair(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update: bool, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    names = pair.write(tmp_path)
    assert "text" in pair.expected
    for form, (_, _, expected) in pair.expected.items():
        code = main(["diff", *names, "--format", form, "--exit-code"])
        said, problems = capsys.readouterr()
        assert not problems
        assert code == (0 if said.split("\n")[0].endswith(": same") or "\nSame: " in said else 1)
        if update:
            rewrite(pair, form, said)
        else:
            assert said == expected


def test_a_layer_put_into_a_long_model_is_all_that_changed() -> None:
    """However many layers are alike around it; 520 layers are more pairs than are weighed."""
    step = "  x = x -> dense(8) -> relu\n"
    texts = [
        f"netspec 1\nmodel M {{\n  input x: f32[B, 8]\n{step * 130}{more}{step * 130}  output y = x\n}}\n"
        for more in ("", "  x = x -> tanh -> dense(8)\n")
    ]
    before, after = (check(Source("m.net", text)).typed for text in texts)
    assert before is not None and after is not None
    [model] = compare(before, after).models
    counted = Counter(change.what for change in model.layers)
    assert counted.pop("added") == 2 and set(counted) <= {"renumbered"}, counted


def test_a_long_row_of_layers_may_be_put_in() -> None:
    """What is looked through is no deeper than one walk, however many layers stand in a row."""
    rows = ["  x = x -> tanh\n" * count for count in (0, 1_500)]
    texts = [f"netspec 1\nmodel M {{\n  input x: f32[B, 8]\n{row}  output y = x -> dense(8)\n}}\n" for row in rows]
    before, after = (check(Source("m.net", text)).typed for text in texts)
    assert before is not None and after is not None
    [model] = compare(before, after).models
    assert Counter(change.what for change in model.layers)["added"] == 1_500


def test_there_are_forty_and_no_title_stands_twice() -> None:
    titles = Counter(pair.id for pair in PAIRS)
    assert len(titles) >= 40 and max(titles.values()) == 1
