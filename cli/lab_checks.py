"""``mlp-tui lab NAME --check``: every claim of an experiment, at the settings that test it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from cli import exits
from cli.consoles import plain
from cli.headless import Played, complain, play, watcher_for, write
from cli.json_lines import take_stdout
from cli.lab_summary import claims_table, signed
from cli.output import Output
from cli.progress import Bar, Nothing, Watcher
from cli.settings import full_pace
from engine.errors import BadInput
from engine.events import ClaimChecked, Event
from engine.experiments.contract import Experiment
from engine.schema import differences
from engine.session import readable
from engine.text import clean
from tui.lab.figures import claim_rows
from tui.run_view import RunView
from tui.widgets.claim_table import ClaimRow, counted

Clock = Callable[[], float]


@dataclass(frozen=True)
class Verdict:
    """What came of an experiment's checks: each one's claims, and why it went no further."""

    experiment: Experiment
    claims: Sequence[Sequence[ClaimRow]]
    seconds: float
    complaint: str = ""
    interrupted: bool = False
    unread: bool = False

    @property
    def rows(self) -> list[ClaimRow]:
        """All claims."""
        return [row for rows in self.claims for row in rows]

    @property
    def holds(self) -> bool:
        """Whether every check ran to its end, something was claimed, and all of it holds."""
        return not self.complaint and bool(self.rows) and self._sound

    @property
    def failed(self) -> bool:
        """Whether it does not hold for another reason than that nobody read to its end."""
        return not (self.holds or (self.unread and self._sound))

    @property
    def _sound(self) -> bool:
        return all(row.holds for row in self.rows)


class Tally:
    """A watcher that keeps the claims, and leaves showing to another one."""

    def __init__(self) -> None:
        self.claims: list[ClaimChecked] = []
        self._shown: Watcher = Nothing()

    def over(self, watcher: Callable[[], Watcher]) -> Tally:
        """This one, with another one made to show."""
        self._shown = watcher()
        return self

    def prepare(self, text: str, done: float, total: float) -> None:
        """Have it shown."""
        self._shown.prepare(text, done, total)

    def hold(self, text: str) -> None:
        """Pass it on."""
        self._shown.hold(text)

    def show(self, event: Event, view: RunView) -> None:
        """Keep a claim, and have it shown."""
        if isinstance(event, ClaimChecked):
            self.claims.append(event)
        self._shown.show(event, view)

    def close(self) -> None:
        """Have it closed."""
        self._shown.close()


def check(
    experiments: Sequence[Experiment],
    output: Output,
    *,
    whole: bool,
    clock: Clock = time.perf_counter,
) -> int:
    """Check the experiments in turn, and print a line for each; 0 only if every claim holds.

    Where nobody reads any more it ends, as if no more had been asked for. With `whole` all claims
    are listed, otherwise those that do not hold. Nothing is recorded.
    """
    stdout = take_stdout() if output.json else None  # what is printed goes to stderr then
    verdicts: list[Verdict] = []
    for experiment in experiments:
        verdict = checked(experiment, output, stdout, clock)
        verdicts.append(verdict)
        silent = output.quiet and verdict.holds
        read = silent or write(_report(verdict, whole=whole))
        if verdict.interrupted:
            return exits.INTERRUPTED
        if verdict.unread or not read:
            break
    else:
        _tell_total(verdicts, output)
    sound = bool(verdicts) and not any(verdict.failed for verdict in verdicts)
    return exits.COMPLETED if sound else exits.FAILED


def checked(experiment: Experiment, output: Output, stdout: int | None, clock: Clock) -> Verdict:
    """Run an experiment's checks to their end, or to the first that does not get there."""
    began = clock()
    claims: list[list[ClaimRow]] = []
    for settings in experiment.checks:
        tally = Tally()
        played = play(
            experiment,
            msgspec.structs.replace(settings, **full_pace(type(settings))),
            partial(tally.over, partial(_watcher, output)),
            stdout=None if stdout is None else os.dup(stdout),
            recorded=False,
        )
        # by number: a run that claims the same thing twice must not hide the first answer
        numbered = {str(number): claim for number, claim in enumerate(tally.claims)}
        claims.append(claim_rows(RunView(claims=numbered)))
        complaint = _complaint(played)
        if complaint:
            interrupted = _interrupted(played)
            unread = played.unread and _outcome(played) == "stopped"
            return Verdict(experiment, claims, clock() - began, complaint, interrupted, unread)
    return Verdict(experiment, claims, clock() - began)


def _watcher(output: Output) -> Watcher:
    console = plain(stderr=True)
    if output.progress != "auto":
        return watcher_for(output)
    shown = console.is_terminal and not (output.json or output.quiet)
    return Bar(console, transient=True) if shown else Nothing()


def _complaint(played: Played) -> str:
    """Why a check did not run to its end; "" when it did."""
    session, lines = played.session, played.lines
    if lines and lines.failure:
        return f"standard output cannot be written: {lines.failure.strerror}"
    if session.error and not isinstance(session.error, BadInput | KeyboardInterrupt):
        complain(readable(session.error), session.trace)
    if session.error:
        return clean(readable(session.error), 500)
    if session.finished is None:
        return "it told nothing"
    outcome, detail = session.finished.outcome, session.finished.detail
    return "" if outcome == "completed" else f"{outcome}: {clean(detail, 500)}"


def _interrupted(played: Played) -> bool:
    asked = _outcome(played) == "interrupted"
    return asked or isinstance(played.session.error, KeyboardInterrupt)


def _outcome(played: Played) -> str:
    finished = played.session.finished
    return finished.outcome if finished else ""


def _report(verdict: Verdict, *, whole: bool) -> RenderableType:
    return Group(*_parts(verdict, whole))


def _parts(verdict: Verdict, whole: bool) -> Iterator[RenderableType]:
    experiment = verdict.experiment
    for number, rows in enumerate(verdict.claims if whole else (), 1):
        changed = differences(experiment.config(), experiment.checks[number - 1])
        settings = ", ".join(f"{name} {value}" for name, _, value in changed) or "defaults"
        yield claims_table(rows, f"check {number} of {len(experiment.checks)}: {settings}")
    found = verdict.complaint or counted(verdict.rows) or "checks nothing"
    line = Text.assemble(signed(verdict.holds), f" {experiment.name:<16} ")
    yield line.append(f"{found:<24} {verdict.seconds:6.1f} s")
    broken = [row for row in verdict.rows if not row.holds]
    if broken and not whole:
        yield claims_table(broken, "do not hold")


def _tell_total(verdicts: Sequence[Verdict], output: Output) -> None:
    if len(verdicts) > 1 and not output.quiet:
        write(_total(verdicts))


def _total(verdicts: Sequence[Verdict]) -> RenderableType:
    sound = all(verdict.holds for verdict in verdicts)
    found = counted([row for verdict in verdicts for row in verdict.rows])
    seconds = sum(verdict.seconds for verdict in verdicts)
    line = Text.assemble(signed(sound), f" {'total':<16} ")
    return line.append(f"{found:<24} {seconds:6.1f} s")
