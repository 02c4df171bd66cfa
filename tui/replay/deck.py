"""A recording with what shows it: everything that the app holds for a run that is replayed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec

from engine.config import RunConfig
from engine.errors import BadInput
from engine.experiments import EXPERIMENTS
from engine.experiments.contract import Experiment
from engine.replay import recording
from engine.store.head import Head, head_of
from engine.store.layout import run_directory
from tui.hub import Hub
from tui.lab.state import Lab
from tui.replay.no_link import NoLink
from tui.replay.player import Player

COMMANDS: Mapping[str, Callable[[Player], None]] = MappingProxyType(
    {
        "play": Player.toggle,
        "earlier": lambda player: player.move(-0.01),
        "later": lambda player: player.move(0.01),
        "previous_epoch": lambda player: player.epoch(-1),
        "next_epoch": lambda player: player.epoch(1),
        "first_moment": Player.start,
        "last_moment": Player.end,
        "play_faster": lambda player: player.faster(1),
        "play_slower": lambda player: player.faster(-1),
    }
)
"""What the keys of a recording do."""
_OPENING, _GOING_ON = 0.045, 0.008
"""Seconds of reading in a poll: while the past is read, and once it has been."""


class Deck:
    """Plays a run's record into a hub, or into a lab when it is an experiment's.

    Raises:
        BadInput: on creation, when there is no such run, or this version cannot show it.
    """

    def __init__(
        self,
        runs: Path,
        run_id: str,
        experiments: Sequence[Experiment] = EXPERIMENTS,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        head = head_of(run_directory(runs, run_id))
        self.run_id = run_id
        self.experiment = experiment_of(head, experiments)
        settings = settings_in(head, self.experiment)
        link = NoLink()
        self.hub = Hub(link, settings if isinstance(settings, RunConfig) else RunConfig())
        self.lab = Lab(link, experiments)
        if self.in_lab:
            self.lab.configure(self.experiment.name, settings)
        self.player = Player(recording(runs, run_id), clock)
        self.show()

    @property
    def in_lab(self) -> bool:
        """Whether an experiment of the laboratory is replayed."""
        return self.experiment.name in self.lab.experiments

    def poll(self) -> bool:
        """Read and play on; whether anything to be seen has changed."""
        opened = self.player.opened
        changed = self.player.poll(_GOING_ON if opened else _OPENING)
        changed |= opened != self.player.opened
        if changed:
            self.show()
        return changed

    def perform(self, action_id: str) -> None:
        """Do what a key of a recording asks for."""
        COMMANDS[action_id](self.player)
        self.show()

    def show(self) -> None:
        """Hand on what is known at the playhead."""
        if self.in_lab:
            self.lab.show(self.experiment.name, self.player.view, self.player.scrub)
        else:
            self.hub.show(self.player.view, self.player.scrub)

    def close(self) -> None:
        """Let the record go; idempotent."""
        self.player.close()


def experiment_of(head: Head, experiments: Sequence[Experiment]) -> Experiment:
    """The experiment that a run is of.

    Raises:
        BadInput: when this version has none of that name.
    """
    for known in experiments:
        if known.name == head.experiment:
            return known
    raise BadInput(f"this version has no experiment {head.experiment!r}")


def settings_in(head: Head, experiment: Experiment) -> msgspec.Struct:
    """A run's settings as this version spells them.

    Raises:
        BadInput: when it cannot.
    """
    known = experiment.config.__struct_fields__  # a setting that is gone since is not missed
    config = {name: value for name, value in head.config.items() if name in known}
    try:
        return msgspec.convert(config, experiment.config)
    except msgspec.ValidationError as error:
        raise BadInput(f"the run's settings are of another version: {error}") from error
