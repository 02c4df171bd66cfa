"""MNIST's IDX format: two zero bytes, a type, the number of dimensions, each as a big-endian
32-bit count, then the values. Sizes are checked against the file before anything is allocated.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from engine.data.names import IDX_FILES, idx_file
from engine.data.refusal import refuse

LIMIT = 1 << 30  # bytes; the sets in this format hold at most 47 million
_DEFLATE_RATIO = 1032  # no deflate stream grows more than this
_UINT8 = 0x08


def read_set(folder: Path, classes: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The four files of a folder as (x_train, y_train, x_test, y_test).

    Images are uint8 [n, height, width], labels int64 [n] below `classes`.

    Raises:
        BadInput: naming the file and what is wrong with it.
    """
    files = [idx_file(folder, name) or folder / name for name in IDX_FILES]
    train, test = (_read_pair(files[i], files[i + 1], classes) for i in (0, 2))
    sizes = [" × ".join(map(str, x.shape[1:])) for x, _ in (train, test)]
    if sizes[0] != sizes[1]:
        refuse(files[2], f"has images of {sizes[1]} pixels; those for training have {sizes[0]}")
    return *train, *test


def read_idx(path: Path, dimensions: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The unsigned bytes of an IDX file, plain or ``.gz``, with so many dimensions.

    Raises:
        BadInput: when it cannot be read, is of another kind, or is not as long as it claims.
    """
    try:
        size = path.stat().st_size
        if path.suffix == ".gz":
            with gzip.open(path) as stream:
                shape = _read_shape(stream, path, dimensions, size * _DEFLATE_RATIO)
                values = np.frombuffer(_inflate(stream, path, math.prod(shape)), np.uint8)
        else:
            with path.open("rb") as stream:
                shape = _read_shape(stream, path, dimensions, size - 4 - 4 * dimensions)
                values = np.fromfile(stream, np.uint8, math.prod(shape))
                if len(values) != math.prod(shape) or stream.read(1):
                    refuse(path, f"is not as long as its header says ({math.prod(shape)} values)")
    except (OSError, EOFError, zlib.error) as error:
        refuse(path, f"cannot be read: {getattr(error, 'strerror', None) or error}")
    return values.reshape(shape)


def _read_shape(
    stream: BinaryIO | gzip.GzipFile, path: Path, dimensions: int, room: int
) -> list[int]:
    header = stream.read(4 + 4 * dimensions)
    if header[:4] != bytes((0, 0, _UINT8, dimensions)) or len(header) != 4 + 4 * dimensions:
        refuse(
            path,
            f"is not an IDX file of unsigned bytes with {dimensions} dimensions "
            f"(it begins with {header[:4].hex() or 'nothing'})",
        )
    shape = [int.from_bytes(header[i : i + 4]) for i in range(4, len(header), 4)]
    claimed = math.prod(shape)
    if claimed > min(room, LIMIT):
        refuse(path, f"claims {claimed} values, more than a file of its size can hold")
    if not claimed:
        refuse(path, f"is empty: its dimensions are {' × '.join(map(str, shape))}")
    return shape


def _inflate(stream: gzip.GzipFile, path: Path, count: int) -> bytearray:
    values = bytearray()
    while block := stream.read(min(1 << 20, count + 1 - len(values))):
        values += block
    if len(values) != count:
        refuse(path, f"is not as long as its header says ({count} values)")
    return values


def _read_pair(images: Path, labels: Path, classes: int) -> tuple[Tensor, Tensor]:
    x = torch.from_numpy(read_idx(images, 3))
    y = torch.from_numpy(read_idx(labels, 1).astype(np.int64))
    if len(x) != len(y):
        refuse(labels, f"has {len(y)} labels for the {len(x)} images of {images.name}")
    if (beyond := torch.nonzero(y >= classes)).numel():
        row = int(beyond[0])
        refuse(
            labels, f"has label {int(y[row])} in row {row}; labels 0 to {classes - 1} are expected"
        )
    return x, y
