"""The writing side of the record: whole lines, a single writer, and errors that lose nothing."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from engine.errors import BadInput
from engine.events import CheckpointSaved, Event, Noted, RunFinished, RunStarted
from engine.store import record as record_module
from engine.store import syncer
from engine.store.layout import (
    END,
    HEAD,
    LOG,
    VARIABLE,
    run_directory,
    runs_directory,
    writable_runs_directory,
)
from engine.store.reader import Damage, read
from engine.store.record import RecordError, RecordSink, is_being_written

STARTED = RunStarted(seq=0, time=5.0, run_id="r1", experiment="train", config={"lr": 0.1})


def note(seq: int, text: str = "x") -> Noted:
    return Noted(seq=seq, text=text)


def events_of(directory: Path) -> list[Event]:
    damage = Damage()
    events = list(read(directory / LOG, damage))
    assert not damage
    return events


@pytest.mark.fault(33)
def test_a_run_is_a_private_directory_whatever_the_umask(tmp_path: Path) -> None:
    opened: list[Path] = []
    sink = RecordSink(tmp_path / "runs", opened.append)
    before = os.umask(0)
    try:
        sink.accept(STARTED)
    finally:
        os.umask(before)
    directory = tmp_path / "runs" / "r1"
    assert opened == [directory] == [sink.directory]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert modes == {LOG: 0o600, HEAD: 0o600, END: 0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    sink.close()


def test_the_head_says_what_a_list_of_runs_needs(tmp_path: Path) -> None:
    sink = RecordSink(tmp_path)
    sink.accept(STARTED)
    sink.close()
    head = json.loads((tmp_path / "r1" / HEAD).read_text())
    assert head["run_id"] == "r1"
    assert head["config"] == {"lr": 0.1}
    assert (head["format"], head["created"], head["pid"]) == (1, 5.0, os.getpid())


@pytest.mark.fault(3, 4)
def test_a_first_line_that_is_hit_is_read_from_the_head(tmp_path: Path) -> None:
    with closing(RecordSink(tmp_path)) as sink:
        for event in (STARTED, note(1), note(2)):
            sink.accept(event)
    log, head = tmp_path / "r1" / LOG, tmp_path / "r1" / HEAD
    sound = log.read_bytes()
    first = sound.index(b"\n") + 1
    for place in range(first):
        log.write_bytes(sound[:place] + bytes([sound[place] ^ 4]) + sound[place + 1 :])
        damage = Damage()
        kept = [STARTED, note(1), note(2)] if place < first - 1 else [STARTED, note(2)]
        assert list(read(log, damage)) == kept
        assert damage == Damage(corrupt=1)
    log.write_bytes(bytes(first) + sound[first:])
    assert next(read(log)) == STARTED
    log.write_bytes(b"x" + sound[1:])
    head.write_text(head.read_text().replace("0.1", "0.2"))  # nor is a second copy taken unchecked
    damage = Damage()
    assert list(read(log, damage)) == [note(1), note(2)]
    assert (damage.corrupt, damage.missing) == (1, 0)


def test_an_event_is_in_the_log_when_accept_returns(tmp_path: Path) -> None:
    sink = RecordSink(tmp_path)
    written: list[Event] = [STARTED, *map(note, range(1, 50))]
    for count, event in enumerate(written, 1):
        sink.accept(event)
        assert len(events_of(tmp_path / "r1")) == count
    sink.close()
    sink.close()
    assert events_of(tmp_path / "r1") == written


def test_one_write_an_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[bytes] = []
    write = os.write

    def counting(descriptor: int, data: bytes) -> int:
        lines.append(data)
        return write(descriptor, data)

    monkeypatch.setattr(record_module.os, "write", counting)
    sink = RecordSink(tmp_path)
    for event in (STARTED, note(1), note(2)):
        sink.accept(event)
    sink.close()
    assert b"".join(lines) == (tmp_path / "r1" / LOG).read_bytes()
    assert len(lines) == 3


def test_a_short_write_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(record_module.os, "write", lambda fd, data: write(fd, data[:7]))
    sink = RecordSink(tmp_path)
    sink.accept(STARTED)
    sink.accept(note(1))
    sink.close()
    assert events_of(tmp_path / "r1") == [STARTED, note(1)]


@pytest.mark.fault(7)
def test_a_line_the_disk_refuses_is_cut_back_and_may_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = RecordSink(tmp_path)
    sink.accept(STARTED)
    write, calls = os.write, 0

    def full_after_five_bytes(descriptor: int, data: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            return write(descriptor, data[:5])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(record_module.os, "write", full_after_five_bytes)
        with pytest.raises(RecordError, match="No space left on device"):
            sink.accept(note(1))
    assert events_of(tmp_path / "r1") == [STARTED]
    sink.accept(note(1, "again"))
    sink.close()
    assert events_of(tmp_path / "r1") == [STARTED, note(1, "again")]


def test_a_record_that_cannot_begin_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(record_module.os, "write", full)
    sink = RecordSink(tmp_path)
    with pytest.raises(RecordError):
        sink.accept(STARTED)
    sink.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault(20, 32)
@pytest.mark.parametrize("kind", ["directory", "link"])
def test_a_run_that_is_there_already_is_never_touched(tmp_path: Path, kind: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    runs = tmp_path / "runs"
    runs.mkdir()
    if kind == "link":
        (runs / "r1").symlink_to(elsewhere)
    else:
        (runs / "r1").mkdir()
    with pytest.raises(RecordError, match="File exists"):
        RecordSink(runs).accept(STARTED)
    assert list(elsewhere.iterdir()) == []
    assert (runs / "r1").exists()


@pytest.mark.fault(31)
@pytest.mark.parametrize("name", ["../x", "", ".", "a/b", "a\0b", "x" * 300, "CON\n", "-x", "Ä"])
def test_a_name_that_is_no_id_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="is not a run's id"):
        run_directory(tmp_path, name)
    with pytest.raises(BadInput):
        RecordSink(tmp_path).accept(msgspec.structs.replace(STARTED, run_id=name))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault(9)
@pytest.mark.parametrize("event", [CheckpointSaved(seq=1, step=1, file="f", sha256="0")])
def test_a_failed_sync_is_told_by_the_next_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, event: Event
) -> None:
    sink = RecordSink(tmp_path)
    sink.accept(STARTED)

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(syncer, "_sync", broken)
    sink.accept(event)
    with pytest.raises(RecordError, match="Input/output error"):
        sink.accept(note(2))
    sink.accept(RunFinished(seq=2, outcome="failed", detail="Input/output error"))
    sink.close()
    assert [event.seq for event in events_of(tmp_path / "r1")] == [0, 1, 2]


def test_a_sync_that_fails_at_the_end_is_told_by_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = RecordSink(tmp_path)
    sink.accept(STARTED)

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(syncer, "_sync", broken)
    sink.accept(RunFinished(seq=1, outcome="completed", detail=""))
    with pytest.raises(RecordError):
        sink.close()
    assert not is_being_written(tmp_path / "r1")


@pytest.mark.fault(20)
def test_who_writes_holds_the_lock_even_while_others_read(tmp_path: Path) -> None:
    sink = RecordSink(tmp_path)
    sink.accept(STARTED)
    directory = tmp_path / "r1"
    assert events_of(directory)  # opened and closed the file in this very process
    assert is_being_written(directory)
    assert is_being_written(directory)
    sink.close()
    assert not is_being_written(directory)


def test_nothing_is_written_after_the_end(tmp_path: Path) -> None:
    sink = RecordSink(tmp_path)
    sink.accept(STARTED)
    sink.close()
    with pytest.raises(RecordError, match="closed"):
        sink.accept(note(1))
    assert events_of(tmp_path / "r1") == [STARTED]


def test_the_directory_of_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert runs_directory() == Path(os.environ["XDG_STATE_HOME"]) / "mlp-tui" / "runs"
    monkeypatch.setenv(VARIABLE, str(tmp_path / "a" / "b"))
    assert runs_directory() == tmp_path / "a" / "b"
    assert not list(tmp_path.iterdir())  # who only reads makes nothing
    assert writable_runs_directory() == tmp_path / "a" / "b"
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    (tmp_path / "file").touch()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))
    for asked in (runs_directory, writable_runs_directory):
        with pytest.raises(BadInput, match=VARIABLE):
            asked()


@pytest.mark.fault(10)
def test_a_directory_of_runs_that_refuses_a_run_is_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(prefix: str, dir: Path) -> str:  # noqa: A002
        raise OSError(errno.ENOSPC, "No space left on device", str(dir))

    monkeypatch.setenv(VARIABLE, str(tmp_path))
    writable_runs_directory()
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr("tempfile.mkdtemp", refusing)
    with pytest.raises(BadInput, match="No space left on device; give --runs-dir") as caught:
        writable_runs_directory()
    assert str(tmp_path) in str(caught.value)


FULL_DISK = """
import resource, sys
from pathlib import Path
from engine.controls import Controls
from engine.events import Noted, RunStarted
from engine.session import Session
from engine.store.record import RecordSink
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
def run(controls):
    yield RunStarted(run_id="", experiment="x", config={})
    while True:
        yield Noted(text="x" * 150)
