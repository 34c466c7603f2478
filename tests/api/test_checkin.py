"""The check-in: from the code on the screen to a mark in the database."""

from sqlalchemy import Engine, text

from tests.campus import Classroom, Visitor, show_code, start_session
from workers.drain import drain
from workers.ports import Ports


async def test_a_scanned_code_becomes_a_mark(
    visitor: Visitor, classroom: Classroom, ports: Ports, owner: Engine
) -> None:
    """Code → ticket → check-in → drain → one record with source qr_checkin."""
    teacher, student = visitor.speaking_as(classroom.teacher), visitor.speaking_as(classroom.students[0])
    session = await start_session(teacher, classroom)
    code = await show_code(teacher, session)
    ticket = (await student.post("/api/v1/checkin/tickets", json={"token": code["token"]})).json()

    answer = await student.post(f"/api/v1/sessions/{session['id']}/attendance", json={"ticket": ticket["ticket"]})

    assert answer.status_code == 202
    assert answer.json()["status"] == "present"
    assert answer.json()["timestamp"] == ticket["scannedAt"]
    drain(ports)
    with owner.connect() as connection:
        rows = connection.execute(
            text("SELECT status, source FROM attendance_records WHERE session_id = :id"), {"id": session["id"]}
        ).all()
    assert rows == [("PRESENT", "qr_checkin")]
    stats = (await teacher.get(f"/api/v1/sessions/{session['id']}/stats")).json()
    assert (stats["presentStudents"], stats["notMarked"], stats["attendanceRate"]) == (1, 2, 33.3)
