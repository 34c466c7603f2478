"""Moments that wait to be sent: as few as prove the same presence (1-domain 1.1).

Two points at most G apart are one run, so a moment that lies between two others at most G apart changes nothing: the
union of all ``[t, t + G)`` is the same without it. While Redis is away a socket that beats every 15 s thus keeps about
two moments per G, and not one second of its presence is lost.
"""

from datetime import datetime

from shared.domain.presence import GAP

MOST = 120
"""Moments kept per socket: more than an hour of outage. Beyond that only the last one moves on, and what lies between
is not credited."""


def keep(moments: list[datetime], now: datetime) -> None:
    """Add a moment; the one before it goes if it lies between two others at most G apart, or if too many wait."""
    if _proves_nothing(moments, now) or len(moments) >= MOST:
        moments[-1] = now
    else:
        moments.append(now)


def _proves_nothing(moments: list[datetime], now: datetime) -> bool:
    """Whether the last moment lies between two others. A clock that was set back proves what it proves."""
    return len(moments) > 1 and moments[-2] <= moments[-1] <= now <= moments[-2] + GAP
