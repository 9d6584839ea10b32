"""Writes down what a spec means, fact by fact, as a text that stands beside it: its lock; and says in words what has changed since.
Floor 3, without JAX.

`facts` gathers a file, `model_facts` and `train_facts` its parts, `defaults` what is left to the library; `text` writes and reads the
file, `comparison` says what drifted.
"""

from netspec.lock.comparison import Drift, compare
from netspec.lock.facts import gather_facts
from netspec.lock.text import Facts, Unreadable, parse_lock, write_lock

__all__ = ["Drift", "Facts", "Unreadable", "compare", "gather_facts", "parse_lock", "write_lock"]
