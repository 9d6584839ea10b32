"""Holds layers, which are ops with parameters, and dropout, in one file per family."""
