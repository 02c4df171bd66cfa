"""Reading a run's log, finished or growing: every whole line once, every damaged one counted."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import msgspec

from engine.errors import BadInput
from engine.events import AnyEvent, decode, decode_all
from engine.store.files import open_plain
from engine.store.head import head_of
from engine.store.lines import LONGEST_LINE, all_unframed, unframed

_CHUNK = 256 << 10
_LOOK = 16 << 10  # bytes between two looks at the clock: some hundred events


class _Numbered(msgspec.Struct):
    seq: int


@dataclass
class Damage:
    """What could not be read as it was written; all zero for a sound log.

    `corrupt` lines fail their checksum (or are longer than any event), `torn` is 1 when the log
    ends within a line, `unknown` lines are whole but no event this version knows, and `missing`
    counts the sequence numbers that no line accounts for: a line that cannot be read had one.
    `repeated` lines came out of order and were left out.
    """

    corrupt: int = 0
    torn: int = 0
    unknown: int = 0
    missing: int = 0
    repeated: int = 0

    @property
    def lost(self) -> int:
        """How many events were written, as far as can be told, and cannot be read."""
        return self.corrupt + self.torn + self.unknown + self.missing

    def __bool__(self) -> bool:
        return any((self.corrupt, self.torn, self.unknown, self.missing, self.repeated))


class Place(NamedTuple):
    """A place between two lines: bytes before it, and the `seq` that the next line should have.

    Just before it lie so many `nameless` lines, whose `seq` cannot be read: what is missing may
    be theirs.
    """

    offset: int
    next_seq: int
    nameless: int = 0


class Follower:
    """Reads a log that may still grow, without waiting and without keeping it in memory.

    Only the place of the next unread line is remembered, so a last line that is not whole yet, or
    that its writer cuts back, is simply read again.

    A reading may be taken up where another one left off: at its `place`.

    Raises:
        OSError: on creation, when the file cannot be opened (only a plain file is).
    """

    def __init__(self, path: Path, place: Place | None = None) -> None:
        self.damage = Damage()
        self.caught_up = False
        self._descriptor = open_plain(path)
        self._directory = path.parent
        self._offset, self._next_seq, self._nameless = place or Place(0, 0)
        # Left off within a line too long to hold, it is taken up there too.
        before = os.pread(self._descriptor, 1, self._offset - 1) if self._offset else b"\n"
        self._skipping = before != b"\n"

    @property
    def place(self) -> Place:
        """How far the log has been read."""
        return Place(self._offset, self._next_seq, self._nameless)

    @property
    def unread(self) -> int:
        """Bytes that are there and have not been read."""
        return max(0, os.fstat(self._descriptor).st_size - self._offset)

    def drain(
        self, budget: float = 0.008, clock: Callable[[], float] = time.perf_counter
    ) -> list[AnyEvent]:
        """The events written since the last call, reading for about `budget` seconds.

        `caught_up` then says whether the end was reached. Never raises on what the file holds.
        """
        deadline = clock() + budget
        events: list[AnyEvent] = []
        self.caught_up = False
        while not self.caught_up:
            lines = self._whole_lines()
            self.caught_up = not lines
            for part in _parts(lines):
                self._take(part, events)
                if clock() >= deadline:
                    return events
        return events

    def chunk(self) -> list[AnyEvent]:
        """The events of the next few thousand lines at most; `caught_up` as with `drain`."""
        lines = self._whole_lines()
        self.caught_up = not lines
        events: list[AnyEvent] = []
        for part in _parts(lines):
            self._take(part, events)
        return events

    def finish(self) -> None:
        """Nothing more will be written: what is left after the last whole line is torn."""
        self.damage.torn = int(self._skipping or os.fstat(self._descriptor).st_size > self._offset)

    def close(self) -> None:
        """Let the file go; idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Follower:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _whole_lines(self) -> bytes:
        """Some of the next lines with their newlines; none when the end is reached."""
        data = bytearray()
        while chunk := os.pread(self._descriptor, _CHUNK, self._offset + len(data)):
            end = chunk.rfind(b"\n") + 1
            if end:
                return bytes(data + chunk[:end]) if data else chunk[:end]
            data += chunk
            if self._skipping or len(data) > LONGEST_LINE:
                self._skipping = True
                self._offset = self._past_hole(self._offset + len(data))
                data.clear()
        return b""

    def _past_hole(self, offset: int) -> int:
        """Where a file goes on that has no blocks from `offset` on, and so no newline either."""
        size = os.fstat(self._descriptor).st_size
        try:
            return os.lseek(self._descriptor, offset, os.SEEK_DATA)
        except OSError as error:  # ENXIO: up to the end there are none
            return max(offset, size) if error.errno == errno.ENXIO else offset

    def _take(self, lines: bytes, events: list[AnyEvent]) -> None:
        """Add what these lines hold to `events`; by the million, so calls are few."""
        self._offset += len(lines)
        sound = None if self._skipping else self._all_sound(lines)
        if sound is None:
            for line in lines[:-1].split(b"\n"):
                self._take_one(line, events)
        else:
            events += sound

    def _all_sound(self, lines: bytes) -> list[AnyEvent] | None:
        """The events of these lines, when there is nothing to be said against any of them."""
        texts = all_unframed(lines)
        if texts is None:
            return None
        try:
            found = decode_all(texts)
        except (ValueError, RecursionError):  # DecodeError is one, UnicodeDecodeError another
            return None
        due = self._next_seq + len(found)
        if [event.seq for event in found] != list(range(self._next_seq, due)):
            return None
        self._next_seq = due
        self._nameless = 0
        return found

    def _take_one(self, line: bytes, events: list[AnyEvent]) -> None:
        text = unframed(line)
        if text is None or self._skipping:
            self._skipping = False  # this line was the end of the one too long to hold
            self.damage.corrupt += 1
            self._nameless += 1
            if self._next_seq == 0:
                self._make_good(events)
            return
        try:
            event = decode(text)
        except (ValueError, RecursionError):
            self.damage.unknown += 1
            self._count_unknown(text)
            return
        if self._count(event.seq):
            events.append(event)

    def _make_good(self, events: list[AnyEvent]) -> None:
        """Take a log's first line from where it stands a second time, if it is whole there."""
        try:
            line = head_of(self._directory).opening.encode()
            event = decode(unframed(line) or b"")
        except (BadInput, ValueError, RecursionError):
            return
        if event.seq == 0:
            self._next_seq = 1
            events.append(event)

    def _count_unknown(self, text: bytes) -> None:
        try:
            self._count(msgspec.json.decode(text, type=_Numbered).seq)
        except (ValueError, RecursionError):
            self._nameless += 1

    def _count(self, seq: int) -> bool:
        """Whether a line with this number is new; those it skips had lines, or are missing."""
        if seq < self._next_seq:
            self.damage.repeated += 1
            return False
        self.damage.missing += max(0, seq - self._next_seq - self._nameless)
        self._next_seq, self._nameless = seq + 1, 0
        return True


def _parts(lines: bytes) -> Iterator[bytes]:
    """The lines in parts of about `_LOOK` bytes, so that a damaged one makes few others slow."""
    begin = 0
    while begin < len(lines):
        end = lines.find(b"\n", min(begin + _LOOK, len(lines) - 1)) + 1
        yield lines[begin:end]
        begin = end


def read(path: Path, damage: Damage | None = None) -> Iterator[AnyEvent]:
    """Every event of a log as it stands, in order; `damage` is filled in by the end.

    Raises:
        OSError: when the file cannot be opened.
    """
    with Follower(path) as follower:
        follower.damage = damage if damage is not None else follower.damage
        while not follower.caught_up:
            yield from follower.drain(0.05)
        follower.finish()
