"""Holds optimizers by family: chains of gradient transformations, with the formulas and defaults of optax.

Trees are flat dicts by stored path. States are nested dicts of arrays, kept in f32 at least also for bf16 parameters, and updates come
in that width too; whoever applies them gives back the parameter's own dtype.
"""