session = Session(run, Controls(), [RecordSink(Path(sys.argv[1]))], run_id="r1")
session.start()
session.join()
print(session.finished.outcome, session.finished.seq, session.finished.detail)
"""


def test_a_file_that_may_not_grow_fails_the_run_readably(tmp_path: Path, repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    outcome, seq, detail = done.stdout.split(" ", 2)
    assert outcome == "failed"
    assert "File too large" in detail
    events = events_of(tmp_path / "r1")
    # RunFinished itself found room or did not; nothing is glued and no number is skipped.
    assert [event.seq for event in events] == list(range(len(events)))
    assert len(events) >= int(seq) > 10


WRITER = """
import os, sys
from pathlib import Path
from engine.events import Noted, RunStarted
from engine.store.record import RecordSink
sink = RecordSink(Path(sys.argv[1]))
sink.accept(RunStarted(seq=0, run_id="r1", experiment="x", config={}))
os.write(1, b"0\\n")
for seq in range(1, 10**6):
    sink.accept(Noted(seq=seq, text="x" * (seq % 300)))
    os.write(1, b"%d\\n" % seq)
"""


@pytest.mark.fault(1)
@pytest.mark.parametrize("trial", range(8))
def test_kill_loses_no_acknowledged_event(tmp_path: Path, repository: Path, trial: int) -> None:
    wanted = random.Random(trial).randrange(1, 3000)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], cwd=repository, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout
        for _ in range(wanted):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        acknowledged = wanted + len(writer.stdout.read().splitlines())
    damage = Damage()
    events = list(read(tmp_path / "r1" / LOG, damage))
    assert len(events) >= acknowledged
    assert [event.seq for event in events] == list(range(len(events)))
    assert (damage.corrupt, damage.missing) == (0, 0)
    assert not is_being_written(tmp_path / "r1")
