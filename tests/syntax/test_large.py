"""The largest file that may be read is read in seconds, and a larger one is refused before it is."""

from __future__ import annotations

import time

import pytest

from netspec.files import models_dir
from netspec.limits import LIMITS
from netspec.source import Source
from netspec.syntax.parser import parse
from netspec.syntax.scanner import scan

SECONDS = 5
"""Of processor time; 1.5 on a machine of 2020 that does nothing else."""


def models(words: int) -> str:
    """As many of the models as have so many words together. Names repeat, which is not the parser's concern."""
    texts = [path.read_text(encoding="utf-8").split("netspec 1", 1)[1] for path in sorted(models_dir().glob("*.net"))]
    counts = [len(scan(Source("m.net", text)).tokens) for text in texts]
    rounds = words // sum(counts)
    return "netspec 1" + "".join(texts) * rounds


@pytest.mark.slow
def test_the_largest_file() -> None:
    source = Source("large.net", models(LIMITS.words - 100))
    start = time.process_time()
    file, problems = parse(source)
    assert file is not None and not problems and len(file.sections) > 500
    assert time.process_time() - start < SECONDS


def test_a_larger_file() -> None:
    start = time.process_time()
    file, problems = parse(Source("large.net", models(2 * LIMITS.words)))
    assert file is None and [p.slug() for p in problems] == ["too-large"]
    assert time.process_time() - start < SECONDS
