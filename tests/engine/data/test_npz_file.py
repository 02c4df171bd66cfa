from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data import npz_file
from engine.data.dataset import Dataset
from engine.data.npz_file import read_npz
from engine.errors import BadInput

IMAGES = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2)
LABELS = np.array([0, 1, 2, 0, 1, 2])


def put(path: Path, **changes: Any) -> Path:
    """A small whole set of which arrays are replaced, or left out by None."""
    arrays = {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES[:2], "y_test": LABELS[:2]}
    np.savez_compressed(path, **{k: v for k, v in (arrays | changes).items() if v is not None})
    return path


def put_member(path: Path, name: str, content: bytes) -> Path:
    """The same set with one member's bytes replaced."""
    whole = put(path.with_name("whole.npz"))
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for member in source.namelist():
            target.writestr(member, content if member == f"{name}.npy" else source.read(member))
    return path


def npy_header(shape: str, dtype: str = "<f4") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def test_bytes_stay_images(tmp_path: Path) -> None:
    read = read_npz(put(tmp_path / "mine.npz"))
    assert read.x_train.dtype == torch.uint8
    assert read.x_train.tolist() == IMAGES.reshape(6, 4).tolist()
    assert read.y_train.tolist() == LABELS.tolist()
    assert (read.info.name, read.info.image_shape) == ("mine", (2, 2))
    assert read.info.classes == ("0", "1", "2")
    assert (read.info.train_examples, read.info.test_examples, read.info.features) == (6, 2, 4)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", "i2", "u4", "?"])
def test_other_numbers_become_float32_as_they_are(tmp_path: Path, dtype: str) -> None:
    x = IMAGES.astype(dtype)
    x_test = np.asfortranarray(x)
    read = read_npz(put(tmp_path / "x.npz", x_train=x, x_test=x_test, y_test=LABELS))
    assert read.x_train.dtype == torch.float32
    assert read.x_train.tolist() == x.reshape(6, 4).astype(float).tolist()
    assert torch.equal(read.x_test, read.x_train)


def test_labels_may_be_whole_floats_or_a_column(tmp_path: Path) -> None:
    read = read_npz(put(tmp_path / "x.npz", y_train=LABELS.astype(float)[:, None]))
    assert read.y_train.tolist() == LABELS.tolist()
    assert read.y_train.dtype == torch.int64


@pytest.mark.fault(24)
def test_one_row_and_constant_data_work(tmp_path: Path) -> None:
    one, label = np.zeros((1, 3)), np.zeros(1)
    read = read_npz(put(tmp_path / "x.npz", x_train=one, y_train=label, x_test=one, y_test=label))
    assert read.info.classes == ("0",)
    assert read.x_train.tolist() == [[0.0, 0.0, 0.0]]


@pytest.mark.fault(25)
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"y_test": None}, "no array y_test"),
        ({"x_train": IMAGES[:5]}, "5 rows in x_train but 6 labels in y_train"),
        ({"x_test": np.zeros((2, 3), np.uint8)}, "4 features in x_train but 3 in x_test"),
        ({"x_test": IMAGES[:2] / 255}, "bytes .* in one of x_train and x_test"),
        ({"y_train": np.array([0, 1, -1, 0, 1, 2])}, "label -1 in y_train, row 2"),
        ({"y_train": np.array([0, 1, 1.5, 0, 1, 2])}, "label 1.5 in y_train, row 2"),
        ({"y_train": np.array([0, np.nan, 1, 0, 1, 2])}, "label nan in y_train, row 1"),
        ({"y_train": np.array([0, 1, 2, 0, 4, 2])}, "label 4 in y_train, row 4, but 3 nowhere"),
        ({"y_train": np.array([0, 1, 2, 0, 1000, 2])}, "label 1000 .* row 4.* at most 999"),
        ({"y_train": np.array([2**64 - 1] * 6, np.uint64)}, "label 18446744073709551615 .* row 0"),
        ({"y_test": np.array([0, 3])}, "label 3 in y_test, row 1, but y_train goes only to 2"),
        ({"y_train": np.array(["a"] * 6)}, "holds <U1 in y_train: numbers are expected"),
        ({"x_train": np.zeros((0, 4), np.uint8)}, r"x_train of shape \(0, 4\)"),
        ({"x_train": np.zeros(6, np.uint8)}, r"x_train of shape \(6,\)"),
        ({"y_train": np.zeros((6, 2))}, r"y_train of shape \(6, 2\)"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=rf"x\.npz .*{said}"):
        read_npz(put(tmp_path / "x.npz", **changes))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_numbers_must_be_finite_in_float32(tmp_path: Path, value: float) -> None:
    x = np.zeros((6, 2, 2))
    x[3, 1, 0] = value
    with pytest.raises(BadInput, match="in x_train, row 3, column 2"):
        read_npz(put(tmp_path / "x.npz", x_train=x, x_test=x[:2]))


