"""Concept shift: the line, the monitor's exact law, adapting, and the experiment as a whole."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor

from engine.controls import Controls
from engine.errors import BadInput
from engine.events import (
    BarsChanged,
    ClaimChecked,
    Event,
    Noted,
    PicturesShown,
    RunFinished,
    RunStarted,
    SeriesExtended,
    TableChanged,
)
from engine.experiments import named
from engine.experiments.concept_shift import (
    EXPERIMENT,
    FRACTIONS,
    ConceptShiftSettings,
    _summary,
)
from engine.lab.classifier import Classifiers, confusion
from engine.lab.concept import AFTER, BEFORE, LABELS, WINDOW, Concept, renaming
from engine.lab.concept_findings import of_monitors
from engine.theory import concept_shift as theory
from engine.theory import label_shift


def settings(data: Path, **changes: Any) -> ConceptShiftSettings:
    base: dict[str, Any] = {
        "pace": 0.0, "data": str(data), "train_examples": 500, "width": 8, "epochs": 20, "lr": 0.5,
        "examples": 400, "held": 400, "repeats": 5,
    }  # fmt: skip
    return ConceptShiftSettings(**{**base, **changes})


def stream(data: Path, **changes: Any) -> list[Event]:
    return list(EXPERIMENT.run(settings(data, **changes), Controls()))


def of(kind: type[Any], events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture(scope="module")
def concept(tmp_path_factory: pytest.TempPathFactory) -> Concept:
    """Three classes on a line, which overlap."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 6000)
    x = (rng.normal(size=(6000, 4)) * 0.5 + y[:, None]).astype(np.float32)
    path = tmp_path_factory.mktemp("concept") / "line.npz"
    np.savez(path, x_train=x[:4000], y_train=y[:4000], x_test=x[4000:], y_test=y[4000:])
    config = settings(path, train_examples=300)
    with Classifiers().trained(config) as classifier:
        return Concept(classifier, renaming("cycle", 3, 0, 0), 2000, 2000, 0)


def joint_of(seed: int, classes: int = 4) -> Tensor:
    drawn = torch.rand(classes, classes, generator=Generator().manual_seed(seed)).double()
    drawn += 2 * torch.eye(classes)
    return drawn / drawn.sum()


@given(st.integers(0, 10_000), st.floats(0, 1), st.integers(2, 6))
def test_the_line_is_what_relabelling_the_joint_shares_gives(
    seed: int, fraction: float, classes: int
) -> None:
    joint = joint_of(seed, classes)
    renamed = torch.randint(classes, (classes,), generator=Generator().manual_seed(seed + 1))
    p = joint.sum(0)
    told = theory.relabelled(joint, renamed, fraction)
    assert float(told.sum()) == pytest.approx(1)
    torch.testing.assert_close(told.sum(1), joint.sum(1))
    line = theory.accuracy(joint / p, p, renamed, fraction)
    assert line == pytest.approx(float(told.trace()), abs=1e-12)
    ends = [theory.accuracy(joint / p, p, renamed, f) for f in (0.0, 1.0)]
    assert line == pytest.approx((1 - fraction) * ends[0] + fraction * ends[1], abs=1e-12)
    assert theory.ceiling(told) >= line - 1e-12


def test_a_permutation_is_undone_by_renaming_predictions_and_half_of_it_is_not() -> None:
    joint = joint_of(0)
    renamed = renaming("cycle", 4, 0, 0)
    assert renamed.tolist() == [1, 2, 3, 0]
    whole = theory.relabelled(joint, renamed, 1.0)
    assert theory.best_renaming(whole).tolist() == renamed.tolist()
    assert theory.ceiling(whole) == pytest.approx(float(joint.trace()))
    little = theory.relabelled(joint, renamed, 0.2)
    assert theory.best_renaming(little).tolist() == [0, 1, 2, 3]
    assert theory.ceiling(little) == pytest.approx(float(little.trace()))
    uneven = torch.tensor([[0.1, 0.5], [0.1, 0.3]]).double()
    assert theory.ceiling(uneven) == pytest.approx(0.8)
    assert renaming("rename", 4, 2, 0).tolist() == [0, 1, 0, 3]
    assert theory.best_renaming(torch.zeros(3, 3).double()).tolist() == [0, 1, 2]


