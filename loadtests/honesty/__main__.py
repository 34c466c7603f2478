"""``python -m loadtests.honesty [--seed N] [--classes N]``: the check-in against a clever class, without services."""

import argparse
import secrets
from collections.abc import Iterator, Sequence
from random import Random

from loadtests.honesty.people import HONEST, Kind
from loadtests.honesty.term import Record, hold_term
from shared.domain.refusals import Code
from shared.domain.words import FlagKind

SIZE = 100
WEEKS = 14


def main(arguments: Sequence[str] | None = None) -> None:
    """Hold the terms and print the report; the same seed gives the same report."""
    parser = argparse.ArgumentParser("python -m loadtests.honesty", description="The check-in against a clever class.")
    parser.add_argument("--seed", type=int, default=None, help="to repeat a run (default: a new one)")
    parser.add_argument("--classes", type=int, default=20, help="how many classes of 100 (default: 20)")
    options = parser.parse_args(arguments)
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    print(f"seed {seed}, {options.classes} classes of {SIZE}, {WEEKS} weeks each")
    for fenced in (False, True):
        chance = Random(seed)
        terms = [hold_term(chance, SIZE, WEEKS, fenced=fenced) for _ in range(options.classes)]
        print(f"\n{'with' if fenced else 'without'} a fence that refuses\n")
        print("\n".join(report([record for term in terms for record in term])))


def report(records: Sequence[Record]) -> Iterator[str]:
    """What became of each kind, line by line."""
    yield f"  {'':28}{'people':>7}{'got in':>9}{'scanned again':>15}{'outside':>9}   flagged over the term"
    for kind in Kind:
        mine = [record for record in records if record.student.kind is kind]
        sessions = sum(record.sessions for record in mine)
        shares = [
            sum(record.accepted for record in mine),
            sum(record.refused[Code.CODE_EXPIRED] for record in mine),
            sum(record.refused[Code.OUTSIDE_GEOFENCE] for record in mine),
        ]
        got_in, again, outside = (f"{100 * part / sessions:.1f} %" for part in shares)
        yield f"  {kind.value:28}{len(mine):7}{got_in:>9}{again:>15}{outside:>9}   {_flags(mine)}"
    honest = [record for record in records if record.student.kind in HONEST]
    refused = sum(record.sessions - record.accepted for record in honest)
    bothered = sum(bool(record.flags) for record in honest)
    yield ""
    yield f"  honest students: {refused} of {sum(each.sessions for each in honest)} visits refused for good,"
    yield f"  {bothered} of {len(honest)} ever flagged ({100 * bothered / len(honest):.2f} %)"


def _flags(records: Sequence[Record]) -> str:
    shares = {kind: sum(kind in record.flags for record in records) for kind in FlagKind}
    return ", ".join(f"{kind} {100 * number / len(records):.0f} %" for kind, number in shares.items() if number) or "–"


if __name__ == "__main__":
    main()
