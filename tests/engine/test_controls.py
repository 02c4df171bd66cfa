"""The desk where a run picks up what was asked of it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from engine.controls import AnyControl, Controls, Pause, Resume, Step, Stop, unreported


def test_requests_are_taken_once_in_their_order() -> None:
    controls = Controls()
    assert controls.take() == []
    assert not controls.waiting
    asked: list[AnyControl] = [Pause(request=1), Step(count=3, request=2), Resume(request=3)]
    for control in asked:
        controls.request(control)
    assert controls.waiting
    assert controls.take() == asked
    assert not controls.waiting
    assert controls.take(0.001) == []


def test_whoever_waits_is_woken() -> None:
    controls = Controls()
    taken: list[AnyControl] = []
    thread = threading.Thread(target=lambda: taken.extend(controls.take(None)))
    thread.start()
    controls.request(Stop())
    thread.join(10)
    assert taken == [Stop()]


@pytest.mark.parametrize("seconds", [1e300, float("inf")])
def test_no_wait_is_too_long(seconds: float) -> None:
    controls = Controls()
    threading.Timer(0.01, controls.request, (Stop(),)).start()
    assert controls.take(seconds) == [Stop()]
    threading.Timer(0.01, controls.request, (Stop(),)).start()
    controls.wait(seconds)
    assert controls.stopping


def test_nothing_is_lost_between_threads() -> None:
    controls = Controls()
    askers = [
        threading.Thread(
            target=lambda start=start: [  # type: ignore[misc]
                controls.request(Pause(request=start + i)) for i in range(500)
            ]
        )
        for start in (0, 500, 1000)
    ]
    for asker in askers:
        asker.start()
    numbers: list[int] = []
    while len(numbers) < 1500:
        taken = controls.take(10)
        assert taken
        numbers += [control.request for control in taken]
    for asker in askers:
        asker.join()
    assert sorted(numbers) == list(range(1500))


def test_the_directory_is_known_once_it_is_told(tmp_path: Path) -> None:
    controls = Controls()
    assert controls.directory is None
    controls.recorded_in(tmp_path)
    assert controls.directory == tmp_path


def test_news_of_the_preparation_may_go_nowhere() -> None:
    assert Controls().report is unreported
    unreported("text", 1, 2)


@pytest.mark.parametrize("kind", get_args(AnyControl), ids=lambda kind: kind.__name__)
def test_every_control_survives_the_socket(kind: type[msgspec.Struct]) -> None:
    needed = {f.name: f.type(3) for f in msgspec.structs.fields(kind) if f.required}
    control = kind(request=7, **needed)
    assert msgspec.json.decode(msgspec.json.encode(control), type=AnyControl) == control
