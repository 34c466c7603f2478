"""Settings: every knob of every process, with its meaning, read once by a composition root.

Values come from ``MUSTER_*`` environment variables, or from files of the same (lower-case) name under
``/run/secrets``. Nothing reads the environment at import: call :func:`load_settings` in ``main``.
"""

import ipaddress
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

EXIT_CONFIG = 78
"""sysexits.h EX_CONFIG: the configuration is wrong; a restart will not help."""
EXIT_UNAVAILABLE = 69
"""sysexits.h EX_UNAVAILABLE: a service this process needs is away."""

MIN_SECRET_BYTES = 32
"""RFC 7518 section 3.2: an HS256 key has at least the size of its hash."""

CommaList = Annotated[list[str], NoDecode]
"""A list given as ``a,b,c``."""


class Settings(BaseSettings):
    """All settings. Times are seconds, sizes are bytes, unless the name says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix="MUSTER_",
        secrets_dir="/run/secrets" if Path("/run/secrets").is_dir() else None,
        extra="ignore",
        frozen=True,
        validate_default=True,
    )

    environment: Literal["production", "local"] = Field(
        "production", description="`local` permits plain-http cookies and other shortcuts of `muster up`."
    )
    database_url: str = Field(description="PostgreSQL, e.g. `postgresql://muster:…@db/muster`.")
    redis_url: str = Field(description="Redis or Valkey, e.g. `redis://cache:6379/0` or `unix:///run/valkey.sock`.")
    secret_key: SecretStr = Field(description="Signs tokens, tickets and cookies; 32 bytes or more.")
    other_secret_key: SecretStr | None = Field(
        None, description="Accepted like the secret key, but signs nothing: for changing keys, see docs/operations.md."
    )
    public_url: str = Field("http://localhost:8000", description="What a browser types; QR codes point here.")
    gateway_url: str = Field("ws://localhost:8001", description="What a browser's WebSocket connects to.")
    allowed_origins: CommaList = Field(
        default_factory=list,
        description="Other origins that may call the API or open a socket, comma-separated; the public URL always may.",
    )
    time_zone: str = Field("UTC", description="Zone of the times shown on pages and in refusals.")

    api_host: str = Field("127.0.0.1", description="Address the API listens on.")
    api_port: int = Field(8000, description="Port the API listens on.")
    api_metrics_port: int = Field(9100, description="Port of the API's `/metrics`; 0 turns it off.")
    gateway_host: str = Field("127.0.0.1", description="Address the gateway listens on.")
    gateway_port: int = Field(8001, description="Port the gateway listens on.")
    gateway_metrics_port: int = Field(9101, description="Port of the gateway's `/metrics`; 0 turns it off.")
    worker_host: str = Field("127.0.0.1", description="Address of the ports of workers and scheduler.")
    worker_metrics_port: int = Field(
        9102, description="Port of a worker's `/metrics`, `/livez` and `/readyz`; 0 turns it off."
    )
    scheduler_metrics_port: int = Field(9103, description="The same of the scheduler.")
    trusted_proxies: CommaList = Field(
        default_factory=list, description="Addresses whose `X-Forwarded-For` is believed, comma-separated."
    )
    campus_networks: CommaList = Field(
        default_factory=list,
        description="Networks of the campus, e.g. `10.0.0.0/8`, comma-separated; check-ins from elsewhere are flagged.",
    )

    jwt_algorithms: CommaList = Field(
        default_factory=lambda: ["HS256"],
        description="Allow-list: HS256 (local key), RS256, ES256, EdDSA (JWKS).",
    )
    jwks: str | None = Field(None, description="JWKS of an outside issuer: an `https://` URL or a file path.")
    jwks_refresh_seconds: float = Field(300.0, gt=0, description="How often the JWKS is read again.")
    jwt_issuer: str = Field("muster", description="Required `iss` claim.")
    jwt_audience: str = Field("muster", description="Required `aud` claim.")
    token_minutes: int = Field(480, ge=1, le=1440, description="Life of a token made at login; at most a day.")

    check_ins_per_minute: int = Field(20, ge=1, description="Check-ins a student may try per minute.")
    connection_events_per_minute: int = Field(60, ge=1, description="Connection events a person may report per minute.")
    requests_per_minute: int = Field(600, ge=1, description="Requests of any kind a person may send per minute.")
    failed_logins_per_account: int = Field(10, ge=1, description="Failed logins per account in five minutes.")
    failed_logins_per_address: int = Field(1000, ge=1, description="Failed logins per address in five minutes.")
    failed_codes_per_user: int = Field(5, ge=1, description="Wrong short codes per person in five minutes.")
    failed_codes_per_session: int = Field(
        100, ge=1, description="Wrong short codes per session in five minutes; then it takes the QR code only."
    )
    failed_tickets_without_login: int = Field(
        1000, ge=1, description="Forged codes per device, and per address, without a login in five minutes."
    )
    anonymous_per_minute: int = Field(
        60_000, ge=1, description="Requests without a login per address and minute; a campus is one address."
    )

    database_pool_size: int = Field(5, ge=1, description="Connections a process keeps open at most.")
    database_timeout: float = Field(5.0, gt=0, description="Limit of one statement, and of waiting for a lock.")
    redis_timeout: float = Field(2.0, gt=0, description="Limit of one Redis call.")
    facts_seconds: float = Field(60.0, gt=0, description="How long a process trusts its copy of a session's facts.")
    drain_batch: int = Field(500, ge=1, le=10_000, description="Stream entries folded into one transaction.")
    ping_seconds: float = Field(15.0, gt=0, description="Protocol ping interval of the gateway.")
    sockets_per_person: int = Field(5, ge=1, description="Sockets a person may have, over all gateways.")
    gateway_sockets: int = Field(15_000, ge=1, description="Sockets one gateway process holds; more are sent away.")
    gateway_accept_rate: int = Field(
        500, ge=1, description="Sockets one gateway process accepts per second; the rest is told when to come back."
    )
    gateway_frames: int = Field(20, ge=1, description="Frames a socket may send per second.")
    gateway_channels: int = Field(50, ge=1, description="Channels one socket may follow.")
    gateway_drain_seconds: float = Field(
        10.0, gt=0, description="How long a gateway that ends takes to send its clients elsewhere, in batches."
    )
    overdue_minutes: int = Field(60, ge=1, description="An active session is closed this long after its end.")

    export_rows: int = Field(
        5_000, ge=0, description="An export of more rows is written in the background and fetched when it is done."
    )
    export_hours: int = Field(24, ge=1, description="How long an export written in the background is kept.")

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level logged.")
    log_format: Literal["json", "text"] = Field("json", description="One JSON object per line, or readable text.")

    @field_validator("allowed_origins", "trusted_proxies", "campus_networks", "jwt_algorithms", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("jwt_algorithms")
    @classmethod
    def _known_algorithms(cls, value: list[str]) -> list[str]:
        unknown = set(value) - {"HS256", "RS256", "ES256", "EdDSA"}
        if unknown or not value:
            raise ValueError(f"not an allowed algorithm: {', '.join(sorted(unknown)) or 'none given'}")
        return value

    @field_validator("campus_networks")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for network in value:
            ipaddress.ip_network(network)  # its ValueError says what is wrong
        return value

    @field_validator("secret_key", "other_secret_key")
    @classmethod
    def _long_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"needs at least {MIN_SECRET_BYTES} bytes; try `openssl rand -hex 32`")
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"no such time zone: {value}") from error
        return value

    @field_validator("public_url", "gateway_url")
    @classmethod
    def _bare_url(cls, value: str) -> str:
        if not urlsplit(value).netloc:
            raise ValueError("needs a scheme and a host, e.g. https://muster.example.edu")
        return value.rstrip("/")

    @field_validator("jwks")
    @classmethod
    def _safe_jwks(cls, value: str | None) -> str | None:
        if value is not None and "://" in value and not value.startswith("https://"):
            raise ValueError("is a file path or an https:// URL")
        return value

    @model_validator(mode="after")
    def _secure_in_production(self) -> "Settings":
        if self.environment == "production" and len(set(self.secret_key.get_secret_value())) < 8:
            raise ValueError("secret_key: too repetitive for production")
        return self

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The campus secrets: the first signs, all are accepted."""
        given = (self.secret_key, self.other_secret_key)
        return tuple(key.get_secret_value().encode() for key in given if key is not None)

    @property
    def secure_cookies(self) -> bool:
        """Cookies carry ``Secure`` wherever the public URL is https."""
        return self.public_url.startswith("https://")

    @property
    def origins(self) -> frozenset[str]:
        """Origins that may open a socket or send a cross-origin request."""
        url = urlsplit(self.public_url)
        return frozenset([f"{url.scheme}://{url.netloc}", *self.allowed_origins])

    @property
    def token_life(self) -> timedelta:
        """Life of a token made at login."""
        return timedelta(minutes=self.token_minutes)

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which people read times."""
        return ZoneInfo(self.time_zone)


def explain(error: ValidationError) -> str:
    """One line that names every wrong setting by its environment variable."""
    parts = []
    for problem in error.errors():
        name = "MUSTER_" + "_".join(str(part) for part in problem["loc"]).upper()
        message = "is not set" if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, ")
        parts.append(f"{name if problem['loc'] else 'MUSTER settings'}: {message}")
    return "configuration: " + "; ".join(parts)


def load_settings() -> Settings:
    """The settings of this process; on a wrong one, one clear line and exit 78."""
    try:
        return Settings()
    except ValidationError as error:
        print(explain(error), file=sys.stderr)
        raise SystemExit(EXIT_CONFIG) from None


def settings_table() -> str:
    """The reference table of the README, in Markdown."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "required" if field.is_required() else field.get_default(call_default_factory=True)
        shown = default if default == "required" else f"`{','.join(default) if isinstance(default, list) else default}`"
        shown = "–" if shown in ("``", "`None`") else shown
        rows.append(f"| `MUSTER_{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(rows)
