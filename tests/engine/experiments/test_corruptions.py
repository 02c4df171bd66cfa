"""Corruptions: what each does to a picture, detectors, and the experiment as a whole."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from engine.controls import Controls
from engine.errors import BadInput
from engine.events import (
    BarsChanged,
    ClaimChecked,
    Event,
    Noted,
    PicturesShown,
    RunStarted,
    SeriesExtended,
    TableChanged,
)
from engine.experiments import named
from engine.experiments.corruptions import EXPERIMENT, NAMES, CorruptionSettings
from engine.lab.classifier import Classifiers
from engine.lab.corruption import CORRUPTIONS, LEVELS, planes, rows
from engine.lab.corruption_study import Study, noticed_after
from engine.lab.detector import Detected, Standardized, detect, principal_axes


def random(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def drawn(count: int = 6, channels: int = 1, height: int = 9, width: int = 9) -> Tensor:
    return torch.rand(count, channels, height, width, generator=random(1))


def at(name: str, images: Tensor, level: int) -> Tensor:
    return CORRUPTIONS[name].apply(images, level, random(2))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of 12 × 12 pictures: a bar on the left, at the top, or a bright corner."""
    rng = np.random.default_rng(0)
    y = np.arange(1800) % 3
    x = rng.random((1800, 12, 12)) * 0.5
    x[y == 0, :, :3] += 0.4
    x[y == 1, :3, :] += 0.4
    x[y == 2, 8:, 8:] += 0.4
    path = tmp_path_factory.mktemp("pictures") / "bars.npz"
    images = (x * 255).astype(np.uint8)
    np.savez(path, x_train=images[:1200], y_train=y[:1200], x_test=images[1200:], y_test=y[1200:])
    return path


def settings(data: Path, **changes: Any) -> CorruptionSettings:
    base: dict[str, Any] = {
        "pace": 0.0, "data": str(data), "train_examples": 400, "width": 16, "epochs": 5,
        "pictures": 400, "repeats": 10,
    }  # fmt: skip
    return CorruptionSettings(**{**base, **changes})


def stream(data: Path, **changes: Any) -> list[Event]:
    return list(EXPERIMENT.run(settings(data, **changes), Controls()))


def of(kind: type[Any], events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_the_settings_name_what_there_is() -> None:
    assert tuple(CORRUPTIONS) == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 9, 9), (3, 8, 13), (1, 5, 5)])
def test_every_level_gives_new_pictures_of_the_same_shape(
    name: str, shape: tuple[int, ...]
) -> None:
    images = drawn(6, *shape)
    before = images.clone()
    for level in range(LEVELS + 1):
        changed = at(name, images, level)
        assert changed.shape == images.shape
        assert changed.dtype == torch.float32
        assert bool(changed.isfinite().all())
    assert torch.equal(images, before)
    assert not torch.equal(at(name, images, 5), images)
    chapters = at(name, images, CORRUPTIONS[name].level)
    assert torch.equal(chapters, at(name, images, 0))


@pytest.mark.parametrize("name", NAMES)
def test_a_higher_level_changes_more(name: str) -> None:
    images = drawn(400) if name in ("mirror", "upside-down", "patch") else drawn(40)
    far = [float((at(name, images, level) - images).square().mean()) for level in range(1, 6)]
    # white noise has no lengths: any shift and any rotation of it is as far as another
    if name not in ("shift", "rotate"):
        assert far == sorted(far)
    assert far[0] > 0


def test_the_chapters_six_do_what_they_say() -> None:
    images = drawn()
    torch.testing.assert_close(at("brightness", images, 0), 0.5 * images)
    assert torch.equal(at("mirror", images, 0), images.flip(-1))
    assert torch.equal(at("upside-down", images, 0), images.flip(-2))
    torch.testing.assert_close(at("invert", images, 0), 1 - images)
    shifted = at("shift", images, 0)
    assert torch.equal(shifted[..., 3:], images[..., :-3])
    assert not shifted[..., :3].any()
    many = torch.full((200, 1, 20, 20), 0.5)
    noise = at("noise", many, 0) - many
    assert float(noise.std()) == pytest.approx(0.3, abs=5 * 0.3 / (2 * noise.numel()) ** 0.5)
    assert abs(float(noise.mean())) < 5 * 0.3 / noise.numel() ** 0.5
    assert float(at("noise", many, 0).min()) < 0


