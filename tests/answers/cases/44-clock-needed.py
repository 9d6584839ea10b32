"""A schedule that needs the number of steps, from Python."""

from pathlib import Path

import numpy as np

import netspec

p = netspec.compile(Path(__file__).with_suffix(".net"))
try:
    p.train_step(p.init(0), {"image": np.zeros((32, 8, 8, 1), "f"), "label": np.zeros(32, "i4")})
    print("ran")
except netspec.SpecError as e:
    print(e)
print("netspec.Clock exists:", hasattr(netspec, "Clock"))
