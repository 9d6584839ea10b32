"""Layers: ops with parameters, and dropout. One file per family."""
