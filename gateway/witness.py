"""Who is told of connections as evidence of presence (3-realtime 3.3)."""

from typing import Protocol
from uuid import UUID

from shared.messages.frames import Activity
from shared.tokens import Identity


class Witness(Protocol):
    """Sees the sockets of a session's path come, act and go. Never blocks, never raises."""

    def came(self, session_id: UUID, identity: Identity) -> None:
        """A socket with a part in the session is open."""

    def acted(self, session_id: UUID, identity: Identity, activity: Activity) -> None:
        """Its person interacted."""

    def went(self, session_id: UUID, identity: Identity) -> None:
        """The socket is closed."""


class NoWitness:
    """Sees nothing."""

    def came(self, session_id: UUID, identity: Identity) -> None:
        """See :class:`Witness`."""

    def acted(self, session_id: UUID, identity: Identity, activity: Activity) -> None:
        """See :class:`Witness`."""

    def went(self, session_id: UUID, identity: Identity) -> None:
        """See :class:`Witness`."""
