"""``run.json``: what is known of a run without reading its log."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import BadInput
from engine.events import RunStarted
from engine.store.files import read_plain
from engine.store.layout import HEAD

FORMAT = 1


class Head(msgspec.Struct, frozen=True):
    """What ``run.json`` says of a run: who it is, and who writes its record.

    `address` is the socket of the writing engine ("" where the run cannot be attached); pid and
    boot are for messages, since another process may have the number by now. `opening` is the first
    line of the log once more: without it, nothing that follows can be shown or gone on from.
    """

    format: int
    run_id: str
    experiment: str
    config: dict[str, Any]
    continues: str = ""
    created: float = 0.0
    host: str = ""
    pid: int = 0
    boot_id: str = ""
    address: str = ""
    opening: str = ""


def head_of(directory: Path) -> Head:
    """What ``run.json`` says.

    Raises:
        BadInput: when it cannot be read, or is of a later version.
    """
    try:
        head = msgspec.json.decode(read_plain(directory / HEAD), type=Head)
    except OSError as error:
        raise BadInput(f"{directory / HEAD} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{directory / HEAD} cannot be read: {error}") from error
    if head.format != FORMAT:
        raise BadInput(
            f"{directory / HEAD} has format {head.format}, and this version reads {FORMAT}: "
            "take the version of mlp-tui that has written the run"
        )
    return head


def written_head(started: RunStarted, address: str, line: bytes) -> bytes:
    """The head of a run that begins now in this process with this line of its log."""
    head = Head(
        format=FORMAT,
        run_id=started.run_id,
        experiment=started.experiment,
        config=started.config,
        continues=started.continues,
        created=started.time,
        host=socket.gethostname(),
        pid=os.getpid(),
        boot_id=_boot_id(),
        address=address,
        opening=line.rstrip(b"\n").decode(),
    )
    return msgspec.json.format(msgspec.json.encode(head))


def _boot_id() -> str:
    """Which boot of the machine this is, where the kernel says so."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
