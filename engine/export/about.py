"""``run.json`` of an export: which run it is, where it comes from, and which files belong to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from engine.export.source import Part, Source
from engine.export.tables import text
from engine.store.files import read_plain

ABOUT = "run.json"
_MAKER = "mlp-tui"


class _Listing(msgspec.Struct):
    exported_by: str
    files: list[str]


def write_about(source: Source, kind: str, directory: Path) -> None:
    """Say in `directory` what it holds, once everything else is in it.

    Raises:
        OSError: when it cannot be written.
    """
    told = about(source) | {
        "exported_by": _MAKER,
        "export": kind,
        "files": sorted(path.name for path in directory.iterdir()),
    }
    (directory / ABOUT).write_bytes(msgspec.json.format(msgspec.json.encode(told)) + b"\n")


def listed_files(directory: Path) -> Iterable[str]:
    """The files of the export in `directory`; none where there is no export."""
    try:
        listing = msgspec.json.decode(read_plain(directory / ABOUT), type=_Listing)
    except (OSError, ValueError, RecursionError):
        return ()
    return listing.files if listing.exported_by == _MAKER else ()


def about(source: Source) -> dict[str, Any]:
    """What is known of a run besides its tables; every text is fit for a terminal."""
    entry, started = source.entry, source.started
    told: dict[str, Any] = {
        "run_id": entry.run_id,
        "label": entry.about.label,
        "note": entry.about.note,
        "state": entry.state,
        "live": entry.live,
        "step": source.standing.step,
        "damage": asdict(source.damage),
        "lineage": [_told(part) for part in source.parts],
    }
    if started:
        builtins = msgspec.to_builtins(started)
        told |= {name: builtins[name] for name in builtins if name not in _TOLD_ELSEWHERE}
    cleaned: dict[str, Any] = _clean(told)
    return cleaned


_TOLD_ELSEWHERE = ("seq", "time", "type", "run_id")


def _told(part: Part) -> dict[str, Any]:
    finished = part.finished
    return {
        "run_id": part.run_id,
        "first_step": part.started.first_step if part.started else None,
        "events": part.events,
        "first_event": part.first_time,
        "last_event": part.last_time,
        "outcome": finished.outcome if finished else "",
        "detail": finished.detail if finished else "",
    }


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return {text(key): _clean(element) for key, element in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(element) for element in value]
    return value
