"""Calls: what stands before the parentheses, what binds to its inputs and arguments, and the nodes that a use emits."""
