"""Faults of files: what is full, gone, linked, open to others or not what it claims to be."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import struct
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from log_bench import R1, recorded

from engine.controls import Controls
from engine.engine_process import EngineProcess
from engine.errors import BadInput
from engine.events import CheckpointSaved, Event, Noted, RunFinished
from engine.process_link import attached
from engine.session import Session
from engine.store import catalogue
from engine.store.checkpoint import load, save, start_from
from engine.store.head import FORMAT, head_of
from engine.store.layout import (
    CHECKPOINTS,
    HEAD,
    LOG,
    SUMMARY,
    VARIABLE,
    runs_directory,
    writable_runs_directory,
)
from engine.store.lines import framed
from engine.store.reader import Damage, Follower, read
from engine.store.record import RecordError, RecordSink
from engine.store.tensor_file import LONGEST_HEADER, checked

NOT_PLAIN = r"symbolic links|plain file"
PATIENCE = 60.0
STATE = {"weight": torch.arange(6.0).reshape(2, 3)}


class ReadOnly:
    """A directory in which nothing new can be made; what is open stays open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
        self._open, self._directory = os.open, str(directory)
        monkeypatch.setattr(os, "open", self.open)

    def open(self, path: str | Path, flags: int, *rest: int, **more: int) -> int:
        if flags & os.O_CREAT and str(path).startswith(self._directory):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return self._open(path, flags, *rest, **more)


