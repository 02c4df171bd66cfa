"""The link where there is no engine: nothing is steered or started."""

from __future__ import annotations

import msgspec

from engine.controls import AnyControl
from engine.errors import BadInput
from engine.link import News
from tui.keymap import RECORDED


class NoLink:
    """Meets `RunLink` where there is no engine: a recording starts nothing."""

    can_detach = False
    unread = 0.0

    def start(
        self,
        config: msgspec.Struct | None = None,
        *,
        experiment: str = "train",
        continues: str = "",
        resume: bool = False,
    ) -> None:
        """Refuse."""
        raise BadInput(RECORDED)

    def send(self, control: AnyControl) -> None:
        """Refuse."""
        raise BadInput(RECORDED)

    def fetch(self, data: str) -> None:
        """Refuse."""
        raise BadInput(RECORDED)

    def drain(self, budget: float = 0.008) -> list[News]:
        """Nothing ever comes."""
        return []

    def detach(self) -> None:
        """Nothing is held."""

    close = detach
