"""What every event carries."""

from __future__ import annotations

import msgspec

from engine.schema import snake_case


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=snake_case, gc=False):
    """What every event carries; `seq` and `time` are stamped by the session that frames the run."""

    seq: int = -1
    time: float = 0.0