@pytest.mark.fault(10)
def test_a_directory_that_becomes_read_only_costs_checkpoints_and_no_event(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(controls: Controls) -> Iterator[Event]:
        yield R1
        assert controls.directory is not None
        first = save(controls.directory, 1, STATE, {})
        yield first
        ReadOnly(monkeypatch, runs)
        for step in (2, 3):
            with pytest.raises(OSError, match="Read-only file system"):
                save(controls.directory, step, STATE, {})
            yield Noted(text=f"no checkpoint at {step}", level="error")
        yield RunFinished(outcome="completed", detail="done")

    controls = Controls()
    session = Session(run, controls, [RecordSink(runs, controls.recorded_in)], run_id="r1")
    session.start()
    assert session.join(30)
    assert session.error is None
    damage = Damage()
    told = list(read(runs / "r1" / LOG, damage))
    assert not damage
    assert [event.seq for event in told] == list(range(5))
    assert start_from(runs, "r1").step == 1  # the one from before is whole and is told of
    assert catalogue.entries(runs)[0].state == "completed"  # and its list needs to write nothing


def header(text: bytes, length: int | None = None, tensors: bytes = b"") -> bytes:
    return struct.pack("<Q", len(text) if length is None else length) + text + tensors


def tensor(begin: int, end: int, shape: str = "[2]", dtype: str = "F32") -> str:
    return f'{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{begin},{end}]}}'


HEADERS = {
    "nothing": b"",
    "no header": b"\x01\x02",
    "a length of exabytes": header(b"{}", 1 << 62),
    "a length beyond the file": header(b"{}", 3),
    "no JSON": header(b"\x80\x04."),
    "a list": header(b"[]"),
    "nested": header(b'{"a":' + b"[" * 100_000),
    "terabytes": header(f'{{"a":{tensor(0, 1 << 42, f"[{1 << 40}]")}}}'.encode()),
    "a shape that is not what its place holds": header(
        f'{{"a":{tensor(0, 8, "[3]")}}}'.encode(), tensors=bytes(8)
    ),
    "a product that overflows": header(
        f'{{"a":{tensor(0, 8, f"[{1 << 33},{1 << 33},{1 << 33}]")}}}'.encode(), tensors=bytes(8)
    ),
    "a negative length": header(f'{{"a":{tensor(0, 8, "[-2,-1]")}}}'.encode(), tensors=bytes(8)),
    "overlapping": header(
        f'{{"a":{tensor(0, 8)},"b":{tensor(4, 12)}}}'.encode(), tensors=bytes(12)
    ),
    "twice the same": header(
        f'{{"a":{tensor(0, 8)},"b":{tensor(0, 8)}}}'.encode(), tensors=bytes(8)
    ),
    "a gap": header(f'{{"a":{tensor(0, 8)},"b":{tensor(12, 20)}}}'.encode(), tensors=bytes(20)),
    "backwards": header(f'{{"a":{tensor(8, 0)}}}'.encode(), tensors=bytes(8)),
    "more than it says": header(f'{{"a":{tensor(0, 8)}}}'.encode(), tensors=bytes(9)),
    "an unknown type": header(f'{{"a":{tensor(0, 8, dtype="OBJECT")}}}'.encode(), tensors=bytes(8)),
    "text that is none": header(b'{"__metadata__":{"state":[1]}}'),
}


@pytest.mark.fault(30)
@pytest.mark.parametrize("data", HEADERS.values(), ids=HEADERS)
def test_a_header_is_believed_only_when_the_bytes_bear_it_out(runs: Path, data: bytes) -> None:
    name = f"{CHECKPOINTS}/step-1.safetensors"
    saved = CheckpointSaved(step=1, file=name, sha256=hashlib.sha256(data).hexdigest())
    recorded(runs, saved)
    (runs / "r1" / CHECKPOINTS).mkdir()
    (runs / "r1" / name).write_bytes(data)
    tracemalloc.start()
    with pytest.raises(BadInput, match="holds no state"):
        load(runs / "r1", saved)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20
    with pytest.raises(ValueError):
        checked(data)


@pytest.mark.fault(30)
def test_a_header_of_many_megabytes_is_not_parsed() -> None:
    with pytest.raises(ValueError, match="more than"):
        checked(header(b" " * (LONGEST_HEADER + 1)))


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    elsewhere = path.parent.parent / f"elsewhere-{path.name}"
    if path.exists():
        path.rename(elsewhere)
    else:
        elsewhere.write_bytes(b"mine")
    path.symlink_to(elsewhere)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.fault(32)
@pytest.mark.parametrize("put", [pipe, link, endless])
@pytest.mark.parametrize("name", [LOG, HEAD, SUMMARY, "about.json", "checkpoint"])
def test_what_is_no_plain_file_is_not_read(
    runs: Path, put: Callable[[Path], None], name: str
) -> None:
    recorded(runs)
    saved = save(runs / "r1", 1, STATE, {})
    place = runs / "r1" / (saved.file if name == "checkpoint" else name)
    if put is not link:
        place.unlink(missing_ok=True)
    put(place)
    if name == LOG:
        assert catalogue.entries(runs) == []
        with pytest.raises(OSError, match=NOT_PLAIN):
            Follower(place)
        with pytest.raises(BadInput, match="no readable log"):
            start_from(runs, "r1")
    elif name == HEAD:
        with pytest.raises(BadInput, match=NOT_PLAIN):
            head_of(runs / "r1")
    elif name == "checkpoint":
        with pytest.raises(BadInput, match=NOT_PLAIN):
            load(runs / "r1", saved)
    else:
        assert catalogue.entry(runs, "r1").name == "r1"


@pytest.mark.fault(32)
def test_a_linked_run_is_nobodys(runs: Path, tmp_path: Path) -> None:
    recorded(tmp_path / "real", save(tmp_path, 1, STATE, {}))
    (tmp_path / CHECKPOINTS).rename(tmp_path / "real" / "r1" / CHECKPOINTS)
    assert start_from(tmp_path / "real", "r1").step == 1
    runs.mkdir()
    (runs / "r1").symlink_to(tmp_path / "real" / "r1")
    with pytest.raises(RecordError, match="File exists"):
        RecordSink(runs).accept(R1)
    assert catalogue.entries(runs) == []
    for refused in (catalogue.remove, attached, start_from):
        with pytest.raises(BadInput, match="there is no run r1"):
            refused(runs, "r1")
    assert (tmp_path / "real" / "r1" / LOG).exists()


@pytest.mark.fault(32)
def test_a_link_in_the_way_of_a_temporary_file_is_not_followed(runs: Path, tmp_path: Path) -> None:
    recorded(runs)
    mine = tmp_path / "mine"
    mine.write_text("precious")
    for name in ("about.json.tmp", "about.json"):
        (runs / "r1" / name).symlink_to(mine)
    catalogue.describe(runs / "r1", label="a label")
    folder = runs / "r1" / CHECKPOINTS
    folder.mkdir()
    for name in ("step-1.safetensors.tmp", "step-1.safetensors"):
        (folder / name).symlink_to(mine)
    saved = save(runs / "r1", 1, STATE, {})
    assert torch.equal(load(runs / "r1", saved)[0]["weight"], STATE["weight"])
    assert catalogue.entry(runs, "r1").name == "a label"
    assert mine.read_text() == "precious"


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.fault(33)
@pytest.mark.usefixtures("open_umask")
def test_nothing_is_open_to_others_under_umask_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv(VARIABLE, str(home / "state" / "runs"))
    runs = writable_runs_directory()
    recorded(runs)
    save(runs / "r1", 1, STATE, {})
    catalogue.describe(runs / "r1", label="x")
    recorded(tmp_path / "other" / "a" / "runs")  # without being asked for first
    for place in (home, tmp_path / "other"):
        modes = {
            str(path): stat.S_IMODE(path.stat().st_mode) for path in (place, *place.rglob("*"))
        }
        open_to_others = {path: oct(mode) for path, mode in modes.items() if mode & 0o077}
        assert len(modes) > 5
        assert open_to_others == {}


@pytest.mark.fault(33)
@pytest.mark.usefixtures("open_umask")
def test_an_engines_room_is_private_under_umask_0(runs: Path) -> None:
    program = (sys.executable, "-c", "import sys; sys.stdin.read()")
    engine = EngineProcess(runs, program)
    room = engine.log.parent
    assert stat.S_IMODE(room.stat().st_mode) == 0o700
    assert stat.S_IMODE(engine.log.stat().st_mode) == 0o600
    engine.close()


@pytest.mark.fault(33)
def test_a_directory_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "theirs"
    runs.mkdir(mode=0o777)
    recorded(runs)
    monkeypatch.setenv(VARIABLE, str(runs))
    assert runs_directory() == runs
    monkeypatch.setattr(os, "getuid", lambda: runs.stat().st_uid + 1)
    for asked in (runs_directory, writable_runs_directory):
        with pytest.raises(BadInput, match=r"belongs to another user .* give --runs-dir or set"):
            asked()
    assert catalogue.entries(runs) == []


@pytest.mark.fault(37)
def test_a_run_of_a_later_version_is_not_guessed_at(runs: Path) -> None:
    recorded(runs)
    head = json.loads((runs / "r1" / HEAD).read_text())
    assert head_of(runs / "r1").format == FORMAT
    (runs / "r1" / HEAD).write_text(json.dumps(head | {"format": FORMAT + 1}))
    with pytest.raises(BadInput, match=f"format {FORMAT + 1}, and this version reads {FORMAT}"):
        head_of(runs / "r1")


@pytest.mark.fault(2, 4)
def test_a_tail_that_cannot_be_cut_back_is_never_glued_to_the_next_line(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = recorded(runs, close=False)
    write, truncate = os.write, os.ftruncate
    broken = OSError(errno.EIO, os.strerror(errno.EIO))

    def half(descriptor: int, data: bytes) -> int:
        if len(data) < 20:
            raise broken
        return write(descriptor, data[: len(data) - 10])

    def fails(descriptor: int, length: int) -> None:
        raise broken

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        patch.setattr(os, "ftruncate", fails)
        for _ in range(2):
            with pytest.raises(RecordError):
                sink.accept(Noted(seq=1, text="torn" * 20))
        patch.setattr(os, "write", write)
        with pytest.raises(RecordError):
            sink.accept(Noted(seq=1, text="still torn"))
        patch.setattr(os, "ftruncate", truncate)
        sink.accept(Noted(seq=1, text="whole"))
    sink.close()
    damage = Damage()
    assert [getattr(event, "text", "") for event in read(runs / "r1" / LOG, damage)] == [
        "",
        "whole",
    ]
    assert not damage
    assert framed(b"{}").endswith(b"\n")
