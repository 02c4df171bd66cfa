from __future__ import annotations

import pytest

from engine.controls import (
    AnyControl,
    Extend,
    Measure,
    Pause,
    Resume,
    Save,
    SetLearningRate,
    SetPace,
    Step,
    Stop,
)
from engine.training.steering import Pacer, Steering


def steering() -> Steering:
    return Steering(lr=0.1, pace=0.0, epochs=10)


def applied(state: Steering, control: AnyControl) -> tuple[str, str, str, str]:
    event = state.apply(control, 7)
    assert event.step == 7
    return event.what, event.before, event.after, event.note


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        (Pause(), ("pause", "running", "paused", "")),
        (Resume(), ("resume", "running", "running", "was running already")),
        (Step(), ("step", "running", "running", "steps are made one by one only while paused")),
        (Stop(), ("stop", "running", "stopped", "")),
        (Stop(reason="SIGTERM"), ("stop", "running", "stopped", "SIGTERM")),
        (SetLearningRate(lr=0.01), ("learning rate", "0.1", "0.01", "")),
        (SetLearningRate(lr=0.1), ("learning rate", "0.1", "0.1", "was that already")),
        (SetLearningRate(lr=-1.0), ("learning rate", "0.1", "0.1", "-1 is not a positive number")),
        (
            SetLearningRate(lr=float("nan")),
            ("learning rate", "0.1", "0.1", "nan is not a positive number"),
        ),
        (SetPace(steps_per_second=2.0), ("pace", "full speed", "2 steps/s", "")),
        (SetPace(steps_per_second=0.0), ("pace", "full speed", "full speed", "was that already")),
        (
            SetPace(steps_per_second=-2.0),
            ("pace", "full speed", "full speed", "-2 is not a number of steps per second"),
        ),
        (Extend(epochs=10), ("epochs", "10", "20", "")),
        (Extend(epochs=0), ("epochs", "10", "10", "0 is not a number of epochs to add")),
        (Measure(), ("measure", "", "measured", "")),
    ],
)
def test_a_request_and_what_came_of_it(
    control: AnyControl, expected: tuple[str, str, str, str]
) -> None:
    assert applied(steering(), control) == expected


def test_a_second_pause_changes_nothing_and_says_so() -> None:
    state = steering()
    state.apply(Pause(), 0)
    assert applied(state, Pause()) == ("pause", "paused", "paused", "was paused already")
    assert applied(state, Resume()) == ("resume", "paused", "running", "")
    assert not state.holding


def test_steps_are_counted_down_and_then_it_holds_again() -> None:
    state = steering()
    state.apply(Pause(), 0)
    assert applied(state, Step(count=2)) == ("step", "paused", "2 steps", "")
    assert not state.holding
    state.stepped()
    assert not state.holding
    state.stepped()
    assert state.holding
    assert applied(state, Step(count=0))[3] == "0 is not a number of steps"


def test_a_run_that_cannot_go_back_says_so() -> None:
    state = steering()
    why = "this experiment cannot go back"
    assert applied(state, Step(count=-1)) == ("step", "running", "running", why)
    state.apply(Pause(), 0)
    assert applied(state, Step(count=-1)) == ("step", "paused", "paused", why)
    assert state.holding


def test_steps_back_are_counted_too_and_stay_within_both_ends() -> None:
    state = Steering(lr=0.1, pace=0.0, epochs=10, last=9)
    state.apply(Pause(), 7)
    assert applied(state, Step(count=-2)) == ("step", "paused", "2 steps back", "")
    state.stepped()
    assert state.allowed == -1
    state.stepped()
    assert state.holding
    assert applied(state, Step(count=5))[2] == "2 steps"
    assert applied(state, Step(count=1))[3] == "this is the last step"
    assert applied(state, Step(count=-99))[2] == "7 steps back"
    assert applied(state, Step(count=-1))[3] == "this is the first step"
    assert applied(state, Step(count=0))[3] == "0 is not a number of steps"


def test_after_stop_nothing_else_takes_effect() -> None:
    state = steering()
    state.apply(Stop(), 0)
    for control, what in ((Pause(), "pause"), (Extend(epochs=5), "epochs"), (Stop(), "stop")):
        assert applied(state, control) == (what, "stopped", "stopped", "the run is ending")
    assert state.epochs == 10
    assert not state.holding


def test_the_request_number_is_echoed() -> None:
    assert steering().apply(Pause(request=41), 3).request == 41


def test_a_measurement_is_taken_once() -> None:
    state = steering()
    assert not state.take_measure()
    state.apply(Measure(), 0)
    assert state.take_measure()
    assert not state.take_measure()


def test_full_speed_never_waits() -> None:
    assert Pacer().wait(lambda: 0.0, 0.0) == 0


def test_steps_come_at_their_pace() -> None:
    pacer, now = Pacer(), 100.0
    begun = []
    for _ in range(4):
        while wait := pacer.wait(lambda: now, 4.0):  # noqa: B023 - called at once
            now += wait
        begun.append(now)
    assert begun == [100.0, 100.25, 100.5, 100.75]


def test_a_checkpoint_is_asked_for_once_and_only_where_there_is_a_record() -> None:
    state = Steering(lr=0.1, pace=0.0, epochs=10, recorded=True)
    answer = state.apply(Save(request=3), 7)
    assert (answer.what, answer.after, answer.step, answer.request) == ("save", "saving", 7, 3)
    assert [state.take_save(), state.take_save()] == [True, False]
    state.apply(Stop(), 7)
    assert state.apply(Save(), 7).note == "the run is ending"
    unrecorded = Steering(lr=0.1, pace=0.0, epochs=10)
    assert unrecorded.apply(Save(), 7).note == "no checkpoints are written here"
    assert not unrecorded.take_save()


def test_a_long_hold_is_not_made_up_for() -> None:
    pacer = Pacer()
    assert pacer.wait(lambda: 0.0, 4.0) == 0
    assert [pacer.wait(lambda: 9.0, 4.0) for _ in range(3)] == [0, 0, 0.25]  # one step hurries


def test_a_new_pace_holds_at_once() -> None:
    pacer = Pacer()
    pacer.wait(lambda: 0.0, 0.1)
    assert pacer.wait(lambda: 0.0, 0.1) == 10
    assert pacer.wait(lambda: 0.0, 50.0) == 0
    assert pacer.wait(lambda: 0.0, 50.0) == pytest.approx(0.02)
