from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.data.dataset import Dataset, make_dataset
from engine.data.minibatches import Minibatches, evaluation_batches
from engine.errors import BadInput


def numbered(examples: int, dtype: torch.dtype = torch.uint8) -> Dataset:
    """Example i has label i, and i in both of its features (so a batch shows which it holds)."""
    y = torch.arange(examples)
    x = y[:, None].repeat(1, 2).to(dtype)
    return make_dataset("numbered", (x, y, x, y), classes=("one",), source="test")


@given(st.integers(1, 60), st.integers(1, 70), st.sampled_from([torch.uint8, torch.float32]))
def test_every_epoch_holds_each_example_once(
    examples: int, batch_size: int, dtype: torch.dtype
) -> None:
    batches = Minibatches(numbered(examples, dtype), batch_size, "cpu", 3)
    assert batches.steps_per_epoch == -(-examples // min(batch_size, examples))
    for _ in range(3):
        seen = []
        for step in range(batches.steps_per_epoch):
            x, y = batches.next()
            last = step == batches.steps_per_epoch - 1
            assert last or len(x) == batch_size
            meant = y.float() if dtype is torch.float32 else y.to(torch.uint8) / 255
            assert torch.equal(x, meant[:, None].expand(-1, 2))
            seen += y.tolist()
        assert sorted(seen) == list(range(examples))


def test_the_order_is_the_seeds_and_changes_with_the_epoch() -> None:
    def epochs(seed: int) -> list[list[int]]:
        batches = Minibatches(numbered(50), 50, "cpu", seed)
        return [batches.next()[1].tolist() for _ in range(2)]

    assert epochs(1) == epochs(1)
    assert epochs(1) != epochs(2)
    assert epochs(1)[0] != epochs(1)[1]


def test_nothing_is_allocated_by_a_step() -> None:
    batches = Minibatches(numbered(10), 4, "cpu", 0)
    storages = {tuple(t.data_ptr() for t in batches.next()) for _ in range(9)}
    assert len(storages) == 1


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    batches = Minibatches(numbered(10), 4, "cpu", 0)
    for _ in range(7):
        batches.next()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("cut", range(12))
def test_resumes_at_any_step(cut: int) -> None:
    straight = Minibatches(numbered(23), 5, "cpu", 7)
    for _ in range(cut):
        straight.next()
    saved = straight.state()
    expected = [straight.next()[1].tolist() for _ in range(12)]
    resumed = Minibatches(numbered(23), 5, "cpu", 99)
    resumed.load_state(saved)
    assert [resumed.next()[1].tolist() for _ in range(12)] == expected


def test_a_state_is_small_and_stays_as_it_was() -> None:
    batches = Minibatches(numbered(250), 16, "cpu", 7)
    saved = batches.state()
    copies = {name: tensor.clone() for name, tensor in saved.items()}
    for _ in range(40):
        batches.next()
    assert all(torch.equal(saved[name], copies[name]) for name in saved)
    assert sum(tensor.nbytes for tensor in saved.values()) < 10_000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"examples": torch.tensor(22)}, "of 22 training examples; this set has 23"),
        ({"offset": torch.tensor(24)}, "place 24 is not within 23"),
        ({"offset": torch.tensor(-1)}, "place -1"),
        ({"generator": torch.zeros(3, dtype=torch.uint8)}, "damaged"),
        ({"generator": torch.zeros(5056)}, "damaged"),
        ({"offset": torch.zeros(2)}, "damaged"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(change: dict[str, torch.Tensor], said: str) -> None:
    batches = Minibatches(numbered(23), 5, "cpu", 7)
    with pytest.raises(BadInput, match=said):
        batches.load_state(batches.state() | change)
    with pytest.raises(BadInput, match="damaged"):
        batches.load_state({})


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize("split", ["train", "test"])
def test_evaluation_goes_through_a_split_in_order(split: str, dtype: torch.dtype) -> None:
    dataset = numbered(11, dtype)
    parts = [(x.clone(), y.clone()) for x, y in evaluation_batches(dataset, split, "cpu", size=4)]
    assert [len(y) for _, y in parts] == [4, 4, 3]
    assert torch.cat([y for _, y in parts]).tolist() == list(range(11))
    scale = 255 if dtype is torch.uint8 else 1
    assert torch.equal(torch.cat([x for x, _ in parts]), dataset.x_test.float() / scale)


def test_moving_to_where_it_lies_copies_nothing() -> None:
    dataset = numbered(5)
    assert dataset.to("cpu").x_train.data_ptr() == dataset.x_train.data_ptr()
