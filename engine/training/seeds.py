"""The run's generators: one for each purpose, all derived from one seed."""

from __future__ import annotations

import hashlib
from typing import Literal

from torch import Generator

Purpose = Literal["initialization", "shuffling", "dropout", "sampling"]


def derived(seed: int, purpose: Purpose) -> int:
    """The seed of one purpose: the first 63 bits of SHA-256("<seed>/<purpose>").

    So drawing more for one purpose never changes another, and no two run seeds share a stream.
    """
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(seed: int, purpose: Purpose, device: str = "cpu") -> Generator:
    """A generator of its own for one purpose; the global one is left alone."""
    return Generator(device).manual_seed(derived(seed, purpose))
