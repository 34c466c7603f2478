"""``python -m loadtests.simulation [--seed N] [--sessions N]``: suggestions against a known truth, without services."""

import argparse
import secrets
from collections.abc import Sequence
from random import Random

from loadtests.simulation.campus import hold
from loadtests.simulation.report import report


def main(arguments: Sequence[str] | None = None) -> None:
    """Hold the sessions and print the report; the same seed gives the same report."""
    parser = argparse.ArgumentParser("python -m loadtests.simulation", description="Suggestions against a known truth.")
    parser.add_argument("--seed", type=int, default=None, help="to repeat a run (default: a new one)")
    parser.add_argument("--sessions", type=int, default=300, help="how many sessions (default: 300)")
    options = parser.parse_args(arguments)
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    chance = Random(seed)
    outcomes = [outcome for _ in range(options.sessions) for outcome in hold(chance)]
    print(f"seed {seed}, {options.sessions} online sessions, {len(outcomes)} people\n")
    print("truth: the default policy applied to when a person really was there, which no server can see\n")
    print("\n".join(report(outcomes)))


if __name__ == "__main__":
    main()
