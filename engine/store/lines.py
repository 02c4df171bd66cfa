"""How an event lies in the log: its JSON, a tab, eight hexadecimal digits of CRC-32, a newline."""

from __future__ import annotations

import sys
import zlib
from array import array

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


def all_unframed(lines: bytes) -> list[bytes] | None:
    """The encoded events in these lines, newlines included; None unless every checksum is right.

    By the million: an event holds neither a tab nor a newline, so that one cut at both finds all.
    """
    parts = lines.replace(b"\n", b"\t").split(b"\t")
    texts, sums = parts[:-1:2], parts[1::2]
    if not len(texts) == len(sums) == lines.count(b"\n"):
        return None
    found = array("I", map(zlib.crc32, texts))
    if sys.byteorder == "little":
        found.byteswap()
    return texts if found.tobytes().hex().encode() == b"".join(sums) else None
