"""The numbers of the traffic, in one place, and where each comes from.

A campus of 10,000 students at 10 o'clock is what 4-pipeline 4.4 asks for: they leave one room, find the next, open the
link on the screen and confirm, within a minute, while their page keeps a socket open.
"""

CLASS_SIZE = 50
"""Students per session: 10,000 students over 200 sessions (4-pipeline 4.4)."""

RUSH_SECONDS = 60.0
"""How long a campus hour change lasts (4-pipeline 4.4)."""

CONFIRM_SECONDS = (1.0, 4.0)
"""From the opened link to the confirming tap: read a sentence, press a button."""

BEAT_SECONDS = 15.0
"""Between heartbeats of a client that speaks only HTTP (1-domain 1.1)."""

ACTIVITY_SECONDS = (5.0, 30.0)
"""Between strokes on a whiteboard: the gateway counts one per kind and second (3-realtime 3.1)."""

STATS_SECONDS = 60.0
"""A dashboard reloads its snapshot this often beside its socket, as a page does that was in the background."""

REVIEW_SECONDS = (5.0, 20.0)
"""A tutor reads a suggestion before the decision."""

RECONNECT_SECONDS = (0.5, 20.0)
"""Full jitter of a client that lost its socket (3-realtime 3.4)."""

STORM_AFTER = 20.0
"""Seconds into a reconnect storm at which every socket is cut at once: a gateway was replaced."""

LESSON_SECONDS = 3000.0
"""A lesson of 50 minutes; in a run of minutes nobody leaves by themselves."""

SHARES = {"sockets": 55, "heartbeats": 20, "rush": 20, "dashboards": 4, "reviews": 1}
"""Who is on a mixed campus at a moment: most follow by socket, some clients speak only HTTP, one in five is just
arriving, one teacher per 50 students has a dashboard open (one session of :data:`CLASS_SIZE`), few review."""
