"""The runner of these pages itself: how pages are read, and that it fails when it must."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.source import Source
from tests.literate import PageError, add_header, cases, rewrite

PAGE = """# Title

## First

```net bad
model M { }
```

```diagnostic
old
```

```net repaired
model M { }
```

```net good
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

```python
open("a.csv", "w").close()
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
    assert (first.line, first.is_bad, first.repaired, len(first.expected)) == (5, True, first.expected[1], 2)
    assert [b.content() for b in (*first.expected[1:], *first.good)] == [add_header(f"model {n} {{ }}\n").encode() for n in "MN"]
    assert first.spec.hidden(first.spec.shown(first.spec.text)) == first.spec.text
    assert [(b.language, b.path) for b in second.files] == [("net", "lib/parts.net")]
    assert second.spec.content() == b"netspec 1\r\n\xff"
    assert [b.language for b in second.expected] == ["tree", "fmt"] and not second.is_bad
    assert ([b.language for b in third.files], third.expected, third.good) == (["python"], [], [])


def test_expected_blocks_are_rewritten_in_place(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    rewrite(page, 1, {0: "new a\nmore\n", 1: "new b\n"})
    assert page.read_text() == PAGE.replace("\na\n", "\nnew a\nmore\n").replace("\nb\n", "\nnew b\n")


@pytest.mark.parametrize("page", ["```diagnostic\n```\n", "```net good\n```\n", "```net\n```\n\n```tre\n```\n"])
def test_a_page_that_breaks_the_rules_is_refused(page: str) -> None:
    with pytest.raises(PageError, match=r"line \d"):
        cases(page)


CLEAN = "model M {\n  input x: f32[B, 8]\n  output y = x -> dense(4)\n}\n"
BAD = CLEAN.replace("dense", "dens")
NO_EDITS = BAD.replace("dens", "zzzzzz")
WRONG_PAGES = {
    "a spec that is not called bad must be clean": f"```net\n{BAD}```\n",
    "a bad spec must have problems": f"```net bad\n{CLEAN}```\n",
    "a diagnostic block must be what comes": f"```net bad\n{BAD}```\n\n```diagnostic\nsomething else\n```\n\n```net repaired\n{CLEAN}```\n",
    "a clean spec has no diagnostic": f"```net\n{CLEAN}```\n\n```diagnostic\nerror\n```\n",
    "a tree must be the tree": f"```net\n{CLEAN}```\n\n```tree\nFile\n```\n",
    "a good spec must be clean": f"```net bad\n{NO_EDITS}```\n\n```diagnostic\nDRAWN```\n\n```net good\n{BAD}```\n",
    "edits must repair": f"```net bad\n{NO_EDITS}```\n\n```diagnostic\nDRAWN```\n\n```net repaired\n{CLEAN}```\n",
    "what edits repair is shown": f"```net bad\n{BAD}```\n\n```diagnostic\nDRAWN```\n\n```net good\n{CLEAN}```\n",
    "a situation must have a problem": "```python bad\nnetspec.check\n```\n\n```diagnostic\nerror\n```\n",
    "a good situation must have none": "```python bad\nnetspec.compile('a.net')\n```\n\n```sh good\n$ netspec check a.net\n```\n",
}
RIGHT_PAGE = f"""```net bad
{BAD}```

```diagnostic
```

```net good
{CLEAN}```

```net a.net
{CLEAN}```

```sh bad
$ cp a.net b.net
$ netspec check b.nett
```

```diagnostic
```

```sh good
$ netspec check b.net
```
"""


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("model M { }\n", "netspec 1\n\nmodel M { }\n"),
        ("netspec 1\nmodel M { }\n", "netspec 1\nmodel M { }\n"),
        ("# a comment\n\nnetspec 2\n", "# a comment\n\nnetspec 2\n"),
        ("# a comment\nmodel M { }\n", "netspec 1\n\n# a comment\nmodel M { }\n"),
        ("", "netspec 1\n\n"),
    ],
)
def test_the_first_line_is_put_before_specs_that_lack_it(text: str, whole: str) -> None:
    assert add_header(text) == whole


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "page.md"


def try_page(page: Path, update: bool = False) -> None:
    from tests.spec.trial import try_case

    for number, case in enumerate(cases(page.read_text())):
        try_case(page, number, case, update)


@pytest.mark.parametrize("name", WRONG_PAGES)
def test_the_runner_fails(name: str, page: Path) -> None:
    from tests.spec.trial import Unexpected, check, render_text

    text = WRONG_PAGES[name]
    if "DRAWN" in text:
        spec = cases(text)[0].spec.content().decode()
        text = text.replace("DRAWN", render_text(check(Source("spec.net", spec)).problems) + "\n")
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
    assert f"```net repaired\n{CLEAN}```" in page.read_text() and "error[no-such-file]" in page.read_text()
