"""Repairs of specs in JSON: those that hold in the text hold in its twin, and write anew only what they change."""

from __future__ import annotations

import pytest

from netspec import check
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.source import Source
from netspec.syntax.spec_file import parse_spec
from netspec.syntax.twin import to_json
from netspec.testing.checks import hold
from tests.answers import test_train
from tests.answers.test_train import BESIDE, CLAIMED, EXPECT, SERVE, SERVED, TRAIN, Row, write

CASES: list[tuple[str, Row]] = [
    *((TRAIN, row) for name in ("DATA", "LOSSES", "METRICS", "OPTIMIZERS", "DURATIONS", "MODELS") for row in getattr(test_train, name)),
    *((TRAIN, (old, f"{old}\n  {wrong}", right)) for old, wrong, right in BESIDE),
    *((SERVE, row) for row in SERVED),
    *((EXPECT, row) for row in CLAIMED),
]


def twin_of(text: str) -> str | None:
    """The JSON twin; None where the text cannot be read, or JSON has no form for it."""
    file, problems = parse_spec(Source("spec.net", text))
    if file is None or problems:
        return None
    twin, problems = to_json(file)
    return None if problems else twin


def its_twin_is_repaired_too(case: tuple[str, Row]) -> None:
    """One problem, as in the text; behind its edits the JSON is clean, and a twin of what the text's edits make."""
    base, (old, wrong, _) = case
    text = write(base, old, wrong)
    twin = twin_of(text)
    if twin is None:
        return
    source, plain = Source("spec.json", twin), Source("spec.net", text)
    [problem], [same] = check(source).problems, check(plain).problems
    assert problem.slug() == same.slug()
    mended = apply_edits(source, edits_of(problem))
    assert check(Source("spec.json", mended)).problems == ()
    wanted = twin_of(apply_edits(plain, edits_of(same)))
    assert wanted is None or compare(mended) == compare(wanted)


def compare(twin: str) -> object:
    """What a twin says, in the one text that it stands for."""
    from netspec.syntax.twin import to_text

    file, _ = parse_spec(Source("spec.json", twin))
    assert file is not None
    return [line for line in to_text(file)[0].splitlines() if line.strip()]


def test_settings_in_json() -> None:
    hold([its_twin_is_repaired_too], *CASES[::6])


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, 6))
def test_all_settings_in_json(first: int) -> None:
    hold([its_twin_is_repaired_too], *CASES[first::6])


WRITTEN = """{"netspec": 1,
 "sections": [
   {"kind": "model", "name": "Digits", "body": [
      {"kind": "input",  "name": "image",  "type": "f32[B, 8, 8, 1]"},
      {"kind": "output", "name": "logits", "value": "image -> flatten -> dense(10)"}]},
   {"kind": "train",   "model": "Digits", "body": [
      {"kind": "setting", "key": "data", "value": "digits() -> shuffle -> batch(32)"},
      {"kind": "setting", "key": "loss", "value": "softmax_cross_entropy(logits, label)"},
      {"kind": "setting", "key": "lr",   "value": "1e-4"},
      {"kind": "setting", "key": "optimizer",
                          "value": "adam(1e-3)"},
      {"kind": "setting", "key": "epochs", "value": "5"}]}]}
"""


def test_what_no_repair_changes_stays_as_it_is_written() -> None:
    source = Source("spec.json", WRITTEN)
    problems = check(source).problems
    mended = apply_edits(source, [edit for problem in problems for edit in edits_of(problem)])
    assert check(Source("spec.json", mended)).problems == ()
    assert '"5 epochs"' in mended and '"lr"' not in mended and "1e-4" in mended
    same = [line for line in WRITTEN.splitlines() if line in mended.splitlines()]
    assert len(same) >= len(WRITTEN.splitlines()) - 4
