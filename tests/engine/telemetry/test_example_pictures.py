"""Test examples as pictures: the order of their dimensions, their scale and their size."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from engine.data.dataset import make_dataset
from engine.events import Picture
from engine.telemetry.pictures import MOST_PIXELS, ExamplePictures, picture


def pictures(x: Tensor, shape: tuple[int, ...], *indices: int) -> list[Picture | None]:
    y = torch.zeros(len(x), dtype=torch.int64)
    data = make_dataset("x", (x[:1], y[:1], x, y), classes=("a",), image_shape=shape, source="")
    return ExamplePictures(data).of(torch.tensor(indices, dtype=torch.int64))


def test_grey_bytes_are_shown_as_they_are_row_by_row() -> None:
    x = torch.arange(12, dtype=torch.uint8).view(2, 6)
    assert pictures(x, (2, 3), 1, 0) == [
        Picture(width=3, height=2, pixels=bytes(range(6, 12))),
        Picture(width=3, height=2, pixels=bytes(range(6))),
    ]


def test_colours_are_told_pixel_by_pixel_whichever_end_counts_them() -> None:
    pixels = torch.arange(5 * 4 * 3).view(5, 4, 3)
    wanted = Picture(width=4, height=5, pixels=bytes(range(60)), channels=3)
    assert picture(pixels.flatten(), (5, 4, 3)) == wanted
    assert picture(pixels.permute(2, 0, 1).flatten(), (3, 5, 4)) == wanted


def test_one_channel_is_grey() -> None:
    pixels = torch.arange(20.0)
    grey = Picture(width=4, height=5, pixels=bytes(range(20)))
    assert picture(pixels, (1, 5, 4)) == picture(pixels, (5, 4, 1)) == grey


def test_other_numbers_of_channels_are_shown_as_their_mean() -> None:
    image = torch.tensor([0.0, 10, 20, 30]).repeat(25)
    assert picture(image, (5, 5, 4)) == Picture(5, 5, bytes([15] * 25))


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.0, 0.5, 1.0, 0.25], [0, 128, 255, 64]),
        ([0.2, 0.4, 0.6, 0.4], [51, 102, 153, 102]),  # in [0, 1]: as they are, not stretched
        ([-1.0, 0.0, 1.0, 3.0], [0, 64, 128, 255]),
        ([10.0, 20.0, 30.0, 40.0], [0, 85, 170, 255]),
        ([7.0, 7.0, 7.0, 7.0], [0, 0, 0, 0]),
    ],
)
def test_floats_are_scaled_by_the_whole_test_set(values: list[float], shown: list[int]) -> None:
    x = torch.tensor(values).view(4, 1)
    found = [p.pixels[0] for p in pictures(x, (1, 1), 0, 1, 2, 3) if p]
    assert found == shown


def test_what_is_no_image_has_no_picture() -> None:
    assert pictures(torch.rand(3, 5), (), 2, 0) == [None, None]
    assert pictures(torch.rand(3, 4), (2, 2)) == []


def test_a_large_image_is_the_mean_over_equal_areas() -> None:
    corners = torch.tensor([[10.0, 20.0], [30.0, 40.0]])
    image = corners.repeat_interleave(2 * MOST_PIXELS, 0).repeat_interleave(MOST_PIXELS, 1)
    image[0, 0] += 80  # one of the 4 × 4 pixels that make the first
    reduced = picture(image.flatten(), (4 * MOST_PIXELS, 2 * MOST_PIXELS))
    assert (reduced.width, reduced.height) == (MOST_PIXELS // 2, MOST_PIXELS)
    assert reduced.pixels[0] == 10 + 80 // 16
    assert set(reduced.pixels[1 : MOST_PIXELS // 4]) == {10}
    assert reduced.pixels[-1] == 40


@given(
    shape=st.one_of(
        st.tuples(st.integers(1, 150), st.integers(1, 150)),
        st.tuples(st.integers(1, 5), st.integers(1, 90), st.integers(1, 90)),
        st.tuples(st.integers(1, 90), st.integers(1, 90), st.integers(1, 5)),
    )
)
def test_every_picture_is_whole_and_small(shape: tuple[int, ...]) -> None:
    numbers = torch.linspace(-50, 300, int(torch.tensor(shape).prod()))
    made = picture(numbers, shape)
    assert made.channels in (1, 3)
    assert len(made.pixels) == made.width * made.height * made.channels
    assert 1 <= max(made.width, made.height) <= MOST_PIXELS
