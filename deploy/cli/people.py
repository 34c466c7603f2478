"""``muster user`` and ``muster token``: accounts and tokens, for whoever can reach the database."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.target import HomeOption, target
from deploy.stack.errors import StackError
from shared.domain.words import Role

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from shared.models.people import User
    from shared.settings import Settings

app = typer.Typer(help="People: create, disable.", no_args_is_help=True)

MIN_PASSWORD = 8
"""NIST SP 800-63B, section 5.1.1.2."""


class NotPossible(StackError):
    """What was asked for does not fit what is there."""

    exit_code = 1


@app.command()
def create(
    email: str,
    role: Annotated[Role, typer.Option(case_sensitive=False)],
    first_name: Annotated[str, typer.Option(prompt=True)],
    last_name: Annotated[str, typer.Option(prompt=True)],
    student_number: Annotated[str | None, typer.Option(help="Students have one.", show_default=False)] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
    home: HomeOption = None,
) -> None:
    """Create a person with a password."""
    if (role is Role.STUDENT) != (student_number is not None):
        raise NotPossible("students, and only students, have a --student-number")
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _ask_password()
    if len(password) < MIN_PASSWORD:
        raise NotPossible(f"a password has at least {MIN_PASSWORD} characters")
    from shared.models.people import Credential, Student, User
    from shared.passwords import hash_password

    with target(home) as settings, _session(settings) as session:
        if _find(session, email):
            raise NotPossible(f"{email} exists")
        user = User(email=email, first_name=first_name, last_name=last_name, role=role.value)
        session.add(user)
        session.flush()
        session.add(Credential(user_id=user.id, password_hash=hash_password(password)))
        if student_number:
            session.add(Student(user_id=user.id, student_number=student_number))
        typer.echo(f"Created {email}, {user.id}.")


@app.command()
def disable(email: str, home: HomeOption = None) -> None:
    """Lock a person out: no login, no token, no open socket."""
    import redis

    from shared import keys
    from shared.messages.control import PersonDisabled, encode
    from shared.tokens import MAX_LIFE

    with target(home) as settings:
        with _session(settings) as session:
            user = _require(session, email)
            user.disabled_at = user.disabled_at or datetime.now(UTC)
            order = PersonDisabled(user.id)
        # After the commit, so that whoever hears it finds it in the database. The key is for gateways, which never ask
        # the database; it is there before the message, so that nobody slips in between.
        with (
            redis.Redis.from_url(settings.redis_url, socket_timeout=settings.redis_timeout) as client,
            client.pipeline(transaction=True) as pipeline,
        ):
            pipeline.set(keys.disabled(order.user_id), 1, ex=MAX_LIFE)
            pipeline.publish(keys.CONTROL, encode(order))
            pipeline.execute()
    typer.echo(f"{email} is locked out.")


def token(
    email: Annotated[str, typer.Option(help="Whose token.")],
    minutes: Annotated[int | None, typer.Option(min=1, max=1440, help="Its life [MUSTER_TOKEN_MINUTES].")] = None,
    home: HomeOption = None,
) -> None:
    """Print a token for scripts: `curl -H "Authorization: Bearer $(muster token --email …)"`."""
    from shared.tokens import Tokens

    with target(home) as settings:
        with _session(settings) as session:
            user = _require(session, email)
            if user.disabled_at:
                raise NotPossible(f"{email} is disabled")
            user_id, role = user.id, Role(user.role)
        life = timedelta(minutes=minutes) if minutes else settings.token_life
        text, _ = Tokens(settings).issue(user_id, role, datetime.now(UTC), life)
    typer.echo(text)


def _ask_password() -> str:
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


@contextmanager
def _session(settings: "Settings") -> "Iterator[Session]":
    """One transaction of an operator, committed at its end."""
    from sqlalchemy.orm import Session

    from shared.database import owner_engine

    engine = owner_engine(settings)
    try:
        with Session(engine) as session, session.begin():
            yield session
    finally:
        engine.dispose()


def _find(session: "Session", email: str) -> "User | None":
    from sqlalchemy import func, select

    from shared.models.people import User

    return session.scalar(select(User).where(func.lower(User.email) == email.lower()))


def _require(session: "Session", email: str) -> "User":
    user = _find(session, email)
    if user is None:
        raise NotPossible(f"nobody is called {email}")
    return user
