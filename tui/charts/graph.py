"""A computational graph as boxes and lines, or as a list where there is no room for those."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal

from rich.cells import cell_len, set_cell_size

from tui.charts.graph_places import LEFT, RIGHT, UP, Places, Step, places
from tui.charts.numbers import fixed
from tui.charts.pieces import Piece, merged

State = Literal["waiting", "forward", "backward"]

ROLES = {"waiting": "faint", "forward": "train-accuracy", "backward": "loss", "now": "strong"}
"""The role of boxes and lines that are not reached, computed, gone back through, at work."""
_RANKS = list(ROLES)
_SAID = {"waiting": "not yet", "forward": "value", "backward": "gradient", "now": "now"}
_LINES = " ╵╷│╴╯╮┤╶╰╭├─┴┬┼"
_PLAIN_LINES = " |||-+++-+++-+++"
_ARROWS = {"left": "◀", "right": "▶", "down": "▼"}
_PLAIN_ARROWS = {"left": "<", "right": ">", "down": "v"}
_BOX, _HEAVY = "╭─╮│╰╯", "┏━┓┃┗┛"
_PLAIN_BOX, _PLAIN_HEAVY = "+-+|++", "#=####"
_SPELLED = str.maketrans(
    {
        "‖": "|", "·": ".", "−": "-", "²": "^2", "½": "1/2 ", "∂": "d", "λ": "lambda",
        "φ": "phi", "Φ": "Phi", "′": "'", "⊙": "*", "ᵀ": "^T", "Σ": "sum ", "×": "x",
        "σ": "sigmoid", "…": "..", "–": "-",
    }
)  # fmt: skip
_LEGEND_WIDTH, _NOTES_WIDTH, _LABELLED, _SHAPED = 12, 16, 11, 50


@dataclass(frozen=True, slots=True)
class Node:
    """A node in its column and row; `norm` and `gradient_norm` are NaN until they are known."""

    name: str
    formula: str = ""
    column: int = 0
    row: int = 0
    shape: str = ""
    norm: float = math.nan
    gradient_norm: float = math.nan
    values: tuple[float, ...] = ()
    state: State = "waiting"
    at: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes, edges by name (from, to), and lines about the node at which the pass is."""

    title: str = ""
    nodes: tuple[Node, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def draw_graph(graph: Graph, width: int, height: int, *, plain: bool = False) -> list[list[Piece]]:
    """The graph in at most `height` rows of at most `width` cells; `plain` is ASCII alone."""
    if width < 4 or height < 1:
        return []
    if not graph.nodes:
        return [[(set_cell_size(f" {graph.title}", width), "muted", "")]]
    spots = {node.name: (node.column, node.row) for node in graph.nodes}
    found = places(spots, graph.edges, width, height)
    if found is None:
        return _listed(graph, width, height, plain)
    return _Drawing(graph, found, plain).rows()


class _Drawing:
    """Cells that are written one over the other: lines, then boxes, then words."""

    def __init__(self, graph: Graph, found: Places, plain: bool) -> None:
        self.graph, self.places, self.plain = graph, found, plain
        self.nodes = {node.name: node for node in graph.nodes}
        self.cells = [[(" ", "", "")] * found.width for _ in range(found.height)]

    def rows(self) -> list[list[Piece]]:
        """Everything."""
        self._draw_edges()
        for node in self.graph.nodes:
            self._draw_box(node)
        self._draw_ends()
        self._draw_words()
        return [merged(line) for line in self.cells]

    def _draw_edges(self) -> None:
        joined: dict[tuple[int, int], tuple[int, int]] = {}
        for edge, path in self.places.paths.items():
            rank = _RANKS.index(self._state(edge))
            for x, y, sides in path:
                before, bits = joined.get((x, y), (0, 0))
                joined[x, y] = max(before, rank), bits | sides
        lines = _PLAIN_LINES if self.plain else _LINES
        for (x, y), (rank, bits) in joined.items():
            self.cells[y][x] = (lines[bits], ROLES[_RANKS[rank]], "")

    def _draw_ends(self) -> None:
        """Arrow heads: forward at the node that an edge goes into, backward at where it is from."""
        heads: dict[tuple[int, int], tuple[int, str]] = {}
        for edge, path in self.places.paths.items():
            state = self._state(edge)
            back = self._goes_back(edge)
            end = path[0] if back else path[-1]
            at = (end[0], end[1])
            self._draw_stub(path[-1] if back else path[0], state)
            head = _RANKS.index(state), self._head(end, back)
            heads[at] = max(heads.get(at, head), head)
        for (x, y), (rank, sign) in heads.items():
            if rank == self._rank_there(x, y):  # an edge of higher rank goes the other way there
                self.cells[y][x] = (sign, ROLES[_RANKS[rank]], "")

    def _draw_stub(self, end: Step, state: str) -> None:
        """Where a line leaves a box through its upper border."""
        if end[2] == UP:
            signs = _PLAIN_LINES if self.plain else _LINES
            self.cells[end[1]][end[0]] = (signs[UP | LEFT | RIGHT], ROLES[state], "")

    def _rank_there(self, x: int, y: int) -> int:
        ranks = [
            _RANKS.index(self._state(edge))
            for edge, path in self.places.paths.items()
            if any((x, y) == step[:2] for step in path)
        ]
        return max(ranks)

    def _head(self, end: Step, back: bool) -> str:
        arrows = _PLAIN_ARROWS if self.plain else _ARROWS
        if end[2] == UP:
            return arrows["down"]  # through a box's upper border
        return arrows["left" if back else "right"]

    def _goes_back(self, edge: tuple[str, str]) -> bool:
        return all(self.nodes[name].state == "backward" for name in edge)

    def _state(self, edge: tuple[str, str]) -> str:
        """An edge is at work when the pass has just come through it."""
        source, target = (self.nodes[name] for name in edge)
        if (source.at and self._goes_back(edge)) or (target.at and target.state == "forward"):
            return "now"
        if self._goes_back(edge):
            return "backward"
        return "waiting" if target.state == "waiting" else "forward"

    def _draw_box(self, node: Node) -> None:
        x, y, wide, high = self.places.boxes[node.name]
        signs = self._signs(node.at)
        role = ROLES["now" if node.at else node.state]
        self._write(x, y, signs[0] + signs[1] * (wide - 2) + signs[2], role)
        for line in range(1, high - 1):
            self._write(x, y + line, signs[3] + " " * (wide - 2) + signs[3], role)
        self._write(x, y + high - 1, signs[4] + signs[1] * (wide - 2) + signs[5], role)
        self._write_head(node, x, y, wide)
        told = ROLES["now"] if node.at else "muted" if node.state == "waiting" else "text"
        for line, text in enumerate(_contents(node, wide - 2, high - 2), 1):
            shown = _cut(self._spelled(text), wide - 2)
            self._write(x + 1 + (wide - 2 - cell_len(shown)) // 2, y + line, shown, told)

    def _write_head(self, node: Node, x: int, y: int, wide: int) -> None:
        role = ROLES["now" if node.at else node.state]
        name = f" {_cut(self._spelled(node.name), wide - 4)} "
        self._write(x + 1, y, name, "muted" if node.state == "waiting" else role)
        shape = f" {self._spelled(node.shape)} "
        if node.shape and cell_len(name) + cell_len(shape) + 5 <= wide:
            # off the middle, where a line may come in from above
            self._write(x + wide - 1 - cell_len(shape), y, shape, role)

    def _draw_words(self) -> None:
        x, y, wide, high = self.places.left
        if wide >= _NOTES_WIDTH:
            notes = [self._spelled(note) for note in self.graph.notes if note]
            lines = [line for note in notes for line in (wrap(note, wide) or [""])]
            if len(lines) > high and len(notes) > 1:  # which pass it is, is seen anyhow
                lines = [line for note in notes[1:] for line in wrap(note, wide)]
            for line, text in enumerate(lines[:high]):
                strong = text == (notes[1] if len(notes) > 1 else "")
                self._write(x, y + line, text, "strong" if strong else "text")
        x, y, wide, high = self.places.right
        if wide >= _LEGEND_WIDTH and high >= len(_SAID):
            for line, (state, said) in enumerate(_SAID.items()):
                sign = self._signs(state == "now")[1] * 2
                self._write(x, y + line, f"{sign} ", ROLES[state])
                self._write(x + 3, y + line, said, "muted")

    def _signs(self, heavy: bool) -> str:
        if self.plain:
            return _PLAIN_HEAVY if heavy else _PLAIN_BOX
        return _HEAVY if heavy else _BOX

    def _spelled(self, text: str) -> str:
        return spelled(text) if self.plain else text

    def _write(self, x: int, y: int, text: str, role: str) -> None:
        for at, sign in enumerate(text, x):
            if at < self.places.width:
                self.cells[y][at] = (sign, role, "")


def spelled(text: str) -> str:
    """A formula in ASCII."""
    text = text.replace("‖·‖", "norm").translate(_SPELLED)
    return text.encode("ascii", "replace").decode("ascii")


def _contents(node: Node, width: int, lines: int) -> list[str]:
    """What stands in a box, the most telling lines first to stay."""
    value, gradient = _figure(node, "value", width), _figure(node, "gradient", width)
    told = gradient if node.state == "backward" else value
    if lines < 3:
        return [node.formula, told][-lines:] if lines else []
    return [node.formula, value, gradient, _entries(node, width)][:lines]


def _entries(node: Node, width: int) -> str:
    """As many of the first values as fit whole; of a number, which its norm tells, none."""
    text = ""
    for value in node.values if node.shape != "1" else ():
        longer = f"{text} {fixed(value, 0)}".strip()
        if len(longer) > width:
            break
        text = longer
    return text


def _figure(node: Node, which: str, width: int) -> str:
    """A norm with a sign that says of what."""
    number = node.norm if which == "value" else node.gradient_norm
    if math.isnan(number):
        return "·" if which == "value" else ""
    if which == "gradient":
        return f"‖∂‖ {fixed(number, 0)}" if width >= _LABELLED else f"∂ {fixed(number, 0)}"
    label = "=" if node.shape == "1" else "‖·‖" if width >= _LABELLED else ""
    return f"{label} {fixed(number, 0)}".strip()


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width))


