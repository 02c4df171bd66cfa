"""What a command without a screen writes, and the flags that say so."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TextIO

from msgspec import Struct

from cli.flags import Parser

PROGRESS = ("auto", "bar", "lines", "off")


class OutputError(Exception):
    """Standard output cannot be written, and why; not for want of a reader."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"standard output cannot be written: {error.strerror or error}")


def fill_closed() -> None:
    """Open what the caller has closed of the standard streams, before a file takes its number.

    Writing to standard output fails then as it should; what is said on standard error is lost.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest number that is free is this one: those below it are open by now.
            os.open(os.devnull, os.O_WRONLY if name == "stderr" else os.O_RDONLY)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def say(text: str) -> None:
    """Write to standard output at once.

    Raises:
        BrokenPipeError: when nobody reads it any more.
        OutputError: when it cannot be written for another reason.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(error) from error


def warn(text: str) -> None:
    """Write to standard error at once; where nobody reads it, the exit code must do."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        discard(sys.stderr)


def discard(stream: TextIO) -> None:
    """Nobody is reached on a standard stream: what is still buffered must not fail at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class Output(Struct, frozen=True):
    """Events (`json`), next to nothing (`quiet`), or progress (one of PROGRESS) and a summary."""

    json: bool = False
    quiet: bool = False
    progress: str = "auto"


def add_output_flags(parser: Parser) -> None:
    """The flags that `output_from` reads."""
    parser.add_argument(
        "--json", action="store_true", help="write the run's events to standard output, one a line"
    )
    parser.add_argument("--quiet", action="store_true", help="write nothing but what went wrong")
    parser.add_argument(
        "--progress",
        choices=PROGRESS,
        default="auto",
        metavar="HOW",
        help="bar, lines (a few, for logs), off, or auto (the default): a bar on a terminal, "
        "lines elsewhere, off with --json",
    )


def output_from(options: argparse.Namespace) -> Output:
    """What was asked for."""
    return Output(options.json, options.quiet, options.progress)
