"""Reading a log: whatever happens to the file, what is whole is kept and what is not is counted."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events import Event, Noted, RunFinished, RunStarted, StepsMeasured, encode
from engine.store import reader as reader_module
from engine.store.lines import framed, unframed
from engine.store.reader import Damage, Follower, read

EVENTS: list[Event] = [
    RunStarted(seq=0, run_id="r", experiment="train", config={}),
    StepsMeasured(seq=1, first_step=1, loss=(1.0, 2.5), accuracy=(0.1, 0.2), lr=0.1),
    Noted(seq=2, text="tab \t, newline \n and é stay inside their line"),
    StepsMeasured(seq=3, first_step=3, loss=(float("inf"),), accuracy=(0.1,), lr=0.1),
    RunFinished(seq=4, outcome="diverged", detail="", step=3),
]
LINES = [framed(encode(event)) for event in EVENTS]
WHOLE = b"".join(LINES)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def read_all(log: Path, content: bytes) -> tuple[list[Event], Damage]:
    log.unlink(missing_ok=True)  # a file cut to nothing and rewritten is synced by ext4 on closing
    log.write_bytes(content)
    damage = Damage()
    return list(read(log, damage)), damage


def test_a_sound_log_is_read_as_it_was_written(log: Path) -> None:
    events, damage = read_all(log, WHOLE)
    assert events == EVENTS
    assert not damage


@pytest.mark.fault(2)
def test_cut_at_every_byte_the_prefix_is_kept(log: Path) -> None:
    ends = [len(b"".join(LINES[:count])) for count in range(len(LINES) + 1)]
    for cut in range(len(WHOLE) + 1):
        events, damage = read_all(log, WHOLE[:cut])
        whole = sum(end <= cut for end in ends) - 1
        assert events == EVENTS[:whole]
        assert damage == Damage(torn=int(cut not in ends))


@pytest.mark.fault(3)
def test_every_flipped_bit_is_flagged_and_costs_the_lines_it_hits(log: Path) -> None:
    short = [Noted(seq=seq, text="x") for seq in range(3)]
    sound = b"".join(framed(encode(event)) for event in short)
    for position in range(len(sound)):
        for bit in range(8):
            content = bytearray(sound)
            content[position] ^= 1 << bit
            events, damage = read_all(log, bytes(content))
            assert damage
            assert len(events) >= len(short) - (2 if sound[position] == ord("\n") else 1)
            assert all(event in short for event in events)


@pytest.mark.fault(4)
def test_a_zeroed_page_costs_its_lines(log: Path) -> None:
    lines = [framed(encode(Noted(seq=seq, text="x" * 80))) for seq in range(300)]
    content = bytearray(b"".join(lines))
    content[4096:8192] = bytes(4096)
    events, damage = read_all(log, bytes(content))
    hit = 4096 // len(lines[0]) + 3
    assert len(events) >= 300 - hit
    assert damage.corrupt >= 1
    assert damage.lost == 300 - len(events)


@pytest.mark.fault(37)
def test_unknown_types_and_depths_are_counted_and_passed_over(log: Path) -> None:
    strange = [
        b'{"type":"from_the_future","seq":1}',
        b'{"type":"noted","seq":2,"text":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 100_000,
        b'{"type":"noted","seq":"x"}',
        b"\xff\xfe",
        b'{"type":"noted","seq":3,"text":"\xff"}',
    ]
    content = LINES[0] + b"".join(map(framed, strange)) + framed(encode(Noted(seq=4, text="")))
    events, damage = read_all(log, content)
    assert [event.seq for event in events] == [0, 4]
    assert damage.unknown == len(strange)
    assert damage.corrupt == 0


def test_a_line_that_came_twice_is_given_once(log: Path) -> None:
    events, damage = read_all(log, LINES[0] + LINES[1] + LINES[1] + LINES[2])
    assert events == EVENTS[:3]
    assert damage == Damage(repeated=1)


@pytest.mark.parametrize(
    "strange",
    [
        [b'{"type":"noted","seq":1,"text":""},{"type":"noted","seq":2,"text":""}'],
        [b'{"type":"noted","seq":1', b'"text":"x"}'],
        [b'{"type":"noted","seq":1,"text":"x', b'y"}'],
        [b"", b'{"type":"noted","seq":1,"text":""}]'],
        [b"]", b"["],
    ],
)
def test_lines_are_read_each_for_itself(log: Path, strange: list[bytes]) -> None:
    content = LINES[0] + b"".join(map(framed, strange)) + LINES[3] + LINES[4]
    events, damage = read_all(log, content)
    assert [event.seq for event in events] == [0, 3, 4]
    assert damage.unknown == len(strange)
    assert damage.lost == 2


def test_piece_by_piece_is_as_at_once(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "_CHUNK", 100)
    log.write_bytes(WHOLE)
    with Follower(log) as follower:
        pieces: list[list[Event]] = []
        while not follower.caught_up:
            pieces.append([*follower.chunk()])
    assert len(pieces) > 3
    assert [event for piece in pieces for event in piece] == EVENTS


def test_a_missing_line_is_counted(log: Path) -> None:
    events, damage = read_all(log, LINES[0] + LINES[3])
    assert [event.seq for event in events] == [0, 3]
    assert damage == Damage(missing=2)
    assert damage.lost == 2


@pytest.mark.fault(3)
@pytest.mark.parametrize(
    ("content", "lost", "damaged"),
    [
        ([0, "x", 2, 3], 1, Damage(corrupt=1)),
        ([0, "x", 3, 4], 2, Damage(corrupt=1, missing=1)),  # two lines in one, or one gone
        ([0, "x", "x", 3], 2, Damage(corrupt=2)),
        ([0, "x", "x", 2], 2, Damage(corrupt=2)),
        ([0, "x", 1, 2], 1, Damage(corrupt=1)),  # nothing is missing, yet something was there
        ([0, "x", 1, 3], 2, Damage(corrupt=1, missing=1)),  # no stand-in for what comes later
        ([0, 2, 3, "x"], 2, Damage(corrupt=1, missing=1)),
        ([0, 1, 1, 2], 0, Damage(repeated=1)),
    ],
)
def test_a_line_that_cannot_be_read_and_its_number_are_one_event(
    log: Path, content: list[int | str], lost: int, damaged: Damage
) -> None:
    lines = [LINES[part] if isinstance(part, int) else b"no line of mine\n" for part in content]
    _, damage = read_all(log, b"".join(lines))
    assert (damage.lost, damage) == (lost, damaged)


@pytest.mark.fault(3)
def test_damage_is_counted_once_wherever_reading_is_taken_up(log: Path) -> None:
    damaged = LINES[1].replace(b"1", b"2")
    log.write_bytes(LINES[0] + damaged)
    with Follower(log) as first:
        first.drain()
        log.write_bytes(LINES[0] + damaged + b"".join(LINES[2:]))
        with Follower(log, first.place) as second:
            second.damage = first.damage
            assert [event.seq for event in second.drain()] == [2, 3, 4]
            assert second.damage == Damage(corrupt=1) and second.damage.lost == 1


@pytest.mark.fault(37)
@pytest.mark.parametrize("chunk", [7, 50, 1 << 20])
def test_a_line_without_end_is_not_held_in_memory(
    log: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(reader_module, "LONGEST_LINE", 400)
    monkeypatch.setattr(reader_module, "_CHUNK", chunk)
    events, damage = read_all(log, LINES[0] + b"x" * 5000 + b"\n" + b"".join(LINES[1:]))
    assert events == EVENTS
    assert damage == Damage(corrupt=1)
    assert read_all(log, LINES[0] + b"x" * 5000)[1] == Damage(torn=1)


@pytest.mark.fault(4)
@pytest.mark.parametrize(
    ("more", "damaged"),
    [(b"", Damage(torn=1)), (b"end\n" + LINES[2], Damage(corrupt=1)), (b"end", Damage(torn=1))],
    ids=["to the end", "up to a line", "up to a part of one"],
)
def test_blocks_that_a_log_does_not_have_are_not_read(
    log: Path, monkeypatch: pytest.MonkeyPatch, more: bytes, damaged: Damage
) -> None:
    calls: list[int] = []

    def counted(descriptor: int, size: int, offset: int, pread: Any = os.pread) -> bytes:
        calls.append(offset)
        return bytes(pread(descriptor, size, offset))

    with log.open("wb") as file:
        file.write(LINES[0] + LINES[1])
        file.truncate(1 << 31)
        file.seek(0, os.SEEK_END)
        file.write(more)
    monkeypatch.setattr(reader_module, "LONGEST_LINE", 1 << 20)
    monkeypatch.setattr(os, "pread", counted)
    with Follower(log) as follower:
        told = follower.drain(math.inf)
        follower.finish()
    assert told == [*EVENTS[:2], *(EVENTS[2:3] if b"\n" in more else [])]
    assert follower.damage == damaged
    assert len(calls) < 20
    with Follower(log, follower.place) as again:  # in the middle of a line, where that is torn
        assert again.drain(math.inf) == []
        again.finish()
    assert again.damage.torn == damaged.torn


@pytest.mark.fault(3, 4)
@given(st.binary(max_size=300), st.integers(0, len(LINES)))
def test_no_content_raises(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int
) -> None:
    log = tmp_path_factory.getbasetemp() / "noise.jsonl"
    head, tail = b"".join(LINES[:place]), b"".join(LINES[place:])
    events, damage = read_all(log, head + noise + b"\n" + tail)
    assert events == EVENTS
    assert damage.corrupt == noise.count(b"\n") + 1


@given(st.binary(max_size=50).filter(lambda data: b"\n" not in data))
def test_a_line_is_taken_only_with_its_own_checksum(noise: bytes) -> None:
    assert unframed(framed(noise)[:-1]) == noise
    assert unframed(noise + framed(b"{}")[:-1]) in (None, noise + b"{}")
    assert unframed(b"{}") is None


class TestFollower:
    @pytest.fixture
    def follower(self, log: Path) -> Iterator[Follower]:
        log.touch()
        with Follower(log) as follower:
            yield follower

    def test_a_growing_log_byte_by_byte(self, log: Path, follower: Follower) -> None:
        seen: list[Event] = []
        with log.open("ab", buffering=0) as file:
            for byte in WHOLE:
                file.write(bytes([byte]))
                seen += follower.drain(1.0)
                assert follower.caught_up
        assert seen == EVENTS
        assert not follower.damage

    def test_a_line_that_is_cut_back_and_written_anew(self, log: Path, follower: Follower) -> None:
        log.write_bytes(LINES[0] + LINES[1][:20])
        assert follower.drain(1.0) == EVENTS[:1]
        with log.open("r+b") as file:
            file.truncate(len(LINES[0]))
        other = Noted(seq=1, text="instead, and longer than what was cut back " * 3)
        with log.open("ab") as file:
            file.write(framed(encode(other)))
        assert follower.drain(1.0) == [other]
        assert not follower.damage

    def test_the_budget_ends_the_reading_and_the_rest_comes_later(
        self, log: Path, follower: Follower
    ) -> None:
        many = [Noted(seq=seq, text=str(seq)) for seq in range(2000)]
        log.write_bytes(b"".join(framed(encode(event)) for event in many))
        ticks = iter(range(1000))
        first = follower.drain(2.0, clock=lambda: float(next(ticks)))
        assert 0 < len(first) < 1500
        assert not follower.caught_up
        assert [*first, *follower.drain(1e9)] == many
        assert follower.caught_up

    @pytest.mark.fault(15)
    def test_two_see_the_same(self, log: Path, follower: Follower) -> None:
        log.write_bytes(WHOLE)
        with Follower(log) as other:
            assert other.drain(1e9) == follower.drain(1e9) == EVENTS

    @pytest.mark.fault(32)
    def test_a_link_is_refused(self, log: Path, tmp_path: Path) -> None:
        log.touch()
        (tmp_path / "link").symlink_to(log)
        with pytest.raises(OSError, match="symbolic links"):
            Follower(tmp_path / "link")

    def test_closing_twice(self, log: Path) -> None:
        log.touch()
        follower = Follower(log)
        follower.close()
        follower.close()
