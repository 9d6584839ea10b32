"""Holds the problems met outside a spec: files, runs, checkpoints, plugins, weights."""
