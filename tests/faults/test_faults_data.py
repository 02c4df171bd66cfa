"""Faults of data: empty, constant, hostile, or much larger than it looks."""

from __future__ import annotations

import ast
import bz2
import gzip
import io
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.config import OPTIMIZERS, RunConfig
from engine.controls import Controls
from engine.data import csv_file, idx, npz_file
from engine.data.npz_file import read_npz
from engine.data.sources import load
from engine.errors import BadInput
from engine.events import Event, RunFinished
from engine.rules.initializers import INITIALIZERS
from engine.session import Session
from engine.training.run import train
from engine.training.shelf import Shelf

MEGABYTE = 1 << 20


@contextmanager
def bounded(most: int) -> Iterator[None]:
    """Nothing within takes more than so many bytes at once."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most, f"{peak / MEGABYTE:.0f} MB"


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def accept(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        """Nothing was opened."""


def ended(config: RunConfig) -> tuple[RunFinished | None, BaseException | None]:
    kept = Kept()
    shelf = Shelf()
    session = Session(lambda controls: train(config, controls, None, shelf), Controls(), [kept])
    session.start()
    assert session.join(60)
    return session.finished, session.error


def csv(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(("a,b,label", *rows)) + "\n")
    return path


DEGENERATE = {
    "one row": ("0.5,2,x",),
    "all the same": ("1,1,x", "1,1,y") * 10,
    "nothing but zeros": ("0,0,x", "0,0,y") * 10,
    "one class": ("1,2,x", "3,4,x") * 10,
    "as large as float32 is": ("3e38,-3e38,x", "-3e38,3e38,y") * 10,
    "as small as float32 is": ("1e-45,-1e-45,x", "1e-45,0,y") * 10,
}


@pytest.mark.fault(24)
@pytest.mark.parametrize("rows", DEGENERATE.values(), ids=DEGENERATE)
@pytest.mark.parametrize("init", INITIALIZERS)
def test_degenerate_data_is_trained_on_or_diverges_and_never_fails(
    tmp_path: Path, rows: tuple[str, ...], init: str
) -> None:
    data = csv(tmp_path / "x.csv", *rows)
    settings = {"epochs": 2, "batch_size": 8, "threads": 1, "matrices_every": 1}
    config = RunConfig(data=str(data), hidden=(4, 4), init=init, measure_every=1, **settings)  # type: ignore[arg-type]
    finished, error = ended(config)
    assert isinstance(error, BadInput) or error is None
    if error is None:
        assert finished
        assert finished.outcome in ("completed", "diverged")
    else:
        assert "init" in str(error)  # LSUV needs inputs that differ


@pytest.mark.fault(24)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("rows", ["one row", "nothing but zeros"])
def test_every_optimizer_bears_gradients_of_zero(tmp_path: Path, optimizer: str, rows: str) -> None:
    data = csv(tmp_path / "x.csv", *DEGENERATE[rows])
    config = RunConfig(
        data=str(data), hidden=(4,), optimizer=optimizer, epochs=3, dropout=(0.9,), threads=1
    )
    finished, error = ended(config)
    assert error is None
    assert finished
    assert finished.outcome == "completed"


@pytest.mark.fault(24, 25, 26)
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((), "has no rows below its header"),
        (("",), "has no rows below its header"),
        (("1,2,",), "no label in line 2"),
        (("1,2,x", "1,2"), "2 cells in line 3"),
        (("1,2,x", "1,\ufeff2,x"), "line 3, column 'b'"),
        (("1,2,x", "1,2\0,x"), "NUL in line 3"),
        (("1,2,x", "1e999,2,x"), "'1e999' in line 3, column 'a'"),
        (("1,2,x", "1," + "9" * 5000 + ",x"), "line 3, column 'b'"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_of_the_run(
    tmp_path: Path, rows: tuple[str, ...], said: str
) -> None:
    finished, error = ended(RunConfig(data=str(csv(tmp_path / "x.csv", *rows))))
    assert finished is None
    assert isinstance(error, BadInput)
    assert said in str(error)
    assert str(error).isprintable()


@pytest.mark.fault(26)
def test_lines_that_end_as_on_an_old_machine_are_counted_alike(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for ending in ("\r", "\n", "\r\n"):
        path.write_bytes(("\ufeff" + ending.join(("a,label", "1,x", "2,y", "z,x"))).encode())
        with pytest.raises(BadInput, match="'z' in line 4, column 'a'"):
            csv_file.read_csv(path, "label", 0)


@pytest.mark.fault(28)
def test_labels_take_numbers_and_not_texts_in_memory(tmp_path: Path) -> None:
    path = csv(tmp_path / "x.csv", *(f"1,2,{'long ' * 20}{i % 3}" for i in range(10_000)))
    with bounded(3 * MEGABYTE):
        read = csv_file.read_csv(path, "label", 0)
    assert len(read.info.classes) == 3
    assert read.info.train_examples == 8_000


def npz(path: Path, compression: int = zipfile.ZIP_DEFLATED, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name in npz_file.ARRAYS:
            with archive.open(f"{name}.npy", "w") as member:
                member.write(members.get(name, b""))
    return path


def npy(values: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


SMALL = {
    "x_train": npy(np.zeros((4, 2))),
    "y_train": npy(np.array([0, 1, 0, 1])),
    "x_test": npy(np.zeros((2, 2))),
    "y_test": npy(np.array([0, 1])),
}


@pytest.mark.fault(27)
@pytest.mark.parametrize("shape", ["(1099511627776,)", "(1048576, 1048576)", "(2, 70368744177664)"])
def test_an_npy_header_of_terabytes_costs_nothing(tmp_path: Path, shape: str) -> None:
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    claims = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + bytes(64)
    path = npz(tmp_path / "x.npz", **(SMALL | {"x_train": claims}))
    with bounded(MEGABYTE), pytest.raises(BadInput, match=r"claims .* in x_train"):
        read_npz(path)


@pytest.mark.fault(28)
def test_a_header_that_is_a_bomb_is_read_to_its_cap(tmp_path: Path) -> None:
    length = 200 * MEGABYTE
    bomb = b"\x93NUMPY\x02\x00" + struct.pack("<I", length) + b" " * length
    path = npz(tmp_path / "x.npz", **(SMALL | {"x_train": bomb}))
    del bomb
    assert path.stat().st_size < MEGABYTE
    with bounded(2 * MEGABYTE), pytest.raises(BadInput, match=r"not in \.npy format"):
        read_npz(path)


@pytest.mark.fault(28)
@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_cannot_be_expanded_in_pieces_is_not_expanded(
    tmp_path: Path, compression: int
) -> None:
    path = npz(
        tmp_path / "x.npz", compression, **(SMALL | {"x_train": npy(np.zeros((4, 1 << 20)))})
    )
    with bounded(MEGABYTE), pytest.raises(BadInput, match="save it anew"):
        read_npz(path)
    assert len(bz2.compress(bytes(4 * MEGABYTE))) < 100  # why: a kilobyte holds gigabytes


@pytest.mark.fault(28)
def test_a_zip_member_that_lies_about_its_size_is_read_to_what_it_claims(tmp_path: Path) -> None:
    path = npz(tmp_path / "x.npz", **(SMALL | {"x_train": npy(np.zeros((4, 1 << 20)))}))
    data = path.read_bytes()
    for claim in (200, 1 << 20):
        # the size in the directory at the end and in the member's own header
        lied = data.replace(struct.pack("<I", 128 + (32 << 20)), struct.pack("<I", claim))
        assert lied != data
        (tmp_path / "lies.npz").write_bytes(lied)
        with bounded(4 * MEGABYTE), pytest.raises(BadInput):
            read_npz(tmp_path / "lies.npz")


@pytest.mark.fault(28)
def test_a_gzip_bomb_is_expanded_to_what_its_header_claims(tmp_path: Path) -> None:
    path = tmp_path / "train-labels-idx1-ubyte.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"\0\0\x08\x01" + struct.pack(">I", 10))
        for _ in range(200):
            file.write(bytes(MEGABYTE))
    assert path.stat().st_size < MEGABYTE
    with bounded(2 * MEGABYTE), pytest.raises(BadInput, match="not as long as its header says"):
        idx.read_idx(path, 1)


@pytest.mark.fault(27)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_an_idx_header_of_terabytes_costs_nothing(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"train-images-idx3-ubyte{ending}"
    content = b"\0\0\x08\x03" + struct.pack(">III", 1 << 31, 1 << 10, 1 << 10) + bytes(100)
    path.write_bytes(gzip.compress(content) if ending else content)
    with bounded(MEGABYTE), pytest.raises(BadInput, match="claims 2251799813685248 values"):
        idx.read_idx(path, 3)


class Trap:
    """Unpickled, it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> Any:
        return (Path.touch, (self._mark,))


