"""A small run, for commands that read one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netspec.cli.main import main

SPEC = """netspec 1

model M {
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(10)
}

train M {
  data = digits() -> batch(512)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 3 steps
  checkpoint { every = 1 step; keep = 3 }
}
"""


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `m.net`, `run`, which was trained by it, and `new.npz`, which it predicts from. Nobody changes them."""
    home = tmp_path_factory.mktemp("trained")
    (home / "m.net").write_text(SPEC)
    np.savez(home / "new.npz", image=np.zeros((2, 8, 8, 1), np.float32))
    assert main(["train", str(home / "m.net"), "--out", str(home / "run")]) == 0
    return home
