"""A record on a line of time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import events, replay
from engine.errors import BadInput
from engine.events import AnyEvent, ControlApplied, EpochFinished, Noted, RunFinished, RunStarted
from engine.replay import LONGEST_GAP, LONGEST_REST, Mark, Moment, Recording, moment_after, moments
from engine.store import reader
from engine.store.last_words import LastWords
from engine.store.layout import LOG
from engine.store.lines import framed


def nobody(directory: Path) -> bool:
    return False


def somebody(directory: Path) -> bool:
    return True


def noted(time: float) -> Noted:
    return Noted(time=time, text="")


def started(time: float = 100.0, **more: str) -> RunStarted:
    return RunStarted(time=time, run_id="r", experiment="train", config={}, **more)  # type: ignore[arg-type]


def lines(said: Iterable[AnyEvent], first: int = 0) -> bytes:
    import msgspec

    framed_ = [
        framed(events.encode(msgspec.structs.replace(event, seq=seq)))
        for seq, event in enumerate(said, first)
    ]
    return b"".join(framed_)


def record(directory: Path, said: Iterable[AnyEvent], tail: bytes = b"") -> Path:
    directory.mkdir()
    (directory / LOG).write_bytes(lines(said) + tail)
    return directory


def everything(recording: Recording) -> list[AnyEvent]:
    found: list[AnyEvent] = []
    while more := recording.read():
        found += more
    return found


def rest(recording: Recording, mark: Mark) -> list[AnyEvent]:
    """What is read again from a mark on."""
    reading = recording.again(mark)
    found: list[AnyEvent] = []
    while more := reading.chunk():
        found += more
    reading.close()
    return found


def spans(said: Sequence[AnyEvent]) -> list[float]:
    """The seconds between the events as a replay takes them."""
    told = [moment.elapsed for moment in moments(said, Moment())]
    return [round(b - a, 3) for a, b in pairwise(told)]


def test_time_begins_with_the_first_event() -> None:
    assert moments([started(1e9)], Moment())[0].elapsed == 0.0


def test_a_silence_is_cut_short_where_the_run_holds_or_has_ended() -> None:
    pause = ControlApplied(time=110, step=1, what="pause", before="running", after="paused")
    resume = ControlApplied(time=900, step=1, what="resume", before="paused", after="running")
    said = [
        started(),
        pause,
        resume,
        noted(905),
        RunFinished(time=906, outcome="stopped", detail=""),
    ]
    assert spans([*said, started(5000, continues="r"), noted(5002)]) == [
        10.0, LONGEST_REST, 5.0, 1.0, LONGEST_REST, 2.0,
    ]  # fmt: skip


def test_a_clock_that_was_set_costs_little() -> None:
    said = [started(), noted(101), noted(3701), noted(102), noted(103)]
    assert spans(said) == [1.0, LONGEST_GAP, 0.0, 1.0]


times = st.floats(0, 1e4, allow_nan=False)
kinds = st.sampled_from(["noted", "noted", "noted", "started", "pause", "resume", "finished"])


def of_kind(kind: str, time: float) -> AnyEvent:
    match kind:
        case "started":
            return started(time)
        case "finished":
            return RunFinished(time=time, outcome="stopped", detail="")
        case "pause":
            return ControlApplied(time=time, step=0, what=kind, before="running", after="paused")
        case "resume":
            return ControlApplied(time=time, step=0, what=kind, before="paused", after="running")
    return noted(time)


@given(st.lists(st.tuples(kinds, times), max_size=20), st.booleans(), st.integers(0, 20))
def test_the_short_way_to_the_last_moment_is_the_long_one(
    drawn: list[tuple[str, float]], ordered: bool, cut: int
) -> None:
    if ordered:
        drawn = sorted(drawn, key=lambda pair: pair[1])
    said = [of_kind(kind, time) for kind, time in drawn]
    slowly = moments(said, Moment())
    assert all(a.elapsed < b.elapsed for a, b in pairwise(slowly))
    soon = moment_after(said[cut:], moment_after(said[:cut], Moment()))
    if said:
        assert soon == pytest.approx(slowly[-1])
        assert soon.resting == slowly[-1].resting


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks every few events, read a few lines at a time."""
    monkeypatch.setattr(replay, "_EVENTS", 5)
    monkeypatch.setattr(reader, "_CHUNK", 200)


@pytest.mark.usefixtures("small")
def test_from_every_mark_the_rest_is_read(tmp_path: Path) -> None:
    said = [started(), *(noted(100 + i) for i in range(40))]
    first = record(tmp_path / "a", said)
    second = record(tmp_path / "b", [started(200, continues="a"), *said[1:]])
    recording = Recording([first, second], nobody)
    whole = everything(recording)
    assert len(whole) == recording.count == 82
    assert len(recording.marks) > 10
    for mark in recording.marks:
        assert rest(recording, mark) == whole[mark.at :]


