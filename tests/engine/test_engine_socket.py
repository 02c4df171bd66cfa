"""The front end's socket: what the engine has said before it hung up is heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import wire
from engine.attached_engine import AttachedEngine
from engine.controls import Stop
from engine.engine_socket import EngineGoneError
from engine.host.private import listen
from engine.link import Refused

FULL = wire.Told(news=Refused("there is no seat left"))


def test_why_it_hung_up_is_heard_although_nothing_can_be_said(room: Path) -> None:
    with listen(room / "socket") as listener:
        engine = AttachedEngine(room / "socket")
        connection, _ = listener.accept()
    connection.sendall(wire.encode(FULL))
    connection.close()
    engine.send(wire.Ask(control=Stop()))
    assert engine.receive() == [FULL]
    with pytest.raises(EngineGoneError):
        engine.receive()
    assert "Broken pipe" in engine.last_words()
    engine.close()


def test_what_it_could_not_be_told_any_more_does_not_hide_its_answer(room: Path) -> None:
    with listen(room / "socket") as listener:
        engine = AttachedEngine(room / "socket")
        connection, _ = listener.accept()
    engine.send(wire.Ask(control=Stop()))
    connection.sendall(wire.encode(FULL))
    connection.close()  # with the request unread
    assert engine.receive() == [FULL]
    with pytest.raises(EngineGoneError):
        engine.receive()
    engine.close()
