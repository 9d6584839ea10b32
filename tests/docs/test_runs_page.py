"""The Python of docs/runs.md works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import netspec

ROOT = Path(__file__).resolve().parents[2]
SPEC = """netspec 1
model Digits { input image: f32[B, 8, 8, 1]; output logits = image -> flatten -> dense(10) }
train Digits {
  data = digits() -> batch(256)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 1 epoch
}
"""


def test_a_logger_of_one_s_own_is_told() -> None:
    [code] = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / "runs.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {"__name__": "page"}
    exec(compile(code, "runs.md", "exec", dont_inherit=True), names)
    netspec.compile(SPEC).fit(log=[names["notes"]])
    first, *measured, last = names["notes"].lines
    assert (first, last) == ("Digits: 5 steps", "finished")
    assert len(measured) == 2 and all(line.startswith("5: {'loss': ") for line in measured), "validation, and the test at the end"
