"""The digest covers the complete state: whatever is left out or changed is noticed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from resuming import Recorded, recorded, resumed
from torch import Tensor
from training_tools import Given, Scripted, config, dataset, events, of

from engine.config import RunConfig
from engine.controls import AnyControl, Extend, Resume, Save, SetLearningRate, Step
from engine.errors import BadInput
from engine.events import Noted, RunStarted
from engine.store.checkpoint import Start
from engine.store.digest import state_digest
from engine.training.run import train

CUT = 4
"""Within an epoch of three steps."""
SETTINGS: dict[str, object] = {
    "optimizer": "adam",
    "lr": 0.01,
    "dropout": (0.3,),
    "activation": "prelu",
    "schedule": "cosine",
    "epochs": 4,
}
TENSORS = (
    "parameters/hidden1.weight",
    "parameters/hidden1.bias",
    "parameters/hidden1.slope",
    "parameters/output.weight",
    "parameters/output.bias",
    "optimizer/mean/hidden1.weight",
    "optimizer/square/output.bias",
    "optimizer/updates",
    "batches/generator",
    "batches/offset",
    "dropout",
)
REST = {
    "the step": ("progress", "step", 0),
    "the loss of the epoch under way": ("progress", "tally", "loss", 0.0),
    "its hits": ("progress", "tally", "correct", 0.0),
    "its examples": ("progress", "tally", "examples", 0),
    "the best so far": ("progress", "best", None),
    "the steered learning rate": ("steered", "lr", 0.01),
    "the epochs that were added": ("steered", "epochs", 4),
}


def steered(directory: Path, settings: RunConfig) -> Recorded:
    asked: list[AnyControl] = [SetLearningRate(lr=0.02), Extend(epochs=1), Step(count=CUT), Save()]
    return recorded(settings, directory, paused=[*asked, Resume()])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return steered(tmp_path_factory.mktemp("whole"), config(**SETTINGS))


def fresh(name: str, tmp_path: Path) -> Tensor:
    """The tensor as it is in a run that has just begun."""
    begun = recorded(config(**SETTINGS), tmp_path, paused=[Save(), Resume()])
    return begun.starts[0].tensors[name]


def without(start: Start, place: tuple[Any, ...]) -> Start:
    """The saved state with one value of its meta as it is in a run that has just begun."""
    meta = msgspec.json.decode(start.meta["state"])
    inner = meta
    for key in place[:-2]:
        inner = inner[key]
    assert inner[place[-2]] != place[-1]
    inner[place[-2]] = place[-1]
    return dataclasses.replace(start, meta={"state": msgspec.json.encode(meta).decode()})


def test_these_are_all_the_parts(whole: Recorded) -> None:
    kinds = {name.rsplit("/", 1)[0] + "/" for name in TENSORS if "/" in name} | {"dropout"}
    known = {*TENSORS, "batches/examples"}
    for name in {*whole.starts[CUT].tensors} - known:
        assert name.rsplit("/", 1)[0] + "/" in kinds
    assert known <= {*whole.starts[CUT].tensors}


@pytest.mark.fault(40)
@pytest.mark.parametrize("name", TENSORS)
def test_a_tensor_that_is_left_out_is_noticed(name: str, whole: Recorded, tmp_path: Path) -> None:
    start = whole.starts[CUT]
    left = fresh(name, tmp_path)
    assert not torch.equal(left, start.tensors[name])
    spoilt = dataclasses.replace(start, tensors={**start.tensors, name: left})
    with pytest.raises(BadInput, match="something of it is missing or was changed"):
        resumed(spoilt, tmp_path / "refused")
    unproven = dataclasses.replace(spoilt, state="")
    assert resumed(unproven, tmp_path / "taken").final != whole.final


@pytest.mark.fault(40)
@pytest.mark.parametrize("part", REST)
def test_a_number_that_is_left_out_is_noticed(part: str, whole: Recorded, tmp_path: Path) -> None:
    spoilt = without(whole.starts[CUT], REST[part])
    with pytest.raises(BadInput, match="something of it is missing or was changed"):
        resumed(spoilt, tmp_path)


@pytest.mark.fault(40)
def test_without_the_sums_the_epoch_is_told_wrongly(whole: Recorded, tmp_path: Path) -> None:
    start = dataclasses.replace(whole.starts[CUT], state="")
    assert resumed(start, tmp_path / "sound").epochs[2] == whole.epochs[2]
    spoilt = without(start, REST["the loss of the epoch under way"])
    assert resumed(spoilt, tmp_path / "spoilt").epochs[2] != whole.epochs[2]


@given(st.data())
def test_every_name_shape_type_and_bit_counts(data: st.DataObject) -> None:
    numbers = data.draw(st.lists(st.floats(width=32), min_size=1, max_size=8))
    tensors = {"a": torch.tensor(numbers), "b": torch.tensor(len(numbers))}
    digest = state_digest(tensors, b"rest")
    assert digest == state_digest(dict(reversed(tensors.items())), b"rest")
    bits = tensors["a"].view(torch.int32).clone()
    place = data.draw(st.integers(0, len(numbers) - 1))
    bits[place] ^= 1 << data.draw(st.integers(0, 30))
    others = [
        state_digest({**tensors, "a": bits.view(torch.float32)}, b"rest"),
        state_digest({**tensors, "a": tensors["a"].view(torch.int32)}, b"rest"),
        state_digest({**tensors, "a": tensors["a"].reshape(1, -1)}, b"rest"),
        state_digest({"c": tensors["a"], "b": tensors["b"]}, b"rest"),
        state_digest({"a": tensors["a"]}, b"rest"),
        state_digest({**tensors, "c": torch.empty(0)}, b"rest"),
        state_digest(tensors, b"Rest"),
    ]
    assert len({digest, *others}) == 1 + len(others)


def test_the_layout_in_memory_does_not_count() -> None:
    square = torch.arange(6.0).reshape(2, 3)
    apart = torch.zeros(3, 2).t().copy_(square)
    assert not apart.is_contiguous()
    assert state_digest({"w": apart}, b"") == state_digest({"w": square}, b"")


def test_clocks_and_the_pace_do_not_count(tmp_path: Path, whole: Recorded) -> None:
    slow = (float(tick) for tick in range(10**9))
    settings = config(**SETTINGS, pace=0.5)
    asked: list[AnyControl] = [SetLearningRate(lr=0.02), Extend(epochs=1), Resume()]
    assert recorded(settings, tmp_path, paused=asked, clock=slow).final == whole.final


def about(start: Start, **changes: str) -> Start:
    """The saved state as if it were from a machine where this was so."""
    meta = msgspec.json.decode(start.meta["state"])
    meta["circumstances"] |= changes
    return dataclasses.replace(start, meta={"state": msgspec.json.encode(meta).decode()})


@pytest.mark.fault(41)
def test_what_is_not_as_it_was_is_named_before_the_first_step(
    whole: Recorded, tmp_path: Path
) -> None:
    start = about(whole.starts[CUT], torch="1.0.0", gradients="manual")
    (warning,) = (n for n in of(Noted, resumed(start, tmp_path).stream) if n.level == "warning")
    assert warning.text == (
        f"not bitwise: torch was 1.0.0 and is {torch.__version__}; "
        "gradients was manual and is autograd"
    )


def test_another_device_is_named_and_the_digest_is_that_of_the_file(
    whole: Recorded, tmp_path: Path
) -> None:
    start = about(whole.starts[CUT], device="cuda:0 (a card)")
    masks = torch.zeros(16, dtype=torch.uint8)  # what a card's generator looks like
    with pytest.raises(BadInput, match="something of it is missing"):
        resumed(dataclasses.replace(start, tensors={**start.tensors, "dropout": masks}), tmp_path)
    stream = resumed(start, tmp_path / "whole").stream
    assert any("device was cuda:0 (a card) and is cpu" in note.text for note in of(Noted, stream))


@pytest.mark.fault(41)
def test_the_threads_are_those_that_were_chosen_then(whole: Recorded, tmp_path: Path) -> None:
    start = about(whole.starts[CUT], **{"CPU threads": "2"})
    before = torch.get_num_threads()
    stream = train(config(), Scripted(), start, Given(dataset()))
    started = next(stream)
    assert isinstance(started, RunStarted)
    assert started.numerics["threads"] == "2"
    assert torch.get_num_threads() == 2
    notes = [event.text for event in stream if isinstance(event, Noted)]
    assert any("is the recorded one" in note for note in notes)
    assert torch.get_num_threads() == before


@pytest.mark.fault(41)
def test_changed_data_is_refused(whole: Recorded) -> None:
    with pytest.raises(BadInput, match="was trained on other data"):
        events(config(), start=whole.starts[CUT], data=dataset(seed=1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"form": 3}, "saved by a newer version, in form 3"),
        ({"steered": None, "form": 1}, "did not keep its plan"),
        ({"config": {"lr": -1}}, "has settings that this version cannot use"),
        ({"config": {"unheard": 1}}, "has settings that this version cannot use"),
        ({"circumstances": {"CPU threads": "many"}}, "settings that this version cannot use"),
    ],
)
def test_a_state_of_another_version_is_refused_in_a_sentence(
    changes: dict[str, object], message: str, whole: Recorded
) -> None:
    start = whole.starts[CUT]
    meta = msgspec.json.decode(start.meta["state"]) | changes
    other = dataclasses.replace(start, meta={"state": msgspec.json.encode(meta).decode()})
    with pytest.raises(BadInput, match=message):
        events(config(), start=other)


def test_an_older_form_still_gives_more_epochs(whole: Recorded) -> None:
    start = whole.starts[CUT]
    meta = msgspec.json.decode(start.meta["state"])
    old = {name: meta[name] for name in ("config", "digest", "progress")}
    del old["progress"]["best"]
    older = Start("before", start.tensors, {"state": msgspec.json.encode(old).decode()}, CUT)
    stream = events(config(**{**SETTINGS, "epochs": 1}), start=older)
    assert of(RunStarted, stream)[0].total_steps == 9
