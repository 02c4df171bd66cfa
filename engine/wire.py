"""What a front end and an engine process say to each other: JSON objects, one a line.

Requests carry an `id`, and what comes of one names it. Events do not go this way: a viewer reads
them from the run's record.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from engine.controls import AnyControl
from engine.events import RunFinished
from engine.link import Fetched, Progress, Refused
from engine.schema import snake_case

LONGEST = 1 << 20
"""Bytes in a message; whoever sends more is cut off."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=snake_case):
    """A line on the socket; `id` is the request's own, or the one it answers (0: none)."""

    id: int = 0


class Start(Message, frozen=True):
    """Begin a run, ending the one under way; `continues` names the run to go on from.

    With `resume` it goes on as that one would have: what its checkpoint says counts, not `config`.
    """

    experiment: str
    config: dict[str, Any]
    continues: str = ""
    resume: bool = False


class Ask(Message, frozen=True):
    """Hand a control to the run under way; where `run_id` names one, to that one or to none."""

    control: AnyControl
    run_id: str = ""


class Fetch(Message, frozen=True):
    """Download a data set by name."""

    data: str
    data_dir: str = ""


class Shutdown(Message, frozen=True):
    """End the run under way, if any, and then the engine."""


class RunOpened(Message, frozen=True):
    """The run's record exists; from here on it is followed there."""

    run_id: str
    directory: str


class RunHeld(Message, frozen=True):
    """The run cannot go on for now, and why; with "" it goes on again."""

    run_id: str
    text: str


class RunEnded(Message, frozen=True):
    """The run's record is closed; `finished` is its last event, in the record or not."""

    run_id: str
    finished: RunFinished


class Told(Message, frozen=True):
    """News that is in no record."""

    news: Progress | Refused | Fetched


Request = Start | Ask | Fetch | Shutdown
Answer = RunOpened | RunHeld | RunEnded | Told

_encoder = msgspec.json.Encoder()
_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_answers: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
MessageT = TypeVar("MessageT")


class TooLongError(ValueError):
    """A message has no end within `LONGEST` bytes."""


def encode(message: Message) -> bytes:
    """The message as a line, with its newline."""
    return _encoder.encode(message) + b"\n"


def request(line: bytes) -> Request:
    """The request in a line.

    Raises:
        ValueError: when it is none, saying what is wrong with it.
    """
    return _decoded(_requests, line)


def answer(line: bytes) -> Answer:
    """The answer in a line.

    Raises:
        ValueError: when it is none.
    """
    return _decoded(_answers, line)


def _decoded(decoder: msgspec.json.Decoder[MessageT], line: bytes) -> MessageT:
    try:
        return decoder.decode(line)
    except RecursionError:
        raise ValueError("the message is nested too deep") from None


class Lines:
    """Cuts what arrives on a socket into lines."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their newlines.

        Raises:
            TooLongError: when a line grows beyond `LONGEST`.
        """
        self._rest += data
        *whole, rest = bytes(self._rest).split(b"\n")
        if len(rest) > LONGEST or any(len(line) > LONGEST for line in whole):
            raise TooLongError(f"a message has more than {LONGEST} bytes")
        self._rest = bytearray(rest)
        return whole
