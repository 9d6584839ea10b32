"""Knows how other languages import: `from parts import Mlp`, `import parts`, `import numpy as np`, `#include`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netspec.syntax.foreign.form import Change, Form, Rule
from netspec.syntax.foreign.text_view import TextView

_LIBRARIES = {
    *("torch", "torchvision", "tensorflow", "keras", "jax", "flax", "numpy", "optax", "haiku", "equinox", "math", "typing", "einops"),
    *("functools", "netspec", "scipy", "transformers", "dataclasses", "os", "sys", "__future__", "collections", "timm", "lightning"),
    *("tf", "jnp", "nn", "orbax", "sklearn", "pandas", "matplotlib", "tqdm", "random", "time", "ludwig", "mxnet", "jraph"),
}
"""What is no file of the project: nothing of it need be imported."""
_NAME = r"[A-Za-z_]\w*"
_NAMES = rf"{_NAME}(?:\s+as\s+{_NAME})?(?:\s*,\s*{_NAME}(?:\s+as\s+{_NAME})?)*"
_FROM = re.compile(rf"from\s+(?P<file>[\w./]+|\"[^\"\n]*\"|'[^'\n]*')\s+import\s+\(?\s*(?P<names>{_NAMES}|\*)\s*,?\s*\)?[ \t]*;?")
_BARE = re.compile(
    rf"import\s+(?P<path>{_NAME}(?:\.{_NAME})*)(?:\s+as\s+(?P<alias>{_NAME}))?(?:\s*,\s*{_NAME}[\w.]*(?:\s+as\s+{_NAME})?)*"
    r"[ \t]*;?(?=\s*(?:#|\n|$))"
)
_UNQUOTED = re.compile(rf"import\s+(?P<names>{_NAMES})\s+from\s+(?P<file>[\w./-]+)[ \t]*;?(?=\s*(?:#|\n|$))")
_BRACED = re.compile(rf"import\s*[{{(]\s*(?P<names>{_NAMES})\s*,?\s*[}})]\s*from\s+(?P<file>[\w./-]+|\"[^\"\n]*\"|'[^'\n]*')[ \t]*;?")
_MEMBER = re.compile(rf"(?:import|use)\s+(?P<file>{_NAME}(?:(?:\.|::){_NAME})*)(?:\.|::)(?P<names>[A-Z]\w*)[ \t]*;?(?=\s*(?:#|\n|$))")
_WHOLE = re.compile(r"(?:import|include|use|require|load|from)\s*\(?\s*(?P<file>\"[^\"\n]+\"|'[^'\n]+')\s*\)?[ \t]*;?(?=\s*(?:#|\n|$))")
_STAR = re.compile(
    rf"import\s+\*(?:\s+as\s+(?P<alias>{_NAME}))?\s+from\s+(?P<file>[\w./-]+|\"[^\"\n]+\"|'[^'\n]+')[ \t]*;?(?=\s*(?:#|\n|$))"
)
_COMMA = re.compile(rf"import\s+(?P<names>{_NAMES})\s*,\s*from\s+(?P<file>\"[^\"\n]+\")")


def foreign_import(view: TextView, i: int) -> Form | None:
    """A line that imports as Python, JavaScript or Rust do."""
    if view.starts.get(i) != 0 or not view.is_word(i, "from", "import", "use", "include", "load"):
        return None
    start = view.start(i)
    for pattern in (_FROM, _BRACED, _UNQUOTED, _MEMBER, _BARE, _WHOLE, _STAR, _COMMA):
        match = pattern.match(view.text, start)
        if match is not None:
            return _rewrite(view, match)
    return None


def _rewrite(view: TextView, match: re.Match[str]) -> Form | None:
    """The import of a file's names; a library's is deleted with its line."""
    said = match.groupdict()
    file = (said.get("file") or said.get("path") or "").strip("\"'")
    start = match.start()
    end = start + len(match[0].rstrip())
    if re.split(r"[./:]", file.lstrip("."))[0] in _LIBRARIES:
        line_end = view.line_end(end)
        return Form(
            "library import",
            start,
            end,
            ((start, min(line_end + 1, len(view.text)), ""),),
            found=match[0].split()[0] + " " + match[0].split()[1],
        )
    names = " ".join((said.get("names") or "").split()).rstrip(",")
    changes: list[Change] = []
    if not names or names == "*":
        alias = said.get("alias") or file.rpartition(".")[2]
        names = ", ".join(dict.fromkeys(_wanted(view, alias)))
        changes = _unprefixed(view, alias)
    if not names:
        return None
    reads = match.re is _BARE or match.re is _WHOLE
    return Form("import", start, end, ((start, end, f'import {names} from "{file_of(file)}"'), *changes), reads=reads)


def _wanted(view: TextView, alias: str) -> Iterator[str]:
    """Names of blocks that the text uses and does not have."""
    for k, token in enumerate(view.tokens):
        used = view.type(k + 1) == "LPAR" or view.type(k - 1) == "ARROW" or view.at(k - 2) == alias
        if token.type == "NAME" and token[:1].isupper() and used and str(token) not in view.defined | view.bound:
            yield str(token)


def _unprefixed(view: TextView, alias: str) -> list[Change]:
    """`p.Mlp(…)` is `Mlp(…)`."""
    heads = (k for k, token in enumerate(view.tokens) if token == alias and view.type(k + 1) == "DOT" and view.at(k + 2)[:1].isupper())
    return [(view.start(k), view.stop(k + 1), "") for k in heads if view.starts.get(k) != 0]


def file_of(module: str) -> str:
    """The spec's file that a module's name means: `.parts.mlp` is `parts/mlp.net`."""
    if module.endswith((".net", ".netspec")):
        return module
    if "/" in module:
        return f"{re.sub(r'[.](py|js|ts|json)$', '', module)}.net"
    dots = len(module) - len(module.lstrip("."))
    inner = module.lstrip(".").removesuffix(".py").replace("::", "/").replace(".", "/")
    return f"{'../' * max(dots - 1, 0)}{inner}.net"


STATEMENTS: tuple[Rule, ...] = (foreign_import,)
RULES: tuple[Rule, ...] = ()
