"""Earlier runs that stay on the chart behind the present one."""

from __future__ import annotations

from dataclasses import dataclass

from tui.run_view import RunView
from tui.switch import names

MOST = 6


@dataclass(frozen=True, slots=True)
class Ghosts:
    """The last runs, oldest first. A value: every change gives another one."""

    views: tuple[RunView, ...] = ()

    def __len__(self) -> int:
        return len(self.views)

    def joined_by(self, view: RunView) -> Ghosts:
        """These and `view`, the oldest leaving when there are more than six.

        A run of fewer than two steps has no curve to remember.
        """
        if len(view.loss) < 2:
            return self
        return Ghosts((*self.views, view)[-MOST:])

    def named(self, present: RunView) -> list[tuple[str, RunView]]:
        """Each ghost under the name that tells it from the others and from the present run."""
        shown = [view.config for view in self.views]
        told = names([*shown, present.config] if present.started else shown)
        return list(zip(told, self.views, strict=False))
