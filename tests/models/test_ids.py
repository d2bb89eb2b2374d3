"""Ids are in order of time, also within a millisecond."""

from uuid import UUID

from models.ids import made_at, new_id, new_request_id


def test_ids_only_ever_grow_whichever_way_they_are_made() -> None:
    made = [new_request_id() if n % 2 else str(new_id()) for n in range(10_000)]
    assert made == sorted(set(made))


def test_a_requests_id_is_the_text_of_a_uuid_of_its_time() -> None:
    text = new_request_id()
    assert str(UUID(text)) == text
    assert UUID(text).version == 7
    before, after = made_at(new_id()), made_at(new_id())
    assert made_at(UUID(text)) <= before <= after
