"""What a check found out."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["ok", "warning", "problem"]


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor's: what is so and, unless it is ok, what to do.

    A problem means that nothing will train here; a warning, that something will not work or not
    as well as it could.
    """

    area: str
    level: Level
    text: str
    advice: str = ""
