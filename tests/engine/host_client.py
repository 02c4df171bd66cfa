"""A front end of an engine, what it can fetch, and how the record of its run ends."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from engine import wire
from engine.controls import AnyControl, Report
from engine.errors import BadInput
from engine.events import RunFinished
from engine.store.layout import LOG
from engine.store.reader import Damage, read
from engine.store.record import is_being_written

PATIENCE = 20.0
T = TypeVar("T")


class Client:
    """A front end that waits for its answers."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self._file = self.socket.makefile("rb")

    def send(self, message: wire.Message) -> None:
        self.socket.sendall(wire.encode(message))

    def start(self, id_: int, experiment: str = "train", **config: object) -> None:
        self.send(wire.Start(id=id_, experiment=experiment, config=config))

    def ask(self, control: AnyControl) -> None:
        self.send(wire.Ask(control=control))

    def answers(self) -> Iterator[wire.Answer]:
        for line in self._file:
            yield wire.answer(line)

    def wait(self, kind: type[T]) -> T:
        for answer in self.answers():
            news = answer.news if isinstance(answer, wire.Told) else answer
            if isinstance(news, kind):
                return news
        raise AssertionError(f"hung up before {kind.__name__}")

    def close(self) -> None:
        self._file.close()
        self.socket.close()


def outcome(directory: str | Path) -> tuple[str, str]:
    """How a run's record ends; it must be sound."""
    damage = Damage()
    *_, last = read(Path(directory) / LOG, damage)
    assert isinstance(last, RunFinished)
    assert not damage
    assert not is_being_written(Path(directory))
    return last.outcome, last.detail


def fetch_two(data: str, data_dir: str, report: Report) -> None:
    """Knows one data set."""
    report(f"fetching {data} to {data_dir}", 1, 2)
    if data == "broken":
        raise ZeroDivisionError("nobody foresaw this")
    if data != "mnist":
        raise BadInput(f"{data} cannot be fetched")
