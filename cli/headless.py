"""One run in this process, without a screen."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from msgspec import Struct
from rich.console import RenderableType

from cli import exits
from cli.consoles import plain
from cli.interrupts import Interrupts
from cli.json_lines import JsonLines, take_stdout
from cli.output import Output, OutputError, discard, warn
from cli.progress import Bar, Lines, Nothing, Watcher
from cli.summary import summary
from engine.config import RunConfig
from engine.controls import Controls, Stop
from engine.errors import BadInput
from engine.events import Event
from engine.experiments import named
from engine.experiments.contract import Experiment
from engine.session import Session, Sink, is_foreseen, readable
from engine.store.checkpoint import Start
from engine.store.layout import writable_runs_directory
from engine.store.record import RecordError, RecordSink
from engine.text import clean
from tui.run_view import RunView, fold

SIGNALS_SEEN_WITHIN = 0.2  # seconds
Summarized = Callable[[RunView, str], RenderableType]
"""What is left of a run: from its view and the place of its record."""
UNREAD = Stop(reason="nobody reads the output any more")
HUNG_UP = Stop(interrupted=True, reason="the terminal hung up")


class Watch:
    """A sink that folds the events and shows them; when nobody can be shown them, the run ends."""

    def __init__(self, watcher: Watcher, controls: Controls, interrupts: Interrupts) -> None:
        self.view = RunView()
        self.unread = False
        self._watcher = watcher
        self._controls = controls
        self._interrupts = interrupts

    def report(self, text: str, done: float, total: float) -> None:
        """News of the preparation, which a signal ends here."""
        self._interrupts.check()
        self._show(lambda: self._watcher.prepare(text, done, total))

    def hold(self, text: str) -> None:
        """The run cannot go on for now, or ("") does again."""
        self._show(lambda: self._watcher.hold(text))

    def accept(self, event: Event) -> None:
        """Fold and show."""
        self.view = fold(event, self.view)
        self._show(lambda: self._watcher.show(event, self.view))

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._show(self._watcher.close)

    def _show(self, call: Callable[[], None]) -> None:
        try:
            call()
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EIO, None):
                raise
            discard(sys.stderr)
            self._watcher = Nothing()
            self.unread = True
            # A terminal that hangs up fails before its signal has come.
            self._controls.request(HUNG_UP if error.errno == errno.EIO else UNREAD)


@dataclass(frozen=True)
class Played:
    """A run that is over: what it showed, where its record lies, and what stood in its way."""

    session: Session
    view: RunView
    record: Path | None
    lines: JsonLines | None
    unread: bool


def train(config: RunConfig, output: Output) -> int:
    """Train to the end, recording the run; returns the exit code.

    Raises:
        BadInput: when the data cannot be used or nothing be recorded.
    """
    return run(named("train"), config, output, summary)


def resume(config: RunConfig, output: Output, saved: Callable[[], Start]) -> int:
    """Go on with the training run whose state is `saved()` to its end; returns the exit code.

    Raises:
        BadInput: when the state cannot be used or nothing be recorded.
    """
    return run(named("train"), config, output, summary, saved)


def run(
    experiment: Experiment,
    config: Struct,
    output: Output,
    summarized: Summarized,
    saved: Callable[[], Start] | None = None,
) -> int:
    """Run an experiment to its end, recording it; returns the exit code.

    Raises:
        BadInput: when it cannot run like this or not be recorded; then nothing was recorded.
    """
    stdout = take_stdout() if output.json else None
    played = play(experiment, config, partial(watcher_for, output), stdout=stdout, saved=saved)
    try:
        tell(played, output, summarized)
    except OutputError as error:
        return max(unwritten(error), code_of(played))
    return code_of(played)


def play(  # noqa: PLR0913
    experiment: Experiment,
    config: Struct,
    watcher: Callable[[], Watcher],
    *,
    stdout: int | None = None,
    recorded: bool = True,
    saved: Callable[[], Start] | None = None,
) -> Played:
    """Run an experiment to its end; its events go to the descriptor `stdout`, closed afterwards.

    Where it goes on from an earlier run, `saved()` gives the state.
    """
    controls = Controls()
    with Interrupts(controls) as interrupts:
        record = RecordSink(writable_runs_directory(), controls.recorded_in) if recorded else None
        unread = partial(controls.request, UNREAD)
        lines = JsonLines(stdout, unread) if stdout is not None else None
        watch = Watch(watcher(), controls, interrupts)
        controls.report, controls.held = watch.report, watch.hold
        sinks: list[Sink | None] = [record, watch, lines]

        def bound(desk: Controls) -> Iterator[Event]:
            return experiment.run(config, desk, **({"start": saved()} if saved else {}))

        session = Session(bound, controls, [sink for sink in sinks if sink is not None])
        session.start()
        # A second signal may reach another thread and would not wake this one from a longer wait.
        while not session.join(SIGNALS_SEEN_WITHIN):
            continue
    gone = watch.unread or (lines is not None and lines.unread)
    return Played(session, watch.view, record.directory if record else None, lines, gone)


def tell(played: Played, output: Output, summarized: Summarized) -> bool:
    """Print what is left of a run, if it began; False when nobody reads it."""
    if output.json or output.quiet or not played.view.started:
        return True
    return write(summarized(played.view, clean(str(played.record), 500)))


def code_of(played: Played) -> int:
    """The exit code of a run; what went wrong is said on standard error.

    Raises:
        BadInput: when that is why it has not begun.
    """
    session, lines = played.session, played.lines
    if session.finished is None:
        return _unprepared(session)
    if lines and lines.failure:
        return complain(f"standard output cannot be written: {lines.failure.strerror}")
    if session.error:
        return complain(readable(session.error), _trace(session))
    code = exits.OF_OUTCOME[session.finished.outcome]
    return complain(session.finished.detail) if code == exits.FAILED else code


def watcher_for(output: Output) -> Watcher:
    """How a run is shown."""
    console, progress = plain(stderr=True), output.progress
    if progress == "auto":
        off = output.json or output.quiet
        progress = "off" if off else "bar" if console.is_terminal else "lines"
    return {"bar": Bar, "lines": Lines}[progress](console) if progress != "off" else Nothing()


def _trace(session: Session) -> str:
    """The traceback of what nobody foresaw; "" where the sentence says it all."""
    return "" if is_foreseen(session.error) else session.trace


def _unprepared(session: Session) -> int:
    if isinstance(session.error, BadInput):
        raise session.error
    if isinstance(session.error, RecordError):
        raise BadInput(str(session.error)) from session.error
    if isinstance(session.error, KeyboardInterrupt):
        return exits.INTERRUPTED
    if is_foreseen(session.error) and session.error:
        return complain(readable(session.error))
    return complain("the run could not be prepared", session.trace)


def write(text: RenderableType) -> bool:
    """Print to standard output; False when nobody reads it any more.

    Raises:
        OutputError: when it cannot be written for another reason.
    """
    try:
        plain().print(text)
    except BrokenPipeError:
        discard(sys.stdout)
        return False
    return True


def unwritten(error: OutputError) -> int:
    """Say that standard output failed, and write no more to it; the exit code of failure."""
    discard(sys.stdout)
    return complain(str(error))


def complain(sentence: str, trace: str = "") -> int:
    """Say what went wrong, below the traceback of what nobody foresaw; the exit code of failure."""
    warn(f"{trace}mlp-tui: {clean(sentence, 2000)}\n")
    return exits.FAILED
