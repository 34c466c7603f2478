"""The gateway's rules, without a socket and without Redis."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from gateway.channels import session_of
from gateway.closing import Close, label
from gateway.door import read_target
from gateway.pushes import read_push, sent_at
from gateway.recovery import Gap, Position, Reading, missed, readable
from gateway.rights import Right, right_of
from gateway.views import portions
from shared import keys
from shared.domain.words import Role
from shared.messages.pushes import Push, Stats, open_frame
from tests.gateway.twins import facts as known
from tests.gateway.twins import push, somebody

SESSION = UUID("01890000-0000-7000-8000-00000000000a")


@pytest.mark.parametrize("code", list(Close))
def test_the_range_of_a_code_says_whether_to_reconnect(code: Close) -> None:
    assert code.reason
    assert len(code.reason.encode()) <= 123, "a close frame has no more room"
    if code >= 4000:
        assert code.reconnect == (code < 4500)


def test_the_codes_are_those_of_the_contract() -> None:
    ours = {int(code) for code in Close if code >= 4000}
    assert ours == {4000, 4001, 4002, 4003, 4500, 4501, 4502, 4503, 4504}


def test_a_code_of_the_clients_own_is_no_metric_of_its_own() -> None:
    labels = [label(code) for code in (1000, 4001, 3999, 4321, None)]
    assert labels == ["1000", "4001", "other", "other", "none"]


def test_a_channel_names_one_session() -> None:
    assert session_of(keys.channel(SESSION)) == SESSION


@pytest.mark.parametrize(
    "name",
    [
        "",
        str(SESSION),
        f"attendance_updates_{str(SESSION).upper()}",
        f"attendance_updates_{SESSION.hex}",
        f"attendance_updates_{{{SESSION}}}",
        f"attendance_updates_urn:uuid:{SESSION}",
        f"attendance_updates_{SESSION}\n",
        f"attendance_updates_attendance_updates_{SESSION}",
        "attendance_updates_*",
        keys.CONTROL,
    ],
)
def test_a_name_the_server_would_not_build_is_nobodys(name: str) -> None:
    assert session_of(name) is None


def test_an_admin_and_its_teacher_are_staff() -> None:
    teacher = somebody(Role.TEACHER)
    facts = known(teacher=teacher.user_id)
    assert right_of(teacher, facts) is Right.STAFF
    assert right_of(somebody(Role.ADMIN), facts) is Right.STAFF


def test_another_teacher_and_a_parent_have_no_part() -> None:
    facts = known()
    assert right_of(somebody(Role.TEACHER), facts) is Right.NONE
    assert right_of(somebody(Role.PARENT), facts) is Right.NONE


def test_only_a_student_on_the_roll_participates() -> None:
    student = somebody(Role.STUDENT)
    facts = known(student.user_id)
    assert right_of(student, facts) is Right.PARTICIPANT
    assert right_of(somebody(Role.STUDENT), facts) is Right.NONE
    assert right_of(replace(student, role=Role.PARENT), facts) is Right.NONE


def test_of_a_session_nobody_knows_nothing_can_be_said() -> None:
    assert right_of(somebody(Role.ADMIN), None) is Right.UNKNOWN


def test_who_is_at_the_top_missed_nothing() -> None:
    assert missed(5, "e", Reading(Position(5, "e"))) == []


def test_all_missed_pushes_are_given_in_order() -> None:
    later = [push(4, "e"), push(5, "e")]
    assert missed(3, "e", Reading(Position(5, "e"), later)) == later


def test_one_missing_push_is_as_bad_as_all() -> None:
    assert missed(3, "e", Reading(Position(6, "e"), [push(4, "e"), push(6, "e")])) is Gap.TRIMMED
    assert missed(3, "e", Reading(Position(6, "e"), [push(5, "e"), push(6, "e")])) is Gap.TRIMMED
    assert missed(3, "e", Reading(Position(4, "e"), [push(4, "older")])) is Gap.TRIMMED


def test_another_epoch_or_none_and_a_version_above_the_top_cannot_be_resumed() -> None:
    reading = Reading(Position(5, "e"), [push(5, "e")])
    assert missed(4, "f", reading) is Gap.NEW_EPOCH
    assert missed(4, None, reading) is Gap.NEW_EPOCH
    assert missed(6, "e", reading) is Gap.AHEAD
    assert missed(-1, "e", reading) is Gap.AHEAD


def test_history_is_only_asked_about_versions_that_exist() -> None:
    assert [readable(version) for version in (None, -1, 0, 7, 2**60)] == [None, None, 0, 7, None]


def test_the_epoch_is_the_one_the_frame_ends_with() -> None:
    nested = push(3, "true", data={"epoch": "false"})
    assert (nested.version, nested.type, nested.epoch) == (3, "STATS_UPDATE", "true")


def test_a_pushes_time_is_the_workers_and_never_one_in_its_data() -> None:
    moment = datetime(2026, 3, 2, 9, 0, 0, 5, tzinfo=UTC)
    opened = open_frame(Push(SESSION, moment, Stats(present_students=1)))
    assert sent_at(read_push(b'1 STATS_UPDATE %s,"version":1,"epoch":"e"}}' % opened)) == moment
    assert sent_at(push(1, data={"timestamp": "2026-03-02T09:00:00Z"})) is None


@pytest.mark.parametrize("message", [b"", b"x", b"1 TYPE", b"x TYPE {}", b"1 TYPE {}", b'1 TYPE {"epoch":"e"}'])
def test_a_message_of_another_shape_is_no_push(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_push(message)


def test_a_student_gets_all_of_their_entries_and_the_same_envelope() -> None:
    me, you = uuid4(), uuid4()
    entries = [{"studentId": str(who), "n": n} for n, who in enumerate([me, you, me])]
    whole = push(7, "e", "MARK", {"changes": entries})
    shares = portions(whole)
    assert shares.everyone is None
    mine = json.loads(shares.own[me])
    assert mine["payload"]["data"] == {"changes": [entries[0], entries[2]]}
    assert mine["payload"]["version"] == 7
    assert list(mine["payload"]) == list(json.loads(whole.frame)["payload"])
    assert set(shares.own) == {me, you}


@pytest.mark.parametrize("kind", ["SESSION_STATUS", "STATS_UPDATE"])
def test_statuses_and_counters_are_for_everyone(kind: str) -> None:
    whole = push(1, "e", kind)
    assert portions(whole).everyone is whole.frame


@pytest.mark.parametrize("kind", ["PRESENCE", "FROM_THE_FUTURE"])
def test_whatever_is_not_listed_is_not_for_students(kind: str) -> None:
    shares = portions(push(1, "e", kind, {"joined": [str(uuid4())]}))
    assert shares.everyone is None
    assert shares.own == {}


def test_a_target_is_everything_or_one_session() -> None:
    everything = read_target("/ws")
    one = read_target(f"/ws/sessions/{SESSION}?ticket=abc&x=1")
    assert everything is not None
    assert (everything.session_id, everything.ticket) == (None, None)
    assert one is not None
    assert (one.session_id, one.ticket) == (SESSION, "abc")
    assert read_target(f"/ws/whiteboard/{SESSION}/more") is None


@pytest.mark.parametrize("data", ["{", '{"checkIns":5}', '{"checkIns":[{}]}', "{}", '{"checkIns":[{"studentId":"x"}]}'])
def test_a_push_that_cannot_be_read_is_for_no_student_and_harms_nobody(data: str) -> None:
    frame = f'{{"type":"CHECK_IN","payload":{{"data":{data},"version":1,"epoch":"e"}}}}'
    shares = portions(read_push(f"1 CHECK_IN {frame}".encode()))
    assert (shares.everyone, shares.own) == (None, {})


def test_an_empty_ticket_is_a_ticket() -> None:
    target = read_target("/ws?ticket=")
    assert target is not None
    assert target.ticket == ""
