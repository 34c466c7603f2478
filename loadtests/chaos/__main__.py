"""``python -m loadtests.chaos``: hurt a stack of its own and prove that nothing was lost. Loopback only."""

import argparse
import asyncio
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.stack.local import temporary_home
from loadtests.chaos.plan import Plan
from loadtests.chaos.report import report
from loadtests.chaos.run import run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; 1 when anything is wrong."""
    options = _parser().parse_args(arguments)
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    print(f"seed {seed}: repeat with --seed {seed}", flush=True)
    away = (options.outage,) if options.outage else ()
    plan = Plan(
        seed,
        options.minutes * 60,
        options.kills,
        options.rate,
        outages=away,
        freezes=tuple(2 / 3 * seconds for seconds in away),
        full_disks=(options.full,) if options.full else (),
        small_every=options.every,
        rolling=options.rolling,
        poison=options.kills > 0,
    )
    with temporary_home() as home:
        outcome = asyncio.run(run(plan, options.home or home, lambda line: print(line, flush=True)))
    print(report(outcome))
    return bool(outcome.findings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="which faults come when; by default a new one, printed")
    parser.add_argument("--minutes", type=float, default=5.0, help="how long the storm lasts at least [5]")
    parser.add_argument("--kills", type=int, default=200, help="SIGKILLs [200]")
    parser.add_argument("--rate", type=float, default=1200.0, help="requests per second when all is well [1200]")
    parser.add_argument(
        "--outage", type=float, default=60.0, help="seconds that Redis, then PostgreSQL, is away; 2/3 frozen [60]"
    )
    parser.add_argument("--full", type=float, default=6.0, help="seconds that each disk is full [6]")
    parser.add_argument("--every", type=float, default=6.0, help="seconds between small faults [6]")
    parser.add_argument("--rolling", type=int, default=1, help="times that everybody is restarted in turn [1]")
    parser.add_argument("--home", type=Path, help="keep the data and logs here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
