"""The graph's layout as pure numbers, and its drawing as text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from graph_scenes import backprop, forward, waiting
from hypothesis import given
from hypothesis import strategies as st

from tui.charts.graph import ROLES, Graph, Node, draw_graph, spelled
from tui.charts.graph_places import DOWN, LEFT, RIGHT, UP, Places, places
from tui.theme import DARK, LIGHT

SIDES = {UP: (0, -1), DOWN: (0, 1), LEFT: (-1, 0), RIGHT: (1, 0)}
SPOTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, unique=True)


def text(graph: Graph, width: int, height: int, *, plain: bool = False) -> list[str]:
    return [
        "".join(piece[0] for piece in row) for row in draw_graph(graph, width, height, plain=plain)
    ]


def placed(graph: Graph, width: int = 118, height: int = 16) -> Places:
    found = places({n.name: (n.column, n.row) for n in graph.nodes}, graph.edges, width, height)
    assert found is not None
    return found


@given(SPOTS, st.data())
def test_any_graph_has_room_for_its_boxes_and_unbroken_lines(
    spots: list[tuple[int, int]], data: st.DataObject
) -> None:
    named = {f"n{i}": spot for i, spot in enumerate(spots)}
    pairs = st.tuples(st.sampled_from(sorted(named)), st.sampled_from(sorted(named)))
    edges = data.draw(st.lists(pairs.filter(lambda e: e[0] != e[1]), max_size=8, unique=True))
    width, height = data.draw(st.integers(1, 160)), data.draw(st.integers(1, 40))
    found = places(named, edges, width, height)
    if found is None:
        return
    cells = [
        (x + i, y + j) for x, y, w, h in found.boxes.values() for i in range(w) for j in range(h)
    ]
    assert len(set(cells)) == len(cells), "two boxes share a cell"
    assert set(found.paths) == set(edges)
    everything = [*cells, *((x, y) for path in found.paths.values() for x, y, _ in path)]
    assert all(0 <= x < width and 0 <= y < height for x, y in everything)
    for (source, target), path in found.paths.items():
        _leads_from_box_to_box(found, source, target, [(x, y) for x, y, _ in path])
        for (x, y, sides), (next_x, next_y, _) in pairwise(path):
            steps = [SIDES[side] for side in SIDES if sides & side]
            assert (next_x - x, next_y - y) in steps


def _leads_from_box_to_box(
    found: Places, source: str, target: str, path: list[tuple[int, int]]
) -> None:
    x, y, wide, high = found.boxes[source]
    to_x, to_y, to_wide, _ = found.boxes[target]
    if path[0][1] == y:  # from top to top, through the lane
        assert x < path[0][0] < x + wide
        assert to_x < path[-1][0] < to_x + to_wide
        assert path[-1][1] == to_y
        return
    assert path[0] == (x + wide, y + (high - 1) // 2)
    assert path[-1] == (to_x - 1, to_y + (high - 1) // 2)
    inside = {
        (bx + i, by + j)
        for bx, by, bw, bh in found.boxes.values()
        for i in range(bw)
        for j in range(bh)
    }
    assert not inside & set(path), "a line goes through a box"


@given(st.integers(0, 200), st.integers(0, 50), st.booleans())
def test_any_size(width: int, height: int, plain: bool) -> None:
    for graph in (backprop(), Graph("nothing yet")):
        rows = text(graph, width, height, plain=plain)
        assert len(rows) <= height
        assert all(len(row) <= width for row in rows)
        assert not plain or all(row.isascii() for row in rows)


@pytest.mark.parametrize("size", [(118, 14), (80, 10), (69, 10), (200, 40)], ids=str)
def test_every_node_has_a_box_and_only_one_is_marked(size: tuple[int, int]) -> None:
    drawn = "\n".join(text(backprop(), *size))
    for node in backprop().nodes:
        assert f" {node.name} " in drawn
    assert drawn.count("┏") == drawn.count("┛") == 1
    assert f"┏ {backprop_at()} ━" in drawn


def backprop_at() -> str:
    return next(node.name for node in backprop().nodes if node.at)


def test_boxes_tell_more_where_there_is_more_room() -> None:
    tall, low = "\n".join(text(forward(), 118, 16)), "\n".join(text(forward(), 80, 10))
    assert "tanh(z)" in tall
    assert "[5×1]" in tall
    assert "‖·‖ 2.72" in tall
    assert low.count("tanh(z)") == 1  # in the note alone
    assert "2.72" in low


def test_notes_stand_where_the_last_row_is_free() -> None:
    rows = text(backprop(), 80, 10)
    assert rows[-3].startswith("∂J/∂h = W2ᵀ ∂J/∂o")
    assert rows[-2].startswith("[5×1] = [5×3][3×1]")
    assert any(row.startswith("backward pass 6 of 8") for row in text(backprop(), 118, 14))


def test_arrows_turn_round_on_the_way_back() -> None:
    there, back = "".join(text(forward(), 80, 10)), "".join(text(backprop(), 80, 10))
    assert "◀" not in there
    assert there.count("▶") == 6  # into z, h, o, L, J and from W2 into s
    assert back.count("◀") == 5
    assert "▼" in there


def test_colours_tell_how_far_the_pass_has_come() -> None:
    inks = {
        name: {ink for row in draw_graph(graph, 118, 14) for _, ink, _ in row}
        for name, graph in (("start", waiting()), ("there", forward()), ("back", backprop()))
    }
    assert ROLES["forward"] not in {  # but for the legend nothing is computed at first
        ink for row in draw_graph(waiting(), 80, 10) for _, ink, _ in row
    }
    assert ROLES["backward"] in inks["back"]
    for found in inks.values():
        assert found - {""} <= set(DARK) & set(LIGHT)


def test_a_small_terminal_lists_the_neighbourhood() -> None:
    rows = text(backprop(), 40, 8)
    assert rows[0] == "∂J/∂h = W2ᵀ ∂J/∂o"
    (now,) = [row for row in rows if row.startswith("▶")]
    assert now.split()[1:] == ["h", "tanh(z)", "1.74", "∂", "1.71"]
    assert len(rows) == 8
    assert any(" o " in row for row in rows)
    assert text(backprop(), 40, 1)[0].startswith("▶ h")


def test_formulas_in_ascii() -> None:
    assert spelled("∂J/∂z = ∂J/∂h ⊙ φ′, φ′ = 1 − h²") == "dJ/dz = dJ/dh * phi', phi' = 1 - h^2"
    assert spelled("½λ Σ‖W‖²") == "1/2 lambda sum |W|^2"
    assert spelled("‖·‖ 2 …") == "norm 2 .."


def test_a_graph_of_one_node_and_edges_to_nowhere() -> None:
    graph = Graph("g", (Node("a"),), (("a", "b"), ("c", "a")))
    assert any("╭ a ─" in row for row in text(graph, 40, 8))
    assert placed(graph).paths == {}
