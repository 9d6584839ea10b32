"""How long `netspec check` takes, cold: `python -m tests.benchmarks.check_time [--pairs N] [--specs N]`.

Each run is a fresh process, its modules compiled. The yardsticks are importing JAX, which anything that traces a model pays before it
starts, and importing the two libraries that netspec's grammar and schemas are made with. Printed are the ratios to them of checking the zoo
and a ResNet of 152 layers, the seconds for two hundred different specs of thirty statements in one call, by one process and by two, with
the memory that it took, and what 100 to 10,000 dense layers take, with the exponents by which time and memory grow beyond those of an empty
check.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from netspec.compile import check
from netspec.shape import Facts
from tests.benchmarks.growth import layers, slope
from tests.benchmarks.interleave import ROOT, environment, fresh, interleave
from tests.random_specs.generate import random_type
from tests.random_specs.layout import Layout
from tests.random_specs.model import Model

LIBRARIES = "import lark, pydantic"
STATEMENTS = 30
MEASURED = """
import re, sys, time
from netspec.cli.main import main
assert main(["check", sys.argv[1]]) == 0
print(time.process_time(), re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
"""
"""Checks a file, and says what it took. The peak that the kernel tells of a process that ended holds what its parent had."""
LAYERS = (100, 316, 1_000, 3_162, 10_000)
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
    print(several(args.specs), flush=True)
    print(many_layers())
    return 0


def many_layers() -> str:
    """Processor seconds and megabytes of checks of more and more layers, one process each."""
    with tempfile.TemporaryDirectory() as folder:
        spent = [cost(layers(count), Path(folder) / f"{count}.net") for count in (1, *LAYERS)]
    empty, more = spent[0], spent[1:]
    said = [f"{count:,}: {seconds:.2f} s, {megabytes:.0f} MB" for count, (seconds, megabytes) in zip(LAYERS, more, strict=True)]
    exponents = [slope(LAYERS[1:], [each[k] - empty[k] for each in more[1:]]) for k in range(2)]
    return "dense layers " + "; ".join(said) + "; exponents of time {:.2f} and memory {:.2f}".format(*exponents)


def cost(text: str, path: Path) -> tuple[float, float]:
    """Processor seconds and megabytes of a check in a process of its own."""
    path.write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path)], cwd=ROOT, env=environment(), check=True, capture_output=True, text=True
    )
    seconds, kilobytes = map(float, done.stdout.splitlines()[-1].split())
    return seconds, kilobytes / 1024


def several(count: int) -> str:
    """One call for many specs, by one process and by two, the faster of two tries."""
    with tempfile.TemporaryDirectory() as folder:
        sound = (text for text in map(spec, itertools.count()) if check(text).ok)
        for seed, text in enumerate(itertools.islice(sound, count)):
            (Path(folder) / f"spec_{seed}.net").write_text(text, "utf-8")
        lines = []
        for jobs in (1, 2):
            seconds = min(timed(fresh(["-m", "netspec", "check", folder, "--jobs", str(jobs)])) for _ in range(2))
            each = f"{seconds:.2f} s, {seconds / count * 1e3:.1f} ms each"
            lines.append(f"netspec check --jobs {jobs} ({count} specs of {STATEMENTS} statements): {each}")
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return "\n".join([*lines, f"the largest of all these processes took {largest:.0f} MiB"])


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def spec(seed: int) -> str:
    """A random model of thirty statements; one in two hundred picks rows of its batch, which is an error."""
    rng = Random(seed)
    model = Model(rng, Layout(rng), "M", Facts())
    model.input("x", random_type(rng))
    for _ in range(STATEMENTS):
        model.statement()
    return model.file()


if __name__ == "__main__":
    raise SystemExit(main())
