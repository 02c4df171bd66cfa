"""How an event lies in the log: its JSON, a tab, eight hexadecimal digits of CRC-32, a newline."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

LONGEST_LINE = 64 << 20
"""Bytes of the longest event; a reader passes over more without holding it in memory."""
_CHECKSUM = 9  # bytes of a tab and the digits


def framed(text: bytes) -> bytes:
    """The line for an encoded event, which holds neither a tab nor a newline of its own."""
    return b"%b\t%08x\n" % (text, zlib.crc32(text))


def unframed(line: bytes) -> bytes | None:
    """The encoded event in a line (without its newline); None when its checksum is wrong."""
    text = line[:-_CHECKSUM]
    return text if line[-_CHECKSUM:] == b"\t%08x" % zlib.crc32(text) else None


def all_unframed(lines: Sequence[bytes]) -> list[bytes] | None:
    """The encoded events in these lines; None when a checksum is wrong."""
    texts = [line[:-_CHECKSUM] for line in lines]
    sums = [b"\t%08x" % crc for crc in map(zlib.crc32, texts)]
    return texts if [line[-_CHECKSUM:] for line in lines] == sums else None
