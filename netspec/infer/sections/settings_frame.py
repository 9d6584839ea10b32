"""Defines what the settings of `train` see: the model's params, and those `let`s that are numbers."""

from __future__ import annotations

from netspec.diagnostics.shapes.proofs import NotStatic
from netspec.infer import expressions
from netspec.infer.frame import Frame
from netspec.infer.sections.section import keep_silent
from netspec.infer.values import UNKNOWN, Unknown, Value
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants


class SettingsFrame(Frame):
    """Where settings are evaluated whose values are known before the training."""

    late: frozenset[str] = frozenset()
    """The `let`s that each batch has its own value of."""

    def see_numbers(self, body: tree.Settings) -> None:
        """The settings may use what a `let` names, where it is known already; losses and metrics see all of them."""
        for item in body.items:
            if isinstance(item, tree.Let):
                value = self.early(item.value) if len(item.targets) == 1 else UNKNOWN
                names = {target.name for target in item.targets}
                if isinstance(value, Unknown):
                    self.late |= names
                else:
                    self.env.update(dict.fromkeys(names, value))

    def inside(self, body: tree.Settings) -> SettingsFrame:
        """The frame of a section inside, which has `let`s of its own."""
        frame = SettingsFrame(self.world, self.name, self.facts)
        frame.env, frame.late = dict(self.env), self.late
        frame.see_numbers(body)
        return frame

    def early(self, node: tree.Expr) -> Value:
        """The value of an expression that reads no tensor; unknown for any other."""
        if any(isinstance(part, tree.Call | tree.Chain) for part in descendants(node)):
            return UNKNOWN
        with keep_silent(self.world, lambda problem: True, True):
            return expressions.evaluate(self, node)

    def unbound(self, node: tree.Name) -> Value:
        if node.parts[0] not in self.late:
            return UNKNOWN
        return self.report(NotStatic(at=node.span, what="a setting", found=f"`{node.text}`, which is measured in every batch"))
