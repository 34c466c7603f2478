"""Fields: how each kind of column is shown, filtered and typed in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZMULTIRANGE
from starlette.requests import Request
from starlette_admin.fields import (
    BaseField,
    BooleanField,
    DateField,
    DateTimeField,
    EnumField,
    FloatField,
    IntegerField,
    JSONField,
    StringField,
)

_ONE_OF = re.compile(r"^(\w+) IN \(([^()]*)\)$")


@dataclass
class WordField(EnumField):
    """One of a few words, shown as a badge: word, shape and colour (6-pages)."""

    list_template: str = "muster/word.html"
    detail_template: str = "muster/word.html"

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Each word with its label."""
        return [(str(pair[0]), pair[1]) for pair in self.choices or ()]

    async def validate(self, request: Request, value: Any, form_values: dict[str, Any]) -> None:
        """Only its own words."""
        await super().validate(request, value, form_values)
        if value is not None and value not in dict(self.pairs):
            raise ValueError("This is not one of the words.")


@dataclass
class SpansField(StringField):
    """A set of time ranges, or a list of ids, as lines of text."""

    async def serialize_value(self, request: Request, value: Any) -> str:
        """The parts, in order."""
        del request
        return ", ".join(_part(part) for part in value)


def _part(part: Any) -> str:
    bounds = getattr(part, "lower", None), getattr(part, "upper", None)
    return f"{bounds[0]:%H:%M:%S} to {bounds[1]:%H:%M:%S}" if None not in bounds else str(part)


def field_for(name: str, column: Column[Any] | None, label: str | None = None) -> BaseField:
    """The field of a column. Without one it is a name read from elsewhere: text, or a session's status or date."""
    kind = _kind(name, column)
    if kind is WordField:
        return WordField(name, label=label, choices=words_of(name, column))
    comment = column.comment if column is not None else None
    return kind(name, label=label, help_text=comment)


def _kind(name: str, column: Column[Any] | None) -> type[BaseField]:
    if words_of(name, column):
        return WordField
    if column is None:
        return DateField if name == "session_date" else StringField
    if isinstance(column.type, TSTZMULTIRANGE | ARRAY):
        return SpansField
    if isinstance(column.type, JSONB):
        return JSONField
    python = column.type.python_type
    return {bool: BooleanField, int: IntegerField, float: FloatField, date: DateField, datetime: DateTimeField}.get(
        python, StringField
    )


def words_of(name: str, column: Column[Any] | None) -> Sequence[tuple[str, str]]:
    """The words a column may hold, as its table's check constraint lists them, with their labels."""
    if column is None:
        return (
            [(word, label(word)) for word in ("scheduled", "active", "completed", "cancelled")]
            if (name == "session_status")
            else []
        )
    for constraint in column.table.constraints:
        if isinstance(constraint, CheckConstraint) and (found := _ONE_OF.match(str(constraint.sqltext))):
            listed, words = found.groups()
            if listed == column.name:
                return [(word, label(word)) for word in (part.strip().strip("'") for part in words.split(","))]
    return []


LABELS = {"qr_checkin": "QR check-in", "whiteboard_auto": "Suggestion accepted"}
SHAPES = {
    "present": "circle-check",
    "late": "clock",
    "absent": "circle-xmark",
    "excused": "file-lines",
    "scheduled": "calendar",
    "active": "circle-dot",
    "completed": "flag-checkered",
    "cancelled": "ban",
    "qr_checkin": "qrcode",
    "manual": "hand",
    "whiteboard_auto": "wand-magic-sparkles",
    "parent_reported": "people-roof",
    "admin_override": "user-shield",
    "system_default": "gear",
    "admin": "user-shield",
    "teacher": "chalkboard-user",
    "student": "user-graduate",
    "parent": "people-roof",
    "high": "arrow-up",
    "medium": "minus",
    "low": "arrow-down",
}


def word_of(field: WordField, shown: str) -> str:
    """The word behind its label, in lower case: what styles and shapes are named after."""
    return next((word for word, said in field.pairs if said == shown), shown).lower()


def word_icon(word: str) -> str:
    """The shape beside a word, so that colour is never alone."""
    return f"fa-{SHAPES.get(word, 'tag')}"


def label(word: str) -> str:
    """A word of the database as people write it: ``qr_checkin`` is "Qr checkin"."""
    return LABELS.get(word, word.replace("_", " ").capitalize())
