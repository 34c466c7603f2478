"""Preparing a campus for load: people and sessions in the database, tokens minted with the stack's own secret."""

from datetime import timedelta

from loadtests.campus import Manner, all_tokens, build_classes, let_redis_know
from loadtests.load.prepared import Meeting, Prepared
from loadtests.load.traffic import CLASS_SIZE
from shared.domain.words import Mode
from shared.settings import Settings

TOKEN_LIFE = timedelta(hours=8)
CODE_SECONDS = 15
"""The default of ``rotateSeconds`` (5-security)."""

REVIEWS_PER = 10
"""Running sessions per session that is there to be ended and reviewed."""


def prepare(settings: Settings, *, students: int, class_size: int = CLASS_SIZE) -> Prepared:
    """A campus of ``students`` in sessions of about ``class_size`` that run now, with codes that turn; and one more
    session in ten for review."""
    classes = -(-students // class_size)
    size = -(-students // classes)
    manner = Manner(Mode.ONLINE, CODE_SECONDS)
    all_classes = classes + -(-classes // REVIEWS_PER)
    built = build_classes(settings.database_url, settings, cohorts=all_classes, size=size, manner=manner)
    let_redis_know(settings)
    token = all_tokens(settings, built, TOKEN_LIFE)
    meetings = [
        Meeting(
            str(one.session.id),
            token[one.teacher],
            [(str(student), token[student]) for student in one.students],
        )
        for one in built
    ]
    return Prepared(settings.public_url, settings.gateway_url, meetings[:classes], meetings[classes:])
