from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from idx_files import put_set

from engine.config import RunConfig
from engine.data import sources
from engine.data.dataset import Dataset, make_dataset
from engine.data.minibatches import evaluation_batches
from engine.data.sources import load
from engine.data.synthetic import synthetic
from engine.errors import BadInput


@pytest.fixture
def nothing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No named set on this machine, and no way to get one."""
    monkeypatch.delenv("MLP_TUI_DATA", raising=False)

    def fetch(*asked: object) -> Path:
        raise BadInput(f"asked for {asked[0]}")

    monkeypatch.setattr(sources, "fetch", fetch)


def same(one: Dataset, other: Dataset) -> bool:
    return one.info == other.info and torch.equal(one.x_train, other.x_train)


@pytest.mark.usefixtures("nothing_here")
def test_auto_is_synthetic_where_nothing_is_and_downloads_nothing() -> None:
    news: list[str] = []
    dataset = load(RunConfig(), lambda text, done, total: news.append(text))
    assert dataset is synthetic()
    assert news == ["drawing the synthetic garments"]


@pytest.mark.usefixtures("nothing_here")
def test_auto_takes_fashion_mnist_where_it_is(tmp_path: Path) -> None:
    folder = put_set(tmp_path / "FashionMNIST" / "raw")
    info = load(RunConfig(data_dir=str(tmp_path))).info
    assert (info.name, info.source) == ("fashion-mnist", str(folder))
    assert (info.train_examples, info.test_examples, info.features) == (12, 11, 6)
    assert info.image_shape == (3, 2)
    assert info.classes[6] == "shirt"


@pytest.mark.usefixtures("nothing_here")
def test_a_set_asked_for_by_name_is_fetched(tmp_path: Path) -> None:
    put_set(tmp_path / "FashionMNIST" / "raw")
    with pytest.raises(BadInput, match="asked for kmnist"):
        load(RunConfig(data="KMNIST", data_dir=str(tmp_path)))


def test_files_are_read_by_their_ending(tmp_path: Path) -> None:
    x, y = np.eye(4, dtype=np.float32), np.arange(4)
    np.savez(tmp_path / "x.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    assert load(RunConfig(data=str(tmp_path / "x.npz"))).x_train.tolist() == x.tolist()
    (tmp_path / "X.CSV").write_text("kind,x\na,1\nb,2\n")
    config = RunConfig(data=str(tmp_path / "X.CSV"), label_column="kind")
    assert load(config).info.classes == ("a", "b")
    with pytest.raises(BadInput, match=r"gone\.npz does not exist"):
        load(RunConfig(data=str(tmp_path / "gone.npz")))
    with pytest.raises(BadInput, match="not known"):
        load(RunConfig(data=str(tmp_path)))


@pytest.mark.parametrize("name", ["none.csv", "none.npz"])
def test_what_is_not_there_is_not_said_to_be_read(name: str, tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(BadInput, match="does not exist"):
        load(RunConfig(data=str(tmp_path / name)), lambda text, *_: told.append(text))
    assert told == []


def test_the_first_examples_of_a_seeded_shuffle() -> None:
    def first(count: int, seed: int = 0) -> Dataset:
        return load(RunConfig(data="synthetic", train_examples=count, seed=seed))

    whole, ten, hundred = synthetic(), first(10), first(100)
    assert (ten.info.train_examples, ten.info.test_examples) == (10, 10_000)
    assert torch.equal(hundred.x_train[:10], ten.x_train)
    assert same(ten, first(10))
    assert not same(ten, first(10, seed=1))
    assert len({whole.info.digest, ten.info.digest, hundred.info.digest}) == 3
    place = (whole.x_train == ten.x_train[3]).all(1).nonzero().item()
    assert whole.y_train[place] == ten.y_train[3]
    with pytest.raises(BadInput, match=r"train_examples = 60001 .* 60000 training examples"):
        first(60_001)
    most = load(RunConfig(data="synthetic", train_examples=60_001), at_most=True)
    assert most.info.train_examples == 60_000
    assert same(load(RunConfig(data="synthetic", train_examples=10), at_most=True), ten)


def test_the_digest_sees_every_byte_shape_and_type() -> None:
    one = synthetic()
    changed = one.x_test.clone()
    changed[9_999, 783] ^= 1
    tensors = (one.x_train, one.y_train, one.x_test, one.y_test)
    variants = (
        tensors,
        (*tensors[:2], changed, tensors[3]),
        (*tensors[:2], tensors[2].view(-1, 28, 28), tensors[3]),
        (*tensors[:2], tensors[2].view(torch.int8), tensors[3]),
    )
    digests = {make_dataset("x", v, classes=(), source="").info.digest for v in variants}
    assert len(digests) == 4


@pytest.mark.real_data
@pytest.mark.skipif(not os.environ.get("MLP_TUI_DATA"), reason="MLP_TUI_DATA is not set")
def test_fashion_mnist_is_bit_equal_to_torchvisions() -> None:
    from torchvision.datasets import FashionMNIST
    from torchvision.transforms import ToTensor

    ours = load(RunConfig(data="fashion-mnist"))
    assert (ours.info.train_examples, ours.info.test_examples) == (60_000, 10_000)
    for split in ("train", "test"):
        theirs = FashionMNIST(os.environ["MLP_TUI_DATA"], split == "train", ToTensor())
        batches = list(evaluation_batches(ours, split, "cpu", size=60_000))
        ((x, y),) = batches
        assert torch.equal(y, theirs.targets)
        for index in range(0, len(theirs), 97):
            image, label = theirs[index]
            assert torch.equal(x[index], image.flatten())
            assert y[index] == label
