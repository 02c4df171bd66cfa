"""How an event lies in the log: its JSON, a tab, eight hexadecimal digits of CRC-32, a newline."""

from __future__ import annotations

import zlib

_CHECKSUM = 9  # bytes of a tab and the digits


def framed(text: bytes) -> bytes:
    """The line for an encoded event, which holds neither a tab nor a newline of its own."""
    return b"%b\t%08x\n" % (text, zlib.crc32(text))


def unframed(line: bytes) -> bytes | None:
    """The encoded event in a line (without its newline); None when its checksum is wrong."""
    text = line[:-_CHECKSUM]
    return text if line[-_CHECKSUM:] == b"\t%08x" % zlib.crc32(text) else None
