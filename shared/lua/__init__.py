"""Lua scripts: each an atomic step in Redis, described at the top of its own file."""

from importlib.resources import files


def script(name: str) -> str:
    """The source of ``<name>.lua``."""
    return files(__package__).joinpath(f"{name}.lua").read_text(encoding="utf-8")
