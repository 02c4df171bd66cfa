"""The link where there is no engine: nothing is steered or started."""

from __future__ import annotations

import msgspec

from engine.controls import AnyControl
from engine.link import News, Refused

NO_ENGINE = "nothing is started among recorded runs: mlp-tui trains, mlp-tui lab experiments"


class NoLink:
    """Meets `RunLink` where there is no engine: what is asked is refused by the next news."""

    can_detach = False
    unread = 0.0

    def __init__(self) -> None:
        self._refusals: list[News] = []

    def start(
        self,
        config: msgspec.Struct | None = None,
        *,
        experiment: str = "train",
        continues: str = "",
        resume: bool = False,
    ) -> None:
        """Refuse."""
        self._refusals.append(Refused(NO_ENGINE))

    def send(self, control: AnyControl) -> None:
        """No run is under way that could be asked."""

    def fetch(self, data: str) -> None:
        """Refuse."""
        self._refusals.append(Refused(NO_ENGINE, what="fetch"))

    def drain(self, budget: float = 0.008) -> list[News]:
        """What was refused since the last call."""
        refusals, self._refusals = self._refusals, []
        return refusals

    def detach(self) -> None:
        """Nothing is held."""

    close = detach
