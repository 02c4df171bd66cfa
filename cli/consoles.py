"""Consoles that print text as it is: no markup, no highlighting, no emoji codes."""

from __future__ import annotations

from typing import Any, NoReturn

from rich.console import Console

from cli.output import OutputError

PLAIN_WIDTH = 120  # columns, where there is no terminal to ask


class _Plain(Console):
    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError  # rich would leave the process from here, and from any thread

    def print(self, *objects: Any, **options: Any) -> None:
        try:
            super().print(*objects, **options)
        except BrokenPipeError:
            raise
        except OSError as error:
            if self.stderr:
                raise
            raise OutputError(error) from error


def plain(*, stderr: bool = False) -> Console:
    """A console on standard output or standard error.

    Printing raises BrokenPipeError when its reader is gone, and OutputError when standard output
    cannot be written (a full disk, a terminal that hung up).
    """
    console = _Plain(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    return console
