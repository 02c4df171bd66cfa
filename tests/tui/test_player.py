"""Playing a recording: every place shows what was known there."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import msgspec
import pytest
import synthetic_run
from event_streams import STARTED, block, numbered, recorded, same, streams
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import events, replay
from engine.replay import Recording
from engine.store import reader
from engine.store.layout import LOG
from engine.store.lines import framed
from engine.store.reader import read
from tui.folding import folded, taken
from tui.replay.player import SPEEDS, Player, first_speed
from tui.run_view import RunView

RUN = synthetic_run.run(epochs=4, finish="completed")


@dataclass
class Clock:
    """Time in the test's hand."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def player_of(*directories: Path, live: bool = False) -> tuple[Player, Clock]:
    """A player whose recording has been read."""
    clock = Clock()
    player = Player(Recording(directories, lambda _: live), clock)
    for _ in range(len(directories) * 1000):
        player.poll(math.inf)
        if player.opened:
            return player, clock
    raise AssertionError("it was not read to its end")


def prefix(said: Sequence[events.AnyEvent], count: int) -> RunView:
    view = RunView()
    for event in said[:count]:
        view = taken(event, view)
    return view


@pytest.fixture
def small() -> Iterator[None]:
    with patch.object(replay, "_EVENTS", 7), patch.object(reader, "_CHUNK", 1200):
        yield


@pytest.fixture
def player(tmp_path: Path, small: None) -> tuple[Player, Clock]:
    return player_of(recorded(tmp_path / "a", RUN))


