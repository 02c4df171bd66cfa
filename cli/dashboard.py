"""Bare ``mlp-tui``: the dashboard, over an engine in a process of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from cli import exits
from cli.checks.logout import logout_warning
from cli.checks.terminal import CURSORLESS
from cli.flags import Parser
from cli.loading import kept_for_good
from cli.output import say, warn
from cli.settings import add_run_flags, config_from, shown_instead, use_runs_directory
from engine.config import FILE_ENDINGS, RunConfig
from engine.data.names import resolve
from engine.errors import BadInput
from engine.link import RunLink
from engine.paths import in_home
from engine.text import clean

if TYPE_CHECKING:
    from tui.leaving import Leaving

COMMANDS = """commands:
  mlp-tui [flags]          train and watch it live
  mlp-tui train [flags]    the same run without a screen; --json writes its events
  mlp-tui attach [RUN]     the dashboard of a run that goes on by itself, its past included
  mlp-tui resume [RUN]     go on with a run that was interrupted, bit for bit
  mlp-tui replay [RUN]     a recorded run on the same screen, at any moment and any speed
  mlp-tui lab [NAME]       experiments beside their theory; --list names them, --check tests them
  mlp-tui runs             what was recorded; rm, label and note say what to do with a run
  mlp-tui export [RUN]     a run as tables, a picture or a page: --to csv, parquet, html ...
  mlp-tui doctor           what will work here and what will not"""


def main(words: Sequence[str]) -> int:
    """Open the dashboard; returns the exit code once it is left.

    Raises:
        BadInput: when a flag or file cannot be used, or there is no terminal; no screen opens.
    """
    options = parser().read(words)
    text = own_version() if options.version else shown_instead(options)
    if text is not None:
        say(text)
        return exits.COMPLETED
    config = config_from(options)
    check_data(config)
    need_screen("mlp-tui train does the same run without")
    use_runs_directory(options)
    return open_app(config)


def parser() -> Parser:
    """The flags of the dashboard."""
    made = Parser(
        "mlp-tui",
        "A laboratory for training dynamics that lives in a terminal.\n\n" + COMMANDS,
        exits.described(),
    )
    made.add_argument("--version", action="store_true", help="show the version and exit")
    add_run_flags(made)
    return made


def open_app(config: RunConfig, *, lab: str | None = None, settings: Struct | None = None) -> int:
    """Open the screen on a run of `config`; returns the exit code once it is left.

    With `lab` it opens in the laboratory: on the experiment of that name, with these settings,
    or on the catalogue ("").
    """
    from engine.process_link import ProcessLink

    try:
        link = ProcessLink()  # the engine begins to load torch while the screen is drawn
    except OSError as error:
        sys.stderr.write(f"mlp-tui: no engine process can be launched: {error.strerror}\n")
        return exits.FAILED
    return show(link, config, lab, settings, autostart=True)


def show(  # noqa: PLR0913
    link: RunLink,
    config: RunConfig,
    lab: str | None = None,
    settings: Struct | None = None,
    *,
    autostart: bool = False,
    resumes: str = "",
    visitor: bool = False,
) -> int:
    """Open the screen on a link that may be asked to resume a run; returns the exit code.

    A dropped line ends the screen alone, and so does who detaches: the run goes on to its end.
    So it does where the screen has failed; and a `visitor` to a run that was under way without
    this program ends it by no signal either, but by a person's own word.
    """
    try:
        with kept_for_good():
            from tui.app import DashboardApp, Opening

        opening = None if lab is None else Opening(lab, settings)
        warning = logout_warning() if link.can_detach else ""
        app = DashboardApp(
            link, config, opening=opening, autostart=autostart, warning=warning, resumes=resumes
        )
    except BaseException:  # no screen, and so nobody whom the engine could serve
        (link.detach if visitor else link.close)()
        raise
    try:
        app.run()
    finally:
        part(app, link, visitor=visitor)
    return app.return_code or exits.COMPLETED


def part(app: Leaving, link: RunLink, *, visitor: bool = False) -> None:
    """End the engine of an app that is over, or leave it to its work and tell what goes on."""
    if not app.lets_go(visitor=visitor):
        link.close()
        return
    link.detach()
    if app.detached:
        from cli.detached import tell_detached

        tell_detached(*app.detached)
    elif app.own_run and not app.hung_up:
        run = app.own_run
        warn(f"mlp-tui: run {run} goes on without this screen; mlp-tui attach {run} opens one\n")


def need_screen(remedy: str) -> None:
    """Refuse to go on where no screen can be opened.

    Raises:
        BadInput: with what is in the way, and the `remedy`.
    """
    obstacle = no_screen()
    if obstacle:
        raise BadInput(f"{obstacle}; {remedy}")


def no_screen() -> str:
    """Why no screen can be opened; "" when one can."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "the dashboard needs a terminal"
    if not sys.stderr.isatty():
        return "the dashboard is drawn on standard error, which is not a terminal"
    if os.environ.get("TERM", "") in CURSORLESS:
        return f"the dashboard moves the cursor, and TERM={os.environ['TERM']} says that it cannot"
    return ""


def check_data(config: RunConfig) -> None:
    """Refuse data that no run could read, before a screen opens.

    Raises:
        BadInput: when `data` is no known name, or a file that is not there.
    """
    name = resolve(config.data)
    # os.path, for pathlib raises where a name is longer than any may be
    if name.lower().endswith(FILE_ENDINGS) and not os.path.isfile(in_home(name)):  # noqa: PTH113
        raise BadInput(f"data = {clean(name, 500)}: there is no such file")


def own_version() -> str:
    """The line that ``--version`` shows."""
    from importlib.metadata import PackageNotFoundError, version  # 20 ms that only this needs

    try:
        return f"mlp-tui {version('mlp-tui')}\n"
    except PackageNotFoundError:
        return "mlp-tui, not installed: running from a checkout\n"
