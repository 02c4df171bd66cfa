"""``mlp-tui attach``: the dashboard of a run under way, its past and its steering included."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from cli.dashboard import need_screen, show
from cli.flags import Parser
from cli.settings import add_runs_directory, run_parser, use_runs_directory
from engine.config import RunConfig
from engine.errors import BadInput
from engine.experiments import EXPERIMENTS
from engine.store import catalogue
from engine.store.head import head_of
from engine.store.layout import runs_directory

ABOUT = """The dashboard of a run that is under way: left to itself, its line dropped, or open
elsewhere.

RUN is an id, the beginning or the end of one, or a label; without it,
the newest run that can be attached."""


def main(words: Sequence[str]) -> int:
    """Open the screen of a run that is under way; returns the exit code once it is left.

    Raises:
        BadInput: when there is no such run, it has ended, or there is no terminal.
    """
    options = parser().read(words)
    use_runs_directory(options)
    need_screen("mlp-tui runs tells how a run stands")
    runs = runs_directory()
    run_id = catalogue.resolve(runs, options.run) if options.run else newest_live(runs)
    from engine.process_link import attached

    link = attached(runs, run_id)
    head = head_of(runs / run_id)
    return show(link, *settings(head.experiment, head.config), visitor=True)


def parser() -> Parser:
    """The words of ``mlp-tui attach``."""
    made = run_parser("attach", ABOUT)
    add_runs_directory(made)
    return made


def newest_live(runs: Path) -> str:
    """The newest run that is under way in an engine.

    Raises:
        BadInput: when there is none.
    """
    for directory in catalogue.newest(runs):
        if catalogue.is_under_way(directory) and head_of(directory).address:
            return directory.name
    raise BadInput("no run is under way that can be attached (mlp-tui runs lists them)")


def settings(
    experiment: str, config: dict[str, object]
) -> tuple[RunConfig, str | None, msgspec.Struct | None]:
    """A recorded run's settings as the screen takes them: of training, or of an experiment.

    Raises:
        BadInput: when this version knows no such experiment, or not these settings.
    """
    kinds = {known.name: known.config for known in EXPERIMENTS}
    if experiment not in kinds:
        raise BadInput(f"this version has no experiment {experiment!r}")
    try:
        settings = msgspec.convert(config, kinds[experiment])
    except msgspec.ValidationError as error:
        raise BadInput(f"the run's settings are of another version: {error}") from error
    if isinstance(settings, RunConfig):
        return settings, None, None
    return RunConfig(), experiment, settings
