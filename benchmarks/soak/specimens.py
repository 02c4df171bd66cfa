"""Damage done to copies of finished runs, and whether any of it goes unnoticed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec

from benchmarks.soak.tally import Tally
from engine.config import RunConfig
from engine.errors import BadInput
from engine.events import CheckpointSaved, RunFinished, encode
from engine.store import catalogue
from engine.store.catalogue import Entry
from engine.store.checkpoint import load, start_from
from engine.store.head import head_of
from engine.store.layout import ABOUT, CHECKPOINTS, HEAD, LOG, SUMMARY
from engine.store.reader import Damage, read
from engine.training.going_on import settings

PAGE = 4096
DETECTED, HARMLESS, SILENT = "detected", "harmless", "silent"


class Specimen:
    """A finished run with everything that may lie beside its log, to be damaged in copies."""

    def __init__(self, runs: Path, run_id: str, room: Path) -> None:
        self.run_id = run_id
        self._room = room
        shutil.rmtree(room, ignore_errors=True)
        shutil.copytree(runs / run_id, room / "sound" / run_id)
        catalogue.describe(self._sound, label="specimen", note="A run to be damaged in copies.")
        self._entry = catalogue.entry(room / "sound", run_id)
        self._told = {event.seq: encode(event) for event in read(self._sound / LOG)}
        self._saved = [e for e in read(self._sound / LOG) if isinstance(e, CheckpointSaved)]
        self._state = start_from(room / "sound", run_id).state

    @property
    def _sound(self) -> Path:
        return self._room / "sound" / self.run_id

    @property
    def _copy(self) -> Path:
        return self._room / "copy" / self.run_id

    def damage(self, rng: Random, tally: Tally) -> None:
        """Damage one file of a copy, and look whether that is noticed."""
        shutil.rmtree(self._copy.parent, ignore_errors=True)
        shutil.copytree(self._sound, self._copy)
        path = rng.choice(list(self._files(rng)))
        before = path.read_bytes()
        what, after = _damaged(before, rng)
        if after == before:
            return
        path.write_bytes(after)
        try:
            verdict = self._judged(path)
        except BadInput:
            verdict = DETECTED
        tally.injected += 1
        tally.detected += verdict == DETECTED
        tally.harmless += verdict == HARMLESS
        tally.silent += verdict == SILENT
        if verdict == SILENT:
            tally.problems.append(f"unnoticed: {path.name} {what}")

    def _files(self, rng: Random) -> Iterator[Path]:
        yield self._copy / LOG
        yield rng.choice(sorted((self._copy / CHECKPOINTS).iterdir()))
        for name in (HEAD, ABOUT, SUMMARY):
            if (self._copy / name).exists():
                yield self._copy / name

    def _judged(self, path: Path) -> str:
        judges: dict[str, Callable[[], str]] = {
            LOG: self._log,
            HEAD: self._head,
            ABOUT: self._about,
            SUMMARY: self._summary,
        }
        return judges.get(path.name, lambda: self._checkpoint(path.name))()

    def _log(self) -> str:
        """Every event that comes out was written so; where one is missing, that is said."""
        damage = Damage()
        told = list(read(self._copy / LOG, damage))
        if any(self._told.get(event.seq) != encode(event) for event in told):
            return SILENT
        if damage:
            return DETECTED
        cut = not told or not isinstance(told[-1], RunFinished)
        (self._copy / SUMMARY).unlink(missing_ok=True)
        crashed = cut and catalogue.entry(self._copy.parent, self.run_id).state == "crashed"
        return DETECTED if crashed else SILENT

    def _checkpoint(self, name: str) -> str:
        """It is not loaded; the one before is, and that is said."""
        event = next(e for e in self._saved if Path(e.file).name == name)
        try:
            load(self._copy, event)
        except BadInput:
            start = start_from(self._copy.parent, self.run_id)
            other = start.step != event.step and bool(start.warnings)
            newest = event == max(self._saved, key=lambda saved: saved.step)
            return DETECTED if other or not newest else SILENT
        return SILENT

    def _head(self) -> str:
        """Nothing that a finished run is shown as or resumed with is read from it."""
        head, sound = head_of(self._copy), head_of(self._sound)
        start = replace(start_from(self._copy.parent, self.run_id), resume=True)
        own = settings(msgspec.convert(sound.config, RunConfig), start)
        try:
            other = settings(msgspec.convert(head.config, RunConfig), start)
        except msgspec.ValidationError:
            return DETECTED
        return HARMLESS if self._looks_sound() and own == other else SILENT

    def _about(self) -> str:
        """The label is the one that was given, or there is none."""
        about = catalogue.entry(self._copy.parent, self.run_id).about
        if about == self._entry.about:
            return HARMLESS
        return DETECTED if about == catalogue.About() else SILENT

    def _summary(self) -> str:
        """It is a cache: what is damaged is made anew from the log."""
        return HARMLESS if self._looks_sound() else SILENT

    def _looks_sound(self) -> bool:
        return _shown(catalogue.entry(self._copy.parent, self.run_id)) == _shown(self._entry)


def _shown(entry: Entry) -> str:
    told = msgspec.to_builtins(entry.summary)
    return json.dumps([entry.state, entry.live, entry.name, told], sort_keys=True)


def _damaged(data: bytes, rng: Random) -> tuple[str, bytes]:
    """What was done, and what is left."""
    at = rng.randrange(max(1, len(data)))
    how = rng.choice(("flip", "flips", "zero", "cut"))
    if how == "zero":
        end = min(len(data), at + PAGE)
        return f"zeroed from {at} to {end}", data[:at] + bytes(end - at) + data[end:]
    if how == "cut":
        return f"cut at {at} of {len(data)}", data[:at]
    changed = bytearray(data)
    places = [rng.randrange(len(data)) for _ in range(1 if how == "flip" else 8)]
    for place in places:
        changed[place] ^= 1 << rng.randrange(8)
    return f"bits flipped in {places}", bytes(changed)
