"""Puts a difference into words: pieces of prose and pieces of the spec, which each renderer writes and escapes in its own way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from netspec.record import record
from netspec.shape import Dim
from netspec.tools.diff.difference import Cause, Cost, LayerChange, ModelChange, TrainChange, ValueChange, Verdict
from netspec.tools.layer_table import number

MOST_PATHS = 3
"""So many paths of one change are named; the others are counted."""
MOST_ARRAYS = 12
"""So many arrays of a kind are listed of a verdict."""


@record
class Code:
    """A piece of a spec: a name, a path, a value, a shape."""

    text: str


Piece = str | Code
Phrase = tuple[Piece, ...]


@record
class Line:
    """A line of the difference: a sign for what happened, a phrase, and phrases below it."""

    sign: str
    """"+", "-", "~" (another value or shape), ">" (another name or place)."""
    phrase: Phrase
    below: tuple[Phrase, ...] = ()


# --- layers ----------------------------------------------------------------------------------------------------------


def layer_lines(model: ModelChange) -> Iterator[Line]:
    """A line for each change of the layers; those that only follow others without a weight of their own are counted in one."""
    following = 0
    for change in model.layers:
        if change.what == "follows" and not change.weights:
            following += len(change.paths)
        else:
            yield _SAID[change.what](change)
    if following:
        yield Line("", (count(following, "layer"), " without parameters ", "make" if following > 1 else "makes", " other shapes"))


def _added(change: LayerChange) -> Line:
    held = f", {count(change.parameters, 'parameter')}" if change.parameters else ""
    inside = f" of {count(change.layers, 'layer')}" if change.layers > len(change.paths) else ""
    near: Phrase = (", behind ", Code(change.near)) if change.near and not change.near.startswith("a number") else ()
    return Line("+" if change.what == "added" else "-", (*paths(change.paths), ": ", Code(change.op), inside, *near, held))


def _changed(change: LayerChange) -> Line:
    values = join(", ", (value(v) for v in change.values))
    shapes = join(", ", (*weights(change.weights), *map(value, change.outputs)))
    return Line("~", (*paths(change.paths), ": ", *values), (shapes,) if shapes else ())


def _follows(change: LayerChange) -> Line:
    why: Phrase = (", since ", *cause(change.cause)) if change.cause else ()
    return Line("~", (*paths(change.paths), ": ", *join(", ", weights(change.weights)), *why))


def _rewired(change: LayerChange) -> Line:
    if change.values[0].name == "inputs":
        return Line(
            ">", (*paths(change.paths), ": reads ", Code(change.values[0].after), " in the order of ", Code(change.values[0].before))
        )
    said = [(plain(v.name), " reads ", Code(v.after or "nothing"), " and not ", Code(v.before or "nothing")) for v in change.values]
    return Line(">", (*paths(change.paths), ": ", *join("; ", said)))


def _reordered(change: LayerChange) -> Line:
    was: Phrase = (*paths(change.was), " -> ") if change.was != change.paths else ()
    return Line(">", (*was, *paths(change.paths), ": stands elsewhere in the text and reads the same"))


def _renamed(change: LayerChange) -> Line:
    inside = f" ({count(change.layers, 'layer')})" if change.layers > 1 else ""
    why = ", counted anew" if change.what == "renumbered" else ", renamed"
    return Line(">", (*paths(change.was), " -> ", *paths(change.paths), inside, why))


def _into(change: LayerChange) -> Line:
    return Line(">", (*paths(change.was), f" ({count(change.layers, 'layer')}) moved into ", *paths(change.paths)))


def _out_of(change: LayerChange) -> Line:
    return Line(">", (*paths(change.paths), f" ({count(change.layers, 'layer')}) moved out of ", *paths(change.was)))


def _loop(change: LayerChange) -> Line:
    shared = common_path(change.paths)
    return Line("~", (*join(", ", map(value, change.values)), ", around ", *paths((shared,) if shared else change.paths)))


_SAID = {
    "added": _added,
    "removed": _added,
    "changed": _changed,
    "replaced": _changed,
    "follows": _follows,
    "rewired": _rewired,
    "reordered": _reordered,
    "renamed": _renamed,
    "renumbered": _renamed,
    "into": _into,
    "out of": _out_of,
    "loop": _loop,
}


def other_lines(model: ModelChange) -> Iterator[Line]:
    """What changed of a model's params, inputs and outputs, and lines of its typed form where nothing else tells what did."""
    for change in model.params:
        yield Line("~", ("param ", *value(change)))
    for change in model.ports:
        yield Line("+" if not change.before else "-" if not change.after else "~", value(change))
    for line in model.other:
        yield Line("~", (Code(line),))


