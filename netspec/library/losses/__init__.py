"""Holds what training makes small: a loss computes one value per example, token or number, and the trainer averages them (see `Measure`).

Values are in f32 at least, whatever the model computes in.
"""