def test_half_an_inversion_is_grey_and_a_share_of_flips_is_a_share() -> None:
    images = drawn(4000, 1, 4, 4)
    mirrored = (at("mirror", images, 3) != images).flatten(1).any(1)
    assert float(mirrored.double().mean()) == pytest.approx(0.6, abs=5 * (0.24 / 4000) ** 0.5)
    both = (at("invert", images, 3) + at("invert", 1 - images, 3)) / 2
    torch.testing.assert_close(both, torch.full_like(both, 0.5))


def test_blur_keeps_the_sum_of_what_lies_inside_and_contrast_the_mean() -> None:
    spot = torch.zeros(1, 1, 41, 41)
    spot[..., 20, 20] = 1
    blurred = at("blur", spot, 3)
    assert float(blurred.sum()) == pytest.approx(1, abs=1e-5)
    place = torch.arange(41.0) - 20
    variance = float((blurred[0, 0].sum(0) * place**2).sum())
    assert variance == pytest.approx(1.5**2, rel=0.03)
    images = drawn()
    torch.testing.assert_close(at("contrast", images, 5).mean((2, 3)), images.mean((2, 3)))


def test_a_quarter_turn_is_a_quarter_turn() -> None:
    images = drawn(3, 1, 8, 8)
    turned = at("rotate", images, 5)
    quarter = [torch.rot90(images, by, (2, 3)) for by in (1, 3)]
    assert any(torch.allclose(turned, each, atol=1e-4) for each in quarter)


def test_a_patch_hides_a_square_of_its_size() -> None:
    images = torch.ones(50, 1, 20, 20)
    hidden = (at("patch", images, 5) == 0.5).sum((1, 2, 3))
    assert hidden.tolist() == [144] * 50


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3), (3, 5, 4), (5, 4, 1)])
def test_planes_and_rows_are_each_others_inverse(shape: tuple[int, ...]) -> None:
    x = torch.rand(7, int(np.prod(shape)))
    images = planes(x, shape)
    assert images.shape == (7, 1 if len(shape) == 2 else min(shape[0], shape[2]), 5, 4)
    assert torch.equal(rows(images, shape), x)


@pytest.mark.parametrize("seed", range(5))
def test_a_detector_of_nothing_guesses(seed: int) -> None:
    x = torch.randn(400, 5, generator=random(seed))
    found = detect(x, x, 100, 60, random(seed))
    assert found.size == 100
    assert abs(found.mean - 0.5) < 6 * 0.5 / (100 * 60) ** 0.5


def test_a_detector_finds_a_known_shift_as_often_as_bayes_allows() -> None:
    """N(0, 1) and N(d, 1): at best Φ(d/2) of the answers are right."""
    x = torch.randn(8000, 1, generator=random())
    found = detect(x, x + 1.0, 2000, 40, random(1))
    best = float(torch.special.ndtr(torch.tensor(0.5)))
    assert found.mean == pytest.approx(best, abs=0.008)
    assert found.alarms == 1


def test_no_picture_is_seen_twice_by_a_detector() -> None:
    """Were one trained on and tested on, or in both domains, its own number would tell."""
    one_hot = torch.eye(200)
    found = detect(one_hot, one_hot, 100, 50, random())
    assert abs(found.mean - 0.5) < 6 * 0.5 / (100 * 50) ** 0.5


def test_alarms_are_counted_against_a_guess() -> None:
    assert Detected(100, torch.tensor([0.5, 0.61, 0.62, 0.7])).alarms == 0.5
    fifty, hundred = Detected(50, torch.tensor([0.5] * 10)), Detected(100, torch.ones(10))
    assert noticed_after((fifty, hundred)) == 100
    assert noticed_after((fifty,)) is None


