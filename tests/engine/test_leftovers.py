"""What killed engines leave behind is cleared by the next one; what anybody may need is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import BadInput
from engine.host.leftovers import ROOM, occupied, sweep
from engine.host.private import LOG, listen


@pytest.fixture
def own(room: Path) -> Path:
    """The socket of the engine that sweeps."""
    return room / f"{ROOM}own" / "socket"


def dead(place: Path, name: str = f"{ROOM}dead", log: str = "") -> Path:
    """The socket of an engine that was killed."""
    listen(place / name / "socket").close()
    (place / name / LOG).write_text(log)
    return place / name / "socket"


def test_the_room_of_a_dead_engine_goes(room: Path, own: Path) -> None:
    left = dead(room)
    sweep(own)
    assert not left.parent.exists()


def test_a_log_that_says_something_stays(room: Path, own: Path) -> None:
    left = dead(room, log="Segmentation fault\n")
    sweep(own)
    assert [path.name for path in left.parent.iterdir()] == [LOG]


def test_a_socket_that_somebody_serves_stays(room: Path, own: Path) -> None:
    with listen(room / f"{ROOM}alive" / "socket"):
        sweep(own)
        assert (room / f"{ROOM}alive" / "socket").is_socket()


def test_an_engine_that_begins_has_no_answer_yet_but_its_room(room: Path, own: Path) -> None:
    begun = dead(room)  # as between making a socket and listening
    with occupied(begun.parent), occupied(own.parent):
        sweep(own)
        assert begun.is_socket()
    sweep(own)
    assert not begun.parent.exists() and own.parent.exists()


def test_what_is_no_room_of_an_engine_stays(room: Path, own: Path) -> None:
    other = dead(room, "somebody-else")
    shared = dead(room, f"{ROOM}shared")
    shared.parent.chmod(0o755)
    (room / f"{ROOM}link").symlink_to(other.parent)
    (room / f"{ROOM}file").write_text("mine")
    (room / f"{ROOM}plain").mkdir(mode=0o700)
    (room / f"{ROOM}plain" / "socket").write_text("mine")
    before = sorted(room.rglob("*"))
    sweep(own)
    assert sorted(room.rglob("*")) == before


def test_a_room_open_to_others_is_not_occupied(room: Path) -> None:
    (room / "shared").mkdir()
    (room / "shared").chmod(0o755)
    with pytest.raises(BadInput, match="mode 0700"):
        occupied(room / "shared").__enter__()
    (room / "file").touch()
    with pytest.raises(BadInput, match="the control socket's directory"):
        occupied(room / "file").__enter__()
