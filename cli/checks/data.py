"""Which data sets are on this machine, and how to get the others."""

from __future__ import annotations

from collections.abc import Iterator

from cli.checks.finding import Finding, Level
from engine.data.names import (
    DIRECTORY_VARIABLE,
    FASHION_MNIST,
    NAMED,
    SYNTHETIC,
    NamedSet,
    available,
    directories,
)
from engine.text import clean

AREA = "data"


def check_data(data_dir: str = "") -> Iterator[Finding]:
    """Each named set: where it was found, or how to fetch it."""
    places = ", ".join(clean(str(place), 500) for place in directories(data_dir))
    yield Finding(AREA, "ok", f"looked for in {places}")
    for named in NAMED.values():
        yield _set(named, data_dir)
    yield Finding(AREA, "ok", f"{SYNTHETIC}: drawn on the spot, needs no file")


def _set(named: NamedSet, data_dir: str) -> Finding:
    folder = available(named.name, data_dir)
    if folder is not None:
        return Finding(AREA, "ok", f"{named.name}: {clean(str(folder), 500)}")
    advice = (
        f"mlp-tui train --data {named.name} downloads {named.download_bytes / 1e6:.0f} MB; without "
        f"a network point {DIRECTORY_VARIABLE} or --data-dir to a directory that holds "
        f"{named.folder}/raw"
    )
    # The default set is missed by everyone, the others only by those who want them.
    level: Level = "warning" if named is FASHION_MNIST else "ok"
    return Finding(AREA, level, f"{named.name}: not on this machine", advice)
