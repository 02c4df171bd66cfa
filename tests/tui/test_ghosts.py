"""Earlier runs behind the present one."""

from __future__ import annotations

import synthetic_run

from tui.folding import folded
from tui.ghosts import MOST, Ghosts
from tui.run_view import RunView


def _view(run_id: str) -> RunView:
    return folded(synthetic_run.run(epochs=1, run_id=run_id), RunView())


def test_an_earlier_run_is_remembered_by_its_curves_alone() -> None:
    view = _view("a")
    assert view.vitals
    (ghost,) = Ghosts().joined_by(view).views
    assert (ghost.loss, ghost.test_accuracy) == (view.loss, view.test_accuracy)
    assert (ghost.vitals, ghost.matrices, ghost.histograms, ghost.predictions) == ({}, *[None] * 3)


def test_the_oldest_leaves() -> None:
    ghosts = Ghosts()
    for name in "abcdefgh":
        ghosts = ghosts.joined_by(_view(name))
    assert [view.run_id for view in ghosts.views] == list("abcdefgh"[-MOST:])
