"""The table at the end."""

from collections import Counter

from loadtests.chaos.ledger import Sign
from loadtests.chaos.run import Outcome
from loadtests.chaos.watch import percentile

SHOWN = 12


def report(outcome: Outcome) -> str:
    """What was injected, what was acknowledged, and what is wrong."""
    ledger, done = outcome.ledger, outcome.done
    kinds = Counter(finding.what.partition(":")[0] for finding in outcome.findings)
    doubts = sum(len(stay.doubts) for stay in ledger.stays.values())
    check_ins = sum(len(known.acknowledged) for known in ledger.check_ins.values())
    kept, young = _signs(outcome)
    lines = [
        "",
        f"seed {outcome.plan.seed}",
        *_section("SIGKILL", done.kills),
        *_section("other faults", done.faults),
        f"  {'events delivered again on purpose':42} {done.copies:9,}",
        *(f"  left out, {what}" for what in sorted(done.left_out)),
        "acknowledged",
        f"  {'events and marks':42} {ledger.acknowledged:9,}",
        f"  {'… of them check-ins':42} {check_ins:9,}",
        f"  {'… of them marks by hand':42} {sum(map(len, ledger.marks.values())):9,}",
        f"  {'signs of life by socket, kept for sure':42} {len(kept):9,}",
        f"  {'… younger than their gateway lived on':42} {len(young):9,}",
        f"  {'sockets opened':42} {sum(len(one.lives) for one in ledger.sittings.values()):9,}",
        f"  {'reports in doubt (no answer, or 503)':42} {doubts:9,}",
        *_section("answers", Counter({str(status): count for status, count in ledger.answers.items()})),
        "seconds",
        *(f"  {name:52} {value:7.2f}" for name, value in {**done.seconds, **outcome.seconds}.items()),
        "dashboards",
        f"  {'reconnects':42} {sum(one.reconnects for one in outcome.dashboards):9,}",
        *_journeys(outcome.journeys),
        f"  {'resyncs':42} {sum(one.resyncs for one in outcome.dashboards):9,}",
        "found",
        f"  {'lost':42} {kinds['lost']:9,}",
        f"  {'double':42} {kinds['double']:9,}",
        f"  {'anything else':42} {len(outcome.findings) - kinds['lost'] - kinds['double']:9,}",
        *(f"    {finding.what} ({finding.where})" for finding in outcome.findings[:SHOWN]),
    ]
    return "\n".join(lines)


def _signs(outcome: Outcome) -> tuple[list[Sign], list[Sign]]:
    both = [sitting.signs(outcome.calm) for sitting in outcome.ledger.sittings.values()]
    return [sign for kept, _ in both for sign in kept], [sign for _, young in both for sign in young]


def _journeys(seconds: list[float]) -> list[str]:
    shares = {"p50": 0.5, "p99": 0.99}
    rows = {f"check-in → dashboard {name}, ms": percentile(seconds, share) * 1000 for name, share in shares.items()}
    return [f"  {name:42} {value:9,.0f}" for name, value in rows.items()]


def _section(title: str, counts: Counter[str]) -> list[str]:
    return [f"{title}: {counts.total():,}", *(f"  {name:42} {count:9,}" for name, count in sorted(counts.items()))]
