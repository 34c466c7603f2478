"""The stage's status page: the real sentences about an invented service."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.pages.condition import lines
from api.pages.rendering import page
from api.pages.shapes import Person
from api.pages.texts import language_of
from shared.domain.words import Role
from shared.messages.condition import Condition, Held

WELL = Condition(
    measured_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC), stream_entries=3, oldest_seconds=0.2, queues={"events": 1},
    stalled=(), canary_seconds=0.04, canary_age=12.0, inbox_events=0, dead_letters=0, suggestions_due=0,
)  # fmt: skip
AMISS = Condition(
    measured_at=WELL.measured_at, stream_entries=90_000, oldest_seconds=75.0, queues={"events": 1},
    stalled=("events", "exports"), canary_seconds=3.5, canary_age=312.0, inbox_events=40_000, dead_letters=2,
    suggestions_due=900,
)  # fmt: skip


async def show(request: Request) -> Response:
    """All well, or everything amiss at once."""
    amiss = request.query_params.get("state") == "amiss"
    if amiss:
        said = lines(["database", "queue"], AMISS, None, language_of(request))
    else:
        said = lines([], WELL, Held(2, 4_120), language_of(request))
    person = Person("Ada Admin", Role.ADMIN)
    return page(request, "status/index.html", {"person": person, "lines": said, "well": not amiss, "at": "09:00:00"})


status_routes = [Route("/status", show)]
