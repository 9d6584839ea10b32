"""Defines a foreign form that a rule has found: where, of which habit, and what makes it ours."""

from __future__ import annotations

from collections.abc import Callable

from netspec.record import record
from netspec.syntax.foreign.text_view import TextView

Change = tuple[int, int, str]
"""Characters [start, end) and the text that takes their place."""


@record
class Form:
    """A piece of text in another language's form."""

    habit: str
    """Which habit it is: a key of `KINDS` in `problems_of_forms`; all places of one are one problem."""
    start: int
    end: int
    changes: tuple[Change, ...]
    otherwise: tuple[Change, ...] = ()
    """Other changes, where these do not hold."""
    found: str = ""
    """The part that is foreign, where it is not what stands at its place."""
    reads: bool = False
    """It can be read as it is, and means nothing that exists: a method of a tensor, say."""
    whole: tuple[int, int] | None = None
    """The characters that its problem may be about, when they are more than its lines."""
    hides: int = -1
    """Up to this character nothing else is looked for: the words of a comment are none."""


Rule = Callable[[TextView, int], Form | None]
"""Looks for a form that begins at a word."""