def as_pickle(path: Path, trap: Trap) -> None:
    path.write_bytes(pickle.dumps(trap))


def as_torch(path: Path, trap: Trap) -> None:
    torch.save({"state": trap}, path)


def as_numpy(path: Path, trap: Trap) -> None:
    with path.open("wb") as file:
        np.save(file, np.array([trap], dtype=object), allow_pickle=True)


@pytest.mark.fault(29)
@pytest.mark.parametrize("write", [as_pickle, as_torch, as_numpy])
@pytest.mark.parametrize("ending", [".npy", ".pt", ".pkl", ".npz", ".csv"])
def test_a_pickle_is_refused_by_any_name(
    tmp_path: Path, write: Callable[[Path, Trap], None], ending: str
) -> None:
    mark = tmp_path / "executed"
    write(tmp_path / f"x{ending}", Trap(mark))
    with pytest.raises(BadInput):
        load(RunConfig(data=str(tmp_path / f"x{ending}")))
    assert not mark.exists()


@pytest.mark.fault(29)
def test_nothing_here_can_unpickle(repository: Path) -> None:
    forbidden = ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml")
    calls = ("torch.load", "np.load", "numpy.load", "eval", "exec", "__import__")
    found = []
    for area in ("engine", "tui", "cli"):
        for path in (repository / area).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names: list[str] = []
                if isinstance(node, ast.Import):
                    names = [alias.name.partition(".")[0] for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    names = [(node.module or "").partition(".")[0]]
                elif isinstance(node, ast.Call) and ast.unparse(node.func) in calls:
                    found.append(f"{path}:{node.lineno} {ast.unparse(node.func)}")
                found += [f"{path}:{name}" for name in names if name in forbidden]
    assert found == []


@pytest.mark.fault(25)
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"x_test": np.zeros((2, 3))}, "2 features in x_train but 3 in x_test"),
        ({"y_train": np.array([0, 1, 7, 1])}, "label 7 in y_train, row 2"),
        ({"y_train": np.array([0, 1, 0.5, 1])}, "label 0.5 in y_train, row 2"),
        ({"y_train": np.array([0, 1, np.nan, 1])}, "label nan in y_train, row 2"),
        ({"y_test": np.array([0, 9])}, "label 9 in y_test, row 1"),
        ({"y_train": np.array(["a", "b", "a", "b"])}, "holds <U1 in y_train"),
        ({"x_train": np.zeros((4, 2), complex)}, "holds complex128 in x_train"),
        ({"x_train": np.zeros((4, 2), "M8[s]")}, "holds datetime64.s. in x_train"),
        ({"x_train": np.zeros((3, 2))}, "3 rows in x_train but 4 labels"),
        ({"x_train": np.zeros((4, 0))}, "x_train of shape"),
        ({"x_train": np.array([[0, 0], [0, np.inf], [0, 0], [0, 0]])}, "row 1, column 1"),
    ],
)
def test_the_place_of_what_is_wrong_is_named(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    members = SMALL | {name: npy(values) for name, values in changes.items()}
    finished, error = ended(RunConfig(data=str(npz(tmp_path / "x.npz", **members))))
    assert finished is None
    with pytest.raises(BadInput, match=said):
        raise error or AssertionError("it was taken")