def test_the_binomial_is_the_binomial() -> None:
    found = theory.binomial_pmf(5, 0.3).tolist()
    assert found == pytest.approx([math.comb(5, k) * 0.3**k * 0.7 ** (5 - k) for k in range(6)])
    assert theory.binomial_pmf(3, 0.0).tolist() == [1, 0, 0, 0]
    assert theory.binomial_pmf(3, 1.0).tolist() == [0, 0, 0, 1]


@given(st.integers(1, 400), st.floats(0.05, 0.99))
def test_a_monitor_keeps_its_level_and_wastes_none_of_it(n: int, accuracy: float) -> None:
    monitor = theory.Monitor(n, accuracy)
    assert monitor.power(accuracy) == pytest.approx(monitor.false_alarms, abs=1e-12)
    assert monitor.false_alarms <= 0.01
    further = float(theory.binomial_pmf(n, accuracy)[: monitor.bound + 1].sum())
    assert further > 0.01 - 1e-12
    assert monitor.power(accuracy / 2) >= monitor.false_alarms - 1e-12


@pytest.mark.parametrize(
    ("before", "after"),
    [(0.83, 0.75), (0.9, 0.5), (0.6, 0.55), (0.2, 0.12), (0.08, 0.01), (0.999, 0.985), (1.0, 0.98)],
)
def test_so_many_labels_and_no_fewer_give_a_power_of_nine_tenths(
    before: float, after: float
) -> None:
    needed = theory.labels_needed(before, after)
    powers = [theory.Monitor(n, before).power(after) for n in range(1, int(needed) + 1)]
    assert powers[-1] >= 0.9 > max(powers[:-1])
    assert theory.labels_needed(after, before) == math.inf
    assert theory.labels_needed(0.5, 0.4999) == math.inf


def test_of_many_labels_a_rough_figure_is_given() -> None:
    # (2.33 + 1.28)²·¼ over the square of the fall
    assert theory.labels_needed(0.5, 0.49) == pytest.approx(13.02 / 4 / 0.01**2, rel=0.01)


def test_the_labels_of_each_fraction_that_the_binomial_asks_for() -> None:
    line = [0.826 + i / 10 * (0.0062 - 0.826) for i in range(1, 11)]
    needed = [theory.labels_needed(0.826, after) for after in line]
    assert needed == [327, 90, 42, 26, 18, 12, 10, 8, 5, 3]
    # with fewer than three no count of errors is an alarm
    assert [theory.Monitor(n, 0.826).bound for n in (1, 2, 3)] == [0, 0, 1]


def test_the_cost_is_told_on_the_same_examples(concept: Concept) -> None:
    nothing = concept.relabel(0.0)
    assert nothing.accuracy == concept.before != concept.clean
    told = _summary(concept, nothing, [])
    assert f"the accuracy is {concept.before:.3f} (on the same examples before " in told
    assert f"{concept.before:.3f}), by" in told


