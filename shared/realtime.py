"""One-time tickets for the gateway: random, known to Redis for as long as they hold, worthless once used."""

import secrets
from datetime import datetime, timedelta

TICKET_LIFE = timedelta(seconds=30)


def make_ticket(now: datetime) -> str:
    """A ticket of this moment. It names its end, so that whoever comes late is told so when Redis has forgotten it."""
    return f"{secrets.token_urlsafe(24)}.{int((now + TICKET_LIFE).timestamp())}"


def is_late(ticket: str, now: datetime) -> bool:
    """Whether a ticket that nobody knows says that its time is over. A made-up one that says so gets in as little."""
    _, _, end = ticket.rpartition(".")
    return end.isascii() and end.isdigit() and int(end) <= now.timestamp()
