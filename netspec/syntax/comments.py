"""Finds the statement that a comment belongs to: the lexer sorts gaps between tokens, the builder asks when it makes a statement."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from netspec.record import field, record
from netspec.syntax.token import Token
from netspec.syntax.tree import NO_COMMENTS, Comment, Comments

END = -1
"""The key of the comments at the end of the file."""


@record(frozen=False)
class Remarks:
    """Comments by the place they belong to. Keys are offsets: of what follows for `before`, of the end of what precedes for `after`."""

    before: dict[int, tuple[str, ...]] = field(default_factory=dict)
    after: dict[int, str] = field(default_factory=dict)
    between: dict[int, str] = field(default_factory=dict)
    """As `after`, but a stage follows on the next line."""
    trailing: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Before the `}` at this offset."""
    inner: list[tuple[int, str]] = field(default_factory=list)
    """Inside an expression or behind `{`, by offset: the statement around them takes them."""
    blank: set[int] = field(default_factory=set)
    """Offsets of statements with an empty line above."""
    broken: set[int] = field(default_factory=set)
    """Offsets of `->` that stand first on their line."""

    def take(self, start: int, end: int) -> Comments:
        """The comments of the statement or section at [start, end)."""
        before, after = self.before.get(start, ()), self.after.get(end, "")
        if self.inner:
            first, last = bisect_left(self.inner, (start,)), bisect_left(self.inner, (end,))
            before += tuple(text for _, text in self.inner[first:last])
            del self.inner[first:last]
        return Comments(before, after) if before or after else NO_COMMENTS

    def take_stage(self, arrow: int, end: int) -> Comments:
        """The comments above the stage whose `->` is at `arrow`, and behind it if another stage follows."""
        before, after = self.before.get(arrow, ()), self.between.pop(end, "")
        return Comments(before, after) if before or after else NO_COMMENTS

    def homeless(self, end: int) -> None:
        """A comment between a chain's head, which ends here, and its first stage belongs to the statement."""
        text = self.between.pop(end, None)
        if text is not None:
            self.inner.insert(bisect_left(self.inner, (end,)), (end, text))


@record
class Gap:
    """What stands between two tokens: comments and line ends."""

    words: Sequence[Token]
    previous: Token | None
    next: Token | None
    separates: bool
    """`next` starts a statement."""
    opened: bool
    """`previous` is the `{` of a body, or there is none."""
    closes: bool
    """`next` is the `}` of a body, or there is none."""
    inside: bool
    """In brackets that are not a body."""


def sort_gap(remarks: Remarks, gap: Gap) -> None:
    """Give the comments of a gap to the statement before it, after it or around it."""
    beside, above, blank = _split(gap)
    start = END if gap.next is None else gap.next.start_pos or 0
    chain = gap.next is not None and gap.next.type == "ARROW" and not gap.inside
    if beside is not None and gap.previous is not None:
        if chain:
            remarks.between[gap.previous.end_pos or 0] = _read(beside)
        elif (gap.separates or gap.closes) and not gap.opened:
            remarks.after[gap.previous.end_pos or 0] = _read(beside)
        else:
            remarks.inner.append((beside.start_pos or 0, _read(beside)))
    if chain and any(w.type == "NEWLINE" for w in gap.words):
        remarks.broken.add(start)
    texts = tuple(_read(word) if isinstance(word, Token) else word for word in above)
    if gap.separates or chain:
        _put(remarks.before, start, texts)
    elif gap.closes:
        _put(remarks.trailing, start, (("",) if blank and texts and not gap.opened else ()) + texts)
    else:
        remarks.inner += [(word.start_pos or 0, _read(word)) for word in above if isinstance(word, Token)]
    if blank:
        remarks.blank.add(start)


def _read(word: Token) -> Comment:
    """A comment without the spaces at the end of its line."""
    text = word.rstrip()
    return Comment(text, word.start_pos, word.end_pos - len(word) + len(text))


def _put(where: dict[int, tuple[str, ...]], key: int, texts: tuple[str, ...]) -> None:
    """Notes comments under a key, if there are any."""
    if texts:
        where[key] = texts


def _split(gap: Gap) -> tuple[Token | None, list[Token | str], bool]:
    """The comment on the line of `previous`, the comments below it with "" for an empty line between, and whether a blank line is above."""
    beside, above, lines, blank = None, [], 0, False
    for word in gap.words:
        if word.type == "NEWLINE":
            lines += 1
        elif lines == 0 and gap.previous is not None:
            beside = word
        else:
            if lines > 1 and above:
                above.append("")
            elif lines > 1:
                blank = True
            above.append(word)
            lines = 0
    if lines > 1 and above and gap.separates:
        above.append("")
    return beside, above, blank or (lines > 1 and not above)