def _listed(graph: Graph, width: int, height: int, plain: bool) -> list[list[Piece]]:
    """The rule at work, then the nodes near the pass, one a line."""
    said = [note for note in graph.notes[1:] if note] or list(graph.notes)
    heads = said[: max(0, min(3, height - 4))]
    rows = [[(_fit(note, width, plain), "strong" if not i else "text", "")]
            for i, note in enumerate(heads)]  # fmt: skip
    room = max(1, height - len(rows))
    nodes = sorted(graph.nodes, key=lambda node: (node.column, node.row))
    now = next((i for i, node in enumerate(nodes) if node.at), 0)
    first = max(0, min(now - room // 2, len(nodes) - room))
    rows += [_row(node, nodes, width, plain) for node in nodes[first : first + room]]
    return rows[:height]


def _row(node: Node, nodes: Sequence[Node], width: int, plain: bool) -> list[Piece]:
    state = "now" if node.at else node.state
    mark = ("> " if plain else "▶ ") if node.at else "  "
    name = max(cell_len(n.name) for n in nodes)
    formula = max(0, min(max(cell_len(n.formula) for n in nodes), width - name - 24))
    shape = f" {node.shape:<8}" if width >= _SHAPED else ""
    value = "" if math.isnan(node.norm) else fixed(node.norm, 0)
    gradient = "" if math.isnan(node.gradient_norm) else f"∂ {fixed(node.gradient_norm, 0)}"
    words = f"{mark}{node.name:<{name}} {set_cell_size(node.formula, formula)}{shape}"
    text = f"{words} {value:>8} {gradient:<10}"
    role = "muted" if state == "waiting" else ROLES[state]
    return [(_fit(text, width, plain), role, "")]


def _fit(text: str, width: int, plain: bool) -> str:
    return _cut(spelled(text) if plain else text, width)
