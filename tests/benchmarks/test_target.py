"""What a request's bytes are when they are sent, and how its answer is understood."""

from __future__ import annotations

import pytest

from benchmarks.target import BadAnswer, Target, changes, closes, is_whole, numbered


def test_a_changing_request_is_never_sent_twice_and_keeps_its_length() -> None:
    request = Target(1).request("changing")
    assert changes(request)
    sent = {numbered(request) for _ in range(100)}
    assert len(sent) == 100
    assert len({len(each) for each in sent}) == 1


def test_other_requests_are_sent_as_they_are() -> None:
    request = Target(1).request("openai")
    assert not changes(request)
    assert numbered(request) == request


def test_only_the_statuses_that_are_asked_for_are_answers() -> None:
    refusal = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n{}"
    assert is_whole(refusal, (b"200", b"429"))
    assert not is_whole(refusal[:-1], (b"429",))
    with pytest.raises(BadAnswer):
        is_whole(refusal)


def test_a_closed_connection_is_known_from_the_head_alone() -> None:
    assert closes(b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n{}")
    assert not closes(b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n\r\nconnection: close\r\n")
