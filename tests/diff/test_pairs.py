"""What `netspec diff` says of pairs of specs; each page is for people to read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from netspec.cli.main import main
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


def test_there_are_forty_and_no_title_stands_twice() -> None:
    titles = Counter(pair.id for pair in PAIRS)
    assert len(titles) >= 40 and max(titles.values()) == 1
