"""``mlp-tui replay``: a recorded run on the screen of a live one, from any moment, at any speed."""

from __future__ import annotations

from collections.abc import Sequence

from cli import exits
from cli.dashboard import need_screen
from cli.flags import Parser
from cli.loading import kept_for_good
from cli.settings import add_runs_directory, run_parser, use_runs_directory
from engine.config import RunConfig
from engine.store import catalogue
from engine.store.layout import runs_directory

ABOUT = """A recorded run on the screen of a live one, with all that it went on from: it opens at
the end, and the arrow keys go to any moment of it. A run under way is followed, and left alone.

RUN is an id, the beginning or the end of one, or a label; without it, the newest run."""


def main(words: Sequence[str]) -> int:
    """Open the screen of a recording; returns the exit code once it is left.

    Raises:
        BadInput: when there is no such run, it cannot be shown, or there is no terminal.
    """
    options = parser().read(words)
    use_runs_directory(options)
    need_screen("mlp-tui runs tells how a run stands")
    runs = runs_directory()
    run_id = catalogue.resolve(runs, options.run)
    with kept_for_good():
        from tui.app import DashboardApp, Replay
        from tui.replay.deck import Deck
        from tui.replay.no_link import NoLink

    opening = Replay(Deck(runs, run_id))
    app = DashboardApp(NoLink(), RunConfig(), autostart=False, opening=opening)
    app.run()
    return app.return_code or exits.COMPLETED


def parser() -> Parser:
    """The words of ``mlp-tui replay``."""
    made = run_parser("replay", ABOUT, default=catalogue.NEWEST)
    add_runs_directory(made)
    return made