lineages = st.lists(streams(), min_size=1, max_size=3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(lineages, st.lists(st.floats(0, 1), max_size=6), st.booleans())
def test_anywhere_stands_what_the_events_up_to_there_say(
    small: None, lives: list[list[events.AnyEvent]], jumps: list[float], by_time: bool
) -> None:
    whole: list[events.AnyEvent] = []
    with tempfile.TemporaryDirectory() as place:
        directories = []
        for number, life in enumerate(lives):
            before = f"r{number - 1}" if number else ""
            first = msgspec.structs.replace(
                STARTED, run_id=f"r{number}", continues=before, first_step=0
            )
            directories.append(recorded(Path(place) / f"r{number}", [first, *life]))
            whole += numbered([first, *life])
        player, _ = player_of(*directories)
        other, _ = player_of(*directories)
        assert player.at == len(whole)
        assert same(player.view, prefix(whole, len(whole)))
        for jump in jumps:
            if by_time:
                player.seek(jump * player.total)
            else:
                player.seek_event(max(1, round(jump * len(whole))))
            assert same(player.view, prefix(whole, player.at))
            other.seek_event(player.at)
            assert same(player.view, other.view)
        player.end()
        assert same(player.view, prefix(whole, len(whole)))
        for each in (player, other):
            each.close()


@pytest.mark.usefixtures("small")
def test_played_to_the_end_it_is_the_whole(player: tuple[Player, Clock], tmp_path: Path) -> None:
    played, clock = player
    told = list(read(tmp_path / "a" / LOG))
    played.toggle()
    assert played.at == 1 and played.playing
    shown = [played.at]
    while not played.scrub.at_end:
        clock.now += 0.11
        played.poll(math.inf)
        shown.append(played.at)
        assert same(played.view, prefix(told, played.at))
    assert shown == sorted(shown) and len(set(shown)) > 10
    assert not played.playing
    assert same(played.view, prefix(told, len(RUN)))


def test_it_goes_as_fast_as_the_speed_says(player: tuple[Player, Clock]) -> None:
    played, clock = player
    played.start()
    played.toggle()
    assert played.speed == 1.0
    clock.now += 0.5
    played.poll(math.inf)
    assert played.moment == pytest.approx(0.5)
    played.faster(1)
    clock.now += 0.25
    played.poll(math.inf)
    assert played.moment == pytest.approx(1.0)
    played.toggle()
    clock.now += 9.0
    assert not played.poll(math.inf)
    assert played.moment == pytest.approx(1.0)


def test_where_reading_cannot_keep_up_the_playhead_waits(player: tuple[Player, Clock]) -> None:
    played, clock = player
    played.start()
    played.toggle()
    for _ in SPEEDS:
        played.faster(1)
    assert played.speed == math.inf
    clock.now += 1.0
    played.poll(0.0)  # no time to read: a chunk at most
    assert played.moment < played.total
    while not played.scrub.at_end:
        clock.now += 1.0
        played.poll(math.inf)


class TestARecordThatIsGone:
    def test_there_is_nothing_to_go_back_to_and_what_is_known_stays(
        self, player: tuple[Player, Clock], tmp_path: Path
    ) -> None:
        played, clock = player
        (tmp_path / "a" / LOG).unlink()
        for act in (played.start, played.toggle, lambda: played.epoch(-1)):
            act()
            clock.now += 99.0
            played.poll(math.inf)
            assert "No such file" in played.scrub.trouble
            assert not played.playing and played.scrub.at_end
            assert played.at == len(RUN) and played.view.finished

    def test_from_the_past_a_jump_back_moves_nothing_and_the_end_is_there(
        self, player: tuple[Player, Clock], tmp_path: Path
    ) -> None:
        played, _ = player
        played.seek(0.5 * played.total)
        where, shown = played.at, played.view
        (tmp_path / "a" / LOG).unlink()
        played.start()
        assert (played.at, played.moment) == (where, 0.5 * played.total)
        assert played.view is shown and played.scrub.trouble
        played.end()
        assert played.at == len(RUN)

    def test_playing_stops_where_the_next_log_is_missing(self, tmp_path: Path, small: None) -> None:
        first = recorded(tmp_path / "a", RUN[:9])
        played, clock = player_of(first, recorded(tmp_path / "b", RUN[9:]))
        played.start()
        played.toggle()
        (tmp_path / "b" / LOG).unlink()
        played.epoch(1)
        clock.now += 99.0
        assert played.poll(math.inf)
        assert "No such file" in played.scrub.trouble and not played.playing
        assert played.at == 9 and 0 < played.moment < played.total
        assert not played.poll(math.inf)
        played.toggle()
        clock.now += 99.0
        played.poll(math.inf)
        assert played.at == 9 and not played.playing

    def test_playing_stops_where_the_log_was_cut(
        self, player: tuple[Player, Clock], tmp_path: Path
    ) -> None:
        played, clock = player
        log = tmp_path / "a" / LOG
        whole = log.read_bytes()
        played.start()
        log.write_bytes(b"".join(whole.splitlines(keepends=True)[:9]))
        played.toggle()
        clock.now += 99.0
        played.poll(math.inf)
        assert "shorter" in played.scrub.trouble and not played.playing
        log.write_bytes(whole)
        played.seek(0.5 * played.total)
        assert not played.scrub.trouble and played.at > 9


def test_the_speeds_have_a_first_and_a_last(player: tuple[Player, Clock]) -> None:
    played, _ = player
    for by, last in ((-1, SPEEDS[0]), (1, SPEEDS[-1])):
        for _ in range(len(SPEEDS) + 3):
            played.faster(by)
        assert played.speed == last


def test_a_long_run_begins_fast_and_a_short_one_as_it_was() -> None:
    assert first_speed(3.0) == first_speed(20.0) == 1.0
    assert first_speed(21.0) == 2.0
    assert first_speed(3600.0) == 200.0
    assert first_speed(1e9) == math.inf


def test_epochs_forth_and_back(player: tuple[Player, Clock]) -> None:
    played, _ = player
    seen = []
    for _ in range(6):
        played.epoch(-1)
        seen.append(played.view.epoch)
    assert seen == [4, 3, 2, 1, 0, 0]  # the last one ends before the run says that it is over
    assert played.at == 1
    seen = []
    for _ in range(6):
        played.epoch(1)
        seen.append((played.view.epoch, played.view.finished is not None))
    assert [epoch for epoch, _ in seen] == [1, 2, 3, 4, 4, 4]
    assert [over for _, over in seen] == [False] * 4 + [True] * 2


def test_without_epochs_a_tenth(tmp_path: Path) -> None:
    said = [STARTED, *(events.Noted(time=1.0 + i, text=str(i)) for i in range(1, 101))]
    played, _ = player_of(recorded(tmp_path / "a", said))
    played.epoch(-1)
    assert played.view.log[-1].text == "89"
    played.move(-0.01)
    assert played.view.log[-1].text == "88"
    played.epoch(1)
    assert played.view.log[-1].text in ("98", "99")  # two events are a microsecond more apart


def test_past_the_ends_it_stays(player: tuple[Player, Clock]) -> None:
    played, _ = player
    played.seek(-5.0)
    assert played.at == 1 and played.moment == 0.0
    played.move(-0.5)
    assert played.at == 1
    played.move(7.0)
    assert played.scrub.at_end and played.at == len(RUN)


def test_stepping_back_from_the_end_holds_there(player: tuple[Player, Clock]) -> None:
    played, clock = player
    played.move(-0.25)
    where = played.at
    clock.now += 60.0
    played.poll(math.inf)
    assert played.at == where < len(RUN)


class TestGrowing:
    @pytest.fixture
    def growing(self, tmp_path: Path) -> tuple[Player, Clock, Path]:
        directory = recorded(tmp_path / "a", [STARTED, block(1, 3)])
        player, clock = player_of(directory, live=True)
        return player, clock, directory / LOG

    def add(self, log: Path, seq: int, step: int) -> None:
        event = msgspec.structs.replace(block(step, 1), seq=seq, time=float(step))
        with log.open("ab") as file:
            file.write(framed(events.encode(event)))

    def test_it_is_followed(self, growing: tuple[Player, Clock, Path]) -> None:
        played, _, log = growing
        assert played.scrub.live and played.scrub.at_end and played.playing
        self.add(log, 2, 4)
        assert played.poll(math.inf)
        assert played.view.step == 4
        assert not played.poll(math.inf)

    def test_held_it_stays_while_the_record_grows_and_catches_up(
        self, growing: tuple[Player, Clock, Path]
    ) -> None:
        played, clock, log = growing
        played.toggle()
        for seq, step in ((2, 4), (3, 5), (4, 6)):
            self.add(log, seq, step)
            assert played.poll(math.inf)  # the whole is longer now
            assert played.view.step == 3
        assert not played.playing and not played.scrub.at_end
        played.toggle()
        clock.now += 4.5
        played.poll(math.inf)
        assert played.view.step == 5
        clock.now += 2.0
        played.poll(math.inf)
        assert played.view.step == 6 and played.scrub.at_end and played.playing
        self.add(log, 5, 7)
        played.poll(math.inf)
        assert played.view.step == 7

    def test_when_its_writer_is_gone_the_end_is_the_end(
        self, growing: tuple[Player, Clock, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        played, clock, _ = growing
        monkeypatch.setattr(played._recording, "_being_written", lambda _: False)
        clock.now += 5.0
        played.poll(math.inf)
        assert not played.playing and not played.scrub.live


def test_nothing_has_been_read_yet(tmp_path: Path) -> None:
    directory = recorded(tmp_path / "a", [])
    player, _ = player_of(directory, live=True)
    for act in (player.toggle, player.start, player.end, lambda: player.epoch(-1)):
        act()
        player.poll(math.inf)
    player.move(0.5)
    assert same(player.view, RunView()) and player.at == 0


def test_while_it_is_read_the_screen_can_tell_how_far(tmp_path: Path, small: None) -> None:
    player = Player(Recording([recorded(tmp_path / "a", RUN)], lambda _: False), Clock())
    shares = []
    clock = player._clock
    assert isinstance(clock, Clock)
    while not player.opened:
        player.poll(0.0)
        shares.append(player.scrub.reading)
    assert shares == sorted(shares) or math.isnan(shares[-1])
    assert len(shares) > 5 and 0 < shares[0] < 0.5
    assert math.isnan(player.scrub.reading)


def test_a_damaged_record_plays(tmp_path: Path, small: None) -> None:
    directory = recorded(tmp_path / "a", RUN)
    content = bytearray((directory / LOG).read_bytes())
    for place in range(3000, len(content), 9001):
        content[place] ^= 1
    (directory / LOG).write_bytes(content)
    player, _ = player_of(directory)
    assert player.scrub.damaged > 0
    told, newest = list(read(directory / LOG)), player.view
    for share in (0.1, 0.9, 0.4):
        player.seek(share * player.total)
        assert same(player.view, prefix(told, player.at))
    player.end()
    assert player.view is newest


def test_a_run_that_went_back_without_saying_so_is_shown() -> None:
    """As after the line that said so was lost."""
    said = [STARTED, block(1, 9, ("hidden1",)), block(5, 2, ("hidden1",)), block(7, 1)]
    view = folded(said, RunView())
    assert list(view.loss.x) == [1, 2, 3, 4, 5, 6, 7]
    assert list(view.vitals["hidden1"]["dead"].x) == [6]


def test_an_event_that_contradicts_itself_is_left_out_and_named() -> None:
    wrong = msgspec.structs.replace(block(4, 2), accuracy=(0.5,), seq=7)
    said = [STARTED, block(1, 3), wrong, *(block(step, 1) for step in range(4, 24))]
    view = folded(said, RunView())
    assert view.step == 23 and list(view.loss.x) == list(range(1, 24))
    assert [line.text for line in view.log if "event 7 (StepsMeasured)" in line.text]


def test_a_jump_costs_no_copies(tmp_path: Path, small: None) -> None:
    player, _ = player_of(recorded(tmp_path / "a", RUN))
    player.seek(0.5 * player.total)
    newest, there = player._newest.loss, player.view.loss
    assert there._buffer is newest._buffer and 0 < len(there) < len(newest)
