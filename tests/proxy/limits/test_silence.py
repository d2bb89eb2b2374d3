"""When a worker takes another one for dead."""

from proxy.limits.silence import SILENT_S, Silence


class Observer:
    """A worker that looks at the beats of one other, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 100.0
        self.silence = Silence("observer", lambda _: False, lambda: self.now)

    def looks(self, beat: float, *, after: float = 0.0) -> bool:
        """Whether the other one is silent, by a look so many seconds later."""
        self.now += after
        return self.silence.look([("other", beat), ("beating", self.now)]) == ["other"]


def test_whoever_stops_beating_is_silent_in_time_for_those_who_wait() -> None:
    observer = Observer()
    # The other one died just behind its heartbeat, and just behind the observer's last look.
    observer.looks(4.0)
    waited = 0.0
    while not observer.looks(5.0, after=1.5):
        waited += 1.5
    assert SILENT_S <= waited + 1.5 < 10


def test_a_heartbeat_every_five_seconds_is_not_silence() -> None:
    observer = Observer()
    assert not any(observer.looks(at * 1.5 // 5.4, after=1.5) for at in range(100))


def test_an_outage_and_a_stall_of_one_s_own_age_nobody() -> None:
    observer = Observer()
    observer.looks(5.0)
    assert not observer.looks(5.0, after=60.0)
    observer.silence.interrupted()
    assert not observer.looks(5.0, after=3600.0)
    assert not observer.looks(5.0, after=2.9)
    assert observer.looks(5.0, after=2.9)


def test_one_that_is_gone_and_comes_back_begins_anew() -> None:
    observer = Observer()
    observer.looks(5.0)
    for _ in range(4):
        observer.looks(5.0, after=2.0)
    observer.silence.look([])
    assert not observer.looks(5.0, after=2.0)
    assert not observer.looks(5.0, after=2.0)
