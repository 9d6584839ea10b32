"""How long `netspec check` takes, cold: `python -m tests.benchmarks.check_time [--pairs N] [--specs N]`.

Each run is a fresh process, its modules compiled. The yardsticks are importing JAX, which anything that traces a model pays before it
starts, and importing the two libraries that netspec's grammar and schemas are made with. Printed are the ratios to them of checking the zoo
and a ResNet of 152 layers, and the seconds for two hundred different specs of thirty statements in one call, by one process and by two,
with the memory that it took.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from netspec.shape import Facts
from tests.benchmarks.interleave import ROOT, fresh, interleave
from tests.random_specs.generate import random_type
from tests.random_specs.layout import Layout
from tests.random_specs.model import Model

LIBRARIES = "import lark, pydantic"
STATEMENTS = 30
RESNET = "tests/architectures/resnet152.net"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.check_time", description=__doc__)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--specs", type=int, default=200)
    args = parser.parse_args()
    models = sorted(str(m.relative_to(ROOT)) for m in (ROOT / "models").glob("*.net"))
    for files, yardstick in ((models, "import jax"), (models, LIBRARIES), ([RESNET], LIBRARIES)):
        pairs = interleave(fresh(["-m", "netspec", "check", *files]), fresh(["-c", yardstick]), args.pairs)
        names = files[0] if len(files) == 1 else f"{len(files)} models"
        print(pairs.line(f"netspec check ({names})", yardstick), flush=True)
    print(several(args.specs))
    return 0


def several(count: int) -> str:
    """One call for many specs, by one process and by two, the faster of two tries."""
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(count):
            (Path(folder) / f"spec_{seed}.net").write_text(spec(seed), "utf-8")
        lines = []
        for jobs in (1, 2):
            check = fresh(["-m", "netspec", "check", folder, "--jobs", str(jobs)])
            seconds = min(timed(check) for _ in range(2))
            each = f"{seconds:.2f} s, {seconds / count * 1e3:.1f} ms each"
            lines.append(f"netspec check --jobs {jobs} ({count} specs of {STATEMENTS} statements): {each}")
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return "\n".join([*lines, f"the largest of all these processes took {largest:.0f} MiB"])


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def spec(seed: int) -> str:
    """A random model of thirty statements without a problem."""
    rng = Random(seed)
    model = Model(rng, Layout(rng), "M", Facts())
    model.input("x", random_type(rng))
    for _ in range(STATEMENTS):
        model.statement()
    return model.file()


if __name__ == "__main__":
    raise SystemExit(main())
