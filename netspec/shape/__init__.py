"""Shapes before anything runs: dims, what is known about them, tensor types, and how they meet. Floor 0.

`dims` is the arithmetic of symbolic sizes, `facts` decides questions about them, `types` has the type of a tensor, and
`unify` matches shapes with patterns and with each other.
"""
