"""Follows what blocks use by their text alone, without recursion, however many lead to one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from netspec.resolve.graph import BlockRef, Definition, FunctionRef, Global, Graph
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

Node = TypeVar("Node")


def find_cycle(graph: Graph, start: Definition) -> tuple[str, ...]:
    """The names of a circle of blocks that a definition leads to, the first again as the last; empty where there is none."""
    _, cycles = put_in_order([start], lambda definition: list_used(graph, definition))
    return tuple(d.name for d in (*cycles[0], cycles[0][0])) if cycles else ()


def order_params(graph: Graph) -> tuple[list[tree.Param], list[list[tree.Param]]]:
    """The files' params, each behind those that its default refers to, and the circles among them."""

    def list_needed(param: tree.Param) -> list[tree.Param]:
        found: list[tree.Param] = []
        waiting: list[tree.Node] = [] if param.default is None else [param.default]
        seen: set[int] = set()
        while waiting:
            for meaning in (graph.meanings.get(id(node)) for node in descendants(waiting.pop())):
                if isinstance(meaning, Global):
                    found.append(meaning.param)
                elif isinstance(meaning, FunctionRef) and id(meaning.function) not in seen:  # it may read params of the file
                    seen.add(id(meaning.function))
                    waiting.append(meaning.function.node)
        return found

    return put_in_order(graph.all_params, list_needed)


def put_in_order(starts: Iterable[Node], list_needed: Callable[[Node], list[Node]]) -> tuple[list[Node], list[list[Node]]]:
    """Everything that can be reached, each behind what it needs, and every circle on the way."""
    ordered: list[Node] = []
    cycles: list[list[Node]] = []
    seen: set[int] = set()
    for start in starts:
        if id(start) in seen:
            continue
        seen.add(id(start))
        path, waiting = [start], [list_needed(start)[::-1]]
        places = {id(start): 0}
        while waiting:
            if not waiting[-1]:
                waiting.pop()
                ordered.append(path.pop())
                del places[id(ordered[-1])]
                continue
            found = waiting[-1].pop()
            if id(found) in places:
                cycles.append(path[places[id(found)] :])
            elif id(found) not in seen:
                seen.add(id(found))
                places[id(found)] = len(path)
                path.append(found)
                waiting.append(list_needed(found)[::-1])
    return ordered, cycles


def list_reachable(graph: Graph, start: Definition) -> list[Definition]:
    """The definition and the blocks that it names, directly or through others."""
    found, waiting, seen = [], [start], {id(start)}
    while waiting:
        found.append(now := waiting.pop())
        for used in list_used(graph, now):
            if id(used) not in seen:
                seen.add(id(used))
                waiting.append(used)
    return found


def list_used(graph: Graph, definition: Definition) -> list[Definition]:
    """The blocks that a definition names."""
    meanings = (graph.meanings.get(id(node)) for node in descendants(definition.node))
    return [m.definition for m in meanings if isinstance(m, BlockRef)]
