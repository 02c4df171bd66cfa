"""A run that holds waits for somebody to come back, but not for ever."""

from __future__ import annotations

from engine.host.forgotten import PATIENCE, Forgotten


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def test_an_hour_without_a_screen_and_without_news_is_enough() -> None:
    clock = Clock()
    forgotten = Forgotten(clock)
    assert not forgotten.look(7, watched=False)
    clock.now += PATIENCE - 1
    assert not forgotten.look(7, watched=False)
    clock.now += 1
    assert forgotten.look(7, watched=False)


def test_a_screen_or_an_event_begins_the_hour_anew() -> None:
    clock = Clock()
    forgotten = Forgotten(clock)
    for told, watched in ((1, False), (1, True), (1, False), (2, False), (3, False)):
        assert not forgotten.look(told, watched=watched)
        clock.now += PATIENCE - 1
    assert not forgotten.look(3, watched=False)
    clock.now += 1
    assert forgotten.look(3, watched=False)


def test_a_watched_run_is_never_forgotten() -> None:
    clock = Clock()
    forgotten = Forgotten(clock)
    for _ in range(5):
        assert not forgotten.look(1, watched=True)
        clock.now += 10 * PATIENCE
