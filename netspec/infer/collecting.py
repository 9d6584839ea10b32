"""What the further named arguments of an op with open arguments are: sizes (`rearrange(…, h=8)`), or names (`rename(image="x")`)."""

from __future__ import annotations

from netspec.infer.values import BlockValue, OpValue, Value, is_size

SIZE, NAME = "a whole number above 0", 'a name: `"x"`'


def collected(value: OpValue | BlockValue, param: str) -> str:
    """What is expected of each, in words, when `param` collects them."""
    kinds = {name: kind for name, _, kind in value.entry.signature} if isinstance(value, OpValue) else {}
    return NAME if kinds.get(param) == "{str: str}" else SIZE


def fits(value: Value, expected: str) -> bool:
    return isinstance(value, str) if expected == NAME else is_size(value) and value != 0
