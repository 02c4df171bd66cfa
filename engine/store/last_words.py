"""A place for how a run ended, kept free beside a log that may have no room left for saying so."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from engine.events import RunFinished, decode, encode
from engine.store.files import read_plain
from engine.store.layout import END
from engine.store.lines import framed, unframed
from engine.text import clean

_ROOM = 4096
_LONGEST = 800  # characters of the sentence, so that the line fits whatever they are


class LastWords:
    """The blocks of a small file, taken when the record begins and written over in place.

    What stands in it counts once nobody writes the record any more and its log does not tell the
    end.

    Raises:
        OSError: on creation, when there is no room.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / END
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(self._path, flags, 0o600)
        self._said = False
        self._put(b"")

    def say(self, finished: RunFinished) -> None:
        """Keep this as the end.

        Raises:
            OSError: when it cannot be written even here.
        """
        short = msgspec.structs.replace(finished, detail=clean(finished.detail, _LONGEST))
        self._put(framed(encode(short)))
        self._said = True

    def stand_in(self, finished: RunFinished) -> None:
        """Keep this as the end unless another one comes; once is enough.

        Raises:
            OSError: when it cannot be written even here.
        """
        if not self._said:
            self.say(finished)

    def take_back(self) -> None:
        """It is not the end after all."""
        if self._said:
            with contextlib.suppress(OSError):  # then the next call tries again; the log counts
                self._put(b"")
                self._said = False

    def close(self, *, told: bool) -> None:
        """Let go; nothing is left where the log has `told` the end. Idempotent."""
        if self._file < 0:
            return
        os.close(self._file)
        self._file = -1
        if told:
            with contextlib.suppress(OSError):  # then it stays, and the log counts all the same
                self._path.unlink()

    def _put(self, line: bytes) -> None:
        os.pwrite(self._file, line.ljust(_ROOM), 0)
        os.fsync(self._file)


def last_words(directory: Path) -> RunFinished | None:
    """How the run ended as far as it was kept beside its log; None where nothing was."""
    try:
        line = read_plain(directory / END, _ROOM).split(b"\n", 1)[0]
        told = decode(unframed(line) or b"")
    except (OSError, ValueError, RecursionError):
        return None
    return told if isinstance(told, RunFinished) else None
