"""Raw SQL in somebody's voice, as the API's and the workers' transactions speak."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Connection, Engine, text

_SPEAK = text("SELECT set_config('role', :role, true), set_config('muster.user_id', :me, true)")


@contextmanager
def speaking(engine: Engine, role: str, me: UUID | None = None) -> Iterator[Connection]:
    """One transaction of this role and person, committed at its end."""
    with engine.begin() as connection:
        connection.execute(_SPEAK, {"role": role, "me": str(me or "")})
        yield connection
