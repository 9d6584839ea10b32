"""Lowers proved specs to running programs. It is the first floor that wakes JAX. Floor 4.

`layout` knows where each parameter is stored, `initialise` draws its first value, `evaluate` gives a body its meaning under a JAX trace
(`loops` the two meanings of `repeat`, `draw` its random numbers), `objective` measures losses and metrics, `step` makes the training
step, `devices` spreads it, and `program` is the door that everybody uses.
"""
