"""Runs programs: data fed in, the training loop, run folders and checkpoints. Floor 5.

`session` is the loop. `feed` and `fields` turn data into batches, `stream` and `prefetch` have the next ones ready; `folder`, `log`,
`store`, `manifest` and `leaves` are what a run leaves on the disk; `progress` and `signals` face the terminal; `trainable` and `loaded` are
the doors from Python.
"""
