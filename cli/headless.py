"""One run in this process, without a screen."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from cli import exits
from cli.consoles import discard_stdout, plain
from cli.interrupts import Interrupts
from cli.json_lines import JsonLines, take_stdout
from cli.progress import Bar, Lines, Nothing, Watcher
from cli.summary import summary
from engine.config import RunConfig
from engine.controls import Controls, Stop
from engine.errors import BadInput
from engine.events import Event
from engine.session import Session, readable
from engine.store.layout import runs_directory
from engine.store.record import RecordSink
from engine.text import clean
from tui.run_view import RunView, fold

SIGNALS_SEEN_WITHIN = 0.2  # seconds
UNREAD = Stop(reason="nobody reads the output any more")


class Watch:
    """A sink that folds the events and shows them; when nobody can be shown them, the run ends."""

    def __init__(self, watcher: Watcher, controls: Controls, interrupts: Interrupts) -> None:
        self.view = RunView()
        self._watcher = watcher
        self._controls = controls
        self._interrupts = interrupts

    def report(self, text: str, done: float, total: float) -> None:
        """News of the preparation, which a signal ends here."""
        self._interrupts.check()
        self._show(lambda: self._watcher.prepare(text, done, total))

    def accept(self, event: Event) -> None:
        """Fold and show."""
        self.view = fold(event, self.view)
        self._show(lambda: self._watcher.show(event, self.view))

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._watcher.close()

    def _show(self, call: Callable[[], None]) -> None:
        try:
            call()
        except BrokenPipeError:
            self._watcher = Nothing()
            self._controls.request(UNREAD)


def train(config: RunConfig, *, json: bool, quiet: bool, progress: str) -> int:
    """Train to the end, recording the run; returns the exit code.

    Raises:
        BadInput: when the data cannot be used; then nothing was recorded.
    """
    controls = Controls()
    with Interrupts(controls) as interrupts:
        from engine.experiments import named  # torch: a second or two

        interrupts.check()
        run = partial(named("train").run, config)
        record = RecordSink(runs_directory(), controls.recorded_in)
        lines = JsonLines(take_stdout(), partial(controls.request, UNREAD)) if json else None
        watch = Watch(watcher_for(progress, off=json or quiet), controls, interrupts)
        controls.report = watch.report
        session = Session(run, controls, [record, watch, *([lines] if lines else [])])
        session.start()
        # A second signal may reach another thread and would not wake this one from a longer wait.
        while not session.join(SIGNALS_SEEN_WITHIN):
            continue
    if session.finished is None:
        return _unprepared(session)
    if lines and lines.failure:
        return _complain(f"standard output cannot be written: {lines.failure.strerror}")
    if not json and not quiet and watch.view.started:
        _print_summary(watch.view, record.directory)
    if session.error:
        return _complain(readable(session.error), session.trace)
    code = exits.OF_OUTCOME[session.finished.outcome]
    return _complain(session.finished.detail) if code == exits.FAILED else code


def watcher_for(progress: str, *, off: bool) -> Watcher:
    """How the run is shown: `progress` is one of PROGRESS, and `off` is what auto gives way to."""
    console = plain(stderr=True)
    if progress == "auto":
        progress = "off" if off else "bar" if console.is_terminal else "lines"
    return {"bar": Bar, "lines": Lines}[progress](console) if progress != "off" else Nothing()


def _unprepared(session: Session) -> int:
    if isinstance(session.error, BadInput):
        raise session.error
    if isinstance(session.error, KeyboardInterrupt):
        return exits.INTERRUPTED
    return _complain("the run could not be prepared", session.trace)


def _print_summary(view: RunView, record: Path | None) -> None:
    try:
        plain().print(summary(view, clean(str(record), 500)))
    except BrokenPipeError:
        discard_stdout()


def _complain(sentence: str, trace: str = "") -> int:
    """Say what went wrong, below the traceback of what nobody foresaw."""
    with suppress(BrokenPipeError):  # the exit code tells it too
        sys.stderr.write(f"{trace}mlp-tui: {clean(sentence, 2000)}\n")
    return exits.FAILED