@pytest.mark.usefixtures("small")
def test_epochs_are_counted_where_they_end(tmp_path: Path) -> None:
    def epoch(number: int) -> EpochFinished:
        figures = dict.fromkeys(("train_loss", "train_accuracy", "test_loss", "test_accuracy"), 0.5)
        return EpochFinished(
            epoch=number, step=number, seconds=1.0, samples_per_second=1.0, **figures
        )

    said = [started(), epoch(1), *[noted(1)] * 9, epoch(2), noted(2), epoch(3)]
    recording = Recording([record(tmp_path / "a", said)], nobody)
    everything(recording)
    assert list(recording.epochs) == [2, 12, 14]


def test_a_record_that_grows_is_complete_once_its_writer_is_gone(tmp_path: Path) -> None:
    directory = record(tmp_path / "a", [started()])
    log = os.open(directory / LOG, os.O_WRONLY | os.O_APPEND)
    fcntl.flock(log, fcntl.LOCK_EX)
    recording = Recording([directory])
    assert len(everything(recording)) == 1
    recording.look()
    assert not recording.read() and not recording.complete
    os.write(log, lines([noted(101)], first=1))
    assert len(everything(recording)) == 1 and not recording.complete
    os.write(log, lines([noted(102)], first=2) + b"torn")
    os.close(log)
    recording.look()
    assert len(recording.read()) == 1 and not recording.complete  # its last words were not read yet
    assert recording.read() == [] and recording.complete
    assert recording.damaged == 1
    recording.close()


@pytest.mark.usefixtures("small")
def test_an_end_that_the_log_had_no_room_for_is_told_behind_it(tmp_path: Path) -> None:
    directory = record(tmp_path / "a", [started(), *(noted(101 + i) for i in range(12))])
    end = RunFinished(time=200.0, outcome="stopped", detail="the disk is full")
    last = LastWords(directory)
    last.say(end)
    last.close(told=False)
    recording = Recording([directory], nobody)
    recording.look()
    whole = everything(recording)
    assert whole[-1] == end and recording.count == len(whole) == 14
    assert recording.complete and recording.moment.resting and recording.share == 1.0
    for mark in (*recording.marks, recording.newest):
        assert rest(recording, mark) == whole[mark.at :]


def test_what_is_kept_beside_a_log_that_tells_its_end_does_not_count(tmp_path: Path) -> None:
    end = RunFinished(time=200.0, outcome="completed", detail="")
    directory = record(tmp_path / "a", [started(), end])
    last = LastWords(directory)
    last.say(RunFinished(outcome="stopped", detail="the disk is full"))
    last.close(told=False)
    recording = Recording([directory], nobody)
    recording.look()
    assert [event.detail for event in everything(recording)[1:]] == [""]  # type: ignore[union-attr]


def test_damage_of_every_log_is_counted(tmp_path: Path) -> None:
    said = [started(), noted(101), noted(102), noted(103)]
    first = record(tmp_path / "a", said, tail=b"torn")
    second = record(tmp_path / "b", said)
    content = bytearray((second / LOG).read_bytes())
    content[content.index(b"noted")] ^= 4
    (second / LOG).write_bytes(content)
    recording = Recording([first, second], nobody)
    assert len(everything(recording)) == 7
    assert recording.damaged == 2  # a torn tail and a corrupt line


def test_a_record_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    recording = Recording([tmp_path / "gone"], nobody)
    assert recording.read() == []
    assert "No such file" in recording.trouble
    assert recording.caught_up
    recording.look()
    assert recording.read() == [] and recording.complete


def test_how_much_was_read(tmp_path: Path) -> None:
    first = record(tmp_path / "a", [started(), noted(1)])
    second = record(tmp_path / "b", [started(), noted(1)])
    recording = Recording([first, second], nobody)
    told = [recording.share]
    while recording.read():
        told.append(recording.share)
    assert told == [0.0, 0.5, 1.0]
    assert Recording([tmp_path / "gone"], somebody).share == 1.0


def test_a_recording_has_the_whole_past(tmp_path: Path) -> None:
    record(tmp_path / "a", [started(100)])
    record(tmp_path / "b", [started(200, continues="a"), noted(201)])
    recording = replay.recording(tmp_path, "b")
    assert [event.time for event in everything(recording)] == [100, 200, 201]
    with pytest.raises(BadInput, match="there is no run c"):
        replay.recording(tmp_path, "c")