# --- values ----------------------------------------------------------------------------------------------------------


def value(change: ValueChange) -> Phrase:
    """`features: 32 -> 64`, and what set it."""
    if not (change.before or change.after):
        return (change.name,)
    name: Phrase = (plain(change.name), ": ") if change.name else ()
    if change.before and change.after and " -> " in change.before + change.after:
        what: Phrase = (*name, Code(change.after), ", was ", Code(change.before))
    elif change.before and change.after:
        what = (*name, Code(change.before), " -> ", Code(change.after))
    else:
        what = (*name, Code(change.after or change.before), " (new)" if change.after else " (gone)")
    if change.cause is None or (not change.before and not change.after):
        return what
    if change.cause.name == change.name:  # the argument, param or setting itself: only where it stands is news
        return (*what, " (", Code(change.cause.place), ")") if change.cause.place else what
    return (*what, " (", *cause(change.cause), ")")


def plain(name: str) -> Piece:
    """A name as a word of the sentence; as a piece of the spec where it holds anything that Markdown could read or a code host makes a link
    of: names of a spec and keys of dicts may."""
    return name if re.fullmatch(r"[A-Za-z0-9_ ./,-]*", name) and not _READ.search(name) else Code(name)


_READ = re.compile(
    r"www\.|[A-Za-z]-[0-9]|\b[0-9a-f]{7,40}\b"  # an address, an issue (GH-12, JIRA-12), a commit
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|__"  # emphasis
    r"|^[ -]|^[0-9]+\.|--|//| $",  # a list, a rule, a path that code shows as it is
    re.IGNORECASE,
)


def cause(found: Cause) -> Phrase:
    """`param width: 32 -> 64, m.net:4`."""
    place: Phrase = (", ", Code(found.place)) if found.place else ()
    if found.kind == "layer":
        return (Code(found.name), " makes ", Code(found.after))
    name = found.name if found.kind == "setting" else f"{found.kind} {found.name}".rstrip()
    change: Phrase = (": ", Code(found.before), " -> ", Code(found.after)) if found.before or found.after else ()
    return (Code(name), *change, *place)


def weights(changes: Sequence[ValueChange]) -> list[Phrase]:
    """Weights of a layer, those of one shape together: `scale, bias: f32[16] -> f32[32]`."""
    alike: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        alike.setdefault((change.before, change.after), []).append(change.name)
    return [value(ValueChange(", ".join(names), old, new)) for (old, new), names in alike.items()]


def common_path(found: Sequence[str]) -> str:
    """The block that several layers stand in; "" where it is none."""
    split = [path.split("/")[:-1] for path in found]
    shared = [parts[0] for parts in zip(*split, strict=False) if len(set(parts)) == 1]
    return "/".join(shared[: next((k for k in range(len(shared)) if any(s[k] != shared[k] for s in split)), len(shared))])


def paths(found: Sequence[str]) -> Phrase:
    """Paths, the first few by name."""
    more = f" and {len(found) - MOST_PATHS:,} more" if len(found) > MOST_PATHS else ""
    return (*join(", ", ((Code(path),) for path in found[:MOST_PATHS])), more)


def join(between: str, phrases: Iterable[Phrase]) -> Phrase:
    found: list[Piece] = []
    for phrase in phrases:
        found += [between, *phrase] if found else phrase
    return tuple(found)


def count(amount: int, noun: str) -> str:
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


# --- costs -----------------------------------------------------------------------------------------------------------

COSTS = ("parameters", "FLOPs", "activation bytes")


def cost_rows(before: Cost | None, after: Cost | None) -> list[tuple[str, str, str, str]]:
    """(what, before, after, change) of each cost."""
    sides = [(None, None, None) if c is None else (c.params, c.flops, c.bytes) for c in (before, after)]
    return [(name, number(old), number(new), _change(old, new)) for name, old, new in zip(COSTS, *sides, strict=True)]


def _change(old: Dim | int | None, new: Dim | int | None) -> str:
    """`+410,109 (+49.7 %)`; of symbolic amounts the difference alone, where it is none of numbers."""
    if old is None or new is None:
        return ""
    apart = Dim.of(new) - Dim.of(old)
    if not apart.is_constant:
        return ratio(Dim.of(old), Dim.of(new))
    if not apart.value:
        return "same"
    share = f" ({100 * apart.value / old:+.1f} %)" if isinstance(old, int) and old else ""
    return f"{apart.value:+,}{share}"


