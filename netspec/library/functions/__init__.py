"""Holds functions and operators, which are ops without parameters, in one file per family."""
