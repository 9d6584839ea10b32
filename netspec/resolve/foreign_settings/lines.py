"""Makes edits of lines of a section: one that goes away, one that becomes another, arguments that a call gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netspec.diagnostics.base import Edit
from netspec.source import Span
from netspec.syntax import tree


def drop_line(item: tree.Node) -> Edit:
    """Takes an item of a section away, with its line where it stands alone on it."""
    source, start, end = item.span.source, item.span.start, item.span.end
    text = source.text
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    last = len(text) if last < 0 else last
    before, after = text[first:start].strip(), text[end:last].strip()
    if not before and (not after or after.startswith("#")):
        return Edit(Span(source, first, min(last + 1, len(text))), "")
    if after.startswith(";"):
        behind = text[end:last].index(";") + end + 1
        behind += len(text[behind:last]) - len(text[behind:last].lstrip())
        return Edit(Span(source, start, behind), "")
    if before.endswith(";"):
        return Edit(Span(source, text.rfind(";", first, start), end), "")
    return Edit(item.span, "")


def become(item: tree.Node, lines: Sequence[str]) -> list[Edit]:
    """An item becomes these lines, indented as it is; without any it goes away."""
    if not lines:
        return [drop_line(item)]
    source, start = item.span.source, item.span.start
    before = source.text[source.text.rfind("\n", 0, start) + 1 : start]
    joint = "; " if before.strip() else "\n" + before
    return [Edit(item.span, joint.join(lines))]


def give_arguments(call: tree.Call | tree.Name, order: Sequence[str], given: Mapping[str, str]) -> list[Edit]:
    """A call gets arguments: those that it has are exchanged, others stand behind them, the first of its `order` without its name."""
    args = call.args if isinstance(call, tree.Call) else ()
    have: dict[str, tree.Arg] = {}
    for place, arg in enumerate(args):
        have[arg.name or (order[place] if place < len(order) else "")] = arg
    edits = [Edit(have[name].value.span, text) for name, text in given.items() if name in have]
    more = [name for name in given if name not in have]
    if not more:
        return edits
    bare = more[0] if not args and [*order[:1]] == more[:1] else ""
    words = ", ".join(given[name] if name == bare else f"{name}={given[name]}" for name in more)
    if isinstance(call, tree.Name):
        return [*edits, insert(call.span.source, call.span.end, f"({words})")]
    inside = call.span.source.text[call.callee.span.end : call.span.end - 1].rstrip()
    joint = ", " if args and not inside.endswith(",") else " " if args else ""
    end = args[-1].span.end if args and joint == ", " else call.span.end - 1
    return [*edits, insert(call.span.source, end, joint + words)]


def insert(source, place: int, text: str) -> Edit:
    """New text at a place."""
    return Edit(Span(source, place, place), text)


def apply_inside(span: Span, edits: Iterable[Edit]) -> str:
    """The text of a span behind the edits that lie in it, for words about them."""
    text, end = [], span.start
    for edit in sorted((e for e in edits if span.start <= e.span.start and e.span.end <= span.end), key=lambda e: e.span.start):
        text += [span.source.text[end : edit.span.start], edit.text]
        end = edit.span.end
    return " ".join("".join([*text, span.source.text[end : span.end]]).split())


def word_of(node: tree.Expr | None) -> str:
    """What a bare name or a string says: `adam`, `"adam"`; else ""."""
    return node.text if isinstance(node, tree.Name) else node.value if isinstance(node, tree.String) else ""
