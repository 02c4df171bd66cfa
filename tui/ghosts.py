"""Earlier runs that stay on the chart behind the present one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tui.run_view import RunView
from tui.switch import names

MOST = 6


@dataclass(frozen=True, slots=True)
class Ghosts:
    """The last runs, oldest first. A value: every change gives another one.

    `chosen` are the ids of those that somebody has put there, with their labels ("" without).
    """

    views: tuple[RunView, ...] = ()
    chosen: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.views)

    def joined_by(self, view: RunView) -> Ghosts:
        """These and `view`, the oldest leaving when there are more than six.

        A run of fewer than two steps has no curve to remember. Its curves are all that is: what
        was known of its layers would be held as long as it.
        """
        if len(view.loss) < 2:
            return self
        bare = replace(view, vitals={}, matrices=None, histograms=None, predictions=None)
        return replace(self, views=(*self.views, bare)[-MOST:])

    def overlaid(self, chosen: Sequence[tuple[RunView, str]]) -> Ghosts:
        """These runs, with their labels, in place of those that were chosen before."""
        labels = {view.run_id: label for view, label in chosen}
        kept = [v for v in self.views if v.run_id not in {**self.chosen, **labels}]
        return Ghosts((*kept, *(view for view, _ in chosen))[-MOST:], labels)

    @property
    def reach(self) -> int:
        """The last step of those that somebody has chosen to see."""
        return max((v.step for v in self.views if v.run_id in self.chosen), default=0)

    def named(self, present: RunView) -> list[tuple[str, RunView]]:
        """Each ghost under the name that tells it from the others and from the present run."""
        shown = [view.config for view in self.views]
        told = names([*shown, present.config] if present.started else shown)
        labels = list(self.chosen.values())
        return [
            (_called(self.chosen.get(view.run_id, ""), name, labels), view)
            for name, view in zip(told, self.views, strict=False)
        ]


def _called(label: str, name: str, labels: Sequence[str]) -> str:
    """A run's label, where it has one; where another has the same, what tells the two apart."""
    return f"{label} {name}" if label and labels.count(label) > 1 else label or name
