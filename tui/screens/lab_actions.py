"""What the keys of an experiment on screen do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.visual import VisualType

from engine import controls
from engine.errors import BadInput
from engine.events import Level
from engine.experiments.contract import Experiment
from engine.schema import Field
from tui.capabilities import Capabilities
from tui.commands import pace_words
from tui.hub import Hub
from tui.keymap import RECORDED
from tui.lab import words
from tui.lab.state import Lab
from tui.last_said import LastSaid
from tui.screens.backdrop import Backdrop
from tui.screens.lab_panels import LabPanels


class LabActions(Backdrop):
    """Each raises BadInput when it cannot be done now; `say` keeps what is to be told of it."""

    def __init__(
        self,
        lab: Lab,
        hub: Hub,
        experiment: Experiment,
        terminal: Capabilities,
        log_place: Callable[[str], str],
    ) -> None:
        super().__init__()
        self.experiment = experiment
        self._lab, self._hub = lab, hub
        self._terminal = terminal
        self._log_place = log_place
        self._said = LastSaid()

    def echo(self) -> None:
        """Show what was said, and what else is cheap and answers a key."""
        raise NotImplementedError

    def say(self, text: str, level: Level = "info") -> None:
        """Answer a key on the log's line; the run's next own line takes its place."""
        self._said.answer((text, level), self._lab.results[self.experiment.name].view)

    def do_pause(self) -> None:
        """Pause or go on."""
        hold = self._lab.toggle_pause(self.experiment.name)
        self.say("pausing…" if hold else "going on…")

    def do_step(self) -> None:
        """One step from a pause."""
        self._lab.step(self.experiment.name, 1)
        self.say("one step…")

    def do_step_back(self) -> None:
        """One step back."""
        self._lab.step(self.experiment.name, -1)
        self.say("one step back…")

    def do_restart(self) -> None:
        """The same settings again."""
        self.say("the same settings again")
        self._start()

    def do_stop(self) -> None:
        """End the experiment."""
        self._lab.send(controls.Stop())
        self.say("stopping…")

    def do_faster(self) -> None:
        """More steps per second."""
        self._pace(1)

    def do_slower(self) -> None:
        """Fewer steps per second."""
        self._pace(-1)

    def do_defaults(self) -> None:
        """Every parameter as it was at first."""
        self._lab.configure(self.experiment.name, self.experiment.config())
        self.say("every parameter as it was at first")
        self._start()

    def do_lesson(self) -> None:
        """The lesson, the parameters, the claims."""
        result = self._lab.results[self.experiment.name]
        self._read(self.experiment.name, words.lesson(self.experiment, result))

    def do_source(self) -> None:
        """The program of the experiment."""
        self._read(f"the program of {self.experiment.name}", words.source(self.experiment))

    def do_next_figure(self) -> None:
        """The next panel where they do not all fit."""
        self._turn_page(1)

    def do_previous_figure(self) -> None:
        """The panel before."""
        self._turn_page(-1)

    def do_down(self) -> None:
        """Further down in the tables."""
        self.query_one(LabPanels).scroll_rows(1)

    def do_up(self) -> None:
        """Back up in the tables."""
        self.query_one(LabPanels).scroll_rows(-1)

    def do_next(self) -> None:
        """The next experiment; this one's result stays."""
        self._neighbour(1)

    def do_previous(self) -> None:
        """The experiment before."""
        self._neighbour(-1)

    def do_back(self) -> None:
        """Back to the catalogue."""
        self.app.do_back()  # type: ignore[attr-defined]

    def do_help(self) -> None:
        """The list of keys."""
        from tui.screens.lab_help import LabHelp

        self.app.push_screen(LabHelp(self.experiment))

    def do_theme(self) -> None:
        """Dark or light."""
        self.app.do_theme()  # type: ignore[attr-defined]

    def do_detach(self) -> None:
        """Leave the program, and the experiment to itself."""
        self.app.do_detach()  # type: ignore[attr-defined]

    def do_quit(self) -> None:
        """Leave the program."""
        self.app.do_quit()  # type: ignore[attr-defined]

    def _start(self) -> None:
        """Run the experiment; a training run that is under way is not ended unasked."""
        if not self._hub.running:
            self._go()
            return
        from tui.screens.quit import Answer, QuitScreen

        def take(answer: Answer | None) -> None:
            if answer == "end":
                self._go()
            self.echo()

        view = self._hub.view
        at = f"step {view.step:,} of {view.total_steps:,}"
        text = f"A training run is under way ({at}). An experiment ends it; its record stays."
        self.app.push_screen(QuitScreen(text, "experiment", "End it and run this"), take)

    def _go(self) -> None:
        self._hub.stand_aside()
        self._lab.start(self.experiment.name)

    def _turn(self, field: Field, by: int) -> None:
        try:
            if self._lab.scrub:
                raise BadInput(RECORDED)
            self.say(self._lab.turn(self.experiment.name, field, by))
            self._start()
        except BadInput as error:
            self.say(str(error), "warning")
        self.echo()

    def _pace(self, by: int) -> None:
        self.say(f"pace {pace_words(self._lab.set_pace(self.experiment.name, by))}")

    def _neighbour(self, by: int) -> None:
        names = list(self._lab.experiments)
        name = names[(names.index(self.experiment.name) + by) % len(names)]
        if name == self.experiment.name:
            raise BadInput("there is no other experiment")
        chosen = self._lab.experiments[name]
        self.app.switch_screen(
            type(self)(self._lab, self._hub, chosen, self._terminal, self._log_place)
        )

    def _read(self, title: str, parts: Sequence[VisualType]) -> None:
        from tui.screens.reader import ReaderScreen

        self.app.push_screen(ReaderScreen(title, parts))

    def _turn_page(self, by: int) -> None:
        panels = self.query_one(LabPanels)
        if not panels.hidden:
            raise BadInput("everything is on screen")
        panels.turn_page(by)
