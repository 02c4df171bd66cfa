"""``mlp-tui runs stop``: a run is asked to end, and waited for until its record is closed."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from time import monotonic

from cli import exits
from cli.output import say, warn
from engine import wire
from engine.attached_engine import AttachedEngine
from engine.controls import Stop
from engine.engine_socket import EngineGoneError
from engine.events import RunFinished
from engine.link import Refused
from engine.process_link import engine_of
from engine.store.ends import last_word
from engine.store.head import head_of
from engine.store.last_words import last_words
from engine.store.layout import LOG
from engine.store.record import is_being_written
from engine.text import clean

PATIENCE = 5.0  # seconds without an end until the waiting is explained
_LOOK = 0.02  # seconds between two looks at the record


class _NotStoppedError(Exception):
    """The run cannot be stopped, and why."""


def stop(runs: Path, run_id: str) -> int:
    """End a run that is under way in an engine, and tell how it ended; returns the exit code.

    Raises:
        BadInput: when the run is not under way, or is not an engine's.
    """
    engine = engine_of(runs, run_id)
    try:
        control = Stop(reason="stopped by mlp-tui runs stop")
        engine.send(wire.Ask(control=control, run_id=run_id))
        finished = _end(engine, runs / run_id)
    except _NotStoppedError as error:
        warn(f"mlp-tui: run {run_id} was not stopped: {clean(str(error), 500)}\n")
        return exits.FAILED
    except OSError as error:
        warn(f"mlp-tui: the record of run {run_id} cannot be read: {error.strerror}\n")
        return exits.FAILED
    finally:
        engine.detach()
    say(f"{finished.outcome} at step {finished.step:,}\n")
    return exits.COMPLETED


def _end(engine: AttachedEngine, directory: Path) -> RunFinished:
    """Wait until nobody writes the run's record any more; the last event in it.

    What the engine says does not count: it may be said of a run that came before or after.
    """
    explain_at, heard, lost = monotonic() + PATIENCE, False, ""
    wait = threading.Event().wait
    while is_being_written(directory):
        try:
            answers = engine.receive()
        except EngineGoneError:
            lost = f"its engine is gone: {engine.last_words()}"
            break
        _check(answers)
        heard = heard or bool(answers)
        if monotonic() >= explain_at:
            _explain(directory, heard=heard)
            explain_at = float("inf")
        wait(_LOOK)
    finished = last_word(directory / LOG) or last_words(directory)
    if finished is None:
        raise _NotStoppedError(lost or "its engine has ended without closing its record")
    return finished


def _check(answers: Iterable[wire.Answer]) -> None:
    for answer in answers:
        if isinstance(answer, wire.Told) and isinstance(answer.news, Refused):
            raise _NotStoppedError(answer.news.text)


def _explain(directory: Path, *, heard: bool) -> None:
    """Say why this takes so long: an engine tells what is under way as soon as it is reached."""
    if heard:
        text = f"run {directory.name} has not come to its end yet"
    else:
        pid = head_of(directory).pid
        text = f"the engine of run {directory.name} (process {pid}) does not answer"
    warn(f"{text}: it was asked to stop; wait, or press ctrl+c to wait no longer\n")
