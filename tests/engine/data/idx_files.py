"""Small IDX files for tests."""

from __future__ import annotations

import math
from pathlib import Path

from engine.data.names import IDX_FILES


def idx(*shape: int, values: bytes | None = None) -> bytes:
    """An IDX file's bytes; without values, enough of them counting up."""
    if values is None:
        values = bytes(i % 10 for i in range(math.prod(shape)))
    return bytes((0, 0, 8, len(shape))) + b"".join(n.to_bytes(4, "big") for n in shape) + values


def put_set(folder: Path, **changes: bytes) -> Path:
    """A small whole set; a file is replaced by naming it train_images and so on."""
    files = {
        "train_images": idx(12, 3, 2),
        "train_labels": idx(12),
        "t10k_images": idx(11, 3, 2),
        "t10k_labels": idx(11),
    } | changes
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(IDX_FILES, files.values(), strict=True):
        (folder / name).write_bytes(content)
    return folder
