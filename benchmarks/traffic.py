"""Bytes a second to the terminal while training, as they are and as ``ssh -C`` would send them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from benchmarks.dashboard import command, training
from benchmarks.figures import Figure, Spread, at_most
from benchmarks.plan import Plan

# kB/s of two plots and a table that send changed rows only; a quarter more still counts as near.
_BEST = {(80, 24): 7.7, (120, 36): 13.0, (200, 60): 27.0}
_NEAR = 1.25
_EPOCHS = 120  # a curve that fills the plot within the measurement, as a person's run does


def run(plan: Plan) -> Iterator[Figure]:
    """One figure for each size."""
    for (columns, rows), best in _BEST.items():
        raw, packed = [], []
        with training(plan, columns, rows, command(plan, _EPOCHS)) as watched:
            squeeze = zlib.compressobj(6)
            squeeze.compress(b"".join(chunk.data for chunk in watched.terminal.read(1)))
            for _ in range(plan.pairs(5)):
                seconds = plan.seconds(5)
                chunks = [chunk.data for chunk in watched.terminal.read(seconds)]
                raw.append(sum(map(len, chunks)) / seconds / 1e3)
                packed.append(sum(_sent(squeeze, data) for data in chunks) / seconds / 1e3)
        yield Figure(
            f"{columns}×{rows}",
            Spread.of(raw),
            "kB/s",
            absolute=f"{Spread.of(packed).median:.2f} kB/s after zlib, as with ssh -C",
            goal=at_most(round(best * _NEAR, 1)),
        )


def _sent(squeeze: zlib._Compress, data: bytes) -> int:
    """Bytes on the wire for one write: ssh flushes its compressor with every packet."""
    return len(squeeze.compress(data)) + len(squeeze.flush(zlib.Z_SYNC_FLUSH))
