"""What became of a check-in, and what its student was told."""

from datetime import datetime
from enum import Enum, auto
from uuid import UUID

import msgspec

from shared.domain.tickets import from_millis
from shared.domain.words import Mark
from shared.messages.events import CheckInAccepted


class Outcome(Enum):
    """What became of a check-in."""

    ACCEPTED = auto()
    DUPLICATE = auto()
    TICKET_USED = auto()
    DEVICE_USED = auto()
    NOT_ACTIVE = auto()
    UNKNOWN = auto()
    TOO_MANY = auto()


class Receipt(msgspec.Struct, frozen=True):
    """What a student was told when first accepted, and is told again at a repeat."""

    check_in_id: UUID
    status: Mark
    timestamp: datetime

    @classmethod
    def decode(cls, kept: str) -> "Receipt":
        """As lua/accept.lua keeps it: ``<check-in id> <status> <milliseconds>``."""
        check_in_id, status, millis = kept.split(" ")
        return cls(UUID(check_in_id), Mark(status), from_millis(int(millis)))

    @classmethod
    def of(cls, event: CheckInAccepted) -> "Receipt":
        """The receipt of a fresh check-in."""
        return cls(event.id, event.status, event.scanned_at)


class Verdict(msgspec.Struct, frozen=True):
    """The outcome, with the receipt that holds now (none when refused), and how many seconds to wait."""

    outcome: Outcome
    receipt: Receipt | None = None
    wait: int = 0
