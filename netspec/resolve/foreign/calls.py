"""Writes a call as the op or block takes it: its arguments renamed, converted, left out or moved behind, as candidates of a repair.

A candidate need not be right: whoever proposes repairs applies each to the whole file, and keeps the first that holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product

from netspec.diagnostics.base import Edit, Repair
from netspec.diagnostics.suggestions.aliases import aliases
from netspec.diagnostics.suggestions.nearest import find_alike, find_same, squash
from netspec.library.shelf import index
from netspec.library.shelf.index import Entry
from netspec.limits import LIMITS
from netspec.record import record, replace
from netspec.resolve.foreign.argument_rules import Choice, find_choices
from netspec.resolve.foreign.values import CONSTANTS, LENGTH, convert_text, from_pair, split_items, takes
from netspec.resolve.graph import Definition
from netspec.source import Span
from netspec.syntax import tree

LITERALS = (tree.Number, tree.String, tree.Constant, tree.ListExpr, tree.TupleExpr, tree.Duration)


@record
class Takes:
    """What is called: its name, kind, inputs, and its params with their types as text."""

    op: str
    kind: str
    inputs: tuple[str, ...]
    optional: tuple[str, ...]
    types: Mapping[str, str]
    needed: tuple[str, ...] = ()
    """The params without a default."""
    variadic: bool = False
    """Its input is a list."""


def takes_of(callee: Entry | Definition) -> Takes:
    """What an op of the shelf, or a block, takes."""
    if isinstance(callee, Entry):
        required = tuple(i.name for i in callee.inputs if not i.optional)
        optional = tuple(i.name for i in callee.inputs if i.optional)
        needed = tuple(a.name for a in callee.signature if a.required)
        return Takes(callee.name, callee.kind, required, optional, {a.name: a.type for a in callee.signature}, needed, callee.variadic)
    types = {p.name: p.type.span.text for p in callee.params}
    needed = tuple(p.name for p in callee.params if p.default is None and not p.type.optional)
    return Takes(callee.name, "block", tuple(i.name for i in callee.inputs), (), types, needed)


@record
class Written:
    """A call as it stands in the text."""

    span: Span
    args: tuple[tree.Arg, ...] = ()

    @property
    def callee(self) -> Span:
        text = self.span.text
        return Span(self.span.source, self.span.start, self.span.start + len(text.partition("(")[0].rstrip()))

    @property
    def staged(self) -> bool:
        """It stands behind an arrow."""
        return re.search(r"->\s*(\w+\s*:\s*)?$", self.span.source.text[: self.span.start][-200:]) is not None

    @property
    def labelled(self) -> bool:
        return re.search(r"->\s*\w+\s*:\s*$", self.span.source.text[: self.span.start][-200:]) is not None


def propose_calls(
    call: Written, what: Takes, name: str = "", gone: Sequence[int] = (), named: Mapping[int, str] | None = None, more: str = ""
) -> list[Repair]:
    """Ways to write the call. `name`: the op that is called instead; `gone`: arguments that go; `named`: those that get a name; `more`:
    what is written besides."""
    lists = list_choices(call, what, gone, named or {})
    if not all(lists):
        return []
    found: list[Repair] = []
    for combination in islice(product(*lists), LIMITS.repairs_of_a_call):
        for repair in write_call(call, add_last(combination, more), name):
            if repair not in found:
                found.append(repair)
    return found


def add_last(choices: Sequence[Choice], more: str) -> Sequence[Choice]:
    """More arguments behind the last one that stays."""
    last = max((n for n, choice in enumerate(choices) if choice.text is not None), default=-1)
    if not more or last < 0:
        return choices
    return [replace(choice, text=f"{choice.text}, {more}") if n == last else choice for n, choice in enumerate(choices)]


def list_choices(call: Written, what: Takes, gone: Sequence[int], named: Mapping[int, str]) -> list[list[Choice]]:
    """What may become of each argument, in order."""
    params = list(what.types)
    positional = [n for n, arg in enumerate(call.args) if arg.name is None and n not in gone and n not in named]
    tensors = count_tensors(call, what, positional)
    fills = dict(zip(positional[tensors:], params, strict=False))
    taken = {arg.name for arg in call.args} | set(fills.values()) | {name.partition("=")[0] for name in named.values()}
    free = [name for name in (*params, *what.inputs[: 0 if tensors else None], *what.optional) if name not in taken]
    given = {fills.get(n) or arg.name or "": arg.value.span.text for n, arg in enumerate(call.args)}
    found: list[list[Choice]] = []
    for place, arg in enumerate(call.args):
        text = arg.value.span.text
        if place in gone:
            found.append([Choice(None)])
        elif place in named:
            found.append([Choice(named[place] if "=" in named[place] else f"{named[place]}={text}")])
        elif arg.name is None:
            wanted = what.types.get(fills.get(place, ""), "")
            items = split_items(text) if text.startswith("(") and fills.get(place) == "b1" else []
            if len(items) == 2 and place == positional[-1]:
                found.append([Choice(", ".join(items))])
                continue
            if place in positional[:tensors] and text.startswith("(") and isinstance(arg.value, tree.TupleExpr):
                found.append([Choice(from_pair(text))])
                continue
            beyond = place in positional[tensors:] and place not in fills
            found.append(
                activation_choices(text) if beyond or is_activation(text, wanted) else [Choice(t) for t in write_value(text, wanted)]
            )
        elif arg.name in what.types or arg.name in (*what.inputs, *what.optional):
            found.append([Choice(f"{arg.name}={t}") for t in write_value(text, what.types.get(arg.name, ""))])
        else:
            found.append(rename(arg.name, text, what, free, call.span.source.text, given))
    return found


def is_activation(text: str, wanted: str) -> bool:
    """`Dense(10, "relu")`: a word in quotes, or a function, where a truth value or number is wanted."""
    if text.startswith('"') and wanted and not re.search(r"str|any|initializer|function|layer|dtype", wanted):
        return not fits(text, wanted) and not convert_text(text, wanted) and bool(activation_choices(text))
    if not text.startswith('"') and not (index.lookup(text.partition("(")[0], "function") and "initializer" not in wanted):
        return False
    return bool(wanted) and not re.search(r'"|str|initializer|function|layer|dtype|any', wanted) and not convert_text(text, wanted)


def activation_choices(text: str) -> list[Choice]:
    """An argument too many that may name an activation."""
    from netspec.resolve.foreign.argument_rules import as_stage

    return as_stage(text) if re.match(r'["A-Za-z]', text) else []


def count_tensors(call: Written, what: Takes, positional: Sequence[int]) -> int:
    """How many of the first positional arguments are inputs: in call form those that are no literals."""
    if call.staged or what.kind not in ("layer", "function", "loss", "metric", "block", "decoder"):
        return 0
    first = [call.args[n].value for n in positional[: len(what.inputs)]]
    if what.variadic and first and isinstance(first[0], tree.ListExpr):
        return 1
    return len(first) if first and not is_literal(first[0]) else 0


def is_literal(node: tree.Expr | tree.Arg) -> bool:
    """A value that can be no tensor: a list of names may be several."""
    if isinstance(node, tree.ListExpr | tree.TupleExpr) and node.items:
        return all(not isinstance(item, tree.Arg) and is_literal(item) for item in node.items)
    return isinstance(node, LITERALS)


def write_value(text: str, wanted: str) -> list[str]:
    """A value as it stands if it may be right, else as it may have been meant."""
    if not wanted:
        return [text]
    fine = fits(text, wanted)
    return [text] if fine else [*convert_text(text, wanted), *([text] if fine is None else [])] or [text]


def fits(text: str, wanted: str) -> bool | None:
    """A literal is of a type; None for what is no literal."""
    if text.startswith('"'):
        return text in re.findall(r'"[\w-]+"', wanted) or takes(wanted, "str") or takes(wanted, "any")
    if text.startswith("("):
        return None if "->" in text or not _is_tuple(text) else False
    if text.startswith("["):
        return "list" in wanted or takes(wanted, "any")
    if re.fullmatch(LENGTH, text):
        return "duration" in wanted and "list" not in wanted
    if re.fullmatch(r"-?[0-9][0-9_]*", text):
        return takes(wanted, "int") or takes(wanted, "float") or takes(wanted, "number")
    if re.fullmatch(r"-?[0-9][0-9_]*(\.[0-9]*)?(e[+-]?[0-9]+)?", text):
        return takes(wanted, "float")
    if text in ("true", "false"):
        return takes(wanted, "bool")
    return None if text in CONSTANTS or "." in text.partition("(")[0] or "initializer" in wanted else True


def _is_tuple(text: str) -> bool:
    from netspec.resolve.foreign.values import split_items

    return text.endswith(")") and (len(split_items(text)) != 1 or text.rstrip(") ").endswith(","))


def rename(name: str, text: str, what: Takes, free: Sequence[str], spec: str, given: Mapping[str, str]) -> list[Choice]:
    """What may become of an argument that the callee does not have: another name, or what the foreign word means."""
    shelf = what.kind != "block"
    targets = find_same(name, free) or ([ours for ours in aliases().get(squash(name), ()) if ours in free] if shelf else [])
    found = [Choice(f"{ours}={t}") for ours in targets for t in write_value(text, what.types.get(ours, ""))]
    if "mask" in targets and text.isidentifier():
        lengths = dict.fromkeys(re.findall(r"input \w+\s*:\s*\w+\[\w+, (\w+)", spec))
        found += [Choice(f"mask=iota({length})[none, :] < {text}[:, none]") for length in lengths]
    if shelf:
        found += find_choices(name, text, what.op, what.kind, free, what.types)
    if not found and shelf and any(given.get(ours) == text for ours in aliases().get(squash(name), ())):
        found = [Choice(None)]  # what it is called here is given already
    missing = [ours for ours in free if ours in what.needed]
    if not found and len(missing) == 1 and not find_alike(name, list(free)):
        found = [Choice(f"{missing[0]}={t}") for t in write_value(text, what.types[missing[0]])]
    if not found:
        found = [Choice(f"{ours}={t}") for ours in find_alike(name, list(free))[:2] for t in write_value(text, what.types.get(ours, ""))]
    return found


# --- a combination as edits --------------------------------------------------------------------------------------------


def write_call(call: Written, choices: Sequence[Choice], name: str) -> Iterator[Repair]:
    """The edits of one combination; in the place of a stage behind, an activation may stand around a call that is no stage."""
    renamed = [choice.callee for choice in choices if choice.callee] or ([name] if name else [])
    if len(set(renamed)) > 1:
        return
    callee = renamed[0] if renamed else ""
    closes = ")" * (callee.count("(") - callee.count(")"))
    inside = [*argument_edits(call, choices)]
    if callee and callee != call.callee.text:
        inside.append(Edit(call.callee, callee))
    if call.span.source.pointers is not None:
        plain = all(c.text is not None and not (c.behind or c.ahead or c.label or c.callee) for c in choices)
        if plain and not name:
            yield Repair(tuple(inside))
        return
    ahead = "".join(choice.ahead for choice in choices)
    labels = [choice.label for choice in choices if choice.label]
    if labels and (not call.staged or call.labelled):
        return
    behind = [choice.behind for choice in choices if choice.behind]
    start, end = Span(call.span.source, call.span.start, call.span.start), Span(call.span.source, call.span.end, call.span.end)
    lead = ahead + (f"{labels[0]}: " if labels else "")
    if behind and not call.staged:
        yield show(
            call,
            [
                *inside,
                *ends(start, lead + "".join(f"{b.partition('(')[0]}(" for b in reversed(behind))),
                *ends(end, closes + "".join(map(_close, behind))),
            ],
        )
    yield show(call, [*inside, *ends(start, lead), *ends(end, closes + "".join(f" -> {b}" for b in behind))])


def _close(stage: str) -> str:
    """The end of a call around another one: `, 0.1)`."""
    inside = stage.partition("(")[2]
    return f", {inside}" if inside else ")"


def ends(at: Span, text: str) -> list[Edit]:
    return [Edit(at, text)] if text else []


def show(call: Written, edits: list[Edit]) -> Repair:
    """The repair with the call as it will read."""
    from netspec.diagnostics.edits import apply_edits

    source, before = call.span.source, call.span.start
    text = apply_edits(source, edits)
    words = " ".join(text[before : call.span.end + len(text) - len(source.text)].split())
    return Repair(tuple(edits), words if len(words) <= LIMITS.quoted_characters * 2 else "")


def argument_edits(call: Written, choices: Sequence[Choice]) -> Iterator[Edit]:
    """Edits of the arguments; a comma goes with the argument, the parentheses with the last one."""
    args, source = call.args, call.span.source
    if (args or call.staged) and call.span.end > call.callee.end and all(choice.text is None for choice in choices):
        yield Edit(Span(source, call.callee.end, call.span.end), "")
        return
    if all(choice.text is None for choice in choices):  # in JSON the callee does not stand before its arguments
        return
    kept = False
    for place, (arg, choice) in enumerate(zip(args, choices, strict=True)):
        whole = span_of(arg)
        if choice.text is not None:
            kept = True
            yield from replace_argument(arg, choice.text)
        elif kept:
            yield Edit(Span(source, span_of(args[place - 1]).end, whole.end), "")
        else:
            yield Edit(Span(source, whole.start, span_of(args[place + 1]).start), "")


def span_of(arg: tree.Arg) -> Span:
    return arg.span if arg.name is None else arg.name_span.to(arg.value.span)


def replace_argument(arg: tree.Arg, text: str) -> Iterator[Edit]:
    """The smallest edits that write an argument anew."""
    value = arg.value.span.text
    found = re.fullmatch(r"(\w+)=(.*)", text, re.DOTALL)
    name, new = (found[1], found[2]) if found else (None, text)
    if name != arg.name and arg.name is not None and name is not None:
        yield Edit(arg.name_span, name)
    elif name is not None and name != arg.name and new == value:
        yield Edit(Span(arg.span.source, arg.value.span.start, arg.value.span.start), f"{name}=")
        return
    elif name != arg.name:
        yield Edit(span_of(arg), text)
        return
    if new != value:
        yield Edit(arg.value.span, new)
