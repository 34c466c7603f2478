"""Preparing a campus for load: people and sessions in the database, tokens minted with the stack's own secret."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from loadtests.campus import Manner, build_classes
from loadtests.load.prepared import Meeting, Prepared
from loadtests.load.traffic import CLASS_SIZE
from shared.domain.words import Mode, Role
from shared.settings import Settings
from shared.tokens import Tokens
from workers.ports import make_ports
from workers.project import reproject

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
    _let_redis_know(settings)
    tokens, now = Tokens(settings), datetime.now(UTC)

    def token(person: UUID, role: Role) -> str:
        return tokens.issue(person, role, now, TOKEN_LIFE)[0]

    meetings = [
        Meeting(
            str(one.session.id),
            token(one.teacher, Role.TEACHER),
            [(str(student), token(student, Role.STUDENT)) for student in one.students],
        )
        for one in built
    ]
    return Prepared(settings.public_url, settings.gateway_url, meetings[:classes], meetings[classes:])


def _let_redis_know(settings: Settings) -> None:
    """Sessions that were written past the API are projected now, and not at the next half minute."""
    ports = make_ports(settings, "load")
    reproject(ports)
    ports.engine.dispose()
    ports.redis.close()
