"""The engine on its socket: what it does with requests, with nonsense and with strangers."""

from __future__ import annotations

import errno
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from fake_engine import EXPERIMENTS, FOREVER
from host_client import PATIENCE, Client, fetch_two, outcome

from engine import wire
from engine.config import RunConfig
from engine.controls import Pause, Stop
from engine.errors import BadInput
from engine.host import server
from engine.host.private import is_own, listen
from engine.host.run import Means
from engine.host.runner import ERROR_LOG, Runner
from engine.host.server import Server
from engine.link import Fetched, Progress, Refused
from engine.store.checkpoint import start_from
from engine.store.layout import LOG
from engine.store.reader import read
from engine.store.record import RecordSink


class Listener(socket.socket):
    """One that has no descriptors left for the next `refusals` that knock.

    Whoever knocks is met only while `opened` is set.
    """

    refusals = 0

    def __init__(self, fileno: int) -> None:
        super().__init__(fileno=fileno)
        self.opened = threading.Event()
        self.opened.set()

    def accept(self) -> tuple[socket.socket, object]:
        assert self.opened.wait(PATIENCE)
        if self.refusals:
            self.refusals -= 1
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return super().accept()


@pytest.fixture
def listener(room: Path) -> Iterator[Listener]:
    with Listener(fileno=listen(room / "socket").detach()) as held:
        yield held


@pytest.fixture
def path(listener: Listener, room: Path, runs: Path) -> Iterator[Path]:
    """The socket of a server on a thread of this process."""

    def make_runner(post: Callable[[wire.Answer | None], None]) -> Runner:
        sinks = lambda opened: [RecordSink(runs, opened)]  # noqa: E731
        return Runner(EXPERIMENTS, Means(sinks, partial(start_from, runs), post))

    serving = Server(listener, make_runner, fetch_two)
    thread = threading.Thread(target=serving.serve)
    thread.start()
    yield room / "socket"
    serving.terminate()
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.fixture
def client(path: Path) -> Iterator[Client]:
    client = Client(path)
    yield client
    client.close()


def test_a_run_is_opened_recorded_and_ended(client: Client, runs: Path) -> None:
    client.start(1, epochs=3)
    assert client.wait(Progress) == Progress("preparing", 1, 2)
    opened = client.wait(wire.RunOpened)
    assert (opened.id, Path(opened.directory)) == (1, runs / opened.run_id)
    ended = client.wait(wire.RunEnded)
    assert (ended.id, ended.run_id) == (1, opened.run_id)
    *_, last = read(runs / opened.run_id / LOG)
    assert ended.finished == last