def ratio(old: Dim, new: Dim) -> str:
    """How amounts with free sizes are to each other; where that depends on the sizes, when each of them is 1."""
    ones = [amount.substitute(dict.fromkeys(amount.symbols(), 1)).value for amount in (old, new)]
    if not ones[0]:
        return ""
    always = str(old * ones[1]) == str(new * ones[0])
    return f"{100 * (ones[1] - ones[0]) / ones[0]:+.1f} %{'' if always else ' at sizes of 1'}"


# --- checkpoints -----------------------------------------------------------------------------------------------------


def verdict_lines(found: Verdict) -> Iterator[Line]:
    """What becomes of a checkpoint, below the verdict itself."""
    if found.kind == "nothing to load":
        yield Line("", ("one of the two has neither parameters nor buffers",))
    elif found.kind in ("loads", "loads into other layers"):
        yield Line("", (Code("--init-from RUN"), f" takes all {count(found.arrays, 'array')}"))
    else:
        how = " takes " if found.fits else " is refused: by their names it would take "
        option = "--init-from RUN --partial" if found.fits else "--init-from RUN"
        of = f"{found.fits:,} of {count(found.arrays, 'array')} ({found.taken:,} of {found.numbers:,} numbers)"
        yield Line("", (Code(option), how, of), (*_lists(found),))
    if found.cast:
        yield Line("", ("converted on the way: ",), _cut([value(change) for change in found.cast]))
    if found.crossed:
        said = [(Code(path), " is now ", Code(new)) for path, new in found.crossed]
        yield Line("", ("fits by its name, but belongs to another layer now:",), _cut(said))
    if found.maps:
        options = " ".join(f'--map "{text}"' for text in found.maps)
        so_many = "everything" if found.whole else f"{found.mapped:,} of {count(found.arrays, 'array')}"
        more = "" if found.whole else " --partial"
        yield Line("", (Code(f"--init-from RUN{more} {options}"), f" takes {so_many} to where it belongs"))
    if found.trains:
        changed: Phrase = (" is refused, as these changed: ", *join(", ", ((plain(name),) for name in found.reasons)))
        yield Line("", (Code("--resume"), *((" goes on",) if found.resumes else changed)))


def _lists(found: Verdict) -> Iterator[Phrase]:
    """The arrays that do not load, by reason; those of all instances of a block are one line."""
    misshaped = _gather([(change.name, f"{change.before} -> {change.after}") for change in found.misshaped])
    yield from _cut([("other shape: ", Code(name), ": ", *_arrow(text), more) for name, text, more in misshaped])
    for what, arrays in (("new", found.missing), ("left over", found.unused)):
        split = [(path, shape) for path, _, shape in (text.partition(" ") for text in arrays)]
        yield from _cut([(f"{what}: ", Code(f"{name} {shape}"), more) for name, shape, more in _gather(split)])


def _arrow(text: str) -> Phrase:
    before, _, after = text.partition(" -> ")
    return (Code(before), " -> ", Code(after))


def _gather(arrays: Sequence[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """(path, text, how many) of arrays; a `*` stands for the number of an instance where there are several alike."""
    alike: dict[tuple[str, str], list[str]] = {}
    for path, text in arrays:
        alike.setdefault((_INSTANCE.sub(r"\1_*/", path), text), []).append(path)
    return [(p if len(f) > 1 else f[0], text, f" ({len(f):,} of them)" if len(f) > 1 else "") for (p, text), f in alike.items()]


_INSTANCE = re.compile(r"^([^/]*)_[0-9]+/(?=[^/]+/)")
"""The number of the outermost block that an array stands in."""


def _cut(phrases: Sequence[Phrase]) -> tuple[Phrase, ...]:
    """The first ones, and how many more there are."""
    more: tuple[Phrase, ...] = ((f"and {len(phrases) - MOST_ARRAYS:,} more",),) if len(phrases) > MOST_ARRAYS else ()
    return (*phrases[:MOST_ARRAYS], *more)


# --- sections --------------------------------------------------------------------------------------------------------


def section_lines(change: TrainChange) -> Iterator[Line]:
    """A line for each setting."""
    for setting in change.settings:
        yield Line("+" if not setting.before else "-" if not setting.after else "~", value(setting))


def definition_lines(definitions: Sequence[ValueChange]) -> Iterator[Line]:
    """Blocks that stand in another file."""
    for change in definitions:
        yield Line(">", ("block ", Code(change.name), " stands in ", Code(change.after or "the spec itself"), " now"))
