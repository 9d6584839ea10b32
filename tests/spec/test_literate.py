"""The runner of these pages itself: how pages are read, and that it fails when it must."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.source import Source
from tests.literate import PageError, cases, rewrite

PAGE = """# Title

## First

```net
model M { }
```

```diagnostic
old
```

repair: edits

```net repaired
model N { }
```

## Second

```net lib/parts.net
block B { }
```

```net escaped whole
netspec 1\\r\\n\\xff
```

```tree
a
```

```text
anything
```

```fmt
b
```

```net
model O { }
```
"""


def test_a_page_is_read_as_cases() -> None:
    first, second, third = cases(PAGE)
    assert [c.title for c in (first, second, third)] == ["First", "Second", "Second (2)"]
    assert (first.line, first.is_bad, first.edits_repair) == (5, True, True)
    assert [b.content() for b in first.repairs] == [b"netspec 1\n\nmodel N { }\n"]
    assert [b.path for b in second.files] == ["lib/parts.net"]
    assert second.spec.content() == b"netspec 1\r\n\xff"
    assert [b.language for b in second.expected] == ["tree", "fmt"] and not second.is_bad
    assert (third.files, third.expected, third.edits_repair) == ([], [], False)


def test_expected_blocks_are_rewritten_in_place(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    rewrite(page, 1, {0: "new a\nmore\n", 1: "new b\n"})
    assert page.read_text() == PAGE.replace("\na\n", "\nnew a\nmore\n").replace("\nb\n", "\nnew b\n")


@pytest.mark.parametrize("page", ["```diagnostic\n```\n", "repair: edits\n", "```net\n```\n\n```tre\n```\n"])
def test_a_page_that_breaks_the_rules_is_refused(page: str) -> None:
    with pytest.raises(PageError, match=r"line \d"):
        cases(page)


CLEAN = "model M {\n  input x: f32[B, 8]\n  output y = x -> dense(4)\n}\n"
BAD = CLEAN.replace("dense", "dens")
WRONG_PAGES = {
    "a spec without a diagnostic block must be clean": f"```net\n{BAD}```\n",
    "a diagnostic block must be what comes": f"```net\n{BAD}```\n\n```diagnostic\nsomething else\n```\n",
    "a clean spec has no diagnostic": f"```net\n{CLEAN}```\n\n```diagnostic\nerror\n```\n",
    "a tree must be the tree": f"```net\n{CLEAN}```\n\n```tree\nFile\n```\n",
    "a repaired spec must be clean": f"```net\n{BAD}```\n\n```diagnostic\nDRAWN```\n\n```net repaired\n{BAD}```\n",
    "edits must repair": f"```net\n{BAD.replace('dens', 'zzzzzz')}```\n\n```diagnostic\nDRAWN```\n\nrepair: edits\n",
}
RIGHT_PAGE = f"```net\n{BAD}```\n\n```diagnostic\n```\n\nrepair: edits\n\n```net repaired\n{CLEAN}```\n"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "page.md"


def try_page(page: Path, update: bool = False) -> None:
    from tests.spec.trial import try_case

    for number, case in enumerate(cases(page.read_text())):
        try_case(page, number, case, update)


@pytest.mark.parametrize("name", WRONG_PAGES)
def test_the_runner_fails(name: str, page: Path) -> None:
    from tests.spec.trial import SPEC, Unexpected, check, render_text

    text = WRONG_PAGES[name]
    if "DRAWN" in text:
        spec = cases(text)[0].spec.content().decode()
        text = text.replace("DRAWN", render_text(check(Source(SPEC, spec)).problems) + "\n")
    page.write_text(text)
    with pytest.raises(Unexpected):
        try_page(page)


def test_the_runner_passes_what_it_updated(page: Path) -> None:
    from tests.spec.trial import Unexpected

    page.write_text(RIGHT_PAGE)
    with pytest.raises(Unexpected):
        try_page(page)
    try_page(page, update=True)
    try_page(page)
    assert "error[" in page.read_text()
