"""How long `netspec check models/*.net` takes, cold: `python -m tests.benchmarks.check_time [--pairs N]`.

Each run is a fresh process. The yardsticks are importing JAX, which anything that traces a model pays before it starts, and importing
the two libraries that checking needs.
"""

from __future__ import annotations

import argparse

from tests.benchmarks.interleave import ROOT, fresh, interleave

YARDSTICKS = ("import jax", "import lark, pydantic")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.check_time", description=__doc__)
    parser.add_argument("--pairs", type=int, default=10)
    args = parser.parse_args()
    models = sorted(str(m.relative_to(ROOT)) for m in (ROOT / "models").glob("*.net"))
    check = fresh(["-m", "netspec", "check", *models])
    for yardstick in YARDSTICKS:
        pairs = interleave(check, fresh(["-c", yardstick]), args.pairs)
        print(pairs.line(f"netspec check ({len(models)} models)", yardstick), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
