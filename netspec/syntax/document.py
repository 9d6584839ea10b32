"""Lays out text that knows where it may break: a group is written on one line if it fits, else its lines break (as in Wadler's and Oppen's
printers).

A document is a string, a list of documents, or one of the classes below.
"""

from __future__ import annotations

from netspec.record import record

WIDTH = 100
STEP = 2


@record
class Line:
    """A line end where the group around it breaks, `flat` where it does not."""

    flat: str = " "


@record
class Hard:
    """A line end, always."""


@record
class Broken:
    """Text that stands only where the group around it breaks."""

    text: str


@record
class Indent:
    """Lines that break inside stand two columns further right."""

    inner: Doc


@record
class Group:
    """All its own lines break or none."""

    inner: Doc


Doc = str | Line | Hard | Broken | Indent | Group | list
LINE, SOFT, HARD, COMMA = Line(), Line(""), Hard(), Broken(",")

_Entry = tuple[int, bool, Doc]


def render(doc: Doc, indent: int = 0, used: int = 0, width: int = WIDTH) -> str:
    """The text of a document whose first line starts at column `used` and whose broken lines start at column `indent` or further right."""
    out: list[str] = []
    stack: list[_Entry] = [(indent, True, doc)]
    column = used
    while stack:
        margin, breaks, item = stack.pop()
        if isinstance(item, str):
            out.append(item)
            column += len(item)
        elif isinstance(item, list):
            stack += [(margin, breaks, part) for part in reversed(item)]
        elif isinstance(item, Indent):
            stack.append((margin + STEP, breaks, item.inner))
        elif isinstance(item, Group):
            # what stands on one line has its parts on one line: looking again costs a square of the length
            stack.append((margin, breaks and not _fits(item.inner, stack, width - column), item.inner))
        elif isinstance(item, Broken):
            out.append(item.text if breaks else "")
        elif isinstance(item, Line) and not breaks:
            out.append(item.flat)
            column += len(item.flat)
        else:
            out.append("\n" + " " * margin)
            column = margin
    return "\n".join(line.rstrip() for line in "".join(out).split("\n"))


def _fits(doc: Doc, rest: list[_Entry], room: int) -> bool:
    """Whether a document on one line, and what follows it up to the next place where a line may break, fits into the room."""
    stack: list[tuple[bool, Doc]] = [(False, doc)]
    behind = len(rest)
    while room >= 0:
        if not stack:
            if not behind:
                return True
            behind -= 1
            stack.append(rest[behind][1:])
            continue
        breaks, item = stack.pop()
        if isinstance(item, str):
            room -= len(item)
        elif isinstance(item, list):
            stack += [(breaks, part) for part in reversed(item)]
        elif isinstance(item, Indent | Group):
            stack.append((breaks, item.inner))
        elif isinstance(item, Line):
            if breaks:
                return True
            room -= len(item.flat)
        elif isinstance(item, Hard):
            return breaks
    return False


def join_docs(parts: list[Doc], separator: Doc) -> list[Doc]:
    """The parts with a separator between them."""
    out: list[Doc] = []
    for part in parts:
        out += [separator, part] if out else [part]
    return out


def bracket_docs(opening: str, parts: list[Doc], closing: str, comma: bool = True) -> Doc:
    """`(a, b)` on one line, or each part on its own with a comma behind the last."""
    if not parts:
        return opening + closing
    return Group([opening, Indent([SOFT, *join_docs(parts, [",", LINE])]), COMMA if comma else "", SOFT, closing])


def fill_docs(opening: str, parts: list[Doc], closing: str) -> Doc:
    """As `bracket_docs`, but with as many parts on a line as fit."""
    rest: list[Doc] = [Group([",", LINE, part]) for part in parts[1:]]
    return Group([opening, Indent([SOFT, parts[0], *rest]), COMMA, SOFT, closing])
