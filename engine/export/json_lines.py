"""The events themselves, one JSON object a line, as ``mlp-tui train --json`` writes them."""

from __future__ import annotations

from pathlib import Path

from engine.events import encode
from engine.export.source import Source


def write_json_lines(source: Source, path: Path) -> None:
    """Every event that counts, in order; `seq` begins anew with each run of the chain.

    Raises:
        OSError: when the record cannot be read, or the file not be written.
    """
    with path.open("xb") as file:
        for event in source.events():
            file.write(encode(event) + b"\n")
