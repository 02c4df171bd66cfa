from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from idx_files import idx, put_set

from engine.data.idx import LIMIT, read_idx, read_set
from engine.data.names import IDX_FILES
from engine.errors import BadInput


def test_reads_what_was_written(tmp_path: Path) -> None:
    x_train, y_train, x_test, y_test = read_set(put_set(tmp_path), 10)
    assert x_train.shape == (12, 3, 2)
    assert x_train.dtype == torch.uint8
    assert y_train.dtype == torch.int64
    assert x_train.flatten()[:11].tolist() == [*range(10), 0]
    assert y_train.tolist() == [*range(10), 0, 1]
    assert (len(x_test), len(y_test)) == (11, 11)


def test_reads_compressed_files_alike(tmp_path: Path) -> None:
    plain, packed = put_set(tmp_path / "plain"), put_set(tmp_path / "packed")
    for name in IDX_FILES:
        (packed / f"{name}.gz").write_bytes(gzip.compress((packed / name).read_bytes()))
        (packed / name).unlink()
    for one, other in zip(read_set(plain, 10), read_set(packed, 10), strict=True):
        assert torch.equal(one, other)


@given(shape=st.tuples(*[st.integers(0, 2**32 - 1) | st.integers(0, 5)] * 3), spare=st.data())
def test_a_header_is_believed_only_when_the_file_is_that_long(
    tmp_path_factory: pytest.TempPathFactory, shape: tuple[int, int, int], spare: st.DataObject
) -> None:
    claimed = shape[0] * shape[1] * shape[2]
    there = spare.draw(st.integers(0, 200) | st.just(min(claimed, 200)))
    path = tmp_path_factory.getbasetemp() / "any.idx"
    for content in (
        idx(*shape, values=bytes(there)),
        gzip.compress(idx(*shape, values=bytes(there))),
    ):
        packed = path.with_suffix(".gz") if content[:2] == b"\x1f\x8b" else path
        packed.write_bytes(content)
        if claimed == there > 0:
            assert read_idx(packed, 3).shape == shape
        else:
            with pytest.raises(BadInput, match=packed.name):
                read_idx(packed, 3)


@pytest.mark.fault(27)
def test_terabytes_are_refused_before_they_are_allocated(tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(idx(2**32 - 1, 2**16, 2**16, values=b"x" * 99))
    with pytest.raises(BadInput, match=r"train-images-idx3-ubyte claims \d{20} values"):
        read_idx(path, 3)


def test_a_sparse_file_is_held_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "big"
    with path.open("wb") as file:
        file.write(idx(2, 2**15, 2**15, values=b""))
        file.truncate(16 + 2 * LIMIT)
    with pytest.raises(BadInput, match="claims"):
        read_idx(path, 3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "begins with nothing"),
        (b"\x00\x00\x08", "begins with 000008"),
        (b"\x00\x00\x0d\x03" + bytes(12), "begins with 00000d03"),
        (b"\x80\x02cos\nsystem\n", "not an IDX file"),
        (idx(12), "with 3 dimensions"),
        (idx(12, 3, 2)[:-1], "claims 72 values"),
        (idx(12, 3, 2) + b"\0", "not as long as its header says"),
        (idx(0, 28, 28), "is empty"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=f"train-images-idx3-ubyte.*{said}"):
        read_set(put_set(tmp_path, train_images=content), 10)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train_labels": idx(13)}, "has 13 labels for the 12 images"),
        ({"t10k_labels": idx(11, values=bytes(7) + b"\x0a" + bytes(3))}, "label 10 in row 7"),
        ({"t10k_images": idx(11, 2, 3)}, "images of 2 × 3 pixels.*have 3 × 2"),
    ],
)
def test_files_that_do_not_fit_together(
    tmp_path: Path, changes: dict[str, bytes], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        read_set(put_set(tmp_path, **changes), 10)


def test_a_damaged_archive_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    whole = gzip.compress(idx(100, 3, 2))
    for damaged in (whole[:-6], whole[: len(whole) // 2], whole[:-8] + b"\0" * 8, b"not gzip"):
        path.write_bytes(damaged)
        with pytest.raises(BadInput, match=r"x\.gz"):
            read_idx(path, 3)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (put_set(tmp_path) / IDX_FILES[1]).unlink()
    with pytest.raises(BadInput, match=f"{IDX_FILES[1]} cannot be read: No such file"):
        read_set(tmp_path, 10)
