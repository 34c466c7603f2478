"""What the terminal shows when everything is ready."""

from pathlib import Path

from shared.settings import Settings

LOGINS = {
    "admin@campus.test": "administrator",
    "teacher@campus.test": "teaches TEST101, tutors MATH201",
    "s12345@campus.test": "student in both",
    "parent@campus.test": "parent of s12345",
}
PASSWORD = "muster-demo"  # noqa: S105 - of the demo campus, on purpose for everyone to see


def banner(settings: Settings, home: Path, *, demo: bool) -> str:
    """The addresses, and who can log in."""
    rows = [
        ("Pages and API", settings.public_url),
        ("Live updates", settings.gateway_url),
        ("Data", str(home)),
        ("For a shell", f"set -a; . {home}/env"),
    ]
    if demo:
        logins = [f"{login.ljust(21)} {who}" for login, who in LOGINS.items()]
        rows += [("Log in as", logins[0]), *(("", login) for login in logins[1:]), ("Password", PASSWORD)]
    rows.append(("To stop", "Ctrl-C"))
    body = "\n".join(f"  {name.ljust(14)} {text}" for name, text in rows)
    return f"\n  Muster is up.\n\n{body}\n"
