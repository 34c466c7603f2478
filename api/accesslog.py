"""The access log: who looked at whose attendance, and who took it away (5-security, privacy).

An entry is written in the transaction that reads, so that nothing is shown that was not noted.
"""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.domain.words import AccessAction, AccessSubject
from shared.tokens import Identity

_NOTE = text("""
    INSERT INTO access_log (person_id, action, subject, subject_id, detail)
    VALUES (:person, :action, :subject, :id, :detail)
""")


async def note_export(
    connection: AsyncConnection, who: Identity, subject: AccessSubject, subject_id: UUID | None, detail: str
) -> None:
    """This person takes a file away; ``detail`` is its format, or the report's name and format."""
    await _note(connection, who, AccessAction.EXPORT, subject, subject_id, detail)


async def note_view(connection: AsyncConnection, who: Identity, student_id: UUID) -> None:
    """This person looks at a student's record. One's own is nobody else's business."""
    if student_id != who.user_id:
        await _note(connection, who, AccessAction.VIEW, AccessSubject.STUDENT, student_id, None)


async def note_report(connection: AsyncConnection, who: Identity, name: str) -> None:
    """This person looks at a report, which says something of many people."""
    await _note(connection, who, AccessAction.VIEW, AccessSubject.REPORT, None, name)


async def _note(
    connection: AsyncConnection,
    who: Identity,
    action: AccessAction,
    subject: AccessSubject,
    subject_id: UUID | None,
    detail: str | None,
) -> None:
    values = {"person": who.user_id, "action": action, "subject": subject, "id": subject_id, "detail": detail}
    await connection.execute(_NOTE, values)
