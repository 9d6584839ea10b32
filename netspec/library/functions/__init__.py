"""Functions and operators: ops without parameters. One file per family."""
