"""What an experiment is: the same record serves the catalogue, the command line and the host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from engine.controls import Controls
from engine.events import Event

if TYPE_CHECKING:
    from engine.store.checkpoint import Start


class Run(Protocol):
    """The generator of an experiment; its config is of the experiment's own class.

    `start` is a saved state to go on from; an experiment without one refuses it as `BadInput`.
    """

    def __call__(
        self, config: Any, controls: Controls, start: Start | None = None
    ) -> Iterator[Event]: ...


@dataclass(frozen=True)
class Chart:
    """A plot of an experiment: it shows every series named "<name>/<curve>", in their order.

    A curve whose name starts with "theory" is drawn as a line, "band" as the faint edge of a
    band, one whose name starts with "points" as points apart (sorted by x); the others are
    measurements. With `log` the ordinate is logarithmic.
    """

    name: str
    title: str
    x: str = ""
    y: str = ""
    log: bool = False


@dataclass(frozen=True)
class Experiment:
    """A question, its settings and the generator that answers it.

    `run(config, controls, start)` first prepares (whatever it needs may raise `BadInput` here,
    before anything is recorded), then yields `RunStarted` (its `run_id` is filled in by the
    session) and ends by yielding one `RunFinished`. Between two steps it takes what `controls`
    holds.

    `shows` says in a line what is seen and `lasts` how long that takes; `lesson` is a paragraph in
    plain words, with the common misunderstanding put right. `leads` is how the
    title of the figure begins that a screen too small for all shows first, where that is not the
    first chart. `checks` are the settings with which its claims are tested: small ones, seconds
    in all. A `reversible` one can be gone through step by step, back as well as on.
    """

    name: str
    question: str
    config: type[msgspec.Struct]
    run: Run
    shows: str = ""
    lesson: str = ""
    lasts: str = ""
    charts: tuple[Chart, ...] = ()
    leads: str = ""
    checks: tuple[msgspec.Struct, ...] = ()
    reversible: bool = False