@pytest.mark.fault(29)
def test_pickles_are_refused_and_nothing_is_executed(tmp_path: Path) -> None:
    mark = tmp_path / "executed"

    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (mark,))

    trap = np.array([[Trap()]] * 6, dtype=object)
    with pytest.raises(BadInput, match=r"holds object in x_train: .*no Python objects"):
        read_npz(put(tmp_path / "x.npz", x_train=trap))
    assert not mark.exists()


@pytest.mark.fault(27)
@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ("(1000000000000, 784)", "<f4"),
        ("(18446744073709551616,)", "<f8"),
        ("(-1, 4)", "|u1"),
        ("(-2, -2)", "|u1"),
        ("(7, 4)", "|u1"),
    ],
)
def test_a_header_that_claims_what_is_not_there(tmp_path: Path, shape: str, dtype: str) -> None:
    path = put_member(tmp_path / "x.npz", "x_train", npy_header(shape, dtype) + bytes(4))
    with pytest.raises(BadInput, match=r"claims .* in x_train"):
        read_npz(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\x80\x04cos\nsystem\n",
        npy_header("(2, 2)", "<no such type"),
        npy_header("__import__('os')"),
        npy_header("(2,)" * 9000),
        b"\x93NUMPY\x09\x00" + bytes(100),
    ],
)
def test_members_that_are_not_npy(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadInput, match=r"x\.npz has an array x_train that is not in \.npy format"):
        read_npz(put_member(tmp_path / "x.npz", "x_train", content))


@pytest.mark.fault(28)
def test_a_bomb_stops_at_the_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz_file, "ROOM", 1 << 20)
    path = put(tmp_path / "x.npz", x_train=np.zeros((6, 1 << 18)))
    assert path.stat().st_size < 1 << 15
    with pytest.raises(BadInput, match="bytes in x_train: at most 1048576 in all are read"):
        read_npz(path)


def test_all_arrays_count_towards_the_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz_file, "ROOM", 100)
    big = np.zeros((2, 40), np.uint8)
    with pytest.raises(BadInput, match="bytes in x_test: at most 100"):
        read_npz(put(tmp_path / "x.npz", x_train=big, y_train=np.zeros(2, np.int8), x_test=big))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not really", b"\x80\x04."])
def test_files_that_are_no_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"x\.npz is not a whole \.npz"):
        read_npz(path)


def test_what_is_not_a_file(tmp_path: Path) -> None:
    for path, said in (
        (tmp_path / "gone.npz", "does not exist"),
        (tmp_path, "is a directory"),
        (Path("/dev/zero"), "is not a regular file"),
        (Path("a\0b.npz"), "cannot be read"),
        (tmp_path / ("n" * 300), "cannot be read"),
    ):
        with pytest.raises(BadInput, match=said) as refused:
            read_npz(path)
        assert str(refused.value).isprintable()


@settings(max_examples=300)
@given(st.data())
def test_damage_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    content = io.BytesIO(put(path).read_bytes()).getbuffer()
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))])
    try:
        assert isinstance(read_npz(path), Dataset)
    except BadInput as refused:
        assert "damaged.npz" in str(refused)
        assert str(refused).isprintable()
