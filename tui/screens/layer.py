"""One layer from close by: its histories and its histograms."""

from __future__ import annotations

import math

from textual import events
from textual.app import ComposeResult
from textual.containers import ItemGrid

from engine.controls import Measure
from tui.capabilities import Capabilities
from tui.figures import histories, layer_bars
from tui.hub import Hub
from tui.keymap import promoted
from tui.screens.backdrop import Backdrop
from tui.screens.panel import KeyLine, Title
from tui.status import layer_title
from tui.widgets.histogram import Histogram
from tui.widgets.plot import Plot

_NARROWEST, _LOWEST = 38, 7


class LayerScreen(Backdrop):
    """Shows layer number `index`."""

    CSS_PATH = "layer.tcss"

    def __init__(self, hub: Hub, terminal: Capabilities, index: int) -> None:
        super().__init__()
        self.index = index
        self._hub = hub
        self._terminal = terminal

    def compose(self) -> ComposeResult:
        """A title, the charts in as many columns as fit, the keys."""
        yield Title(id="title")
        with ItemGrid(id="charts", min_column_width=_NARROWEST):
            for _ in histories(self._hub.view, ""):
                yield Plot(capabilities=self._terminal)
            for _ in layer_bars(self._hub.view, ""):
                yield Histogram(capabilities=self._terminal)
        yield KeyLine(promoted(back="close", next_layer="next layer"), id="keys")

    def on_mount(self) -> None:
        """Ask for fresh histograms and draw what there is."""
        self.query_one("#charts").can_focus = True
        self.query_one("#charts").focus()
        if self._hub.running:
            self._hub.send(Measure(what="layers"))
        self.draw()

    def on_resize(self, event: events.Resize) -> None:
        """Share the height among the rows of charts, or scroll where that would be too little."""
        columns = max(1, event.size.width // _NARROWEST)
        rows = math.ceil((len(self.query(Plot)) + len(self.query(Histogram))) / columns)
        share = (event.size.height - 2) // rows
        self.query_one("#charts").styles.grid_rows = "1fr" if share >= _LOWEST else str(_LOWEST)

    def move(self, by: int) -> None:
        """Show a neighbouring layer, round and round."""
        layers = self._hub.view.started.layers if self._hub.view.started else ()
        self.index = (self.index + by) % max(1, len(layers))
        self.draw()

    def draw(self) -> None:
        """Draw what is known now."""
        view = self._hub.view
        layers = view.started.layers if view.started else ()
        name = layers[min(self.index, len(layers) - 1)].name if layers else ""
        self.query_one(Title).tell([(f" {layer_title(self._hub, self.index)}", "strong")])
        self.query_one(KeyLine).tell(self._hub.situation)
        for plot, chart in zip(self.query(Plot), histories(view, name), strict=True):
            plot.show_chart(chart)
        for histogram, bars in zip(self.query(Histogram), layer_bars(view, name), strict=True):
            histogram.show_bars(bars)
