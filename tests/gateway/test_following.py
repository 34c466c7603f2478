"""What people see of a session, live."""

from uuid import uuid4

import msgspec
import pytest

from gateway.serving import Gateway
from shared import keys
from shared.domain.words import Role
from shared.messages.control import SessionFactsChanged
from tests.gateway.campus import Campus, Roll, check_in, ended, marks, stats
from tests.gateway.page import page


async def test_the_teacher_sees_the_very_bytes_that_were_published(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    async with page(running, campus.token(roll.teacher), roll.channel) as teacher:
        await campus.push(roll, check_in(roll, roll.students))
        shown = await teacher.socket.recv()
    [kept] = await campus.history(roll)
    assert isinstance(shown, str)
    assert kept == b"1 CHECK_IN " + shown.encode()


async def test_the_first_subscribe_says_where_the_channel_stands(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    async with page(running, campus.token(roll.teacher)) as teacher:
        fresh = await teacher.subscribe(roll.channel)
        assert (fresh["channel"], fresh["version"], fresh["recovered"]) == (roll.channel, 0, False)
        await campus.push(roll, stats(1), stats(2))
        assert await teacher.versions(2) == [1, 2]
        again = await teacher.subscribe(roll.channel)
        assert (again["version"], again["recovered"], again["epoch"]) == (2, False, fresh["epoch"])
        assert await teacher.quiet()


async def test_an_admin_sees_what_staff_see(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    async with page(running, campus.token(role=Role.ADMIN), roll.channel) as admin:
        await campus.push(roll, check_in(roll, roll.students))
        assert len((await admin.data("CHECK_IN"))["checkIns"]) == 2


@pytest.mark.parametrize(("make", "entries"), [(check_in, "checkIns"), (lambda _, who: marks(who), "changes")])
async def test_students_see_only_their_own_entries(
    running: Gateway, campus: Campus, make: object, entries: str
) -> None:
    assert callable(make)
    roll = await campus.roll(students=(uuid4(), uuid4(), uuid4()))
    mine, yours, _ = roll.students
    async with (
        page(running, campus.token(roll.teacher), roll.channel) as teacher,
        page(running, campus.token(mine, Role.STUDENT), roll.channel) as me,
        page(running, campus.token(yours, Role.STUDENT), roll.channel) as you,
    ):
        await campus.push(roll, make(roll, [mine]))
        await campus.push(roll, make(roll, roll.students))
        whole = [await teacher.frame(), await teacher.frame()]
        seen = [await me.frame(), await me.frame()]
        assert [entry["studentId"] for frame in seen for entry in frame["payload"]["data"][entries]] == [str(mine)] * 2
        for frame, theirs in zip(seen, whole, strict=True):
            assert frame["type"] == theirs["type"]
            del frame["payload"]["data"], theirs["payload"]["data"]
            assert frame == theirs
        assert (await you.frame())["payload"]["version"] == 2
        assert await you.quiet()


async def test_students_see_counters_and_the_end_unchanged(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    async with (
        page(running, campus.token(roll.teacher), roll.channel) as teacher,
        page(running, campus.token(roll.students[0], Role.STUDENT), roll.channel) as student,
    ):
        await campus.push(roll, stats(1), ended())
        for _ in range(2):
            assert await student.socket.recv() == await teacher.socket.recv()


async def test_students_never_see_presence_lists(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    names = [keys.position(roll.channel), keys.history(roll.channel)]
    frame = b'{"type":"PRESENCE","payload":{"sessionId":"%s","data":{"joined":[],"left":[]}' % str(roll.id).encode()
    async with (
        page(running, campus.token(roll.teacher), roll.channel) as teacher,
        page(running, campus.token(roll.students[0], Role.STUDENT), roll.channel) as student,
    ):
        await campus._publish(keys=names, args=[roll.channel, "e", 256, 300, 600, "PRESENCE", frame])
        await teacher.expect("PRESENCE")
        assert await student.quiet()


@pytest.mark.parametrize("role", [Role.TEACHER, Role.STUDENT, Role.PARENT])
async def test_a_session_one_has_no_part_in_is_forbidden_and_the_socket_stays(
    running: Gateway, campus: Campus, role: Role
) -> None:
    roll = await campus.roll()
    async with page(running, campus.token(role=role)) as stranger:
        await stranger.send("SUBSCRIBE", channel=roll.channel)
        refused = await stranger.data("ERROR")
        assert (refused["code"], refused["temporary"]) == ("forbidden", False)
        assert set(refused) == {"code", "message", "temporary"}
        await campus.push(roll, stats(1))
        assert await stranger.quiet()


@pytest.mark.parametrize("channel", ["", "attendance_updates_", "muster:control", "attendance_updates_*", "x\x00y"])
async def test_a_name_that_is_no_channel_is_forbidden(running: Gateway, campus: Campus, channel: str) -> None:
    async with page(running, campus.token(role=Role.ADMIN)) as admin:
        await admin.send("SUBSCRIBE", channel=channel)
        assert (await admin.data("ERROR"))["code"] == "forbidden"


async def test_another_spelling_of_a_channel_is_forbidden(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    async with page(running, campus.token(role=Role.ADMIN)) as admin:
        await admin.send("SUBSCRIBE", channel=roll.channel.upper().replace("ATTENDANCE_UPDATES", "attendance_updates"))
        assert (await admin.data("ERROR"))["code"] == "forbidden"


async def test_a_session_nobody_projected_is_asked_for_again(running: Gateway, campus: Campus) -> None:
    async with page(running, campus.token()) as teacher:
        await teacher.send("SUBSCRIBE", channel=keys.channel(uuid4()))
        refused = await teacher.data("ERROR")
        assert (refused["code"], refused["temporary"]) == ("unavailable", True)


async def test_unsubscribing_ends_it(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    async with page(running, campus.token(roll.teacher), roll.channel) as teacher:
        await teacher.send("UNSUBSCRIBE", channel=roll.channel)
        assert await teacher.quiet()
        assert await subscribers(campus, roll) == 0
        await campus.push(roll, stats(1))
        assert await teacher.quiet()


async def subscribers(campus: Campus, roll: Roll) -> int:
    """How many connections of Redis listen to a channel, once that has settled."""
    for _ in range(100):
        [(_, count)] = await campus.redis.pubsub_numsub(roll.channel)
        if not count:
            break
    return int(count)


async def test_one_redis_connection_listens_for_everybody(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    token = campus.token(roll.teacher)
    async with page(running, token, roll.channel) as one, page(running, token, roll.channel) as two:
        [(_, count)] = await campus.redis.pubsub_numsub(roll.channel)
        assert count == 1
        await campus.push(roll, stats(1))
        assert await one.versions(1) == await two.versions(1) == [1]
    assert await subscribers(campus, roll) == 0


async def test_a_student_who_leaves_the_roll_is_told_at_once(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    leaver, stayer = roll.students
    async with (
        page(running, campus.token(leaver, Role.STUDENT), roll.channel) as gone,
        page(running, campus.token(stayer, Role.STUDENT), roll.channel) as here,
    ):
        await campus.project(Roll(roll.id, roll.teacher, (stayer,)))
        await campus.command(SessionFactsChanged(roll.id))
        assert (await gone.data("ERROR"))["code"] == "forbidden"
        await campus.push(roll, stats(1))
        assert await here.versions(1) == [1]
        assert await gone.quiet()


async def test_an_unknown_control_message_is_let_pass(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    async with page(running, campus.token(roll.teacher), roll.channel) as teacher:
        await campus.redis.publish(keys.CONTROL, msgspec.json.encode({"type": "from-the-future"}))
        await campus.push(roll, stats(1))
        assert await teacher.versions(1) == [1]
