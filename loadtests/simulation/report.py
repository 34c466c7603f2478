"""What the simulation found, as text: confusion matrices, agreement per confidence, abstentions."""

from collections import Counter
from collections.abc import Iterator, Sequence

from loadtests.simulation.campus import Outcome
from loadtests.simulation.people import Scenario
from shared.domain.suggestion import Confidence
from shared.domain.words import Mark

MARKS = (Mark.PRESENT, Mark.LATE, Mark.ABSENT)
LEVELS = (Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW)
UNKNOWABLE = (Scenario.LEFT_OPEN_TAB,)
"""Where the connections show something else than what happened: no rule could know."""


def report(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The whole report, line by line."""
    yield from _confusion(outcomes)
    yield ""
    yield from _confidence("agreement per confidence, everybody", outcomes)
    yield ""
    known = [outcome for outcome in outcomes if outcome.scenario not in UNKNOWABLE]
    yield from _confidence("… without left-open tabs, which no connection can tell from presence", known)
    yield ""
    yield from _abstentions(outcomes)


def _confusion(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield "suggested, by what was true (P present, L late, A absent)"
    head = "".join(f"{'is ' + mark.lower():>18}" for mark in MARKS)
    yield f"  {'':14} {'people':>6}{head}   {'agreement':>9}"
    yield f"  {'':14} {'':>6}" + f"{'P':>8}{'L':>5}{'A':>5}" * 3
    for name, mine in [*_by_scenario(outcomes), ("overall", outcomes)]:
        cells = Counter((outcome.truth, outcome.suggested) for outcome in mine)
        blocks = (f"{cells[true, MARKS[0]]:8}{cells[true, MARKS[1]]:5}{cells[true, MARKS[2]]:5}" for true in MARKS)
        yield f"  {name:14} {len(mine):6}{''.join(blocks)}   {_share(_right(mine), len(mine)):>9}"


def _confidence(title: str, outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield title
    for level in LEVELS:
        mine = [outcome for outcome in outcomes if outcome.confidence is level]
        of_all, right = _share(len(mine), len(outcomes)), _share(_right(mine), len(mine))
        yield f"  {level:6} {len(mine):6} people, {of_all:>7} of all, {right:>7} agree with the truth"


def _abstentions(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield "left to a person: low confidence, by scenario (and how often it would have been right)"
    for name, mine in _by_scenario(outcomes):
        low = [outcome for outcome in mine if outcome.confidence is Confidence.LOW]
        wrong_and_sure = [each for each in mine if each.confidence is Confidence.HIGH and each.truth != each.suggested]
        yield (
            f"  {name:14} {_share(len(low), len(mine)):>7}  ({_share(_right(low), len(low)):>7})"
            f"   wrong with high confidence: {len(wrong_and_sure)}"
        )


def _by_scenario(outcomes: Sequence[Outcome]) -> list[tuple[str, list[Outcome]]]:
    groups = [(scenario, [each for each in outcomes if each.scenario is scenario]) for scenario in Scenario]
    return [(scenario.value, group) for scenario, group in groups if group]


def _right(outcomes: Sequence[Outcome]) -> int:
    return sum(outcome.truth == outcome.suggested for outcome in outcomes)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"
