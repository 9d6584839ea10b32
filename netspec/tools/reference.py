"""Writes the reference pages, with every op of the shelf, from its class. Floor 5.

`PAGES` maps a file name to the function that writes its text. Nothing here depends on the machine, the clock or an order of sets.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable as Function
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from netspec.library.base import Callable, Dataset, Measure, Op
from netspec.library.contracts.mask_lines import contract
from netspec.library.decoders.protocol import Decoder
from netspec.library.optimizers.chain import Chain
from netspec.library.shelf.index_writer import classes, order_fields, read_docstrings, signature
from netspec.library.shelf.op_text import to_text, value_text
from netspec.tools.reference_examples import type_of
from netspec.tools.reference_tables import callables, describe_measure, fence_text, table

COMMAND = "netspec docs"
TITLES = {
    "layer": "Layer",
    "function": "Function",
    "operator": "Operator",
    "method": "Method of a shared instance",
}
PLURAL_TITLES = {"layer": "Layers", "function": "Functions", "method": "Methods of shared instances"}
PLURALS = {
    "dataset": "Datasets",
    "transform": "Transforms",
    "initializer": "Initializers",
    "loss": "Losses",
    "metric": "Metrics",
    "optimizer": "Optimizers",
    "schedule": "Schedules",
    "decoder": "Decoders",
    "mapping": "Functions of examples",
}
WIDE = 100
"""A signature longer than this has one argument a line."""


# --- pages -----------------------------------------------------------------------------------------------------------


def layers() -> str:
    """layers.md: layers, functions, operators and methods, by family."""
    intro = (
        "What tensors go through. Each example is a whole model: put the line `netspec 1` before it, and it compiles. The tables count "
        "parameters, and FLOPs of one forward pass, for the sizes in the example; in a spec sizes may be symbols."
    )
    found = sorted((cls for cls in classes() if cls.kind in TITLES), key=lambda cls: (family(cls), cls.op_name(), cls.kind))
    families = [list(members) for _, members in groupby(found, key=family)]
    return page("Layers and functions", intro, [(title(members[0]), family_text(members[0]), members) for members in families])


def optimizers() -> str:
    """optimizers.md: optimizers, and the schedules of their learning rates."""
    return kinds_page("Optimizers and schedules", "What `optimizer = …` of a `train` section takes.", ("optimizer", "schedule"))


def losses_and_metrics() -> str:
    """losses_and_metrics.md."""
    intro = (
        "What `loss = …` and `metric NAME = …` of a `train` section take. Each gives a value per example, token or number; the mean over "
        "the whole batch or evaluation counts them with the mask and the batch's weights. A metric that is no mean of values sums up what "
        "it counts, so that its number is that of the whole evaluation too."
    )
    return kinds_page("Losses and metrics", intro, ("loss", "metric"))


def data() -> str:
    """data.md: datasets and transforms."""
    intro = "What `data = …` of a `train` section takes: a dataset, then transforms, the last of them `batch`."
    return kinds_page("Data", intro, ("dataset", "transform", "mapping"))


def initializers() -> str:
    """initializers.md."""
    intro = "Initial values of parameters: what a layer's `…_init` takes, and what stands behind `weight NAME: TYPE =`."
    return kinds_page("Initializers", intro, ("initializer",))


def decoders() -> str:
    """decoders.md."""
    intro = (
        "What a line `INPUT = …` of a `serve` section takes: how a sequence is generated from an output of the model, [B, T, V], which has "
        "the scores of every element at every position."
    )
    return kinds_page("Serving", intro, ("decoder",))


def generated_note(where: str) -> str:
    """The comment that says by which command a page was written."""
    return f"<!-- Written by `{COMMAND}` from the docstrings in {where}. -->\n\n"


PAGES: Mapping[str, Function[[], str]] = {
    "layers.md": layers,
    "optimizers.md": optimizers,
    "losses_and_metrics.md": losses_and_metrics,
    "data.md": data,
    "initializers.md": initializers,
    "decoders.md": decoders,
}
"""File name -> the function that gives the page's text."""


def kinds_page(name: str, intro: str, kinds: Sequence[str]) -> str:
    """A page with a section for each of some kinds."""
    sections = [(PLURALS[kind], "", [cls for cls in classes() if cls.kind == kind]) for kind in kinds]
    return page(name, intro, sections)


def plugin(name: str, classes: Sequence[type[Op]]) -> str:
    """The page of a plugin: its ops by kind."""
    kinds = [kind for kind in (*TITLES, *PLURALS) if any(cls.kind == kind for cls in classes)]
    sections = [(PLURALS.get(kind) or PLURAL_TITLES[kind], "", [cls for cls in classes if cls.kind == kind]) for kind in kinds]
    intro = f"What the plugin `{name}` adds; its ops are known where it is asked for, with `--plugin {name}`."
    return page(f"Plugin {name}", intro, sections, f"the plugin {name}")


def page(name: str, intro: str, sections: Sequence[tuple[str, str, Sequence[type[Op]]]], where: str = "netspec/library/") -> str:
    """A page: a table of contents with a line per section, then the sections with an entry per op."""
    contents = [f"- [{head}](#{anchor(head)}): {', '.join(map(link, members))}" for head, _, members in sections]
    parts = [f"# {name}", intro, "\n".join(contents)]
    for head, text, members in sections:
        parts += [f"## {head}", *([text] if text else []), *map(entry, members)]
    return generated_note(where) + "\n\n".join(parts) + "\n"


# --- names -----------------------------------------------------------------------------------------------------------


