"""The laws of a corrupted pixel: they hold, and what is wrong breaks the one that it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from torch import Generator, Tensor

from engine.experiments.course import claim
from engine.lab.corruption import CORRUPTIONS
from engine.lab.corruption_laws import of_pixels

Change = Callable[[Tensor, float, Generator], Tensor]
RIGHT = {name: each.change for name, each in CORRUPTIONS.items()}


def broken(seed: int = 0) -> list[str]:
    found = [claim(**each) for each in of_pixels(Generator().manual_seed(seed))]
    assert len({each.claim for each in found}) == 11
    return [each.claim.partition(":")[0] for each in found if not each.holds]


@pytest.mark.parametrize("seed", range(10))
def test_they_hold(seed: int) -> None:
    assert broken(seed) == []


@pytest.mark.parametrize(
    ("name", "wrong", "claims"),
    [
        ("brightness", lambda x, s, g: RIGHT["brightness"](x, 0.7, g), 1),
        ("noise", lambda x, s, g: RIGHT["noise"](x, s / 10, g), 1),
        ("noise", lambda x, s, g: RIGHT["noise"](x, s, g).clamp(0, 1), 2),
        ("mirror", lambda x, s, g: x.flip(2), 1),
        ("mirror", lambda x, s, g: RIGHT["mirror"](x, 0.8, g), 1),
        ("upside-down", lambda x, s, g: x.flip(2, 3), 1),
        ("shift", lambda x, s, g: RIGHT["shift"](x, 1, g), 1),
        ("shift", lambda x, s, g: x.roll(-3, 3), 1),
        ("shift", lambda x, s, g: x.roll(3, 2), 2),
        ("invert", lambda x, s, g: -x, 1),
        ("blur", lambda x, s, g: RIGHT["blur"](x, 1.4, g), 1),
        ("contrast", lambda x, s, g: s * x + 0.2 * x.square(), 1),
        ("patch", lambda x, s, g: RIGHT["patch"](x, 0.4, g), 1),
    ],
)
def test_what_is_wrong_breaks_its_law(
    name: str, wrong: Change, claims: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CORRUPTIONS, name, replace(CORRUPTIONS[name], change=wrong))
    assert broken() == [name] * claims


@pytest.mark.parametrize("name", ["brightness", "noise", "shift", "blur", "contrast", "patch"])
def test_another_severity_breaks_them(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CORRUPTIONS, name, replace(CORRUPTIONS[name], level=2))
    assert set(broken()) == {name}
