"""``muster config``: what the settings are, whether they are right, and what they mean."""

import os
from typing import Annotated
from urllib.parse import urlsplit

import typer

from deploy.cli.target import HomeOption, configured
from deploy.stack.errors import StackError
from deploy.stack.home import open_home, read_env
from deploy.stack.settings import checked, effective
from shared.settings import Settings, load_settings, settings_table

app = typer.Typer(help="Settings: show, check, explain.", no_args_is_help=True)


@app.command()
def show(home: HomeOption = None) -> None:
    """Print the effective settings; secrets and passwords stay hidden."""
    for name, value in _effective(home).model_dump().items():
        shown = ",".join(value) if isinstance(value, list) else "" if value is None else str(value)
        typer.echo(f"MUSTER_{name.upper()}={without_password(shown)}")


@app.command()
def check(
    connect: Annotated[bool, typer.Option("--connect", help="Also try PostgreSQL and Redis.")] = False,
) -> None:
    """Exit 0 where the environment is a complete configuration, else 78 (or 69: a service is away)."""
    settings = load_settings()
    if connect:
        _connect(settings)
    typer.echo("The configuration is complete." + (" PostgreSQL and Redis answer." if connect else ""))


@app.command()
def table() -> None:
    """Print the reference table of all settings, in Markdown."""
    typer.echo(settings_table())


def _effective(home: HomeOption) -> Settings:
    settings = configured()
    if settings:
        return settings
    running = read_env(open_home(home).env_file)
    known = effective(
        os.environ,
        database_url="embedded",
        redis_url="embedded",
        secret_key="made at the first start, kept in the home",  # noqa: S106 - words, not a secret
    )
    return checked(known | running)


def _connect(settings: Settings) -> None:
    import psycopg
    import redis

    try:
        psycopg.connect(settings.database_url, connect_timeout=5).close()
        with redis.Redis.from_url(settings.redis_url, socket_connect_timeout=5, socket_timeout=5) as client:
            client.ping()
    except (psycopg.OperationalError, redis.RedisError) as error:
        service = "PostgreSQL" if isinstance(error, psycopg.Error) else "Redis"
        raise StackError(f"{service} is away: {str(error).strip().splitlines()[0]}") from None


def without_password(value: str) -> str:
    """A URL with its password replaced; anything else as it is."""
    try:
        password = urlsplit(value).password
    except ValueError:
        return value
    return value.replace(f":{password}@", ":…@") if password else value
