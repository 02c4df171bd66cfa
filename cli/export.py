"""``mlp-tui export``: a run's record as files that other programs read."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import TYPE_CHECKING

from cli import exits
from cli.flags import Parser
from cli.output import say
from cli.settings import add_runs_directory, run_parser, use_runs_directory
from engine.errors import BadInput, did_you_mean
from engine.export import earlier
from engine.export.earlier import Marked, no_file
from engine.paths import in_home
from engine.store import catalogue
from engine.store.layout import runs_directory
from engine.text import clean

if TYPE_CHECKING:
    from engine.export.source import Report, Source

ABOUT = """What a run has recorded, as files for other programs. RUN is an id, the beginning or
the end of one, a label, or "last" (the default); the runs that it goes on from belong to it. A run
that is under way is exported as it stands.

  csv          a directory of tables: steps, vitals, epochs, matrices, histograms, controls,
               claims, series, predictions and what else there is, with run.json about the run.
               Numbers are exact; NaN, Infinity and -Infinity are spelled so. Text that a
               spreadsheet would take for a formula has an apostrophe before it. Under a schedule
               the learning rate is told for the last step of each recorded block.
  parquet      the same tables as Parquet files (needs pyarrow)
  tensorboard  a directory with an event file (needs tensorboardX): float32
  jsonl        the events themselves, one JSON object a line
  svg          a picture of the screen as the run ended
  html         a page with the picture, the tables and the settings, which loads nothing"""
_SMALLEST, _LARGEST = (40, 12), (500, 200)


@dataclass(frozen=True)
class Form:
    """A form of export: a directory or a file, by whom it is written, by what such a file is
    known again, and which flags it knows.
    """

    ending: str
    directory: bool
    write: Callable[[Source, Path, argparse.Namespace], None]
    marked: Marked = no_file
    flags: tuple[str, ...] = ()


def main(words: Sequence[str]) -> int:
    """Export as the flags say; returns the exit code.

    Raises:
        BadInput: when there is no such run or form, or something is in the way.
    """
    options = parser().read(words)
    form = _form(options)
    use_runs_directory(options)
    runs = runs_directory()
    run_id = catalogue.resolve(runs, options.run)
    target = _target(options.out) if options.out else _default(run_id, options.to, form)
    from engine.export.staging import check, explained, keep_out

    keep_out(target, runs)
    check(target, directory=form.directory, force=options.force, marked=form.marked)
    try:
        source = _export(runs, run_id, target, form, options)
    except OSError as error:
        reason = clean(explained(error), 500)
        sys.stderr.write(f"mlp-tui: nothing was exported: {reason}\n")
        return exits.FAILED
    _tell(source, target)
    return exits.COMPLETED


def parser() -> Parser:
    """The words of ``mlp-tui export``."""
    flags = "--to FORM [--out PATH] [flags]"
    made = run_parser("export", ABOUT, default=catalogue.NEWEST, flags=flags)
    made.add_argument("--to", metavar="FORM", default="", help="one of " + ", ".join(FORMS))
    made.add_argument(
        "--out",
        metavar="PATH",
        default="",
        help="where to; else named by the run, in the current directory",
    )
    made.add_argument("--force", action="store_true", help="replace an earlier export at PATH")
    made.add_argument(
        "--every",
        metavar="N",
        help="tensorboard: only the steps that N divides (a file of many steps takes a while)",
    )
    made.add_argument(
        "--size", metavar="COLUMNSxROWS", help="svg, html: the screen's size [default: 120x36]"
    )
    made.add_argument("--theme", metavar="NAME", help="svg, html: dark or light [default: dark]")
    add_runs_directory(made)
    return made


def _form(options: argparse.Namespace) -> Form:
    """The form that was asked for.

    Raises:
        BadInput: when there is no such form, or a flag is another form's.
    """
    if options.to not in FORMS:
        what = f"there is no form {clean(options.to)!r}" if options.to else "--to is missing"
        hint = did_you_mean(options.to, FORMS)
        raise BadInput(f"{what}{hint}: --to takes one of {', '.join(FORMS)}")
    form = FORMS[options.to]
    for flag in ("every", "size", "theme"):
        if getattr(options, flag) is not None and flag not in form.flags:
            raise BadInput(f"--{flag} says nothing about --to {options.to}: leave it out")
    _every(options)
    _size(options)
    _theme(options)
    return form


def _target(out: str) -> Path:
    """Where a person wants the export.

    Raises:
        BadInput: for what elsewhere means standard output.
    """
    if out == "-":
        raise BadInput("--out -: an export is not written to standard output; give it a name")
    return in_home(out)


def _default(run_id: str, to: str, form: Form) -> Path:
    return Path(f"{run_id}-{to}" if form.directory else f"{run_id}{form.ending}")


def _export(
    runs: Path, run_id: str, target: Path, form: Form, options: argparse.Namespace
) -> Source:
    from engine.export.source import surveyed
    from engine.export.staging import staged

    # Under nohup the export is to outlive its terminal.
    heard = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, _leave) for number in heard}
    with _Progress() as report:
        try:
            source = surveyed(runs, run_id, report("reading"))
            source = source.reporting(report("writing"))
            with staged(
                target, directory=form.directory, force=options.force, marked=form.marked
            ) as place:
                form.write(source, place, options)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    return source


_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def _leave(number: int, frame: FrameType | None) -> None:
    """A signal ends the export as ctrl+c does: nothing half-written is left."""
    raise KeyboardInterrupt


class _Progress:
    """How far an export has come, on a terminal."""

    def __enter__(self) -> Callable[[str], Report]:
        from cli.consoles import plain
        from cli.progress import Bar, Nothing

        console = plain(stderr=True)
        self._shown = Bar(console, transient=True) if console.is_terminal else Nothing()
        return lambda what: lambda done, total: self._shown.prepare(what, done, total)

    def __exit__(self, *_: object) -> None:
        self._shown.close()


def _tell(source: Source, target: Path) -> None:
    from tui.export.words import damage_words

    where = clean(str(target), 500)
    if source.damage:
        sys.stderr.write(f"warning: {damage_words(source)}; what is whole was exported\n")
    if source.entry.live:
        sys.stderr.write(
            f"run {source.entry.run_id} is under way: "
            f"{where} is what it was at step {source.standing.step:,}\n"
        )
    say(f"{where}\n")


def _every(options: argparse.Namespace) -> int:
    given = "1" if options.every is None else options.every
    if not re.fullmatch(r"[0-9]{1,9}", given) or int(given) < 1:
        raise BadInput(f"--every {clean(given)}: a whole number from 1 on was expected")
    return int(given)


def _size(options: argparse.Namespace) -> tuple[int, int]:
    given = "120x36" if options.size is None else options.size
    found = re.fullmatch(r"([0-9]{1,4})[x×]([0-9]{1,4})", given)
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    fits = (low <= n <= high for low, n, high in zip(_SMALLEST, size, _LARGEST, strict=True))
    if not all(fits):
        least, most = ("x".join(map(str, each)) for each in (_SMALLEST, _LARGEST))
        raise BadInput(f"--size {clean(given)}: COLUMNSxROWS from {least} to {most} was expected")
    return size


def _theme(options: argparse.Namespace) -> str:
    given = "dark" if options.theme is None else str(options.theme)
    if given not in ("dark", "light"):
        raise BadInput(f"--theme {clean(given)}: dark or light was expected")
    return given


def _csv(source: Source, place: Path, options: argparse.Namespace) -> None:
    from engine.export.csv_files import write_csv

    write_csv(source, place)


def _parquet(source: Source, place: Path, options: argparse.Namespace) -> None:
    from engine.export.parquet_files import write_parquet

    write_parquet(source, place)


def _tensorboard(source: Source, place: Path, options: argparse.Namespace) -> None:
    from engine.export.tensorboard_files import write_tensorboard

    write_tensorboard(source, place, _every(options))


def _json_lines(source: Source, place: Path, options: argparse.Namespace) -> None:
    from engine.export.json_lines import write_json_lines

    write_json_lines(source, place)


def _svg(source: Source, place: Path, options: argparse.Namespace) -> None:
    from tui.export.picture import Look, write_svg

    with _coloured():
        write_svg(source, place, Look(_size(options), _theme(options)))


def _html(source: Source, place: Path, options: argparse.Namespace) -> None:
    from tui.export.page import write_html
    from tui.export.picture import Look

    with _coloured():
        write_html(source, place, Look(_size(options), _theme(options)))


@contextmanager
def _coloured() -> Iterator[None]:
    """NO_COLOR is meant for the terminal, not for a file."""
    wanted = os.environ.pop("NO_COLOR", None)
    try:
        yield
    finally:
        if wanted is not None:
            os.environ["NO_COLOR"] = wanted


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "csv": Form("", True, _csv),
        "parquet": Form("", True, _parquet),
        "tensorboard": Form("", True, _tensorboard, flags=("every",)),
        "jsonl": Form(".jsonl", False, _json_lines, earlier.json_lines),
        "svg": Form(".svg", False, _svg, earlier.svg, ("size", "theme")),
        "html": Form(".html", False, _html, earlier.html, ("size", "theme")),
    }
)
