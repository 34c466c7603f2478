"""``python -m loadtests.hour``: everybody connects and checks in within a minute, against a whole stack of its own.

One process, raw sockets, prepared requests: locust eats half of a small machine that also runs what it loads. Exit 1
when anybody was refused, anything was lost, a dashboard was wrong or anything took too long. Loopback only.
"""

import argparse
import sys
from collections.abc import Sequence

import uvloop

from loadtests.campus import Manner, build_classes, let_redis_know
from loadtests.hour.change import Change, change
from loadtests.hour.judge import judge
from loadtests.hour.report import report
from loadtests.load.prepare import CODE_SECONDS
from loadtests.load.running import own_stack
from loadtests.load.traffic import CLASS_SIZE, RUSH_SECONDS
from shared.domain.words import Mode
from shared.process import open_as_many_files_as_allowed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.hour", description="Simulate a campus hour change.")
    parser.add_argument("--students", type=int, default=10_000)
    parser.add_argument("--sessions", type=int, default=None, help=f"one per {CLASS_SIZE} students by default")
    parser.add_argument("--seconds", type=float, default=RUSH_SECONDS, help="in which all of them come [60]")
    options = parser.parse_args(arguments)
    sessions = options.sessions or max(1, options.students // CLASS_SIZE)
    open_as_many_files_as_allowed()
    with own_stack() as settings:
        manner = Manner(Mode.ONLINE, CODE_SECONDS)
        size = options.students // sessions
        classes = build_classes(settings.database_url, settings, cohorts=sessions, size=size, manner=manner)
        let_redis_know(settings)
        print(f"{sessions * size:,} students, {sessions} sessions, {options.seconds:g} s", flush=True)
        found: Change = uvloop.run(change(settings, classes, options.seconds))
    wrong = judge(found, sessions * size)
    print("\n".join(report(found, wrong)))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