def test_it_counts_as_noticed_where_nine_of_ten_raise_the_alarm() -> None:
    found = []
    for size, alarms in ((20, 1), (50, 8), (100, 9), (200, 10)):
        accuracy = torch.full((10,), 0.5)
        accuracy[:alarms] = 1.0
        found.append(Detected(size, accuracy))
    assert [d.alarms for d in found] == pytest.approx([0.1, 0.8, 0.9, 1.0])
    assert noticed_after(found) == 100
    assert noticed_after(found[:2]) is None


def test_features_are_measured_in_spreads_of_clean_ones() -> None:
    clean = torch.randn(500, 3, generator=random()) * torch.tensor([1.0, 10.0, 0.0])
    made = Standardized(clean)(clean)
    torch.testing.assert_close(made.std(0), torch.tensor([1.0, 1.0, 0.0]))
    axes = principal_axes(clean)
    torch.testing.assert_close(axes.T @ axes, torch.eye(3), atol=1e-5, rtol=0)
    assert abs(float(axes[1, 0])) > 0.99


@pytest.mark.slow
@pytest.mark.parametrize("config", EXPERIMENT.checks, ids=range(2))
def test_every_claim_of_the_checks_holds(config: CorruptionSettings) -> None:
    events = list(EXPERIMENT.run(config, Controls()))
    claims = of(ClaimChecked, events)
    (started,) = of(RunStarted, events)
    real = started.dataset is not None and started.dataset.name == "fashion-mnist"
    assert len(claims) == 11 + 4 + (7 if real else 0)
    assert [c.claim for c in claims if not c.holds] == []


def test_pictures_bars_and_tables(pictures: Path) -> None:
    events = stream(pictures, corruption="invert")
    shown = of(PicturesShown, events)
    assert [s.pictures for s in shown] == ["clean", *["corrupted"] * len(NAMES)]
    # the log says which corruption it is whose pictures are on screen
    after = [told for before, told in pairwise(events) if isinstance(before, PicturesShown)][1:]
    notes = [told.text for told in after if isinstance(told, Noted)]
    assert [text.partition(",")[0] for text in notes] == [*NAMES[:5], *NAMES[6:], "invert"]
    assert notes[-1].startswith("invert, by 100%: accuracy 0.")
    clean, last = shown[0].items, shown[-1].items
    assert len(clean) == 8
    assert {p.width for p in clean} == {12}
    assert all(
        abs(a + b - 255) <= 1
        for p, q in zip(clean, last, strict=True)
        for a, b in zip(p.pixels, q.pixels, strict=True)
    )
    assert sum(p.tone == "good" for p in clean) >= 6
    assert sum(p.tone == "bad" for p in last) >= 4
    assert {p.caption for p in clean} <= {"0", "1", "2"}
    bars = {e.bars: e for e in of(BarsChanged, events)}
    first = bars["accuracy, the chapter's corruptions"]
    assert first.labels == ("clean", *NAMES[:6])
    # the chapter's figures are of other pictures
    assert [g.name for g in first.groups] == ["measured"]
    accuracy = dict(zip(first.labels, first.groups[0].values, strict=True))
    assert accuracy["clean"] > 0.9
    assert accuracy["mirror"] < 0.75
    tables = {e.table: e for e in of(TableChanged, events)}
    assert [row[0] for row in tables["what it costs, and when it is noticed"].rows] == [
        "nothing", *NAMES
    ]  # fmt: skip
    assert len(tables["fine-tuned on labelled pictures: invert"].rows) == 4
    names = {e.series for e in of(SeriesExtended, events)}
    assert {"severity/mirror", "others/blur", "detector/nothing"} <= names
    curve = next(e for e in of(SeriesExtended, events) if e.series == "severity/invert")
    assert curve.y[0] == accuracy["clean"]
    assert curve.y[5] == accuracy["invert"]


