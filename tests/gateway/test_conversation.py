"""The protocol core: frames in, actions out."""

import json
from typing import Any
from uuid import uuid4

import pytest

from gateway.conversation import (
    Action,
    AnswerPing,
    Authenticate,
    BrokenProtocol,
    Conversation,
    Decline,
    Follow,
    Renew,
    Report,
    Unfollow,
)
from shared.messages.frames import Resume


def say(conversation: Conversation, kind: str, **fields: Any) -> list[Action]:
    """What a frame asks for."""
    return conversation.read(json.dumps({"type": kind, **fields}))


def connected() -> Conversation:
    """A conversation past CONNECT."""
    conversation = Conversation()
    say(conversation, "CONNECT", token="t")
    return conversation


def test_connect_asks_who_and_then_follows_in_order() -> None:
    channels = [{"channel": "a"}, {"channel": "b", "version": 3, "epoch": "e"}]
    actions = say(Conversation(), "CONNECT", ticket="t", subscribe=channels)
    assert actions == [Authenticate(None, "t", ("a", "b")), Follow(Resume("a")), Follow(Resume("b", 3, "e"))]


def test_each_frame_is_one_action() -> None:
    conversation, session_id = connected(), str(uuid4())
    assert say(conversation, "SUBSCRIBE", channel="a", version=1, epoch="e") == [Follow(Resume("a", 1, "e"))]
    assert say(conversation, "UNSUBSCRIBE", channel="a") == [Unfollow("a")]
    assert say(conversation, "REFRESH", token="t") == [Renew("t")]
    assert say(conversation, "PING") == [AnswerPing()]
    [report] = say(conversation, "ACTIVITY", sessionId=session_id, activity="draw")
    assert isinstance(report, Report)


@pytest.mark.parametrize("activity", ["", "Draw", "draw it", "x" * 33, "draw\n"])
def test_an_activity_is_a_short_lower_case_word(activity: str) -> None:
    assert say(connected(), "ACTIVITY", sessionId=str(uuid4()), activity=activity) == [Decline()]


def test_nothing_comes_before_connect_and_no_second_one_after() -> None:
    with pytest.raises(BrokenProtocol):
        say(Conversation(), "PING")
    with pytest.raises(BrokenProtocol):
        say(connected(), "CONNECT", token="t")


def test_after_a_ticket_in_the_url_connect_may_come_once_without_credentials() -> None:
    conversation = Conversation(known=True)
    assert say(conversation, "PING") == [AnswerPing()]
    assert say(conversation, "CONNECT", subscribe=[{"channel": "a"}]) == [Follow(Resume("a"))]
    with pytest.raises(BrokenProtocol):
        say(conversation, "CONNECT")
    with pytest.raises(BrokenProtocol):
        say(Conversation(known=True), "CONNECT", token="t")


def test_what_is_logged_of_a_broken_frame_quotes_nothing() -> None:
    with pytest.raises(BrokenProtocol) as broken:
        Conversation().read('{"type":"CONNECT","token":"s3cret","s3cret":1}')
    assert "s3cret" not in str(broken.value)
