"""Finds the `metric` lines that `metrics = […]` and its like mean."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netspec.diagnostics.suggestions.aliases import foreign_ops
from netspec.diagnostics.suggestions.nearest import nearest, squash
from netspec.library.shelf import index
from netspec.resolve.foreign_settings.lines import become, word_of
from netspec.resolve.foreign_settings.optimizers import Form
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

KINDS = ("metric", "loss")


def write_metrics(item: tree.Setting | tree.Group, body: tree.Settings, outputs: list[str]) -> list[Form]:
    """The lines `metric NAME = …` that a setting or group stands for; several ways where what they measure is not certain."""
    forms = []
    for given in find_arguments(body, outputs):
        lines = [f"metric {name} = {text}" for name, text in list_metrics(item, given)]
        if lines and not any(line.endswith("= ") for line in lines):
            forms.append(("`, `".join(lines), tuple(become(item, lines))))
    return forms


def list_metrics(item: tree.Setting | tree.Group, given: str) -> Iterator[tuple[str, str]]:
    """The names and values of the metrics; "" for a value that is not understood."""
    if isinstance(item, tree.Group):
        for line in item.body.items:
            yield (line.key, write_metric(line.value, given)) if isinstance(line, tree.Setting) else ("", "")
        return
    value = item.value
    parts = value.items if isinstance(value, tree.ListExpr | tree.TupleExpr | tree.DictExpr) else (value,)
    taken: list[str] = []
    for part in parts:
        inner: tree.Expr = part.value if isinstance(part, tree.DictItem | tree.Arg) else part  # type: ignore[assignment]
        name = part.key if isinstance(part, tree.DictItem) else name_metric(inner)
        name = name if name not in taken else f"{name}_{len(taken) + 1}"
        taken.append(name)
        yield name, write_metric(inner, given)


def name_metric(value: tree.Expr) -> str:
    """What a metric without a name is called: as what measures it."""
    words = value.callee.text if isinstance(value, tree.Call) else word_of(value)
    found = re.sub(r"\W", "_", words) or "metric_1"
    return "xent" if found == "loss" else found


def write_metric(value: tree.Expr, given: str) -> str:
    """A metric's value: as it stands where it is a call on something, else its op on what is measured."""
    if isinstance(value, tree.Call) and not takes_inputs(value):
        args = ", ".join(a.span.text for a in value.args)
        op = find_measure(value.callee.text)
        return f"{op}({given}{', ' * bool(args)}{args})" if op else ""
    if word_of(value):
        op = find_measure(word_of(value))
        return f"{op}({given})" if op else ""
    return value.span.text


def takes_inputs(call: tree.Call) -> bool:
    """Whether a call of a measure is given anything to measure."""
    plain = tree.Number | tree.String | tree.Constant | tree.ListExpr
    entry = index.lookup(call.callee.text, *KINDS)
    known = {a.name for a in entry.signature} if entry is not None else set()
    return any(not isinstance(a.value, plain) and a.name not in known for a in call.args)


def find_measure(name: str) -> str:
    """The metric or loss that a name means; "" where it is none, or several."""
    last = name.rpartition(".")[2]
    said = next((table[squash(last)].ours for kinds, table in foreign_ops().items() if "metric" in kinds and squash(last) in table), ())
    found = said or nearest(last, [*index.names("metric"), *index.names("loss")])
    return found[0] if found else ""


def find_arguments(body: tree.Settings, outputs: list[str]) -> list[str]:
    """What a section's own losses and metrics are taken of: `logits, label`, the first of each way."""
    found: list[str] = []
    values = [i.value for i in body.items if isinstance(i, tree.Metric | tree.Let) or (isinstance(i, tree.Setting) and i.key == "loss")]
    for call in (n for value in values for n in (value, *descendants(value)) if isinstance(n, tree.Call)):
        entry = index.lookup(call.callee.text, *KINDS)
        plain = [a.value.span.text for a in call.args if a.name is None]
        wanted = 0 if entry is None else sum(not i.optional for i in entry.inputs)
        if entry is not None and len(plain) >= wanted == 2:
            found.append(", ".join(plain[:wanted]))
    for output in outputs:
        found += [f"{output}, {field}" for field in list_fields(body)]
    return list(dict.fromkeys(found))[:4]


def list_fields(body: tree.Settings) -> list[str]:
    """Fields of the data that may be what is to be found: those that the chain declares, else `label`."""
    data = next((i.value for i in body.items if isinstance(i, tree.Setting) and i.key == "data"), None)
    dicts = [] if data is None else [n for n in (data, *descendants(data)) if isinstance(n, tree.DictExpr)]
    return [part.key for part in reversed(dicts[0].items)] if dicts else ["label"]