def test_without_a_free_descriptor_it_does_not_spin_and_newcomers_wait(
    listener: Listener, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    monkeypatch.setattr(server, "time", SimpleNamespace(sleep=rests.append))
    listener.refusals = 3
    client = Client(path)
    client.start(1, epochs=1)
    assert client.wait(wire.RunEnded).id == 1
    client.close()
    assert len(rests) == 3 and min(rests) > 0


def test_a_new_run_replaces_the_one_under_way(client: Client) -> None:
    client.start(1, epochs=FOREVER)
    first = client.wait(wire.RunOpened)
    client.start(2, epochs=2)
    ended = client.wait(wire.RunEnded)
    assert (ended.id, ended.finished.detail) == (1, "replaced by a new run")
    assert outcome(first.directory) == ("stopped", "replaced by a new run")
    assert client.wait(wire.RunOpened).id == 2
    assert client.wait(wire.RunEnded).finished.outcome == "completed"


def test_a_run_that_prepares_gives_way_and_leaves_nothing(client: Client, runs: Path) -> None:
    client.start(1, "preparing")
    assert client.wait(Progress).text == "downloading"
    client.start(2, "preparing")
    client.start(3, epochs=1)
    opened = client.wait(wire.RunOpened)
    assert opened.id == 3
    assert client.wait(wire.RunEnded).id == 3
    assert [path.name for path in runs.iterdir()] == [opened.run_id]


def test_a_run_that_prepares_can_be_stopped(client: Client) -> None:
    client.start(1, "preparing")
    client.wait(Progress)
    client.ask(Stop())
    client.start(2, epochs=1)
    assert client.wait(wire.RunOpened).id == 2


def test_a_run_goes_on_from_a_saved_one_or_says_why_not(client: Client) -> None:
    for continues, why in [("../x", "not a run's id"), ("gone", "no readable log")]:
        client.send(wire.Start(id=1, experiment="train", config={}, continues=continues))
        assert why in client.wait(Refused).text
    client.send(wire.Start(id=1, experiment="failing", config={}, continues="gone"))
    assert "cannot go on" in client.wait(Refused).text


@pytest.mark.parametrize(
    ("experiment", "config", "why"),
    [
        ("trian", {}, "did you mean 'train'"),
        ("train", {"lr": -1}, "lr = -1 must be > 0"),
        ("train", {"lr": "x"}, "lr"),
        ("train", {"learning": 1}, "learning"),
        ("refusing", {}, "data x: there is no such file"),
        ("broken", {}, "ZeroDivisionError: nobody foresaw this"),
    ],
)
def test_what_cannot_run_is_refused_and_leaves_nothing(
    client: Client, runs: Path, experiment: str, config: dict[str, object], why: str
) -> None:
    client.start(4, experiment, **config)
    told = next(answer for answer in client.answers() if isinstance(answer, wire.Told))
    assert told.id == 4
    assert isinstance(told.news, Refused)
    assert why in told.news.text
    assert told.news.what == "run"
    assert not runs.exists()
    client.start(5, epochs=1)
    assert client.wait(wire.RunEnded).id == 5


def test_a_failed_run_keeps_its_traceback_beside_its_record(
    client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    client.start(1, "failing")
    opened = client.wait(wire.RunOpened)
    assert client.wait(wire.RunEnded).finished.outcome == "failed"
    assert outcome(opened.directory) == ("failed", "ZeroDivisionError: in the middle")
    trace = (Path(opened.directory) / ERROR_LOG).read_text()
    assert trace.startswith("Traceback")
    assert trace in capfd.readouterr().err


def test_data_sets_are_fetched_beside_a_run(client: Client) -> None:
    client.start(1, epochs=FOREVER)
    client.wait(wire.RunOpened)
    client.send(wire.Fetch(id=2, data="mnist", data_dir="there"))
    assert client.wait(Progress).text == "fetching mnist to there"
    assert client.wait(Fetched) == Fetched("mnist")


@pytest.mark.parametrize(("data", "why"), [("x", "x cannot be fetched"), ("broken", "foresaw")])
def test_a_fetch_that_fails_says_why(client: Client, data: str, why: str) -> None:
    client.send(wire.Fetch(id=2, data=data))
    refused = client.wait(Refused)
    assert why in refused.text
    assert refused.what == "fetch"


NONSENSE = [
    b"",
    b"garbage",
    b"\x00\xff\xfe",
    b"null",
    b"[]",
    b'{"type":"start"}',
    b'{"type":"start","experiment":"train","config":[]}',
    b'{"type":"unknown"}',
    b'{"type":"ask","control":{"type":"pause","request":"x"}}',
    b'{"type":"ask","control":{"type":"step","count":1e999}}',
    b"[" * 100_000,
    b'{"type":"start","experiment":"train","config":{"a":' + b"[" * 100_000,
    b'{"type":"run_opened","run_id":"x","directory":"/"}',
]


@pytest.mark.fault(38)
@pytest.mark.parametrize("line", NONSENSE, ids=lambda line: line[:20].hex())
def test_nonsense_is_answered_and_changes_nothing(client: Client, line: bytes) -> None:
    client.socket.sendall(line + b"\n")
    assert "asked nonsense" in client.wait(Refused).text
    client.start(1, epochs=1)
    assert client.wait(wire.RunEnded).finished.outcome == "completed"


def test_controls_without_a_run_do_nothing(client: Client) -> None:
    client.ask(Pause())
    client.ask(Stop())
    client.start(1, epochs=1)
    assert client.wait(wire.RunEnded).finished.outcome == "completed"


@pytest.mark.fault(38)
def test_a_message_without_end_is_cut_off(client: Client) -> None:
    client.start(1, epochs=1)
    ended = client.wait(wire.RunEnded)
    try:
        client.socket.sendall(b"x" * (wire.LONGEST + (1 << 18)))
    except (BrokenPipeError, ConnectionResetError):
        return  # it hung up while we were still talking
    last = b""
    while data := client.socket.recv(1 << 16):
        last += data
    assert b"more than" in last
    assert ended


def test_a_second_screen_sees_and_steers_the_same_run(client: Client, path: Path) -> None:
    client.start(1, epochs=FOREVER)
    opened = client.wait(wire.RunOpened)
    other = Client(path)
    assert other.wait(wire.RunOpened).directory == opened.directory
    other.ask(Stop(reason="enough"))
    assert client.wait(wire.RunEnded).finished.detail == "enough"
    assert other.wait(wire.RunEnded).finished.detail == "enough"
    other.start(1, epochs=FOREVER)
    second = other.wait(wire.RunOpened)
    assert (second.id, client.wait(wire.RunOpened).id) == (1, 0)
    other.close()


@pytest.mark.parametrize("reason", ["enough", "x" * 100_000], ids=["short", "long"])
def test_what_was_asked_before_hanging_up_is_done(
    client: Client, path: Path, listener: Listener, reason: str
) -> None:
    client.start(1, epochs=FOREVER)
    client.wait(wire.RunOpened)
    listener.opened.clear()
    hasty = Client(path)
    hasty.ask(Stop(reason=reason))
    hasty.close()
    listener.opened.set()
    assert client.wait(wire.RunEnded).finished.detail == reason


def test_a_request_for_one_run_is_not_meant_for_the_next(client: Client) -> None:
    client.start(1, epochs=FOREVER)
    first = client.wait(wire.RunOpened)
    client.start(2, epochs=FOREVER)
    client.wait(wire.RunEnded)
    second = client.wait(wire.RunOpened)
    client.send(wire.Ask(control=Stop(reason="the first"), run_id=first.run_id))
    client.send(wire.Ask(control=Stop(reason="the second"), run_id=second.run_id))
    assert client.wait(wire.RunEnded).finished.detail == "the second"


def test_an_answer_goes_to_its_asker_alone(client: Client, path: Path) -> None:
    other = Client(path)
    other.start(7, experiment="nonsense")
    assert "nonsense" in other.wait(Refused).text
    client.start(7, epochs=1)
    other.close()
    heard = []
    for answer in client.answers():
        heard.append(answer)
        if isinstance(answer, wire.RunEnded):
            break
    assert {answer.id for answer in heard} == {7}
    assert not [a for a in heard if isinstance(a, wire.Told) and isinstance(a.news, Refused)]


def test_more_screens_than_make_sense_are_turned_away(
    client: Client, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.host.audience.MOST", 1)
    other = Client(path)
    assert "close one of them" in other.wait(Refused).text
    assert list(other.answers()) == []
    other.close()


def test_the_socket_is_private(path: Path, client: Client) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert is_own(client.socket)


@pytest.mark.fault(33)
def test_another_user_is_turned_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.host.private.os.getuid", lambda: 2**20)
    stranger = Client(path)
    assert list(stranger.answers()) == []
    stranger.close()


@pytest.mark.fault(32, 33)
def test_a_place_open_to_others_is_refused(tmp_path: Path, room: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    shared.chmod(0o755)
    with pytest.raises(BadInput, match="mode 0700"):
        listen(shared / "socket")
    (room / "link").symlink_to(shared)
    with pytest.raises(BadInput, match="this user's own"):
        listen(room / "link" / "socket")
    with pytest.raises(BadInput, match="too long"):
        listen(room / ("x" * 200))


@pytest.mark.fault(18)
def test_a_socket_nobody_serves_is_replaced_and_a_served_one_is_not(room: Path) -> None:
    listen(room / "socket").close()
    with listen(room / "socket"), pytest.raises(BadInput, match="in use"):
        listen(room / "socket")
    (room / "file").write_text("mine")
    with pytest.raises(BadInput, match="in use"):
        listen(room / "file")
    assert (room / "file").read_text() == "mine"


def test_messages_survive_the_socket() -> None:
    config = msgspec.to_builtins(RunConfig())
    start = wire.Start(id=3, experiment="train", config=config, continues="r1")
    assert wire.encode(wire.request(wire.encode(start)[:-1])) == wire.encode(start)
    told = wire.Told(id=3, news=Progress("x", 1.5, 2))
    assert wire.answer(wire.encode(told)[:-1]) == told
    lines = wire.Lines()
    whole = wire.encode(start) + wire.encode(told)
    cut = [line for byte in whole for line in lines.feed(bytes([byte]))]
    assert cut == whole.splitlines()
