"""Lowers proved specs to running programs. It is the first floor that wakes JAX. Floor 4.

`layout` knows where each parameter is stored, `initial_values` draws its first value. `interpreter` gives a body its meaning under a JAX
trace (`loops` the two meanings of a repeat, `recurrence` a layer over time, `random_draws` its random numbers). `objective` measures losses
and metrics, `step_functions` makes the training step, `devices` spreads it; `generation` decodes, one step at a time with `decoding_cache`;
`exported_prediction` makes a file. `program` is the door that everybody uses.
"""
