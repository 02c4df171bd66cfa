"""What the keys of the list of runs do, besides moving in it."""

from __future__ import annotations

from typing import Protocol

from engine.errors import BadInput
from engine.events import Level
from engine.store.catalogue import Entry
from engine.text import clean
from tui.capabilities import Capabilities
from tui.ghosts import MOST
from tui.runs.browser import Browser
from tui.runs.details import farewell
from tui.runs.differences import differences
from tui.runs.keeper import Curves, Keeper
from tui.screens.backdrop import Backdrop
from tui.screens.question import Prompt, Question
from tui.screens.quit import Answer


class Stage(Protocol):
    """Where runs are shown."""

    @property
    def terminal(self) -> Capabilities:
        """What the terminal can show."""

    @property
    def shown_run(self) -> str:
        """The id of the run that is on screen behind the list; "" when there is none."""

    def open_run(self, run: Entry) -> None:
        """Show a run; raises BadInput when it cannot be shown."""

    def overlay(self, curves: Curves, told: str, level: Level) -> None:
        """Draw these runs' curves behind the one on screen."""

    def show_dashboard(self) -> None:
        """Close the list, and what lies between it and the run on screen."""

    def leave_runs(self) -> None:
        """Back to where the list was opened."""


class ListOfRuns(Backdrop):
    """The screen as its actions need it."""

    browser: Browser


class RunActions:
    """Each raises BadInput when it cannot be done now."""

    def __init__(self, screen: ListOfRuns, stage: Stage, keeper: Keeper) -> None:
        self._screen, self._stage, self._keeper = screen, stage, keeper

    def do_open(self) -> None:
        """Show the run under the cursor."""
        self._stage.open_run(self._current)

    def do_overlay(self) -> None:
        """Draw the chosen runs' curves behind the one on screen."""
        chosen = self._screen.browser.chosen
        fit = [run for run in chosen if run.summary.experiment == "train"]
        if not fit:
            told = f"{chosen[0].name} is" if len(chosen) == 1 else f"these {len(chosen)} runs are"
            raise BadInput(f"{told} of the laboratory: there is no loss and accuracy by step")
        others = [run for run in fit if run.run_id != self._stage.shown_run]
        if not others:
            raise BadInput(f"{fit[0].name} is the run on screen already")
        if len(others) > MOST:
            raise BadInput(f"{len(others)} runs are marked: {MOST} at most can be told apart")
        self._keeper.fetch(others)

    def do_compare(self) -> None:
        """Show where the chosen runs differ; a single one is held against that on screen."""
        from tui.screens.differences import DifferencesScreen

        chosen = self._screen.browser.marked
        for other in (self._screen.browser.current, self._on_screen):
            if len(chosen) < 2 and other and other.run_id not in [run.run_id for run in chosen]:
                chosen = [*chosen, other]
        if len(chosen) < 2:
            raise BadInput("mark two runs or more to see in which settings they differ")
        self._screen.app.push_screen(DifferencesScreen(differences(chosen)))

    def do_details(self) -> None:
        """All that is known of the run, its settings too."""
        from tui.screens.run_details import RunDetails

        self._screen.app.push_screen(RunDetails(self._current))

    def do_rename(self) -> None:
        """Ask for a label."""
        run = self._current
        about = f"A label for {run.run_id}; an empty one gives it its id back."
        self._screen.app.push_screen(
            Prompt(
                "rename",
                about,
                clean(run.about.label, 1000),
                lambda text, *told: self._keeper.describe(run.run_id, *told, label=text),
            )
        )

    def do_note(self) -> None:
        """Ask for a line about the run."""
        run = self._current
        self._screen.app.push_screen(
            Prompt(
                "note",
                f"A line about {run.name}.",
                clean(run.about.note, 4000),
                lambda text, *told: self._keeper.describe(run.run_id, *told, note=text),
            )
        )

    def do_delete(self) -> None:
        """Delete the chosen runs, once a person has said so."""
        chosen = self._screen.browser.chosen
        for run in chosen:
            if run.live:
                raise BadInput(f"run {run.name} is under way: stop it first; nothing was deleted")

        def take(answer: Answer | None) -> None:
            if answer == "end":
                self._keeper.delete(chosen)

        text = farewell(chosen, 0 if self._screen.has_class("tiny") else 8)
        self._screen.app.push_screen(Question(text, "delete", "Delete"), take)

    def do_theme(self) -> None:
        """Dark or light."""
        self._screen.app.do_theme()  # type: ignore[attr-defined]

    def do_help(self) -> None:
        """The list of keys."""
        from tui.screens.run_details import RunsHelp

        self._screen.app.push_screen(RunsHelp())

    def do_quit(self) -> None:
        """Leave the program."""
        self._screen.app.do_quit()  # type: ignore[attr-defined]

    @property
    def _current(self) -> Entry:
        current = self._screen.browser.current
        if current is None:
            raise BadInput("no run is listed")
        return current

    @property
    def _on_screen(self) -> Entry | None:
        """The run behind the list, where it is listed."""
        runs = (one.entry for one in self._screen.browser.reading.runs)
        return next((run for run in runs if run.run_id == self._stage.shown_run), None)
