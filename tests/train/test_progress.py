"""What a person sees: plain lines in a pipe, a bar on a terminal."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import RunFileDamaged
from netspec.train.metrics_log import Log, Record
from netspec.train.progress import Bar, Lines, numbers, reporter
from netspec.train.record_rows import Rows

RECORD = Record(220, 5.0, "validation", 0.10342, {"accuracy": 0.97222}, None, 1.5)
TRAINED = Record(220, 5.0, "train", 0.2, {}, 9421.4, 1.4, data_wait=0.034)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_plain_lines() -> None:
    stream = io.StringIO()
    shown = reporter(stream)
    shown.begin("Digits", 44, 880)
    shown.advance(100, {"loss": 0.5}, 10.0)
    shown.record(TRAINED)
    shown.record(RECORD)
    shown.end()
    assert stream.getvalue().splitlines() == [
        "training Digits: 880 steps, going on after step 44",
        "step 220/880  epoch 5      train       loss 0.2000  (9,421 examples/s, data-wait 3%)",
        "step 220/880  epoch 5      validation  loss 0.1034  accuracy 0.9722",
    ]
    assert "\r" not in stream.getvalue()


def test_a_terminal_gets_a_bar_with_loss_metrics_throughput_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "140")
    stream = Terminal()
    shown = reporter(stream)
    assert isinstance(shown, Bar)
    shown.begin("Digits", 0, 880)
    shown.advance(440, {"loss": 0.25, "accuracy": 0.9}, 1234.0, 0.25)
    shown.record(replace(TRAINED, measured={"learning_rate": 0.0025}))
    shown.record(RECORD)
    shown.advance(441, {"loss": 0.25, "accuracy": 0.9}, 1234.0, 0.25)
    shown.end()
    assert "rate 0.0025" in stream.getvalue().rpartition("0.1034")[2], "the learning rate stays beside the bar"
    for part in ("Digits", "441/880", "loss 0.2500", "accuracy 0.9000", "1,234/s", "data-wait 25%", "0.1034", "0.9722", ":"):
        assert part in stream.getvalue(), part


def test_lines_are_rows_of_one_table_on_a_terminal() -> None:
    rows = Rows()
    seen = [line for record in (TRAINED, RECORD, TRAINED) for line in rows.draw(record, 880, 100) or []]
    assert seen == [
        "    step     epoch        part      loss  examples/s  data-wait",
        " 220/880         5       train    0.2000       9,421         3%",
        "    step     epoch        part      loss  accuracy  examples/s  data-wait",
        " 220/880         5  validation    0.1034    0.9722                       ",
        " 220/880         5       train    0.2000                 9,421         3%",
    ]
    assert rows.draw(RECORD, 880, 40) is None, "too wide"


def test_a_narrow_terminal_gets_lines_above_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "50")
    stream = Terminal()
    shown = reporter(stream)
    shown.begin("Digits", 0, 880)
    shown.record(RECORD)
    shown.end()
    assert "validation  loss 0.1034  accuracy 0.9722" in stream.getvalue()


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(reporter(Terminal()), Lines)


def test_large_numbers_are_short() -> None:
    assert numbers({"loss": 0.12345, "perplexity": 123456.0}) == "loss 0.1235  perplexity 1.235e+05"


# --- metrics.jsonl ---------------------------------------------------------------------------------------------------


def test_a_line_is_strict_json_and_comes_back(tmp_path: Path) -> None:
    log = Log(tmp_path / "metrics.jsonl")
    odd = Record(300, 0.5, "validation", math.nan, {"accuracy": math.inf}, None, 0.1)
    log.add(TRAINED)
    log.add(odd)
    first, second = map(json.loads, log.path.read_text().splitlines())
    assert (
        first == {n: v for n, v in TRAINED.__dict__.items() if n not in ("checkpoint", "measured")}
        and second["loss"] is None
        and second["metrics"] == {"accuracy": None}
    )
    back = log.records()
    assert back[0] == TRAINED and math.isnan(back[1].loss) and math.isnan(back[1].metrics["accuracy"])


def test_no_file_is_no_line(tmp_path: Path) -> None:
    assert Log(tmp_path / "metrics.jsonl").records() == []


@pytest.mark.parametrize("torn", ["", "{", '{"step": 3', "\x00\x00", '{"step": 9, "epo', '{"step": 9, "epo\x00\x00'])
def test_torn_lines_are_left_out(tmp_path: Path, torn: str) -> None:
    log = Log(tmp_path / "metrics.jsonl")
    log.add(RECORD)
    log.path.write_text(log.path.read_text() + torn)
    assert log.records() == [RECORD]


@pytest.mark.parametrize(
    ("change", "place", "finding"),
    [
        (lambda text: text.replace('"step"', '"stap"', 1), "line 1", "`step` is missing"),
        (lambda text: text.replace("{}", "}", 1), "line 1", "it is no JSON (expecting value)"),
        (lambda text: text[:-1] + "Z", "line 2", "it is no JSON (extra data)"),
        (lambda text: text.replace("\n", " ", 1), "line 1", "it is no JSON (extra data)"),
        (lambda text: text.replace('"epoch"', '"ep\x0fch"'), "line 1", "it is no JSON (invalid control character at)"),
        (lambda text: text.replace('"step": 220', '"step": 920', 1), "line 2, /step", "it is 220, behind a line of step 920"),
        (lambda text: "\n" + text, "line 1", "it is no JSON (expecting value)"),
        (lambda text: text + '{"step": 3}', "line 3", "`epoch` is missing"),
    ],
)
def test_a_damaged_line_is_named_and_nothing_is_lost(tmp_path: Path, change: Callable[[str], str], place: str, finding: str) -> None:
    log = Log(tmp_path / "metrics.jsonl")
    log.add(TRAINED)
    log.add(RECORD)
    text = change(log.path.read_text())
    log.path.write_text(text)
    with pytest.raises(Mistake) as caught:
        log.keep_until(220, 220)
    found = caught.value.diagnostic
    assert isinstance(found, RunFileDamaged) and found.path == str(log.path) and log.path.read_text() == text
    assert (found.place.partition(", column")[0], found.finding) == (place, finding)


def test_lines_that_will_be_written_again_are_dropped(tmp_path: Path) -> None:
    log = Log(tmp_path / "metrics.jsonl")
    for record in (TRAINED, RECORD, Record(300, 6.0, "train", 0.1, {}, 1.0, 2.0)):
        log.add(record)
    assert log.keep_until(220, 0) == [TRAINED] == log.records()
