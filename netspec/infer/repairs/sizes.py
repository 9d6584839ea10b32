"""Says a size as the spec would: by the text of the argument that made it, by the name that a block has for it, else as a number."""

from __future__ import annotations

import re

from netspec.infer.frame import Frame
from netspec.infer.repairs.lineage import Line
from netspec.infer.values import to_plain
from netspec.shape import Dim
from netspec.syntax import tree


def name_size(frame: Frame, size: Dim, *lines: Line) -> str:
    """A size in the words of the body that it is needed in."""
    for line in lines:
        for step in line.steps:
            for name, span in step.written.items():
                value = getattr(step.op, name, None)
                if isinstance(value, int | Dim) and not isinstance(value, bool) and Dim.of(value) == size and not span.text.isdigit():
                    return span.text
        found = name_axis(line, size)
        if found and not frame.of_model:
            return found
    if frame.of_model:
        return str(size)
    own = [n for n, v in frame.env.items() if re.fullmatch(r"[A-Z]\w*", n) and is_this(v, size)]
    params = [n for n, v in frame.env.items() if re.fullmatch(r"[a-z]\w*", n) and is_this(v, size)]
    return next(iter((*own, *params)), str(size))


def is_this(value: object, size: Dim) -> bool:
    plain = to_plain(value)  # type: ignore[arg-type]
    return isinstance(plain, int | Dim) and not isinstance(plain, bool) and Dim.of(plain) == size


def name_axis(line: Line, size: Dim) -> str:
    """The name of a size in the type of the input that a tensor comes from."""
    if line.declared is None or line.steps:
        return ""
    dims = line.declared.type.dims
    if len(dims) != line.type.rank:
        return ""
    pairs = zip(dims, line.type.shape, strict=True)
    return next((d.text for d, found in pairs if found == size and isinstance(d, tree.Name)), "")
