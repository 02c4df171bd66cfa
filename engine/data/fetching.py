"""Fetching a named data set, by torchvision in a process of its own.

There its import, its progress bars and a server that never answers cannot touch the engine, and
what arrives is moved into place only when it is complete. Imports neither torch nor numpy.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

from engine.controls import Report, unreported
from engine.data.names import DIRECTORY_VARIABLE, NAMED, NamedSet, directories
from engine.data.staging import staging
from engine.errors import BadInput
from engine.text import clean

DOWNLOAD = """
import sys, torchvision
getattr(torchvision.datasets, sys.argv[1])(sys.argv[2], download=True)
"""
TIED = """
import os, threading

def end_with_parent():
    os.read(0, 1)
    os._exit(1)

threading.Thread(target=end_with_parent, daemon=True).start()
"""
"""What the download runs first: the pipe to it closes however the process that made it ends."""
PATIENCE = 60.0  # seconds in which nothing arrives before the download is given up
_POLL = 0.1  # seconds


def fetch(name: str, data_dir: str = "", report: Report = unreported) -> Path:
    """Download a named set into the first of `directories`; the folder that then holds its files.

    `report(text, bytes so far, bytes in all)` is called about ten times a second; what it raises
    ends the download and is passed on.

    Raises:
        BadInput: without a network, or when the directory cannot be written; says what to do.
    """
    wanted, directory = NAMED[name], directories(data_dir)[0]
    with ExitStack() as held:
        try:
            arrived = held.enter_context(staging(directory))
        except OSError as error:
            reason = f"the directory cannot be written: {error.strerror or error}"
            raise BadInput(_advice(wanted, directory, reason)) from error
        try:
            _download(wanted, arrived, _Watch(wanted, arrived, report))
        except DownloadError as error:
            raise BadInput(_advice(wanted, directory, str(error))) from error
        return _move_into_place(arrived / wanted.folder / "raw", directory, wanted)


class DownloadError(Exception):
    """Why nothing usable arrived, in a few words."""


class _Watch:
    """Tells how much has arrived, and whether it goes on arriving."""

    def __init__(
        self,
        wanted: NamedSet,
        staging: Path,
        report: Report,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._wanted, self._staging, self._report, self._clock = wanted, staging, report, clock
        self._arrived, self._since = -1, clock()

    def look(self) -> None:
        arrived = sum(file.stat().st_size for file in self._staging.rglob("*.gz"))
        if arrived != self._arrived:
            self._arrived, self._since = arrived, self._clock()
        elif self._clock() - self._since > PATIENCE:
            raise DownloadError(f"nothing arrived for {PATIENCE:.0f} seconds")
        total = self._wanted.download_bytes
        self._report(f"downloading {self._wanted.name}", min(arrived, total), total)


def _download(wanted: NamedSet, staging: Path, watch: _Watch) -> None:
    command = [sys.executable, "-c", TIED + DOWNLOAD, wanted.folder, str(staging)]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        ) as process,
    ):
        try:
            while process.poll() is None:
                watch.look()
                _wait(process)
        finally:
            process.kill()  # nothing to do when it has ended by itself
        if process.returncode:
            said.seek(0)
            raise DownloadError(_last_words(said.read()))


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_POLL)
    except subprocess.TimeoutExpired:
        return


def _last_words(output: bytes) -> str:
    lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
    return clean(lines[-1], 200) if lines else "the download ended without a word"


def _move_into_place(arrived: Path, directory: Path, wanted: NamedSet) -> Path:
    folder = directory / wanted.folder / "raw"
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(arrived.iterdir()):
        if file.suffix != ".gz":  # torchvision leaves the archive beside what it held
            file.replace(folder / file.name)
    return folder


def _advice(wanted: NamedSet, directory: Path, reason: str) -> str:
    return (
        f"{wanted.name} is not on this machine and could not be downloaded ({reason}): put its "
        f"files into {clean(str(directory / wanted.folder / 'raw'), 300)}, name another directory "
        f"with --data-dir or {DIRECTORY_VARIABLE}, or go on with --data synthetic"
    )
