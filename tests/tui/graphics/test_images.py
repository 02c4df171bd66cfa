"""Which images a terminal is given, and when they go."""

from __future__ import annotations

import pytest
from kitty_terminal import KittyTerminal

from tui.charts.halfblocks import Picture
from tui.graphics.images import Image, Images, enlarged, image_of


def image(shade: int, columns: int = 4) -> Image:
    made = image_of(Picture(2, 2, bytes([shade] * 4)), columns, 2)
    assert made is not None
    return made


@pytest.fixture
def terminal() -> KittyTerminal:
    return KittyTerminal()


@pytest.fixture
def images(terminal: KittyTerminal) -> Images:
    made = Images(terminal.feed)
    made.taken()
    return made


def test_an_image_is_sent_once_however_often_and_by_whomever_it_is_wanted(
    images: Images, terminal: KittyTerminal
) -> None:
    first = images.want("here", [image(1), image(1), image(2)])
    assert terminal.transmissions == 2
    assert images.want("here", [image(2), image(1)]) == first
    assert images.want("there", [image(1)]) == {image(1): first[image(1)]}
    assert terminal.transmissions == 2
    assert sorted(terminal.images) == sorted(first.values())


def test_another_size_is_another_image(images: Images, terminal: KittyTerminal) -> None:
    small, large = images.want("here", [image(1), image(1, columns=8)]).values()
    assert terminal.images[small].columns == 4
    assert terminal.images[large].columns == 8


def test_what_nobody_wants_is_deleted_when_it_is_off_the_screen(
    images: Images, terminal: KittyTerminal
) -> None:
    numbers = images.want("here", [image(1), image(2)])
    images.want("there", [image(2)])
    images.want("here", [image(3)])
    assert numbers[image(1)] in terminal.images  # its cells still stand
    images.sweep()
    assert numbers[image(1)] not in terminal.images
    assert numbers[image(2)] in terminal.images
    images.release("there")
    images.release("nobody")
    images.sweep()
    assert len(terminal.images) == 1


def test_a_number_in_use_is_not_given_again(
    images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.graphics.images.MOST_IMAGES", 3)
    terminal = KittyTerminal()
    few = Images(terminal.feed)
    few.taken()
    kept = few.want("kept", [image(0)])
    seen = set()
    for shade in range(1, 9):
        (number,) = few.want("passing", [image(shade)]).values()
        few.sweep()
        seen.add(number)
        assert number not in kept.values()
    assert seen == {2, 3}


def test_a_terminal_given_back_knows_nothing_and_gets_what_is_wanted_when_taken_again(
    images: Images, terminal: KittyTerminal
) -> None:
    before = images.want("here", [image(1), image(2)])
    images.given_back()
    assert not terminal.images
    late = images.want("here", [image(1), image(3)])  # nothing may be written now
    images.sweep()
    assert (terminal.transmissions, terminal.deletions) == (2, 2)
    images.taken()
    assert sorted(terminal.images) == sorted(late.values())
    assert late[image(1)] == before[image(1)]


def test_nothing_wanted_nothing_written() -> None:
    written: list[str] = []
    images = Images(written.append)
    images.taken()
    images.want("here", [])
    images.sweep()
    images.given_back()
    assert not written


def test_many_images_are_one_write() -> None:
    written: list[str] = []
    images = Images(written.append)
    images.taken()
    images.want("here", [image(shade) for shade in range(40)])
    assert len(written) == 1


def test_pixels_become_blocks_of_their_own_colour() -> None:
    grey = Image(bytes([0, 100, 200, 255]), 2, 2, 1, 2, 1)
    black, dark, light, white = (bytes([v] * 6) for v in (0, 100, 200, 255))
    assert enlarged(grey, 2) == (black + dark) * 2 + (light + white) * 2
    color = Image(b"rgbRGB", 2, 1, 3, 2, 1)
    assert enlarged(color, 1) == b"rgbRGB"
    assert enlarged(color, 2) == b"rgbrgbRGBRGB" * 2


@pytest.mark.parametrize(
    ("side", "sent"), [(1, 128), (28, 112), (64, 128), (65, 65), (128, 128), (200, 200)]
)
def test_small_ones_are_enlarged_and_large_ones_are_not(
    images: Images, terminal: KittyTerminal, side: int, sent: int
) -> None:
    made = image_of(Picture(side, side, bytes(side * side)), 4, 2)
    assert made is not None
    (number,) = images.want("here", [made]).values()
    assert terminal.images[number].width == terminal.images[number].height == sent


@pytest.mark.parametrize(
    ("picture", "cells"),
    [
        (Picture(2, 2, b"abc"), (2, 1)),
        (Picture(2, 2, b"abcd"), (65, 1)),
        (Picture(2, 2, b"abcd"), (1, 65)),
        (Picture(2, 2, b"abcd"), (0, 0)),
    ],
)
def test_what_the_protocol_cannot_show_is_no_image(
    picture: Picture, cells: tuple[int, int]
) -> None:
    assert image_of(picture, *cells) is None
