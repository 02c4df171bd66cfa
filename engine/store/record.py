"""The writing side of a run's record: one writer, append-only, a checksum on every line."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
from collections.abc import Callable
from pathlib import Path

from engine.events import CheckpointSaved, Event, RunFinished, RunStarted, encode
from engine.store.files import make_private, open_plain, sync_directory, write_whole
from engine.store.head import written_head
from engine.store.last_words import LastWords
from engine.store.layout import END, HEAD, LOG, run_directory
from engine.store.lines import LONGEST_LINE, framed
from engine.store.syncer import Syncer

_NEED_NO_ROOM = frozenset(("stopped", "interrupted", "failed"))


class RecordError(OSError):
    """A run's record cannot be written; what it holds up to there is whole."""

    @property
    def no_room(self) -> bool:
        """Whether it is for want of room, which somebody may make."""
        return self.errno in (errno.ENOSPC, errno.EDQUOT) or (
            self.errno == errno.EFBIG and _may_be_lifted(resource.RLIMIT_FSIZE)
        )

    def __str__(self) -> str:
        return f"the run's record in {self.filename} cannot be written: {self.strerror}"


class NotDurableError(RecordError):
    """A sync has failed: the record is written on, but may not outlive this machine's next stop.

    Raised once, and before the event at hand is written.
    """

    def __str__(self) -> str:
        return (
            f"not durable: the run's record in {self.filename} could not be synced "
            f"({self.strerror}); what it says is lost if the machine stops"
        )


class RecordSink:
    """Writes a session's events into a directory of their own under `runs`.

    The directory appears with the first event, so that a run which never begins leaves no trace;
    `opened` is then called with it, on the session's thread. `address` is the socket at which its
    engine is reached, for who attaches later. An event is in the log when `accept`
    returns: it survives the end of this process, and about a second later that of the machine.

    Raises:
        RecordError: from `accept` and `close`, when the disk is full or fails. Then the log ends
            with the last whole event, and `accept` may be tried again with the same `seq`; after
            a `NotDurableError` that succeeds. For want of room alone an end that is no completion
            is not refused: it is kept beside the log.
        BadInput: from `accept`, when the run's id is not one.
    """

    def __init__(
        self,
        runs: Path,
        opened: Callable[[Path], None] = lambda directory: None,
        address: str = "",
    ) -> None:
        self.directory: Path | None = None
        self._runs = runs
        self._opened = opened
        self._address = address
        self._log = -1
        self._size = 0
        self._torn = False
        self._syncer: Syncer | None = None
        self._last_words: LastWords | None = None
        self._told = False

    def accept(self, event: Event) -> None:
        """Append one event."""
        line = framed(encode(event))
        if isinstance(event, RunStarted):
            self._begin(event, line)
            return
        if self._log < 0 or self._syncer is None:
            raise RecordError(errno.EBADF, "it is closed", str(self.directory))
        if len(line) > LONGEST_LINE:
            text = f"an event of {len(line):,} bytes is more than any reader takes"
            raise RecordError(errno.EMSGSIZE, text, str(self.directory))
        try:
            self._syncer.check()
        except OSError as error:
            raise self._not_durable(error) from error
        try:
            self._append(line)
            if self._last_words:
                self._last_words.take_back()
        except OSError as error:
            if not self._kept_beside(event, self._explained(error)):
                raise self._explained(error) from error
            return
        self._told = isinstance(event, RunFinished)
        self._syncer.written()
        if isinstance(event, CheckpointSaved | RunFinished):
            self._syncer.sync()

    def close(self) -> None:
        """Sync and release the record; idempotent."""
        if self._log < 0:
            return
        log, self._log = self._log, -1
        try:
            if self._syncer:
                self._syncer.close()
        except OSError as error:
            raise self._not_durable(error) from error
        finally:
            if self._last_words:
                self._last_words.close(told=self._told)
            os.close(log)  # the lock goes with it

    def _begin(self, started: RunStarted, line: bytes) -> None:
        directory = run_directory(self._runs, started.run_id)
        self.directory = directory
        try:
            make_private(self._runs)
            directory.mkdir(mode=0o700)
        except OSError as error:
            raise self._explained(error) from error
        try:
            write_whole(directory / HEAD, written_head(started, self._address, line))
            self._log = _create(directory / LOG)
            self._last_words = LastWords(directory)
            self._append(line)
            sync_directory(directory)
            sync_directory(self._runs)
        except OSError as error:
            self._withdraw(directory)
            raise self._explained(error) from error
        self._syncer = Syncer(self._log)
        self._syncer.written()
        self._opened(directory)

    def _append(self, line: bytes) -> None:
        """One write; a short one is completed, or cut back so that nothing is glued to it."""
        if self._torn:
            self._cut_back()
        written = 0
        try:
            while written < len(line):
                written += os.write(self._log, line[written:])
        except OSError:
            if written:
                self._torn = True
                self._cut_back()
            raise
        self._size += len(line)

    def _kept_beside(self, event: Event, error: RecordError) -> bool:
        """For want of room: keep this end beside the log, or how it stands if that is the end."""
        if not error.no_room or self._last_words is None:
            return False
        try:
            if isinstance(event, RunFinished) and event.outcome in _NEED_NO_ROOM:
                self._last_words.say(event)
                return True
            self._last_words.stand_in(_held(error))
        except OSError:  # what is told is that the log has no room
            return False
        return False

    def _cut_back(self) -> None:
        """Take a part of a line back; where that fails, nothing is written until it succeeds."""
        os.ftruncate(self._log, self._size)
        self._torn = False

    def _withdraw(self, directory: Path) -> None:
        """Take back a record that could not begin."""
        if self._log >= 0:
            os.close(self._log)
            self._log = -1
        if self._last_words:
            self._last_words.close(told=True)
        for path in (directory / LOG, directory / HEAD, directory / END):
            path.unlink(missing_ok=True)
        directory.rmdir()

    def _explained(self, error: OSError) -> RecordError:
        return RecordError(error.errno, error.strerror or str(error), str(self.directory))

    def _not_durable(self, error: OSError) -> RecordError:
        return NotDurableError(error.errno, error.strerror or str(error), str(self.directory))


def _held(error: RecordError) -> RunFinished:
    return RunFinished(outcome="interrupted", detail=f"it ended while it held: {error}")


def _may_be_lifted(limit: int) -> bool:
    """Whether the user who set a limit to this process may take it back."""
    soft, hard = resource.getrlimit(limit)
    return soft != hard


def _create(path: Path) -> int:
    log = os.open(
        path,
        os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW,
        0o600,
    )
    # Not lockf: that lock is lost as soon as anything in this process closes the file.
    fcntl.flock(log, fcntl.LOCK_EX)
    return log


def is_being_written(directory: Path) -> bool:
    """Whether some process holds the record of a run open for writing.

    Raises:
        OSError: when there is no log.
    """
    log = open_plain(directory / LOG)
    try:
        fcntl.flock(log, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(log)
    return False
