"""What a request may use: every port of the API process, made once and handed around."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from api.allowance import Allowance
from api.codeview import CodePictures
from api.facts import FactsCache
from api.intake import Intake
from api.limits import Limiter
from api.lockouts import Lockouts
from api.revocations import Revocations
from api.threads import BoundedThreads
from api.witness import Witness
from shared.queue import Nudger
from shared.settings import Settings
from shared.tokens import Tokens

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Server time: the only time that decides anything."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Services:
    """The ports. ``hashing`` checks passwords, which would block the loop; ``requests`` are counted per person,
    ``anonymous`` ones per address."""

    settings: Settings
    engine: AsyncEngine
    redis: Redis
    tokens: Tokens
    revocations: Revocations
    lockouts: Lockouts
    facts: FactsCache
    intake: Intake
    witness: Witness
    limiter: Limiter
    requests: Allowance
    anonymous: Allowance
    pictures: CodePictures
    nudger: Nudger
    hashing: BoundedThreads
    now: Clock = utc_now

    @property
    def secret(self) -> bytes:
        """The campus secret from which every key that signs is derived."""
        return self.settings.secrets[0]

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The campus secrets under which a signature is accepted."""
        return self.settings.secrets
