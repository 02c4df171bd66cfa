"""``python -m benchmarks.soak``: an hour of what must not harm a run."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from random import Random

from rich.console import Console

from benchmarks.soak.process import share_one_heap
from benchmarks.soak.rounds import Soak, removed
from benchmarks.soak.table import markdown, table
from benchmarks.soak.tally import Tally

_SHOWN = 40  # problems


def main() -> int:
    """Soak for as long as was asked for; returns 1 when anything was not as it must be."""
    given = _parser().parse_args()
    share_one_heap()
    progress = Console(stderr=True)
    seed = given.seed if given.seed is not None else int.from_bytes(os.urandom(3))
    end = time.monotonic() + 60 * given.minutes
    rounds = iter(range(given.rounds)) if given.rounds else None

    def more() -> bool:
        return next(rounds, None) is not None if rounds else time.monotonic() < end

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # leave nothing behind then, either
    begun = time.monotonic()
    tally = soak(
        seed,
        given.runs_dir,
        more,
        lambda text: progress.print(text, highlight=False, soft_wrap=True),
    )
    title = _title(seed, time.monotonic() - begun)
    if given.markdown:
        sys.stdout.write(markdown(tally, title) + "\n")
    else:
        (Console() if sys.stdout.isatty() else Console(width=130)).print(table(tally, title))
    for problem in tally.problems[:_SHOWN]:
        progress.print(f"!! {problem[:600]}", markup=False, soft_wrap=True)
    return int(not tally.passed)


def soak(
    seed: int, place: Path | None, more: Callable[[], bool], tell: Callable[[str], None]
) -> Tally:
    """Round after round while there are `more`; an interrupt ends it with what was counted.

    Everything lies in a directory of its own, under `place` where given, and goes with it.
    """
    tally = Tally()
    with _own_place(place, tally) as room:
        made = Soak(Random(seed), room, tally)
        number, begun = 0, time.monotonic()
        try:
            while more():
                made.round()
                number += 1
                tell(_line(number, time.monotonic() - begun, tally))
        except KeyboardInterrupt:
            tell("interrupted")
        except Exception as error:  # whatever it is, it is found, and the table is owed
            tell(traceback.format_exc())
            tally.problems.append(f"{type(error).__name__}: {error}")
        finally:
            made.close()
    return tally


@contextmanager
def _own_place(place: Path | None, tally: Tally) -> Iterator[Path]:
    """A directory for everything, the sockets of the engines included."""
    room = Path(tempfile.mkdtemp(prefix="soak-", dir=place))
    before = os.environ.get("XDG_RUNTIME_DIR")
    (room / "r").mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(room / "r")
    try:
        yield room
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
        tally.left_behind += not removed(room)


def _line(number: int, seconds: float, tally: Tally) -> str:
    engine = tally.engine_memory.samples[-1][1] / (1 << 20)
    return (
        f"{seconds:6.0f} s  round {number}: {tally.done['started']} runs, "
        f"{tally.done['kill']} kills, {tally.acknowledged:,} events, {tally.lost} lost, "
        f"{tally.bitwise}/{tally.compared} bitwise, {tally.injected} corruptions, "
        f"{tally.silent} silent, {tally.clean}/{tally.tried} clean, "
        f"{len(tally.problems)} problems, engine at {engine:.1f} MiB"
    )


def _title(seed: int, seconds: float) -> str:
    return (
        f"{seconds / 60:.1f} minutes, seed {seed}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, torch {version('torch')}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=0, help="so many rounds instead")
    parser.add_argument("--seed", type=int, default=None, help="the same requests again")
    parser.add_argument("--runs-dir", type=Path, default=None, help="where to work (else /tmp)")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    return parser


if __name__ == "__main__":
    sys.exit(main())
