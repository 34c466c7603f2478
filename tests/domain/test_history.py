"""The history of a session as a chain: what was done to it shows, and where."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from shared.domain.history import Change, Head, first_break, link

SESSION = UUID(int=7)
AT = datetime(2026, 3, 2, 9, 0, 0, 123, UTC)


def written(*words: str) -> tuple[list[Change], Head]:
    """A history as it is written, one change of status per word."""
    changes, previous = [], b""
    for place, word in enumerate(words, start=1):
        change = Change(SESSION, place, "session", (None, word, 'why "not"\n', None, AT), b"", f"row {place}")
        previous = link(previous, change)
        changes.append(replace(change, hash=previous))
    return changes, Head(len(changes), previous)


def broken_at(changes: Sequence[Change], head: Head | None) -> int | None:
    """The place of the first break."""
    found = first_break(SESSION, changes, head)
    return None if found is None else found.place


def test_a_history_as_it_was_written_is_whole() -> None:
    assert first_break(SESSION, *written("scheduled", "active", "completed")) is None


def test_an_edited_row_shows_at_its_place() -> None:
    changes, head = written("scheduled", "active", "completed")
    changes[1] = replace(changes[1], values=(None, "cancelled", *changes[1].values[2:]))
    assert broken_at(changes, head) == 2


def test_an_edited_row_with_a_fresh_hash_of_its_own_shows_at_the_next() -> None:
    changes, head = written("scheduled", "active", "completed")
    edited = replace(changes[1], values=(None, "cancelled", *changes[1].values[2:]))
    changes[1] = replace(edited, hash=link(changes[0].hash, edited))
    assert broken_at(changes, head) == 3


def test_a_removed_row_shows() -> None:
    changes, head = written("scheduled", "active", "completed")
    assert broken_at([changes[0], changes[2]], head) == 2


def test_a_row_put_in_shows() -> None:
    changes, head = written("scheduled", "active", "completed")
    assert broken_at([*changes[:2], replace(changes[1], row="row 9"), changes[2]], head) == 2


def test_a_cut_off_end_shows() -> None:
    changes, head = written("scheduled", "active", "completed")
    assert broken_at(changes[:2], head) == 3
    assert broken_at([], head) == 1


def test_a_lost_head_shows() -> None:
    changes, _ = written("scheduled", "active")
    assert broken_at(changes, None) == 3


def test_rows_of_another_session_do_not_fit() -> None:
    changes, head = written("scheduled", "active")
    assert broken_at([replace(change, session_id=UUID(int=8)) for change in changes], head) == 1
