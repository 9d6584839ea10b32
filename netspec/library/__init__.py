"""Holds the shelf: every layer, function, operator, initializer, optimizer, schedule, loss, metric, dataset and transform.

`index` finds a name without importing its family; `base` says what an op is. Floor 1; the syntax is its brother and is not imported.
"""
