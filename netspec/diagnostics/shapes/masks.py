"""Defines the problem of a mask that gets lost on its way through a model. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Place
from netspec.record import record
from netspec.source import Span


@record(kw_only=True)
class PaddingTaken(Diagnostic):
    """Base of the problems of elements that only fill up an axis, and are taken for others."""

    severity: ClassVar[str] = "warning"

    op: str
    takes: str
    """The input by which the op could learn what counts; "" where it has none."""
    type: str
    """Of what it takes, with its axis and the size of that."""
    axis: int
    size: str
    rank: int
    says: str
    """What the spec calls the mask, or the lengths; "" where it has no name here."""
    masked: Place
    by_length: bool = False
    """Lengths say what counts, not a mask."""
    told: str = ""
    """What the spec calls other lengths, which the op is given."""
    filler: str = ""
    """What changes nothing for the op; "": no number does."""
    others: tuple[Span, ...] = ()
    """Where the same tensor is taken too, and the same repair helps: other branches of a network."""

    def places(self) -> Sequence[Place]:
        return (self.masked, *(Place(span, "and so does this one") for span in self.others))

    def _widen(self, mask: str) -> str:
        """The mask [batch, length] as it stretches over the tensor; for one whose axis of sequences comes first, turned round."""
        if self.axis == 0 and self.rank > 1:
            mask, places = f"transpose({mask})", [":", ":", *["none"] * (self.rank - 2)]
        else:
            places = [*[":"] * (self.axis + 1), *["none"] * (self.rank - self.axis - 1)]
        return f"{mask}[{', '.join(places)}]" if "none" in places else mask

    def _made(self, mask: str) -> str:
        """How lengths become a mask."""
        if not self.by_length or not self.size.isidentifier():
            return ""
        return f", with `{mask} = iota({self.size})[none, :] < {self.says or 'n'}[:, none]`"


@record(kw_only=True)
class MaskDropped(PaddingTaken):
    """Some elements along an axis only fill it up: an op is given a mask, or lengths, that says so. Here an op makes one number of all
    elements along that axis without being told which of them count. So the result of a short sequence depends on how far it was padded, and
    a mean over it comes out too small."""

    def message(self) -> str:
        which = f"`{self.says}`" if self.says else "the length of each" if self.by_length else "a mask"
        return f"`{self.op}` takes in all {self.size} elements along axis {self.axis} of {self.type}, but {which} says which of them count"

    def help(self) -> str | None:
        if self.proposed():
            return f"tell it what counts: {self.proposed()}"
        if self.takes == "lengths":
            return f"say how long each is: `{self.op}(…, lengths={self.says if self.says and self.by_length else 'n'})`"
        mask = self.says if self.says and not self.by_length else "m"
        if self.takes:
            return f"tell it what counts: `{self.op}(…, {self.takes}={mask})`" + self._made(mask)
        if self.filler not in ("", "0"):
            left = f"{self.op}(where({self._widen(mask)}, x, {self.filler}), …)"
            return f"leave the others out before, by what changes nothing here: `{left}`{self._made(mask)}"
        pool = f"; for a mean, take `global_avg_pool(mask={mask})`" if self.rank > 2 else ""
        pool += "" if self.axis or not pool else " while the batch stands first"
        return f"leave the others out before, in a sum by `where({self._widen(mask)}, x, 0)`{pool}{self._made(mask)}"


@record(kw_only=True)
class WindowOverPadding(PaddingTaken):
    """Some elements along an axis only fill it up, as an op is told that takes a mask, or lengths. Here windows slide along that axis, and
    those at the end of a short sequence hold elements that count beside some that fill up. So the result of a sequence depends on what
    stands behind it, and on whether anything does."""

    def message(self) -> str:
        which = f"`{self.says}`" if self.says else "the length of each" if self.by_length else "a mask"
        return f"the windows of `{self.op}` along axis {self.axis} of {self.type} take in what fills it up, but {which} says which count"

    def help(self) -> str | None:
        mask = self.says if self.says and not self.by_length else "m"
        return f"set the others to 0 before, as behind the end of a sequence: `where({self._widen(mask)}, x, 0)`{self._made(mask)}"


@record(kw_only=True)
class ZerosCounted(PaddingTaken):
    """Some elements along an axis only fill it up, and are 0 by now. That is enough for a sum, and for windows. Here an op makes one number
    of all elements along that axis for which 0 is a number as any other: a mean divides by all of them, a largest element is 0 where those
    that count are negative, softmax gives each of them a share. So the result depends on how far a sequence was padded."""

    def message(self) -> str:
        which = f"`{self.says}`" if self.says else "the length of each" if self.by_length else "a mask"
        return f"`{self.op}` counts the zeros that fill up axis {self.axis} of {self.type}, but {which} says which elements count"

    def help(self) -> str | None:
        mask = self.says if self.says and not self.by_length else "m"
        if self.takes:
            return f"tell it what counts: `{self.op}(…, {self.takes}={mask})`{self._made(mask)}"
        if self.rank > 2:
            forms = f"`global_avg_pool(x, mask={mask})` for a mean, `global_max_pool(x, mask={mask})` for the largest"
            forms += "" if self.axis else ", while the batch stands first"
            return f"only a sum of zeros is right; take {forms}{self._made(mask)}"
        wide = self._widen(mask)
        forms = f"`sum(where({wide}, x, 0), axis={self.axis}) / sum(cast({mask}, f32), axis=-1)"
        forms = f"{forms}` for a mean, `max(where({wide}, x, -inf), axis={self.axis})` for the largest"
        return f"only a sum of zeros is right; take {forms}{self._made(mask)}"


@record(kw_only=True)
class LastIsPadding(PaddingTaken):
    """Some elements along an axis only fill it up, as an op is told that takes a mask, or lengths. Here elements are counted from the end
    of that axis, where the short sequences have nothing but what fills up. So the last element is that of the longest sequence only."""

    def message(self) -> str:
        which = f"`{self.says}`" if self.says else "the length of each" if self.by_length else "a mask"
        what = "turns round" if self.op == "flip" else "counts from the end of"
        name = "this" if self.op == "[]" else f"`{self.op}`"
        return f"{name} {what} axis {self.axis} of {self.type}, where short sequences only fill it up: {which} says which count"

    def help(self) -> str | None:
        chosen = self.chosen()
        if chosen is not None:
            return f"take the last one that counts: `{chosen.words}`; a recurrence gives its own state: `lengths=…, return_state=true`"
        lengths = (self.says or "n") if self.by_length else f"sum(cast({self.says or 'm'}, i32), axis=-1)"
        more = "; a recurrence gives its own state: `lengths=…, return_state=true`"
        if not self.axis:
            return f"take the last one that counts while the batch stands first: `last(x, {lengths})`{more}"
        axis = "" if self.axis == 1 else f", axis={self.axis}"
        return f"take the last one that counts: `last(x, {lengths}{axis})`{more}"


@record(kw_only=True)
class OtherLengths(PaddingTaken):
    """Lengths say how many elements of each sequence count, and here an op is given lengths of another name for the same sequences. Where
    they are larger it takes what only fills up, and where they are smaller it leaves out elements that count."""

    def message(self) -> str:
        which = f"`{self.says}`" if self.says else "other lengths"
        return f"`{self.op}` is told `{self.told}` for axis {self.axis} of {self.type}, but {which} says how many of its elements count"

    def help(self) -> str | None:
        return f"give it the same lengths: `{self.op}(x, {self.says or 'n'})`, or both `{self.told}`"