def test_detectors_see_the_level_asked_for_and_the_mildest(pictures: Path) -> None:
    with Classifiers().trained(settings(pictures)) as classifier:
        study = Study(classifier, 400, 20, "pixels", 0)
        found = study.measure("invert", 3)
    assert study.sizes == (20, 50, 100, 200)
    assert found.accuracy == found.accuracies[3]
    assert found.known is None
    assert 0.85 < found.mild[-1].mean <= found.detected[-1].mean + 0.02
    assert float((found.pictures - study.clean).abs().max()) == pytest.approx(0.6, abs=0.01)


def test_what_is_tested_on_is_not_learned_from(pictures: Path) -> None:
    """However many pictures are asked for, some are left to fine-tune on."""
    with Classifiers().trained(settings(pictures)) as classifier:
        study = Study(classifier, 60_000, 10, "pixels", 0)
        _, few, many, _ = study.tuned(study.measure("mirror", 0))
    left = len(classifier.y) - len(study.y)
    assert left >= len(classifier.y) / 5
    assert 0 < few.corrupted <= many.corrupted <= left


def test_fine_tuning_gains_on_corrupted_pictures_what_their_labels_teach(pictures: Path) -> None:
    with Classifiers().trained(settings(pictures)) as classifier:
        study = Study(classifier, 400, 10, "pixels", 0)
        before, few, many, both = study.tuned(study.measure("mirror", 0))
        assert torch.equal(study.classifier.logits(study.x).argmax(1), study.predicted)
    assert before.on_clean == study.accuracy > 0.95
    assert [(t.corrupted, t.clean) for t in (before, few, many, both)] == [
        (0, 0), (50, 0), (500, 0), (500, 500)
    ]  # fmt: skip
    assert before.on_corrupted < 0.4
    assert min(many.on_corrupted, both.on_corrupted) > 0.6
    assert both.on_clean > 0.95


def test_what_cannot_be_is_said(small_data: Path, pictures: Path) -> None:
    with pytest.raises(BadInput, match="has no pictures to corrupt"):
        stream(small_data)
    with pytest.raises(BadInput, match="too few for a detector"):
        stream(_few(pictures), train_examples=1200)
    assert CorruptionSettings(corruption="vertical flip").corruption == "upside-down"
    with pytest.raises(BadInput, match="level"):
        CorruptionSettings(level=6)
    assert named("corruptions") is EXPERIMENT


def test_data_without_pictures_are_refused_before_any_work(
    small_data: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    controls = Controls()
    controls.report = lambda text, *_: told.append(text)
    for data, name in ((tmp_path / "my.csv", "my"), (small_data, "small")):
        told.clear()
        with pytest.raises(BadInput, match=f"^{name} has no pictures to corrupt"):
            next(EXPERIMENT.run(CorruptionSettings(data=str(data)), controls))
    assert told == ["reading small.npz"]  # whose shape is known once it is read


def _few(pictures: Path) -> Path:
    whole = np.load(pictures)
    path = pictures.parent / "few.npz"
    few = {name: whole[name][: 1200 if "train" in name else 30] for name in whole.files}
    np.savez(path, **few)
    return path


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.skipif(not os.environ.get("MLP_TUI_DATA"), reason="MLP_TUI_DATA is not set")
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_chapters_figures(seed: int) -> None:
    config = CorruptionSettings(
        pace=0.0, data="fashion-mnist", seed=seed, pictures=2000, repeats=10
    )
    events = list(EXPERIMENT.run(config, Controls()))
    claims = of(ClaimChecked, events)
    assert len(claims) == 11 + 4 + 7
    assert [c.claim for c in claims if not c.holds] == []
    bars = next(e for e in reversed(events) if isinstance(e, BarsChanged) and "chapter" in e.bars)
    assert bars.groups[1].values == (0.828, 0.79, 0.791, 0.572, 0.374, 0.298, 0.034)
