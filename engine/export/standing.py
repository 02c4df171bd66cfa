"""What stands when a record ends: of all that replaces what came before, the last."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine import events
from engine.events import AnyEvent

_LARGE = 2.0**53


@dataclass
class Standing:
    """What stands after the events that were taken in.

    `curves` tells of each curve at which event (counted from 0) its points begin to count, and
    `whole` of each whether all its x are whole numbers that a step can be. `repeated` are the
    events that tell once more of a step what a run before told: it measured as it ended, and the
    one that goes on from it as it began.
    """

    tables: dict[str, events.TableChanged] = field(default_factory=dict)
    grids: dict[str, events.GridChanged] = field(default_factory=dict)
    bars: dict[str, events.BarsChanged] = field(default_factory=dict)
    graphs: dict[str, events.GraphChanged] = field(default_factory=dict)
    claims: dict[str, events.ClaimChecked] = field(default_factory=dict)
    predictions: events.PredictionsMeasured | None = None
    curves: dict[str, int] = field(default_factory=dict)
    whole: dict[str, bool] = field(default_factory=dict)
    repeated: set[int] = field(default_factory=set)
    taken: int = 0
    runs: int = 0
    step: int = 0
    _measured: dict[type, tuple[int, int]] = field(default_factory=dict)

    def take(self, event: AnyEvent) -> None:
        """Take in the next event."""
        match event:
            case events.RunStarted():
                self.runs += 1
            case events.MatricesMeasured() | events.HistogramsMeasured():
                self._measure(event)
            case events.StepsMeasured():
                self.step = event.first_step + len(event.loss) - 1
            case events.SeriesExtended():
                self._extend(event)
            case events.TableChanged():
                self.tables[event.table] = event
            case events.GridChanged():
                self.grids[event.grid] = event
            case events.BarsChanged():
                self.bars[event.bars] = event
            case events.GraphChanged():
                self.graphs[event.graph] = event
            case events.ClaimChecked():
                self.claims[event.claim] = event
            case events.PredictionsMeasured():
                self.predictions = event
            case events.Advanced():
                self.step = int(event.done)
        self.taken += 1

    def counts(self, event: AnyEvent, at: int) -> bool:
        """Whether what event number `at` tells stands at the end, and for the first time."""
        if isinstance(event, events.SeriesExtended):
            return at >= self.curves[event.series]
        return at not in self.repeated

    def _measure(self, event: events.MatricesMeasured | events.HistogramsMeasured) -> None:
        run, step = self._measured.get(type(event), (self.runs, -1))
        if step == event.step and run != self.runs:
            self.repeated.add(self.taken)
        else:
            self._measured[type(event)] = self.runs, event.step

    def _extend(self, event: events.SeriesExtended) -> None:
        if event.afresh or event.series not in self.curves:
            self.curves[event.series] = self.taken
            self.whole[event.series] = True
        self.whole[event.series] &= all(x.is_integer() and abs(x) < _LARGE for x in event.x)
