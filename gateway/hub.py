"""Who is here and what they follow: clients, their subscriptions, and the rooms. Plain state, no I/O."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from gateway import metrics
from gateway.closing import Close
from gateway.expiries import Expiries
from gateway.frames import text_frame
from gateway.pushes import Push
from gateway.rights import Right
from gateway.room import Room
from gateway.stay import Stay
from shared import keys
from shared.tokens import Identity


class Outlet(Protocol):
    """The way to one client. Never blocks, never raises; does nothing once the client is gone."""

    is_slow: bool
    """Whether much of what was sent is still waiting to be read."""
    file: int | None
    """The number of a socket that takes whatever is written to it as the next frames, while there is one."""
    on_change: Callable[[], None] | None
    """Called when ``file`` has changed."""

    @property
    def send(self) -> Callable[[bytes], None]:
        """Send complete WebSocket frames. Asked for each time: it changes with the state of the socket."""
        ...

    def close(self, code: Close) -> None:
        """Close the socket."""

    def cut(self) -> None:
        """End the socket without waiting for the client."""


@dataclass(eq=False, slots=True)
class Client:
    """One socket of a person who said who they are. ``session_id`` is set on the paths of a session, and ``stay``
    there for those who take part."""

    identity: Identity
    outlet: Outlet
    session_id: UUID | None = None
    stay: Stay | None = None
    confirmed_at: float = 0.0
    subscriptions: dict[str, "Subscription"] = field(default_factory=dict)
    _held: bytes = b""

    def __post_init__(self) -> None:
        self.outlet.on_change = self.shuffle

    def shuffle(self) -> None:
        """The way to this client is another one than before."""
        for subscription in self.subscriptions.values():
            subscription.room.shuffle(subscription.right)

    def tell(self, content: bytes) -> None:
        """Send a text frame with this content."""
        self.outlet.send(self._held + text_frame(content))
        self._held = b""

    def hold(self, content: bytes) -> None:
        """Send such a frame with the next one that is told, or when it is to be :meth:`release`d."""
        self._held += text_frame(content)

    def release(self) -> None:
        """Send what is held."""
        if self._held:
            self.outlet.send(self._held)
            self._held = b""

    def rests_on(self, right: Right) -> bool:
        """Whether being on a session's path is right with this right there."""
        return right.admits


@dataclass(eq=False, slots=True)
class Subscription:
    """One client in one room. ``buffer`` is what was heard while joining.

    Nothing up to version ``floor`` of ``epoch`` is sent (again). ``confirmed_at`` is when the right was last known
    to hold, in seconds of the loop's clock. ``has_missed`` is set while counters were left out for a slow reader.
    """

    client: Client
    room: Room
    right: Right
    confirmed_at: float
    floor: int = 0
    epoch: str = ""
    is_live: bool = False
    has_missed: bool = False
    buffer: list[Push] = field(default_factory=list)
    outlet: Outlet = field(init=False)

    def __post_init__(self) -> None:
        self.outlet = self.client.outlet

    @property
    def identity(self) -> Identity:
        """Whose it is."""
        return self.client.identity

    def rests_on(self, right: Right) -> bool:
        """Whether what they are shown is right with this right."""
        return right is self.right


Holder = Client | Subscription
"""Somebody on a session's path, or in its room: what they have rests on a right."""


class Hub:
    """All clients and rooms of this process."""

    def __init__(self) -> None:
        self.clients: set[Client] = set()
        self.visitors: dict[UUID, set[Client]] = {}
        self.expiries = Expiries()
        self.rooms: dict[str, Room] = {}

    def admit(self, client: Client) -> None:
        """A client said who they are."""
        self.clients.add(client)
        if client.session_id is not None:
            self.visitors.setdefault(client.session_id, set()).add(client)
        self.expiries.add(client)
        metrics.CONNECTIONS.count += 1

    def renew(self, client: Client, identity: Identity) -> None:
        """A client has a fresh token."""
        self.expiries.remove(client)
        client.identity = identity
        self.expiries.add(client)

    def dismiss(self, client: Client) -> list[Room]:
        """A client is gone; returns the rooms that are empty now and no longer kept."""
        if client in self.clients:
            self.clients.discard(client)
            self._depart(client)
            self.expiries.remove(client)
            metrics.CONNECTIONS.count -= 1
        left = [self.leave(client, channel) for channel in list(client.subscriptions)]
        return [room for room in left if room is not None]

    def enter(self, client: Client, channel: str, session_id: UUID, right: Right, now: float) -> Subscription:
        """Begin a subscription; the room is made if need be."""
        room = self.rooms.get(channel)
        if room is None:
            room = self.rooms[channel] = Room(channel, session_id)
            metrics.CHANNELS.count += 1
        subscription = Subscription(client, room, right, confirmed_at=now)
        client.subscriptions[channel] = subscription
        room.joining.add(subscription)
        metrics.SUBSCRIPTIONS.count += 1
        return subscription

    def leave(self, client: Client, channel: str) -> Room | None:
        """End a subscription, if there is one; returns the room if it is empty now and no longer kept."""
        subscription = client.subscriptions.pop(channel, None)
        if subscription is None:
            return None
        metrics.SUBSCRIPTIONS.count -= 1
        room = subscription.room
        room.leave(subscription)
        if not room.is_empty:
            return None
        del self.rooms[channel]
        metrics.CHANNELS.count -= 1
        return room

    def sessions(self) -> set[UUID]:
        """Those in which somebody holds something."""
        return {room.session_id for room in self.rooms.values()} | self.visitors.keys()

    def holders(self, session_id: UUID) -> list[Holder]:
        """Everybody whose right in a session is to be confirmed. Who is joining was asked about a moment ago."""
        room = self.rooms.get(keys.channel(session_id))
        return [*(room.live() if room else ()), *self.visitors.get(session_id, ())]

    def _depart(self, client: Client) -> None:
        if client.session_id is None:
            return
        others = self.visitors[client.session_id]
        others.discard(client)
        if not others:
            del self.visitors[client.session_id]
