"""Says in words what has changed between two gatherings of facts. Floor 3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    names = dict.fromkeys((*before, *after))
    found = [(name, *describe(name, before.get(name), after.get(name))) for name in names if before.get(name) != after.get(name)]
    told = sorted(found, key=lambda item: item[1])
    texts = [text for _, rank, text in told if rank < LAST] or [text for *_, text in told]
    return Drift(tuple(dict.fromkeys(texts)) or ("something that has no line of its own was otherwise",), version)


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
