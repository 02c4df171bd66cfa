"""A computational graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from textual.geometry import Size
from textual.strip import Strip

from tui.charts.graph import Graph, draw_graph
from tui.widgets.pieces import PieceView
from tui.widgets.strips import ViewOptions


class GraphView(PieceView):
    """Draws a `Graph`: boxes joined by lines, coloured by how far the pass has come."""

    DEFAULT_CSS = "GraphView { width: 1fr; height: 1fr; }"

    def __init__(self, graph: Graph | None = None, **options: Unpack[ViewOptions]) -> None:
        super().__init__(**options)
        self._graph = graph or Graph()

    @property
    def graph(self) -> Graph:
        """What is shown."""
        return self._graph

    def show_graph(self, graph: Graph) -> None:
        """Show this graph; only what differs is drawn again."""
        self._graph = graph
        self.redraw()

    def lines_wanted(self, width: int) -> int:
        """A box of three lines in every row, and what goes above them."""
        rows = max((node.row for node in self._graph.nodes), default=0) + 1
        return 5 * rows + 1

    def prepare(self, size: Size) -> Sequence[Strip]:
        """The graph's rows."""
        rows = draw_graph(self._graph, size.width, size.height, plain=self._plain)
        return [self.pieces(row) for row in rows]
