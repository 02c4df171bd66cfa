"""``mlp-tui train --detach``: a run in a session of its own from the start."""

from __future__ import annotations

import sys
import threading

from cli import exits
from cli.checks.logout import logout_warning
from cli.output import say
from engine.config import RunConfig
from engine.engine_socket import EngineGoneError
from engine.errors import BadInput
from engine.events import RunStarted
from engine.link import Lost, Progress, Refused, RunLink
from engine.store.layout import writable_runs_directory
from engine.text import clean

_LOOK = 0.02  # seconds between two looks at what the engine says


def train(config: RunConfig, *, quiet: bool = False, resumes: str = "") -> int:
    """Start the run, or resume that one, and leave it to itself; returns the exit code.

    Raises:
        BadInput: when the engine refuses it, or the directory of runs cannot be written.
    """
    from engine.process_link import ProcessLink

    runs = writable_runs_directory()
    try:
        link = ProcessLink(runs)
    except OSError as error:
        sys.stderr.write(f"mlp-tui: no engine process can be launched: {error.strerror}\n")
        return exits.FAILED
    started = False
    try:
        link.start(config, continues=resumes, resume=bool(resumes))
        run_id = begun(link, quiet=quiet)
        started = True
    except EngineGoneError as error:
        sys.stderr.write(f"mlp-tui: {clean(str(error), 500)}\n")
        return exits.FAILED
    finally:
        if started:
            link.detach()
        else:
            link.close()  # whatever it was about to do, nobody will ever see it
    tell_detached(run_id)
    return exits.COMPLETED


def begun(link: RunLink, *, quiet: bool) -> str:
    """Wait until the run that was asked for has begun; returns its id.

    Raises:
        BadInput: when it is refused.
        EngineGoneError: when the engine ends instead.
    """
    told = ""
    wait = threading.Event().wait
    while True:
        for news in link.drain():
            match news:
                case RunStarted():
                    return news.run_id
                case Refused(text):
                    raise BadInput(text)
                case Lost(text):
                    raise EngineGoneError(text)
                case Progress(text) if text != told and not quiet:
                    told = text
                    sys.stderr.write(f"{clean(text, 200)}\n")
        wait(_LOOK)


def tell_detached(*run_ids: str) -> None:
    """Say how to come back to runs that are left to themselves, and what may end them."""
    for run_id in run_ids:
        say(f"run {run_id} goes on by itself; mlp-tui attach {run_id} comes back to it\n")
    warning = logout_warning()
    if warning:
        sys.stderr.write(f"warning: {warning}\n")
