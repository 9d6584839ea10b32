"""Says in words what has changed between two gatherings of facts. Floor 3."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from netspec.lock.model_facts import GIVES
from netspec.lock.text import Facts
from netspec.record import record

SILENT = ("lock", "netspec", "hash")
"""Facts about the file itself, which are compared apart."""
WIRING = "wiring"
LAST = 9
"""The rank of what is told only where nothing plainer is: each change of a layer changes the hash of the whole."""
LONG = 300
"""Characters of one value in a sentence."""


@record
class Drift:
    """What differs. Facts count when they are not those of one hash, or when the same library would write others for it."""

    facts: tuple[str, ...] = ()
    """A sentence for each, the plainest first."""
    version: str = ""
    """The library that wrote the lock, where it is another one than this."""

    @property
    def any(self) -> bool:
        """The spec is not the one that was locked."""
        return bool(self.facts)


def compare(locked: Facts, now: Facts) -> Drift:
    """What a spec is now against what was locked."""
    version = "" if locked["netspec"] == now["netspec"] else locked["netspec"]
    same = locked["hash"] == now["hash"] and locked["language"] == now["language"]
    if same and (version or locked == now):
        return Drift((), version)
    before, after = flatten(locked), flatten(now)
    changed = {way: (before.get(way), after.get(way)) for way in (*before, *after) if before.get(way) != after.get(way)}
    kept = {first_step(way) for way in before if way in after}
    renamed = find_renamed({way: pair for way, pair in changed.items() if first_step(way) not in kept})
    steps = {*renamed, *renamed.values()}
    rest = {way: pair for way, pair in changed.items() if first_step(way) not in steps}
    told = sorted(((*describe(way, *pair), alike) for way, pair, alike in join_alike(rest)), key=lambda item: item[0])
    texts = [say_alike(text, alike) for rank, text, alike in told if rank < LAST] or ([] if renamed else [text for _, text, _ in told])
    names = [f"`{old}` is called `{new}` now" for old, new in renamed.items()]
    return Drift((*names, *dict.fromkeys(texts)) or ("something that has no line of its own was otherwise",), version)


Way = tuple[str, ...]
Pair = tuple[str | None, str | None]


def first_step(way: Way) -> str:
    """`Stage_0` of the fact on `Stage_0/conv_0/kernel`."""
    return way[-1].partition("/")[0]


def find_renamed(changed: Mapping[Way, Pair]) -> dict[str, str]:
    """Layers, and instances of blocks, of which every fact is gone, and stands under another name as it was."""
    gone, new = (collect_steps(changed, side) for side in (0, 1))
    free: dict[frozenset[tuple[Way, str]], deque[str]] = {}
    for name, facts in new.items():
        free.setdefault(frozenset(facts.items()), deque()).append(name)
    taken: dict[str, str] = {}
    for old, facts in gone.items():
        if alike := free.get(frozenset(facts.items())):
            taken[old] = alike.popleft()
    return taken


def collect_steps(changed: Mapping[Way, Pair], side: int) -> dict[str, dict[Way, str]]:
    """The facts that only one side has, by the first step of the path that they are about; a step that has others besides is none."""
    found: dict[str, dict[Way, str]] = {}
    mixed: set[str] = set()
    for way, pair in changed.items():
        step, value = first_step(way), pair[side]
        if pair[1 - side] is not None or value is None:
            mixed.add(step)
        elif len(way) > 2:
            found.setdefault(step, {})[(*way[:-1], way[-1].removeprefix(step))] = value
    return {step: facts for step, facts in found.items() if step not in mixed and any("layers" in way for way in facts)}


def join_alike(changed: Mapping[Way, Pair]) -> Iterator[tuple[Way, Pair, int]]:
    """Each change once, with how many more facts of its group changed from the same to the same."""
    groups: dict[tuple[Way, Pair], list[Way]] = {}
    for way, pair in changed.items():
        both = None not in pair
        groups.setdefault((way[:-1] if both else way, pair), []).append(way)
    for (_, pair), ways in groups.items():
        yield ways[0], pair, len(ways) - 1


def say_alike(text: str, more: int) -> str:
    return f"{text}, and so of {more:,} more" if more else text


def flatten(facts: Facts) -> dict[tuple[str, ...], str]:
    """Every text by the names on the way to it."""

    def texts(value: object, way: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from texts(inner, (*way, name))
        else:
            yield way, str(value)

    return {way: text for name, value in facts.items() if name not in SILENT for way, text in texts(value, (name,))}


def describe(way: Sequence[str], before: str | None, after: str | None) -> tuple[int, str]:
    """How plainly a fact says what happened, 0 most, and the sentence: a layer that changed changes the shapes of those behind it too."""
    group, name = way[-2] if len(way) > 1 else "", way[-1]
    if name == WIRING and len(way) > 1:
        return LAST, f"of `{way[1]}` it changed what is given to what, or the order"
    if way[0] == "defaults":
        return (1, f"default of `{name}` was {cut(before)}, now {cut(after)}") if before and after else (8, _say_other_default(name, after))
    if before is None or after is None:
        rank = 0 if group == "layers" else 3 if group == "parameters" and way[0] == "models" else 5
        return rank, f"{_subject(way)} is {'new: ' + cut(after) if before is None else 'gone: it was ' + cut(before)}"
    if GIVES in before and GIVES in after:
        own, new = before.partition(GIVES)[0], after.partition(GIVES)[0]
        if own != new:
            return 0, f"{_subject(way)} was {cut(own)}, now {cut(new)}"
        return 4, f"{_subject(way)} gave {cut(before.partition(GIVES)[2])}, now {cut(after.partition(GIVES)[2])}"
    return (1 if group == "settings" else 5 if way[0] == "trainings" else 4), f"{_subject(way)} was {cut(before)}, now {cut(after)}"


def _say_other_default(name: str, after: str | None) -> str:
    return f"`{name}` is left to its default, {cut(after)}" if after is not None else f"`{name}` is not left to its default any more"


KINDS = {"inputs": "input", "outputs": "output", "buffers": "buffer", "values": "value", "settings": "setting", "layers": "", "sizes": ""}
"""What a fact of a group is called."""


def _subject(way: Sequence[str]) -> str:
    """What a sentence is about: "`conv_1`", "setting `seed`", "the training of parameter `dense_0/kernel`"."""
    group, name = way[-2] if len(way) > 1 else "", way[-1]
    if group == "parameters":
        kind = "the training of " if way[0] == "trainings" else "parameter "
    elif "random" in way:
        kind = "random numbers of "
    else:
        kind = f"{KINDS.get(group, '')} ".lstrip()
    return f"{kind}`{name}`"


def cut(text: str | None) -> str:
    """A value, shortened where it is long."""
    text = text or "nothing"
    return text if len(text) <= LONG else f"{text[: LONG - 1]}…"