def family(cls: type[Op]) -> str:
    """The family file's name, without its folder."""
    return cls.__module__.rsplit(".", 1)[-1]


def title(cls: type[Op]) -> str:
    """The heading of a family."""
    return f"{family(cls).replace('_', ' ').capitalize()} family"


def family_text(cls: type[Op]) -> str:
    """What the family file says of itself, in its first paragraph."""
    return paragraph(sys.modules[cls.__module__].__doc__ or "")


def paragraph(text: str) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join(inspect.cleandoc(text).split("\n\n")[0].split())


def heading(cls: type[Op]) -> str:
    """The heading of an op, from which its anchor is made."""
    return f"operator {cls.op_name()}" if cls.kind == "operator" else cls.op_name()


def anchor(head: str) -> str:
    """The anchor that Markdown makes of a heading."""
    return re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-")


def link(cls: type[Op]) -> str:
    """The name of an op as a link to its entry."""
    shown = getattr(cls, "symbol", "") or cls.op_name()
    return f"[`{shown}`](#{anchor(heading(cls))})"


# --- one op ----------------------------------------------------------------------------------------------------------


def entry(cls: type[Op]) -> str:
    """An op's section: what it is, its call, its text, inputs, arguments, parameters, examples, source."""
    parts = [f"### {heading(cls)}", kind_line(cls), call(cls), meaning(cls), inputs(cls), mask(cls)]
    parts += [arguments(cls), fields(cls), examples(cls), f"Source: {cls.source}." if cls.source else ""]
    return "\n\n".join(part for part in parts if part)


def meaning(cls: type[Op]) -> str:
    """The class's docstring; what computes without cost may leave out to say so."""
    text = inspect.cleandoc(cls.__doc__ or "")
    free = issubclass(cls, Callable) and not issubclass(cls, Measure) and cls.flops is Callable.flops
    return f"{text}\n\nFLOPs: 0." if free and "FLOPs" not in text else text


def kind_line(cls: type[Op]) -> str:
    """What kind of thing it is, and how else it is spelled."""
    aliases = getattr(cls, "aliases", ())
    spelled = f" Also spelled {', '.join(f'`{name}`' for name in aliases)}." if aliases else ""
    return f"{TITLES[cls.kind]}.{spelled}" if cls.kind in TITLES else spelled.strip()


def call(cls: type[Op]) -> str:
    """The call with all arguments and their defaults; of a loss or metric with its inputs. An operator has none."""
    if cls.kind == "operator":
        return ""
    parts = [name if field.required else f"{name}={default(field)}" for name, field in order_fields(cls)]
    if issubclass(cls, Measure | Decoder):
        parts = [*(i.name for i in cls.inputs if not i.optional), *parts, *(f"{i.name}=…" for i in cls.inputs if i.optional)]
    line = f"{cls.op_name()}({', '.join(parts)})" if parts or cls.kind == "dataset" else cls.op_name()
    if len(line) > WIDE:
        line = f"{cls.op_name()}(\n" + "".join(f"  {part},\n" for part in parts) + ")"
    return fence_text(line)


def default(field) -> str:
    """The default of an argument as the language writes it."""
    return value_text(field.initial())


def inputs(cls: type[Op]) -> str:
    """The inputs of an op, each with what may flow into it."""
    lines = [f"- `{i.name}` ({', '.join(_facts(i))}): {i.doc.rstrip('.')}." for i in cls.inputs]
    return "\n".join(["Inputs:", "", *lines]) if lines else ""


def mask(cls: type[Op]) -> str:
    """What it does with a mask."""
    found = contract(cls, type_of) if issubclass(cls, Callable) else None
    return f"Mask: {found}." if found else ""


def _facts(tensor) -> Iterable[str]:
    """What is required of an input."""
    yield tensor.dtype
    if tensor.rank:
        yield f"at least {tensor.rank} {'axis' if tensor.rank == 1 else 'axes'}"
    if tensor.optional:
        yield "optional, by name"


def arguments(cls: type[Op]) -> str:
    """A table of the arguments in positional order."""
    docs, defaults = read_docstrings(cls), dict(order_fields(cls))
    rows = []
    for name, required, kind in signature(cls):
        if cls.kind == "operator" or (cls is Chain and name == "parts"):
            continue
        rows.append((f"`{name}`", f"`{kind}`", "" if required else f"`{default(defaults[name])}`", " ".join(docs.get(name, "").split())))
    return table(("argument", "type", "default", "meaning"), rows) if rows else ""


def fields(cls: type[Op]) -> str:
    """The fields of a dataset's batch."""
    if not issubclass(cls, Dataset):
        return ""
    made = cls.examples()[0].op
    assert isinstance(made, Dataset)
    whose = "Fields of the first example: " if "fields" in cls.arguments() else "Fields: "
    return whose + ", ".join(f"`{name}: {kind}`" for name, kind in made.batch_types().items()) + "."


# --- examples --------------------------------------------------------------------------------------------------------


def examples(cls: type[Op]) -> str:
    """The table of an op's examples, with what is inferred of them."""
    found = cls.examples()
    if issubclass(cls, Measure):
        return table(("example", "inputs", "values"), [describe_measure(example) for example in found])
    if issubclass(cls, Callable):
        return callables(found)
    if issubclass(cls, Decoder):
        return fence_text("\n".join(to_text(example.op).replace("(", f"({cls.inputs[0].name}, ", 1) for example in found))
    return fence_text("\n".join(to_text(example.op) for example in found))
