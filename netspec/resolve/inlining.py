"""Makes one file of a spec and all that it imports: what is used comes along, under its own name, since weights are known by it.

Functions and params of other files may be called otherwise, where the name is taken: no path of a weight has them in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.names.imports import NotOneFile
from netspec.record import fields, is_record, replace
from netspec.resolve.graph import BlockRef, FunctionRef, Global, Graph
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

Named = tree.Block | tree.Model | tree.Function | tree.Param
"""What a name of a file may stand for."""


def inline(graph: Graph, train: str | None = None, expects: bool = True) -> tree.File:
    """The file with what it imports in the place of its `import` lines, and of several `train` sections the one of that name, or the first.

    Raises `Mistake` where two files give one name to different blocks that are both used.
    """
    chosen = next((s for s in graph.trains if train in (None, s.alias or s.model)), None)
    left_out = (tree.Import,) if expects else (tree.Import, tree.Expect)
    kept = [s for s in graph.file.sections if not isinstance(s, left_out) and (not isinstance(s, tree.Train) or s is chosen)]
    own = {id(section): section for section in kept}
    foreign = [node for node in _find_used(graph, kept) if id(node) not in own]
    names = _choose_names([s for s in kept if isinstance(s, Named)], foreign)
    written = [_rename(graph, section, names) for section in [*_in_order(foreign), *kept]]
    return replace(graph.file, sections=tuple(written))


def _find_used(graph: Graph, sections: Iterable[tree.Section]) -> list[Named]:
    """Every block, model, function and param that the sections use, those of other files among them, each once."""
    found: dict[int, Named] = {}
    waiting: list[tree.Node] = list(sections)
    while waiting:
        for node in (used for used in _uses(graph, waiting.pop()) if id(used) not in found):
            found[id(node)] = node
            waiting.append(node)
    return list(found.values())


def _uses(graph: Graph, section: tree.Node) -> Iterator[Named]:
    """What one section names."""
    if isinstance(section, tree.Train | tree.Serve | tree.Expect) and section.model in graph.definitions:
        yield graph.definitions[section.model].node
    for node in descendants(section):
        if isinstance(node, tree.Name) and (used := _meant(graph, node)) is not None:
            yield used


def _meant(graph: Graph, name: tree.Name) -> Named | None:
    """The block, function or param that a name stands for."""
    match graph.meaning(name):
        case BlockRef(definition=definition):
            return definition.node
        case FunctionRef(function=function):
            return function.node
        case Global(param=param):
            return param
    return None


def _choose_names(own: Iterable[Named], foreign: Iterable[Named]) -> dict[int, str]:
    """The name of each in the one file, by its identity. Raises `Mistake` where two blocks have one."""
    taken: dict[str, Named] = {}
    names: dict[int, str] = {}
    for node in [*own, *sorted(foreign, key=lambda node: not isinstance(node, tree.Block | tree.Model))]:
        name = node.name
        if name in taken and isinstance(node, tree.Block | tree.Model):
            raise Mistake(NotOneFile(name=name, defined=(_place(taken[name]), _place(node))))
        number = 2
        while name in taken:
            name, number = f"{node.name}_{number}", number + 1
        taken[name], names[id(node)] = node, name
    return names


def _place(node: Named) -> str:
    """`parts.net:3`."""
    return f"{node.name_span.source.path}:{node.name_span.line}"


def _in_order(foreign: Iterable[Named]) -> list[Named]:
    """Params first, then functions, then blocks, as a person writes them; otherwise by their places."""
    kinds = (tree.Param, tree.Function, tree.Block, tree.Model)
    return sorted(foreign, key=lambda node: (kinds.index(type(node)), node.name_span.source.path, node.name_span.start))


def _rename(graph: Graph, section: Any, names: dict[int, str]) -> Any:
    """A section under its name in the one file, and what it names under theirs."""
    new = _renamed(graph, section, names)
    if id(section) in names and names[id(section)] != section.name:
        return replace(new, name=names[id(section)])
    if isinstance(section, tree.Train | tree.Serve | tree.Expect) and section.model in graph.definitions:
        model = graph.definitions[section.model].name
        alias = {"alias": section.alias or section.model} if isinstance(section, tree.Train) and model != section.model else {}
        return replace(new, model=model, **alias)
    return new


def _renamed(graph: Graph, node: Any, names: dict[int, str]) -> Any:
    """A node whose names are those of the one file; the same object where nothing changes."""
    if isinstance(node, tuple):
        made = tuple(_renamed(graph, item, names) for item in node)
        return node if all(new is old for new, old in zip(made, node, strict=True)) else made
    if not is_record(node) or isinstance(node, Span):
        return node
    if isinstance(node, tree.Name) and (used := _meant(graph, node)) is not None and (name := names.get(id(used))):
        return node if node.parts[0] == name else replace(node, parts=(name, *node.parts[1:]))
    changed = {f.name: new for f in fields(node) if (new := _renamed(graph, old := getattr(node, f.name), names)) is not old}
    return replace(node, **changed) if changed else node
