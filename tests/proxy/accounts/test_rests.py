"""Which account is asked while some rest."""

from __future__ import annotations

from uuid import UUID

from proxy.accounts import rests as module
from proxy.accounts.rests import FAILED_REST_S, Rests, Scope, scope_of
from proxy.upstream.target import Target, address_of

A, B = (
    Target(address_of("https://h.example"), b"x-api-key: k\r\n", UUID(int=number))
    for number in (1, 2)
)
CHAT, OTHER = Scope("gpt-4o", ""), Scope("", "/v1/models")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_first_is_asked_until_it_rests_and_again_afterwards() -> None:
    rests = Rests(clock := Clock())
    assert rests.choose((A, B), CHAT) == A
    assert rests.rest(A.key_id, CHAT, 5) == clock.now + 5
    assert (rests.choose((A, B), CHAT), rests.choose((A, B), OTHER)) == (B, A)
    clock.now += 5
    assert rests.choose((A, B), CHAT) == A


def test_a_name_that_the_database_cannot_keep_stays_one_model_s() -> None:
    assert scope_of("gpt-4o", "/v1/x") == CHAT
    assert scope_of("", "/v1/models") == OTHER
    assert scope_of("é" * 200, "/v1/x").model == "é" * 200
    odd = ["x" * 1024, "x" * 1023 + "y", "a\x00b", "a\ufffdb"]
    scopes = {scope_of(name, "/v1/x").model for name in odd}
    assert len(scopes) == 4
    assert all(len(name) <= 200 and "\x00" not in name for name in scopes)


def test_where_none_is_fit_the_one_is_asked_that_will_be_soonest() -> None:
    rests = Rests(Clock())
    rests.rest(A.key_id, CHAT, 50)
    rests.rest(B.key_id, CHAT, 20)
    assert rests.first_fit((A, B), CHAT) is None
    assert rests.choose((A, B), CHAT) == B


def test_one_that_failed_is_left_alone_as_a_whole_for_a_moment() -> None:
    rests = Rests(clock := Clock())
    rests.failed(A.key_id)
    assert rests.choose((A, B), OTHER) == B
    clock.now += FAILED_REST_S
    assert rests.choose((A, B), OTHER) == A


def test_one_that_was_tried_is_not_tried_again() -> None:
    rests = Rests(Clock())
    assert rests.first_fit((A, B), CHAT, {A.key_id}) == B
    assert rests.first_fit((A, B), CHAT, {A.key_id, B.key_id}) is None


def test_what_others_learnt_counts_until_it_is_learnt_anew() -> None:
    rests = Rests(clock := Clock())
    rests.learn({(A.key_id, CHAT): clock.now + 60}, {B.key_id: clock.now + 90})
    assert rests.choose((A, B), OTHER) == A
    assert rests.choose((A, B), CHAT) == A
    assert list(rests.suspended) == [B.key_id]
    assert rests.resting() == 1
    rests.learn({}, {})
    assert rests.choose((B, A), CHAT) == B
    assert rests.resting() == 0


def test_models_that_clients_make_up_take_no_more_room_than_there_is() -> None:
    rests = Rests(Clock())
    for number in range(module._PAIRS_MAX + 5):
        rests.rest(A.key_id, Scope(f"m{number}", ""), 60)
        rests.failed(UUID(int=number))
    assert len(rests._pairs) == len(rests._keys) == module._PAIRS_MAX
