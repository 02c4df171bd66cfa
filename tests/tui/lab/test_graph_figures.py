"""From the event of a graph to what its widget shows."""

from __future__ import annotations

import math

from engine.events import GraphChanged, GraphNode
from tui.lab.figures import graphs
from tui.run_view import RunView, fold

NODES = (
    GraphNode(name="x", formula="inputs", column=0, row=0, shape="[4×1]", norm=1.5, at=True),
    GraphNode(name="z\x1b[2J", formula="W1\nx", column=1, row=0, state="backward"),
)


def view(**changes: object) -> RunView:
    told = {"graph": "graph", "nodes": NODES, "edges": (("x", "z\x1b[2J"),), "notes": ("z\x07",)}
    return fold(GraphChanged(**{**told, **changes}), RunView())  # type: ignore[arg-type]


def test_everything_of_a_node_arrives() -> None:
    (node, _) = graphs(view())["graph"].nodes
    given = {name: getattr(NODES[0], name) for name in NODES[0].__struct_fields__}
    shown = {name: getattr(node, name) for name in node.__slots__}
    assert set(shown) == set(given)
    assert math.isnan(shown.pop("gradient_norm"))
    assert math.isnan(given.pop("gradient_norm"))
    assert shown == given


def test_nothing_reaches_the_terminal_that_it_would_obey() -> None:
    shown = graphs(view(graph="g\x1b"))
    ((name, graph),) = shown.items()
    words = [name, graph.title, *graph.notes, *(text for edge in graph.edges for text in edge)]
    words += [text for node in graph.nodes for text in (node.name, node.formula, node.shape)]
    assert all(text.isprintable() for text in words)
    assert graph.edges == ((graph.nodes[0].name, graph.nodes[1].name),)


def test_the_newest_graph_counts() -> None:
    later = fold(GraphChanged(graph="graph", nodes=(), edges=()), view())
    assert graphs(later)["graph"].nodes == ()
