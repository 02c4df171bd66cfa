"""A user's ``.csv``: a header, a label column, and numbers in all the others."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TextIO

import numpy as np
import torch
from torch import Tensor

from engine.data.dataset import Dataset, make_dataset
from engine.data.npz_file import MAX_CLASSES
from engine.data.refusal import ROOM, check_regular, refuse
from engine.text import clean

Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
LINE_LIMIT = 1 << 24  # characters


def read_csv(path: Path, label_column: str, seed: int) -> Dataset:
    """The set in a ``.csv``, one fifth of it (by a shuffle with `seed`) kept for testing.

    Labels are whole numbers or names, their order decides the classes. The features stay as they
    are: nothing is standardised. A file of one row is trained and tested on that row.

    Raises:
        BadInput: naming the file, the line and the column, and what was expected.
    """
    check_regular(path)
    status = path.stat()
    x, codes, labels = _table(path, label_column, (status.st_mtime_ns, status.st_size))
    classes = sorted(labels, key=_order(labels))
    y = torch.tensor([classes.index(label) for label in labels])[codes]
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    testing = max(1, len(x) // 5)
    train, test = (order[testing:], order[:testing]) if len(x) > 1 else (order, order)
    return make_dataset(
        clean(path.stem),
        (x[train], y[train], x[test], y[test]),
        classes=tuple(clean(label) for label in classes),
        source=clean(str(path), 300),
    )


@lru_cache(maxsize=1)  # a new seed splits the same table anew
def _table(
    path: Path, label_column: str, stamp: tuple[int, int]
) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """Features float32 [n, features], each row's label as its place int32 [n] among the labels in
    the order of their first rows, and those; `stamp` tells when a file changed.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            return _read(path, file, label_column)
    except OSError as error:
        refuse(path, f"cannot be read: {error.strerror or error}")


def _read(path: Path, file: TextIO, label_column: str) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    rows = _rows(path, file)
    _, header = next(rows, (1, []))
    label_at = _label_at(path, header, label_column)
    # Numbers and no list of texts: a text for each of 500 million rows would take 40 GB.
    values, codes, seen = array("f"), array("i"), dict[str, int]()
    for line, cells in rows:
        if len(cells) != len(header):
            refuse(path, f"has {len(cells)} cells in line {line}; its header has {len(header)}")
        label = cells.pop(label_at).strip()
        if not label:
            refuse(path, f"has no label in line {line}, column {label_column!r}")
        codes.append(seen.setdefault(label, len(seen)))
        if len(seen) > MAX_CLASSES:
            refuse(
                path,
                f"has more than {MAX_CLASSES} different labels by line {line}: column "
                f"{label_column!r} is expected to name classes",
            )
        values.frombytes(_numbers(path, line, cells, header, label_at).tobytes())
        if len(values) * values.itemsize + len(codes) * codes.itemsize > ROOM:
            refuse(path, f"takes more than {ROOM} bytes by line {line}")
    if not codes:
        refuse(path, "has no rows below its header")
    x = np.frombuffer(values, np.float32).reshape(len(codes), -1)
    return torch.from_numpy(x), torch.frombuffer(codes, dtype=torch.int32), tuple(seen)


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(LINE_LIMIT):
        number += 1
        if "\0" in line:
            refuse(path, f"has a NUL in line {number}: UTF-8 text is expected")
        if not line.isascii() and any("\udc80" <= c <= "\udcff" for c in line):
            refuse(path, f"is not UTF-8 text: see line {number}")
        if len(line) == LINE_LIMIT:
            refuse(path, f"has more than {LINE_LIMIT} characters in line {number}")
        yield line


def _rows(path: Path, file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with the number of the line on which each begins."""
    reader = csv.reader(_lines(path, file), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            refuse(path, f"is not well-formed CSV from line {line} on: {error}")
        if cells is None:
            return
        if cells:
            yield line, cells


def _label_at(path: Path, header: list[str], label_column: str) -> int:
    names = [name.strip() for name in header]
    if not names:
        refuse(path, "is empty: a header and rows are expected")
    if names.count(label_column) != 1:
        many = "more than one column" if label_column in names else "no column"
        known = ", ".join(repr(clean(name, 30)) for name in names[:8])
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        refuse(
            path,
            f"has {many} {label_column!r} in its header (line 1 names {known}{more}): "
            "name the label's column with --label-column; commas separate columns",
        )
    if len(names) == 1:
        refuse(path, f"has no column besides {label_column!r}: features are expected")
    return names.index(label_column)


def _numbers(path: Path, line: int, cells: list[str], header: list[str], label_at: int) -> Numbers:
    numbers = _converted(cells)
    if numbers is None:
        column = next(i for i, cell in enumerate(cells) if _converted([cell]) is None)
        name = header[column + (column >= label_at)]
        refuse(
            path,
            f"has {clean(cells[column], 40)!r} in line {line}, column {clean(name, 40)!r}: "
            "a finite number within float32 is expected",
        )
    return numbers


def _converted(cells: list[str]) -> Numbers | None:
    """The cells as float32 numbers; None when one is not finite, or not a number."""
    try:
        with np.errstate(over="ignore"):  # an overflow shows as Inf below
            numbers = np.array(cells, np.float32)
    except ValueError:
        return None
    # Python's syntax takes "1_000", which no other reader of CSV does
    return numbers if np.isfinite(numbers).all() and "_" not in "".join(cells) else None


def _order(labels: tuple[str, ...]) -> type[int] | type[str]:
    """Whole numbers are sorted as such, names as text."""
    return int if all(_is_whole(label) for label in labels) else str


def _is_whole(label: str) -> bool:
    return label.removeprefix("-").isdecimal() and label.isascii() and len(label) < 20
