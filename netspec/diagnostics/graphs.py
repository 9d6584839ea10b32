"""Problems of layers over graphs, and of experts."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record
class PoolOfWhat(Diagnostic):
    """Graphs that stand one behind another are told apart by the number of each node's graph, `ids`; `graphs` says how many there are.

    Without both, all nodes are those of one graph.

    ```net bad
    model M {
      input nodes: f32[120, 16]
      input graph: i32[120]
      output y = nodes -> graph_pool(ids=graph)
    }
    ```

    ```net good
    model M {
      input nodes: f32[120, 16]
      input graph: i32[120]
      output y = nodes -> graph_pool(ids=graph, graphs=8)
    }
    ```
    """

    op: str
    numbered: bool
    """The nodes say which graph they belong to."""

    def message(self) -> str:
        if self.numbered:
            return f"`{self.op}` is told which graph each node belongs to, but not how many graphs there are."
        return f"`{self.op}` is told how many graphs there are, but not which one each node belongs to."

    def help(self) -> str:
        return "add `graphs=` and a number" if self.numbered else "add `ids=` and the number of each node's graph, or leave out `graphs`"
