"""Plays a recording: the view at any moment of it, by a clock that is given, at any speed.

Views are kept at the recording's marks. They share their storage, and one that is folded again
from a mark shares it too: a jump costs the reading of the events since the nearest mark.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable

from engine.replay import Recording
from tui.folding import folded
from tui.replay.cursor import Cursor
from tui.replay.scrub import Scrub
from tui.run_view import RunView

SPEEDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, math.inf)
"""Seconds of the run in a second of replay; the last is as fast as it can be read."""
WHOLE = 20.0
"""Seconds that a long run takes at the speed it begins with."""
_PART = 0.1
_LOOK_EVERY = 1.0  # seconds between two looks at whether anybody still writes


class Player:
    """The playhead of a recording; it begins at the end, where a live run is followed.

    `at` events are shown, at `moment` seconds.
    """

    def __init__(
        self, recording: Recording, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._recording = recording
        self._clock = clock
        self._newest = RunView()
        self._kept: list[RunView] = []
        self._cursor: Cursor | None = None
        self._moment = 0.0
        self._playing = True
        self._speed = 0.0
        self._trouble = ""
        self._polled = self._looked = clock()

    @property
    def view(self) -> RunView:
        """What was known of the run at the playhead."""
        return self._cursor.view if self._cursor else self._newest

    @property
    def at(self) -> int:
        """The events that are shown."""
        return self._cursor.at if self._cursor else self._recording.count

    @property
    def moment(self) -> float:
        """The playhead, in seconds since the run's first event."""
        return self._moment if self._cursor else self.total

    @property
    def total(self) -> float:
        """The moment of the newest event."""
        return self._recording.moment.elapsed

    @property
    def opened(self) -> bool:
        """Whether the past has been read."""
        return bool(self._speed)

    @property
    def speed(self) -> float:
        """Seconds of the run in a second."""
        return self._speed or 1.0

    @property
    def playing(self) -> bool:
        """Whether the playhead moves by itself: onwards, or with a run that goes on."""
        return self._playing and not (self._cursor is None and self._recording.complete)

    @property
    def scrub(self) -> Scrub:
        """All this in plain values."""
        told = self._recording
        return Scrub(
            moment=self.moment,
            total=self.total,
            speed=self.speed,
            playing=self.playing,
            at_end=self._cursor is None,
            live=not told.complete,
            reading=math.nan if self.opened else told.share,
            damaged=told.damaged,
            trouble=told.trouble or self._trouble,
        )

    def poll(self, budget: float = 0.008) -> bool:
        """Read on and play on, for about `budget` seconds; whether anything to be seen changed."""
        now = self._clock()
        passed, self._polled = max(0.0, now - self._polled), now
        before = self._seen
        self._read(now + budget)
        if self._cursor and self._playing:
            self._play(passed, self._clock() + budget)
        return before != self._seen

    def toggle(self) -> None:
        """Hold or play on; from the end of what will not grow, play from the start."""
        if self._cursor is None and self._recording.complete:
            self.seek(0.0)
            self._playing = True
        elif self._cursor is None:
            self._playing = not self._hold()
        else:
            self._playing = not self._playing

    def seek(self, moment: float) -> None:
        """Show what was known at this moment; from the last one on, the newest there is."""
        marks, self._playing = self._recording.marks, self.playing
        if moment >= self.total or not marks:
            self.end()
            return
        moment = max(0.0, moment)
        place = bisect_right(marks, moment, key=lambda mark: mark.moment.elapsed) - 1
        self._show(self._from(max(0, place), lambda there: there.moment <= moment), until=moment)

    def seek_event(self, at: int) -> None:
        """Show what was known after the first `at` events."""
        if at >= self._recording.count:
            self.end()
            return
        marks, self._playing = self._recording.marks, self.playing
        place = bisect_right(marks, at, key=lambda mark: mark.at) - 1
        self._show(self._from(max(0, place), lambda there: there.at <= at), at=at)

    def move(self, share: float) -> None:
        """Move on by this share of the whole, or back."""
        self.seek(self.moment + share * self.total)

    def epoch(self, by: int) -> None:
        """To the end of the next epoch or the one before; without epochs, by a tenth."""
        ends = self._recording.epochs
        if not ends:
            self.move(by * _PART)
        elif by > 0:
            place = bisect_right(ends, self.at)
            self.seek_event(ends[place] if place < len(ends) else self._recording.count)
        else:
            place = bisect_left(ends, self.at)
            if place:
                self.seek_event(ends[place - 1])
            else:
                self.start()

    def start(self) -> None:
        """Back to the first event."""
        self.seek(0.0)

    def end(self) -> None:
        """To the newest there is; a live run is followed from there."""
        self._let_go()
        self._playing = True

    def faster(self, by: int) -> None:
        """A higher speed, or a lower one."""
        place = SPEEDS.index(self._speed or 1.0)
        self._speed = SPEEDS[min(max(place + by, 0), len(SPEEDS) - 1)]

    def close(self) -> None:
        """Let the files go; idempotent."""
        self._let_go()
        self._recording.close()

    @property
    def _seen(self) -> tuple[object, ...]:
        """What a poll can change."""
        told = self._recording
        return told.count, self.at, self.moment, told.complete, self.playing, self._trouble

    def _read(self, deadline: float) -> None:
        told = self._recording
        while self._take_in() and self._clock() < deadline:
            pass
        if not told.caught_up:
            return
        if not self._speed:
            self._speed = first_speed(self.total)
            self._looked = -math.inf
        if not told.complete and self._clock() - self._looked >= _LOOK_EVERY:
            self._looked = self._clock()
            told.look()
            self._take_in()  # what was written before its writer was seen to be gone

    def _take_in(self) -> bool:
        """The record's next events; whether there were any."""
        found = self._recording.read()
        if len(self._recording.marks) > len(self._kept):
            self._kept.append(self._newest)
        self._newest = folded(found, self._newest)
        return bool(found)

    def _play(self, passed: float, deadline: float) -> None:
        cursor, speed = self._cursor, self.speed
        if cursor is None:
            return
        goal = self._moment + passed * speed if math.isfinite(speed) else math.inf
        cursor.go(lambda: self._clock() < deadline, until=goal)
        self._trouble = self._short_of_the_end(cursor)
        if cursor.at >= self._recording.count:
            self.end()
        elif self._trouble:
            self._moment, self._playing = cursor.moment, False
        else:
            # Where reading cannot keep up, the playhead waits for it.
            late = self._clock() >= deadline
            self._moment = cursor.moment if late or goal == math.inf else goal

    def _hold(self) -> bool:
        """Stay at the newest event while the record grows; whether there is one."""
        if not self._recording.count:
            return False
        mark = self._recording.newest
        self._moment = self.total
        self._cursor = Cursor(mark, self._newest, self._recording.again(mark))
        return True

    def _from(self, place: int, before: Callable[[Cursor], bool]) -> Cursor:
        """A cursor at a mark or, nearer, where it already stands."""
        mark, cursor = self._recording.marks[place], self._cursor
        if cursor is None or cursor.at < mark.at or not before(cursor):
            return Cursor(mark, self._kept[place], self._recording.again(mark))
        return cursor

    def _show(self, cursor: Cursor, until: float = math.inf, at: int | None = None) -> None:
        """Move this cursor on and show what it finds; what is shown stays where that is gone."""
        cursor.go(_always, until=until, at=at)
        self._trouble = self._short_of_the_end(cursor)
        if self._trouble and cursor is not self._cursor:
            cursor.close()
            return
        if cursor is not self._cursor:
            self._let_go()
            self._cursor = cursor
        self._moment = cursor.moment if self._trouble or math.isinf(until) else until

    def _short_of_the_end(self, cursor: Cursor) -> str:
        """Why the record could not be read again as far as it had been; "" where it could."""
        return cursor.trouble if cursor.at < self._recording.count else ""

    def _let_go(self) -> None:
        if self._cursor:
            self._cursor.close()
            self._cursor = None


def first_speed(total: float) -> float:
    """The speed to begin with: as it was, or as fast as a long run takes to be seen in 20 s."""
    return next(speed for speed in SPEEDS[2:] if total <= WHOLE * speed)


def _always() -> bool:
    return True
