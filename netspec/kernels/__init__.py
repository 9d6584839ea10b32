"""Holds the kernels that a program computes with: each family is one plain reference, and variants that are chosen in its place where they
win.

Ops ask for a family and give the choice that their scope has: `convolve(scope.kernels, x, kernel, …)`. Which variant runs is decided while
the program is traced, from the backend, the static shapes and types, and whether it will be differentiated; see `choice`. A variant is one
function with its condition and its evidence, in any file of this folder or in a plugin; see `family`. Imports nothing above floor 0.
"""
