"""What training makes small. A loss computes one value per example, token or number; the trainer averages them (see `Measure`).

Values are in f32 at least, whatever the model computes in.
"""
