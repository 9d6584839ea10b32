"""Describes problems as data, and holds the ways to show them. Floor 0.

`base` holds the classes' root. The packages `text`, `names`, `calls`, `shapes`, `training`, `data` and `running` hold the classes by the
phase that finds them, each as its page in `docs/problems/`; `catalog` lists the classes, `pages` reads the pages, `explanation` prints
them. `drawing` draws problems as text, JSON, SARIF and GitHub annotations; `suggestions` finds the nearest name and applies repairs.
"""
