"""One text written in many ways: spaces, line ends, semicolons, comments. The words stay the same."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.random_specs.words import split

CONTINUES = {"->", ",", "=", "+", "-", "*", "/", "(", "["}
"""Words behind which a line may end and go on."""
GLUED = {"(", "[", ")", "]", ",", ".", "?"}
"""Words before which no space is put."""


class Layout:
    """Writes statements in a random layout, and remembers the comments it put in."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.wild = rng.choice([0.0, 0.02, 0.1])
        """How often something stands otherwise than a person would write it."""
        self.comments: list[str] = []

    def odd(self) -> bool:
        return self.rng.random() < self.wild

    def comment(self) -> str:
        self.comments.append(f"# remark {len(self.comments)}, kept (even [this] -> that)")
        return self.comments[-1]

    def words(self, text: str) -> str:
        """One statement: spaces stretched, lines broken where they go on by themselves."""
        parts = split(text)
        out: list[str] = []
        for i, word in enumerate(parts):
            out.append(word)
            if not self.odd():
                continue
            after = parts[i + 1] if i + 1 < len(parts) else ""
            if word in CONTINUES and after.isspace():
                out.append(self.rng.choice(["\n      ", "  ", "\t"]))
            elif word.isspace():
                out.append("   ")
            elif word == "(" and after not in (")", ""):
                out.append(self.rng.choice([" ", "\n  "]))
        return "".join(out)

    def block(self, head: str, statements: Sequence[str], depth: int) -> str:
        """A header with its statements between braces."""
        margin = "  " * depth
        out = [f"{head} {{", "\n"]
        for statement in statements:
            if self.odd():
                out.append(f"{margin}  {self.comment()}\n")
            out += [margin, "  ", statement]
            out.append(self._end())
        return "".join([*out, margin, "}"])

    def _end(self) -> str:
        """What stands behind a statement."""
        if not self.odd():
            return "\n"
        return self.rng.choice(["\n\n", " ;\n", "  \n\n\n", f"  {self.comment()}\n", ";;\n", "\n"])
