"""Places: that of a problem without one is the same object wherever it comes from."""

from __future__ import annotations

import copy
import pickle

import pytest

from netspec.source import NO_SOURCE, NOWHERE, Meant, Source, Span


@pytest.mark.parametrize("marker", [NO_SOURCE, NOWHERE], ids=["source", "span"])
def test_no_place_stays_no_place_in_another_process(marker: Source | Span) -> None:
    assert pickle.loads(pickle.dumps(marker)) is marker and copy.deepcopy(marker) is marker


def test_a_place_keeps_its_text() -> None:
    source = Source("m.net", "one\ntwo\n")
    for span in (source.span(4, 7), Meant(source, 4, 7, meaning="three")):
        again = pickle.loads(pickle.dumps(span, pickle.HIGHEST_PROTOCOL))
        assert type(again) is type(span) and again is not NOWHERE
        assert (again.text, str(again)) == (span.text, "m.net:2:1")
