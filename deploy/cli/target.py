"""Which Muster a command works on: the configured one, a running local stack, or its data at rest."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.stack.local import local_services
from deploy.stack.settings import WrongSettings, checked, effective
from shared.settings import Settings, explain

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Data of the local stack; else MUSTER_HOME, else ./.muster.", show_default=False),
]


class DatabaseAlone(BaseSettings):
    """The one setting of a job that needs no other, from the same places as :class:`Settings`."""

    model_config = SettingsConfigDict(
        env_prefix="MUSTER_", secrets_dir=Settings.model_config.get("secrets_dir"), extra="ignore"
    )
    database_url: str = ""


SERVICES = {"database_url", "redis_url", "secret_key"}
"""What a local stack supplies by itself."""


def configured() -> Settings | None:
    """The environment's settings; ``None`` where it leaves services to a local stack.

    Raises :class:`WrongSettings` where a setting is wrong, whoever would supply the rest.
    """
    try:
        return Settings()
    except ValidationError as error:
        missing = {str(problem["loc"][0]) for problem in error.errors() if problem["type"] == "missing"}
        if len(missing) == error.error_count() and missing <= SERVICES:
            return None
        raise WrongSettings(explain(error)) from None


@contextmanager
def target(home: Path | None) -> Iterator[Settings]:
    """The settings to work with; starts the embedded services around the block where nothing runs."""
    settings = configured()
    if settings:
        yield settings
        return
    with local_services(home) as services:
        yield checked(
            effective(
                os.environ,
                database_url=services.database_url,
                redis_url=services.redis_url,
                secret_key=services.secret_key,
            )
        )


@contextmanager
def target_database(home: Path | None) -> Iterator[str]:
    """Only the database's URL: a migration job needs no Redis and no secret."""
    given = DatabaseAlone().database_url
    if given:
        yield given
        return
    with target(home) as settings:
        yield settings.database_url
