"""``python -m tests.gateway.stress [--seed N] [NAME …]``: every scenario, with the seed that plays it again."""

import argparse
import logging
import secrets
import sys
import time
import traceback

import structlog
import uvloop

from tests.gateway.stress.scenarios import play, scenarios


def main() -> None:
    """Play and print; exit 1 when something was shown wrong, lost or leaked."""
    parser = argparse.ArgumentParser("python -m tests.gateway.stress")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("names", nargs="*", help="scenarios to play (default: all)")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    print(f"seed {chosen.seed}", flush=True)
    failed = 0
    todo = [scenario for scenario in scenarios(chosen.seed) if not chosen.names or str(scenario) in chosen.names]
    for number, scenario in enumerate(todo, start=1):
        began = time.monotonic()
        try:
            wrong = uvloop.run(play(scenario))  # as the real process
        except Exception:  # noqa: BLE001 - one scenario that breaks must not hide the others
            wrong = [traceback.format_exc()]
        failed += bool(wrong)
        print(
            f"{number:3} {scenario!s:50} {time.monotonic() - began:5.1f} s  {'; '.join(wrong[:3]) or 'ok'}", flush=True
        )
    print(f"{len(todo)} scenarios, {failed} failed; again: --seed {chosen.seed}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
