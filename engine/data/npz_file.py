"""A user's ``.npz``: x_train, y_train, x_test and y_test. Nothing in it is ever unpickled."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from engine.data.dataset import Dataset, make_dataset
from engine.data.refusal import ROOM, check_regular, refuse
from engine.text import clean

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
MAX_CLASSES = 1000
_BEGINNING = 1 << 16  # bytes, within which the header of a member ends
_READ_IN_PIECES = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
Array = np.ndarray[Any, np.dtype[Any]]


def read_npz(path: Path) -> Dataset:
    """The set in a ``.npz``.

    Inputs have shape [n, ...] and are flattened; uint8 is kept and means x/255, everything else
    becomes float32 as it is. Labels are 0..k−1 without a gap, as integers or whole floats.

    Raises:
        BadInput: naming the file, the array and the row, and what was expected.
    """
    check_regular(path)
    arrays = _read_arrays(path)
    shape = arrays["x_train"].shape[1:]
    inputs = {name: _inputs(path, name, arrays[name]) for name in ("x_train", "x_test")}
    labels = {name: _labels(path, name, arrays[name]) for name in ("y_train", "y_test")}
    for split in ("train", "test"):
        _check_length(path, split, inputs[f"x_{split}"], labels[f"y_{split}"])
    widths = [inputs[name].shape[1] for name in ("x_train", "x_test")]
    if widths[0] != widths[1]:
        refuse(path, f"has {widths[0]} features in x_train but {widths[1]} in x_test")
    if inputs["x_train"].dtype != inputs["x_test"].dtype:
        refuse(path, "has bytes (0 to 255) in one of x_train and x_test but not in the other")
    classes = _classes(path, labels["y_train"], labels["y_test"])
    tensors = (inputs["x_train"], labels["y_train"], inputs["x_test"], labels["y_test"])
    return make_dataset(
        clean(path.stem),
        tensors,
        classes=tuple(str(label) for label in range(classes)),
        image_shape=shape if len(shape) in (2, 3) else (),
        source=clean(str(path), 300),
    )


def _read_arrays(path: Path) -> dict[str, Array]:
    try:
        with zipfile.ZipFile(path) as archive:
            held = {info.filename: info for info in archive.infolist()}
            for name in ARRAYS:
                if f"{name}.npy" not in held:
                    refuse(path, f"has no array {name}: {', '.join(ARRAYS)} are expected")
            room, arrays = ROOM, {}
            for name in ARRAYS:
                arrays[name] = _read_array(path, archive, held[f"{name}.npy"], room)
                room -= arrays[name].nbytes
            return arrays
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        refuse(path, f"is not a whole .npz (zip) file: {error}")
    except (NotImplementedError, RuntimeError) as error:  # what zipfile says of encrypted members
        refuse(path, f"is compressed or encrypted in a way that cannot be read: {error}")
    except OSError as error:
        refuse(path, f"cannot be read: {error.strerror or error}")


def _read_array(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, room: int) -> Array:
    """One member, after its header has been held against its size and what memory it may take."""
    name = info.filename.removesuffix(".npy")
    if info.compress_type not in _READ_IN_PIECES:  # bzip2 gives gigabytes for a kilobyte, at once
        refuse(path, f"has {name} compressed in another way than numpy does: save it anew")
    with archive.open(info) as member:
        beginning = io.BytesIO(member.read(_BEGINNING))
        try:
            version = np.lib.format.read_magic(beginning)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, fortran_order, dtype = read_header(beginning)
        except (ValueError, KeyError) as error:
            refuse(path, f"has an array {name} that is not in .npy format: {error}")
        if dtype.hasobject or dtype.kind not in "biuf":
            refuse(path, f"holds {dtype} in {name}: numbers are expected, and no Python objects")
        size = math.prod(shape) * dtype.itemsize
        if any(length < 0 for length in shape) or size != info.file_size - beginning.tell():
            refuse(
                path,
                f"claims {' × '.join(map(str, shape))} values of {dtype} in {name}, which is not "
                f"what the {info.file_size} bytes of its member hold",
            )
        if size > room:
            refuse(path, f"has {size} bytes in {name}: at most {ROOM} in all are read")
        values = np.frombuffer(_inflate(path, (beginning, member), name, size), dtype)
    return values.reshape(shape, order="F" if fortran_order else "C")


def _inflate(path: Path, parts: Iterable[IO[bytes]], name: str, size: int) -> bytearray:
    """`size` bytes, allocated as they come: a member that lies about its size costs little."""
    values = bytearray()
    for part in parts:
        while block := part.read(1 << 20):
            values += block
    if len(values) != size:
        refuse(path, f"ends in the middle of {name}")
    return values


def _inputs(path: Path, name: str, values: Array) -> Tensor:
    if values.ndim < 2 or not values.size:
        refuse(path, f"has {name} of shape {values.shape}: [examples, features] are expected")
    flat = values.reshape(len(values), -1)
    if flat.dtype == np.uint8:
        return torch.from_numpy(np.ascontiguousarray(flat))
    with np.errstate(over="ignore"):  # an overflow shows as Inf below
        numbers = np.ascontiguousarray(flat, dtype=np.float32)
    finite = np.isfinite(numbers)
    if not finite.all():
        row, column = (int(i) for i in np.argwhere(~finite)[0])
        refuse(
            path,
            f"has {flat[row, column]} in {name}, row {row}, column {column}: "
            "finite numbers within float32 are expected",
        )
    return torch.from_numpy(numbers)


def _labels(path: Path, name: str, values: Array) -> Tensor:
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1 or not values.size:
        refuse(path, f"has {name} of shape {values.shape}: one label for each example is expected")
    with np.errstate(invalid="ignore"):
        usable = (values >= 0) & (values < MAX_CLASSES) & (values == np.floor(values))
    if not usable.all():
        row = int(np.flatnonzero(~usable)[0])
        refuse(
            path,
            f"has the label {values[row]} in {name}, row {row}: "
            f"whole numbers from 0 to at most {MAX_CLASSES - 1} are expected",
        )
    return torch.from_numpy(values.astype(np.int64))


def _check_length(path: Path, split: str, x: Tensor, y: Tensor) -> None:
    if len(x) != len(y):
        refuse(path, f"has {len(x)} rows in x_{split} but {len(y)} labels in y_{split}")


def _classes(path: Path, y_train: Tensor, y_test: Tensor) -> int:
    """How many classes there are; every one of them has a training example."""
    counts = torch.bincount(y_train)
    if (missing := torch.nonzero(counts == 0)).numel():
        gap, highest = int(missing[0]), int(y_train.argmax())
        refuse(
            path,
            f"has the label {int(y_train[highest])} in y_train, row {highest}, but {gap} nowhere: "
            "labels from 0 without a gap are expected",
        )
    if (unseen := torch.nonzero(y_test >= len(counts))).numel():
        row = int(unseen[0])
        refuse(
            path,
            f"has the label {int(y_test[row])} in y_test, row {row}, "
            f"but y_train goes only to {len(counts) - 1}",
        )
    return len(counts)