def test_a_count_of_new_labels_is_tried_once_however_few_are_left(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random((80, 8), np.float32), np.arange(80) % 2
    np.savez(tmp_path / "few.npz", x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    events = stream(tmp_path / "few.npz", train_examples=20)
    rows = [e for e in of(TableChanged, events) if e.table == "adapting to new labels"][-1].rows
    assert [row[:2] for row in rows] == [("as it is", "0"), ("renamed", "12"), ("fine-tuned", "12")]


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
def test_sigma_is_that_of_many_divisions(concept: Concept, fraction: float) -> None:
    """Over random divisions into held-out and target the accuracy is off by what sigma says."""
    predicted, y = concept.classifier.predicted, concept.classifier.y
    random = Generator().manual_seed(3)
    off = []
    for _ in range(300):
        order = torch.randperm(len(y), generator=random)
        held, target = order[:1500], order[1500:3000]
        joint = label_shift.joint(confusion(predicted[held], y[held], 3))
        p = joint.sum(0)
        law = theory.accuracy(joint / p, p, concept.renamed, fraction)
        moved = torch.rand(1500, generator=random) < fraction
        labels = torch.where(moved, concept.renamed[y[target]], y[target])
        off.append(float((labels == predicted[target]).double().mean()) - law)
    std = float(torch.tensor(off).std())
    scale = math.sqrt(2000 / 1500)
    assert std == pytest.approx(scale * concept.sigma(fraction), rel=5 / math.sqrt(600))
    assert abs(float(np.mean(off))) < 5 * std / math.sqrt(300)


def test_relabelling_touches_a_fraction_and_only_what_has_a_new_name(concept: Concept) -> None:
    found = concept.relabel(0.25)
    moved = found.labels != concept.y
    assert float(moved.double().mean()) == pytest.approx(0.25, abs=5 * math.sqrt(0.1875 / 2000))
    assert torch.equal(found.labels[moved], concept.renamed[concept.y[moved]])
    assert torch.equal(found.right, found.labels == concept.predicted)
    assert torch.equal(concept.relabel(0.0).labels, concept.y)
    assert concept.relabel(1.0).accuracy == float(
        (concept.renamed[concept.y] == concept.predicted).double().mean()
    )


def test_the_stream_falls_at_the_change(concept: Concept) -> None:
    seen = list(concept.stream(1.0))
    assert len(seen) == BEFORE + AFTER
    assert min(seen[:BEFORE]) > max(seen[BEFORE:])
    flat = list(concept.stream(0.0))
    spread = 5 * math.sqrt(concept.clean * (1 - concept.clean) / (WINDOW * len(flat)))
    assert np.mean(flat) == pytest.approx(concept.clean, abs=spread + 0.02)


def test_monitors_alarm_as_often_as_the_binomial_says(concept: Concept) -> None:
    found = concept.relabel(0.08)
    monitor, rate = concept.monitors(found, 150, 5000)
    power = monitor.power(found.accuracy)
    assert 0.05 < power < 0.95
    assert rate == pytest.approx(power, abs=5 * math.sqrt(power * (1 - power) / 5000))


def test_monitors_are_asked_where_their_law_says_something(concept: Concept) -> None:
    for fraction in (0.05, 0.1, 0.3):
        (found,) = of_monitors(concept, concept.relabel(fraction), 2000)
        assert 0.2 < found["predicted"] < 0.8
        assert abs(found["measured"] - found["predicted"]) <= found["tolerance"] < 0.06
    (found,) = of_monitors(concept, concept.relabel(1.0), 2000)
    assert abs(found["measured"] - found["predicted"]) <= found["tolerance"]


def test_adapting_undoes_a_renaming_and_gains_nothing_below_a_half(concept: Concept) -> None:
    clean = concept.relabel(0.0).accuracy
    whole = list(concept.adapted(concept.relabel(1.0)))
    assert [a.way for a in whole] == ["as it is", *["renamed", "fine-tuned"] * len(LABELS)]
    assert whole[0].shifted < 0.2
    assert whole[-2].shifted == pytest.approx(clean, abs=1e-12)
    assert whole[-1].shifted > 0.5
    assert whole[-2].unshifted == pytest.approx(clean, abs=1e-12)
    before = [concept.classifier.network.weights[0].clone(), concept.classifier.predicted.clone()]
    little = list(concept.adapted(concept.relabel(0.2)))
    assert little[-2].shifted == little[0].shifted
    assert torch.equal(before[0], concept.classifier.network.weights[0])


def test_what_is_held_out_tested_and_learned_from_is_never_the_same(concept: Concept) -> None:
    parts = [range(concept.held), *(
        range(*part.indices(len(concept.classifier.y))) for part in (concept.target, concept.rest)
    )]  # fmt: skip
    assert sum(map(len, parts)) == len(concept.classifier.y)
    assert len(set().union(*parts)) == len(concept.classifier.y)


@pytest.mark.slow
@pytest.mark.parametrize("config", EXPERIMENT.checks, ids=range(3))
def test_every_claim_of_the_checks_holds(config: ConceptShiftSettings) -> None:
    events = list(EXPERIMENT.run(config, Controls()))
    claims = of(ClaimChecked, events)
    assert len(claims) >= 5
    assert [c.claim for c in claims if not c.holds] == []


def test_curves_bars_tables_and_the_alarm(small_data: Path) -> None:
    events = stream(small_data, fraction=1.0)
    names = {e.series for e in of(SeriesExtended, events)}
    assert {
        "accuracy/measured",
        "detector/points inputs alone",
        "stream/points of a window",
    } <= names
    bars = of(BarsChanged, events)
    assert len(bars) == len(FRACTIONS) + 1
    for each in bars:
        measured, law = each.groups
        assert measured.values == pytest.approx(law.values, abs=0.15)
    tables = {e.table: e for e in of(TableChanged, events)}
    assert len(tables["who notices"].rows) == len(FRACTIONS)
    assert tables["who notices"].rows[0][3] == "no fall to see"
    assert len(tables["adapting to new labels"].rows) == 1 + 2 * len(LABELS)
    alarms = [n.text for n in of(Noted, events) if n.text.startswith("alarm")]
    assert len(alarms) == 1
    assert f"{WINDOW} labels after the change" in alarms[0]
    # data without pictures have none to show
    assert of(PicturesShown, events) == []
    assert [c.claim for c in of(ClaimChecked, events) if not c.holds] == []


def test_pictures_keep_their_pixels_and_change_their_names() -> None:
    config = ConceptShiftSettings(
        pace=0.0, data="synthetic", train_examples=2000, examples=300, held=300, repeats=2
    )
    events = list(EXPERIMENT.run(config, Controls()))
    shown = of(PicturesShown, events)
    first, last = shown[0].items, shown[-2].items
    assert [p.pixels for p in first] == [p.pixels for p in last]
    started = events[0]
    assert isinstance(started, RunStarted) and started.dataset
    classes = started.dataset.classes
    moved = {old: classes[(i + 1) % 10] for i, old in enumerate(classes)}
    assert [moved[p.caption] for p in first] == [p.caption for p in last]
    assert {p.tone for p in last} == {"bad"}


def test_what_cannot_be_is_said(small_data: Path) -> None:
    with pytest.raises(BadInput, match="old = new = 3 renames nothing"):
        ConceptShiftSettings(kind="rename", old=3, new=3)
    with pytest.raises(BadInput, match="new = 8 is no class"):
        stream(small_data, kind="rename", old=0)
    with pytest.raises(BadInput, match="fraction"):
        ConceptShiftSettings(fraction=1.1)
    assert of(RunFinished, stream(small_data, kind="rename", old=0, new=1))
    assert named("concept-shift") is EXPERIMENT


def test_one_class_has_no_other_name(tmp_path: Path) -> None:
    x, y = np.ones((300, 4), np.float32), np.zeros(300, np.int64)
    np.savez(tmp_path / "one.npz", x_train=x[:200], y_train=y[:200], x_test=x[200:], y_test=y[200:])
    with pytest.raises(BadInput, match="one has one class"):
        stream(tmp_path / "one.npz")


def test_a_handful_of_examples_that_are_all_right_or_all_wrong_is_no_certainty(
    tmp_path: Path,
) -> None:
    """With five examples to count on, a share of 0 or 1 comes with an error."""
    rng = np.random.default_rng(0)
    x, y = rng.random((18, 8), np.float32), np.arange(18) % 2
    np.savez(tmp_path / "few.npz", x_train=x[:12], y_train=y[:12], x_test=x[12:], y_test=y[12:])
    for seed in range(5):
        config = settings(tmp_path / "few.npz", train_examples=6, seed=seed)
        with Classifiers().trained(config) as classifier:
            few = Concept(classifier, renaming("cycle", 2, 0, 0), 5000, 5000, seed)
        assert all(few.sigma(fraction) >= math.sqrt(2) / 4 for fraction in (0.0, 0.5, 1.0))
    claims = of(ClaimChecked, stream(tmp_path / "few.npz", train_examples=6))
    assert claims and all(each.holds for each in claims)


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.skipif(not os.environ.get("MLP_TUI_DATA"), reason="MLP_TUI_DATA is not set")
@pytest.mark.parametrize("kind", ["cycle", "rename"])
def test_on_the_real_data(kind: str) -> None:
    config = ConceptShiftSettings(pace=0.0, data="fashion-mnist", kind=kind, fraction=1.0, new=0)
    claims = of(ClaimChecked, list(EXPERIMENT.run(config, Controls())))
    assert len(claims) == 6
    assert [c.claim for c in claims if not c.holds] == []
