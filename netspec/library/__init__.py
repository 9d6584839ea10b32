"""Holds the shelf: every layer, function, operator, initializer, optimizer, schedule, loss, metric, dataset and transform.

`shelf` finds a name without importing its family; `base` says what an op is, `contracts` what it promises to passes, `shape_rules` what
shape rules share. Each kind has a folder of families, `gradients` holds what `optimizers` are made of, `data` what datasets and transforms
are. Floor 1; the syntax is its brother and is not imported.
"""
