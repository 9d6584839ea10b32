"""Instantiates blocks at their calls, evaluates static expressions, proves shapes, and returns `Typed`.

Three rooms stand on the modules of this folder (values, the world and its frames, expressions, types): `calls/` for calls, what binds to
them and the ops that they use; `bodies/` for statements and the instances of blocks; `sections/` for what a file says of training, serving
and its claims. Each imports only from those before it. `elaborator.py` puts them together: read it first.
"""

from netspec.infer.elaborator import infer

__all__ = ["infer"]
