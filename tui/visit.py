"""A run under way in an engine of somebody else's, on a screen of its own above what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.config import RunConfig
from engine.experiments import EXPERIMENTS
from engine.experiments.contract import Experiment
from engine.process_link import attached
from engine.store.head import head_of
from engine.store.layout import run_directory
from tui.hub import Hub
from tui.lab.state import Lab
from tui.replay.deck import experiment_of, settings_in


class Visit:
    """A hub and a lab on a link to that engine; leaving them changes nothing for the run.

    Raises:
        BadInput: on creation, when the run is not under way, cannot be attached or not be shown.
    """

    def __init__(
        self, runs: Path, run_id: str, experiments: Sequence[Experiment] = EXPERIMENTS
    ) -> None:
        head = head_of(run_directory(runs, run_id))
        self.run_id = run_id
        self.experiment = experiment_of(head, experiments)
        settings = settings_in(head, self.experiment)
        link = attached(runs, run_id)
        self.hub = Hub(link, settings if isinstance(settings, RunConfig) else RunConfig())
        self.lab = Lab(link, experiments)
        self.hub.neighbour = self.lab
        if self.in_lab:
            self.lab.configure(self.experiment.name, settings)
        self.poll()  # the run is known before its screen opens, and not begun anew

    @property
    def in_lab(self) -> bool:
        """Whether it is an experiment of the laboratory."""
        return self.experiment.name in self.lab.experiments

    def poll(self) -> bool:
        """Take in the news; whether anything to be seen has changed."""
        return self.hub.poll() | self.lab.poll()

    def close(self) -> None:
        """Leave the run to itself; idempotent."""
        self.hub.link.detach()
