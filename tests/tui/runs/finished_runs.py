"""Runs recorded on disk as a session would write them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine import events
from engine.store.record import RecordSink


def record(
    runs: Path, said: Sequence[events.AnyEvent], *, close: bool = True, **started: object
) -> RecordSink:
    """Write these events; `started` replaces what the first of them says."""
    sink = RecordSink(runs)
    first = msgspec.structs.replace(said[0], **started)  # type: ignore[type-var]
    for seq, event in enumerate((first, *said[1:])):
        sink.accept(msgspec.structs.replace(event, seq=seq))
    if close:
        sink.close()
    return sink
