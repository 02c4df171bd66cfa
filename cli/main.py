"""The entry point ``mlp-tui``: finds the command, and turns bad input into a sentence."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from cli import exits
from cli.output import OutputError, discard, fill_closed, say, warn
from cli.settings import readable_words
from engine.environment import settle
from engine.errors import BadInput, did_you_mean
from engine.text import clean
from tui.capabilities import recall_colors

LONGEST_SENTENCE = 2000  # characters


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that was typed; returns its exit code."""
    fill_closed()
    settle(os.environ)  # for torch in this process, or in the engine's
    recall_colors(os.environ)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a sign the terminal lacks must not end a run
    try:
        return _written(readable_words(sys.argv[1:] if arguments is None else arguments))
    except BadInput as error:
        warn(f"mlp-tui: {clean(str(error), LONGEST_SENTENCE)}\n")
        return exits.BAD_INPUT
    except OutputError as error:
        from cli.headless import unwritten

        return unwritten(error)
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except BrokenPipeError:
        discard(sys.stdout)  # the reader has seen enough (`| head`)
        return exits.COMPLETED


def _written(words: Sequence[str]) -> int:
    """Run the command; what it has said is written out, also where it leaves after its help."""
    try:
        return _run(words)
    finally:
        say("")


def _run(words: Sequence[str]) -> int:
    if words and not words[0].startswith("-"):
        if words[0] not in COMMANDS:
            hint = did_you_mean(words[0], COMMANDS)
            raise BadInput(f"unknown command {words[0]!r}{hint} (see mlp-tui --help)")
        return COMMANDS[words[0]](words[1:])
    return _dashboard(words)


def _train(words: Sequence[str]) -> int:
    from cli import train

    return train.main(words)


def _lab(words: Sequence[str]) -> int:
    from cli import lab

    return lab.main(words)


def _attach(words: Sequence[str]) -> int:
    from cli import attach

    return attach.main(words)


def _resume(words: Sequence[str]) -> int:
    from cli import resume

    return resume.main(words)


def _replay(words: Sequence[str]) -> int:
    from cli import replay

    return replay.main(words)


def _runs(words: Sequence[str]) -> int:
    from cli import runs

    return runs.main(words)


def _export(words: Sequence[str]) -> int:
    from cli import export

    return export.main(words)


def _doctor(words: Sequence[str]) -> int:
    from cli import doctor

    return doctor.main(words)


def _dashboard(words: Sequence[str]) -> int:
    from cli import dashboard

    return dashboard.main(words)


COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = MappingProxyType(
    {
        "train": _train,
        "attach": _attach,
        "replay": _replay,
        "resume": _resume,
        "lab": _lab,
        "runs": _runs,
        "export": _export,
        "doctor": _doctor,
    }
)
