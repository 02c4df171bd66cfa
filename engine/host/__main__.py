"""``python -m engine.host --socket PATH --runs DIR``: the engine as a process of its own."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

from engine.environment import settle
from engine.errors import BadInput
from engine.experiments import EXPERIMENTS
from engine.experiments.contract import Experiment
from engine.host.leftovers import occupied, sweep
from engine.host.loader import Loader
from engine.host.memory import give_back
from engine.host.private import clear, listen
from engine.host.run import Means
from engine.host.runner import Runner
from engine.host.server import Server
from engine.store.checkpoint import start_from
from engine.store.record import RecordSink


def main(
    words: Sequence[str] | None = None,
    experiments: Mapping[str, Experiment] | None = None,
    load: Callable[[], object] | None = None,
) -> int:
    """Serve until nobody needs the engine; returns the exit code (2: bad input)."""
    options = _parser().parse_args(words)
    if experiments is None:
        experiments = {experiment.name: experiment for experiment in EXPERIMENTS}
    try:
        with occupied(options.socket.parent):
            _serve(options, experiments, load or _load_torch)
    except BadInput as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _serve(
    options: argparse.Namespace,
    experiments: Mapping[str, Experiment],
    load: Callable[[], object],
) -> None:
    listener = listen(options.socket)
    sweep(options.socket)
    settle(os.environ)
    loader = Loader(load)
    server = Server(
        listener,
        lambda post: Runner(
            experiments,
            Means(
                sinks=lambda opened: [RecordSink(options.runs, opened, str(options.socket))],
                saved=partial(start_from, options.runs),
                post=post,
                tidy=give_back,
            ),
        ),
        _fetch,
        launcher=options.launcher,
        loading=loader.loading,
    )
    _catch_signals(server)
    try:
        server.serve()
    finally:
        listener.close()
        clear(options.socket)


def leave(code: int) -> NoReturn:
    """End this process at once: every record is closed, and taking torch down takes a second."""
    sys.stderr.flush()
    os._exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine.host", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="where to be reached")
    parser.add_argument("--runs", type=Path, required=True, help="directory of the runs")
    parser.add_argument("--launcher", type=int, default=0, help="end when this parent is gone")
    return parser


def _catch_signals(server: Server) -> None:
    """TERM and INT end the run in order, a second one at once; a hangup changes nothing."""
    came: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if came:
            os._exit(128 + number)
        came.append(number)
        server.terminate()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _load_torch() -> None:
    import engine.training.run  # noqa: F401


def _fetch(data: str, data_dir: str, report: Callable[[str, float, float], None]) -> object:
    from engine.data.fetching import fetch

    return fetch(data, data_dir, report)


if __name__ == "__main__":
    leave(main())
