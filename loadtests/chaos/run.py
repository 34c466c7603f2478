"""One run: a campus under load, faults upon it, quiet, and the proof."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from uuid import UUID

from sqlalchemy import Engine

from loadtests.campus import RunningClass, all_tokens, build_classes, let_redis_know
from loadtests.chaos.calm import Calm, watched
from loadtests.chaos.crowd import Crowd
from loadtests.chaos.entries import Done
from loadtests.chaos.faults import Mischief
from loadtests.chaos.ledger import Ledger
from loadtests.chaos.plan import Plan, hurt
from loadtests.chaos.proof import Finding, Proof
from loadtests.chaos.quiet import until_computed, until_drained, until_swept
from loadtests.chaos.rig import Rig, running_rig
from loadtests.chaos.sitters import Sitters
from loadtests.chaos.staff import Teachers
from loadtests.dashboard import Dashboard, followed, until_exact
from loadtests.load.journey import Journey
from shared.database import owner_engine

DASHBOARDS = 6
PROGRESS_SECONDS = 5.0


@dataclass(slots=True)
class Outcome:
    """What happened."""

    plan: Plan
    ledger: Ledger
    done: Done
    calm: Calm = field(default_factory=Calm)
    findings: list[Finding] = field(default_factory=list)
    dashboards: list[Dashboard] = field(default_factory=list)
    journeys: list[float] = field(default_factory=list)
    """Seconds from the 202 of a check-in to the frame on a dashboard, for the sessions that have one."""
    seconds: dict[str, float] = field(default_factory=dict)


async def run(plan: Plan, home: Path, say: Callable[[str], None]) -> Outcome:
    """Do it; everything is stopped at the end."""
    async with running_rig(home) as rig:
        owner = owner_engine(rig.direct)
        classes, online = await asyncio.to_thread(_campus, rig, plan)
        ledger, mischief = Ledger(), Mischief(rig, owner, plan.seed)
        tokens = all_tokens(rig.settings, [*classes, *online])
        outcome = Outcome(plan, ledger, mischief.done)
        journey = Journey(outcome.journeys.append)
        outcome.dashboards += _dashboards(rig, classes, tokens, journey, plan)
        crowd = Crowd(rig.settings.api_port, classes, tokens, ledger, journey, plan.seed)
        teachers = Teachers(rig.settings.api_port, classes, tokens, ledger, plan.seed)
        sitters = Sitters(rig.settings.gateway_port, online, tokens, ledger, plan.seed)
        begun = time.monotonic()
        async with followed(outcome.dashboards):
            async with _reported(outcome, say, begun), watched(rig.settings, outcome.calm):
                await _storm(plan, crowd, sitters, teachers, mischief)
            outcome.seconds["storm"] = time.monotonic() - begun
            say("waiting for quiet")
            await _quiet(rig, owner, outcome)
            wrong = await until_exact(outcome.dashboards)
            outcome.findings += [Finding(what, str(one.meeting.session.id)) for what, one in wrong]
        proof = Proof(ledger, [*classes, *online], mischief.done, outcome.calm)
        outcome.findings += await asyncio.to_thread(proof.findings, owner, rig.direct)
        owner.dispose()
    return outcome


def _campus(rig: Rig, plan: Plan) -> tuple[list[RunningClass], list[RunningClass]]:
    """Classes that report by HTTP, every second of which turns from present to late in the middle of the storm; and
    those who come by socket."""
    ago = timedelta(minutes=5) - timedelta(seconds=plan.seconds / 2)
    build = partial(build_classes, rig.direct.database_url, rig.direct)
    classes = build(
        cohorts=plan.cohorts,
        size=plan.size,
        sessions_each=plan.sessions_each,
        started_ago=max(timedelta(0), ago),
    )
    online = build(cohorts=1, size=plan.sitters)
    let_redis_know(rig.direct)
    return classes, online


async def _storm(plan: Plan, crowd: Crowd, sitters: Sitters, teachers: Teachers, mischief: Mischief) -> None:
    """Load and faults together; the load goes on until the last fault is over."""
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(crowd.live(plan.rate, over.is_set))
        group.create_task(sitters.live(over.is_set))
        group.create_task(teachers.work(over.is_set))
        try:
            await hurt(plan, mischief)
        finally:
            over.set()


async def _quiet(rig: Rig, owner: Engine, outcome: Outcome) -> None:
    patience = outcome.plan.quiet_seconds
    outcome.seconds["until everything was drained"] = await until_drained(rig.direct, owner, patience)
    outcome.seconds["… and everybody who left was noted"] = await until_swept(owner, patience)
    outcome.seconds["… and every suggestion was current"] = await until_computed(owner, patience)


def _dashboards(
    rig: Rig, classes: list[RunningClass], tokens: dict[UUID, str], journey: Journey, plan: Plan
) -> list[Dashboard]:
    chosen = Random(plan.seed).sample(classes, min(DASHBOARDS, len(classes)))
    ports = rig.settings.gateway_port, rig.settings.api_port
    return [Dashboard(*ports, meeting, tokens[meeting.teacher], journey) for meeting in chosen]


@asynccontextmanager
async def _reported(outcome: Outcome, say: Callable[[str], None], begun: float) -> AsyncIterator[None]:
    async def report() -> None:
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            ledger, done = outcome.ledger, outcome.done
            doubts = sum(len(stay.doubts) for stay in ledger.stays.values())
            say(
                f"{time.monotonic() - begun:4.0f} s  {ledger.acknowledged:7,} acknowledged  {doubts:5,} in doubt  "
                f"{done.kills.total():3} kills  {done.faults.total():3} other faults  "
                f"{dict(ledger.answers.most_common(4))}"
            )

    task = asyncio.create_task(report())
    try:
        yield
    finally:
        task.cancel()
