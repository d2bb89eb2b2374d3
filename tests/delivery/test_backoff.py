"""When a receiver that failed is asked again."""

from delivery.backoff import pause


def test_each_pause_is_twice_as_long_from_5_s_to_a_day() -> None:
    assert [pause(number) for number in range(1, 6)] == [5, 10, 20, 40, 80]
    assert pause(15) == 81_920
    assert {pause(16), pause(17), pause(10_000)} == {86_400}


def test_a_receiver_that_says_when_is_heard_within_these_bounds() -> None:
    assert pause(9, 30) == 30
    assert {pause(1, 0), pause(1, -5)} == {5}
    assert pause(1, 10_000_000) == 86_400
