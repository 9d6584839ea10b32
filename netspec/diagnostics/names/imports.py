"""`import`: files that are missing, outside the project, or import each other."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Place
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class ImportNotFound(Diagnostic):
    """The file that an `import` names cannot be read. Paths are relative to the importing file.

    ```net bad
    import Block from "blocks.net"
    ```
    ```net file blocks.net
    block Block {
      input x: f32[B, D]
      output x -> dense(D)
    }
    ```
    ```net good
    import Block from "blocks.net"
    model M {
      input x: f32[B, 8]
      output y = x -> Block
    }
    ```
    """

    path: str
    why: str
    near: tuple[str, ...] = ()

    def message(self) -> str:
        return f'cannot import from "{self.path}": {self.why}'

    def help(self) -> str | None:
        return f'did you mean "{self.near[0]}"?' if self.near else None


@record(kw_only=True)
class ImportOutside(Diagnostic):
    """An `import` may only reach files of the project: relative paths that stay below its root, and no links that lead out of it.
    The root is the nearest folder above the spec with a `.git` or `pyproject.toml`, else the spec's own folder.

    ```net bad
    import Block from "/etc/blocks.net"
    ```
    ```net good
    model M {
      input x: f32[B, 8]
      output y = x -> dense(8)
    }
    ```
    """

    path: str

    def message(self) -> str:
        return f'"{self.path}" is outside the project'

    def help(self) -> str | None:
        return "write a path relative to this file that stays inside the project"


@record(kw_only=True)
class ImportCycle(Diagnostic):
    """Files import each other in a circle.

    ```net bad
    import A from "m.net"
    ```
    ```net file a.net
    block A {
      input x: f32[B, D]
      output x -> relu
    }
    ```
    ```net good
    import A from "a.net"
    model M {
      input x: f32[B, 8]
      output y = x -> A
    }
    ```
    """

    cycle: tuple[str, ...]
    first: Span = NOWHERE

    def message(self) -> str:
        return f"these files import each other: {' -> '.join(self.cycle)}"

    def places(self) -> Sequence[Place]:
        return [] if self.first is NOWHERE else [Place(self.first, "the circle begins here")]


@record(kw_only=True)
class TooManyImports(Diagnostic):
    """The imports of a spec reach more files, or go deeper, than the limits allow.

    ```text bad
    a chain of nine files, each importing the next
    ```
    """

    what: str
    limit: int

    def message(self) -> str:
        return f"more than {self.limit} {self.what} are imported"
