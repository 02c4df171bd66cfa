"""The fake engine at full speed: as many events as the record takes."""

from __future__ import annotations

import sys
from pathlib import Path

ENGINE = Path(__file__).resolve().parent.parent / "engine"

if __name__ == "__main__":
    sys.path.insert(0, str(ENGINE))
    import fake_engine

    from engine.host.__main__ import leave, main

    fake_engine.PAUSE = 0.0
    leave(main(None, fake_engine.EXPERIMENTS, load=int))
