"""Label shift: pools and trials, the classifier, and the experiment as a whole."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from torch import Generator

from engine.controls import Controls
from engine.errors import BadInput
from engine.events import (
    BarsChanged,
    ClaimChecked,
    Event,
    GridChanged,
    Noted,
    RunStarted,
    SeriesExtended,
    TableChanged,
)
from engine.experiments import named
from engine.experiments.label_shift import (
    CASES,
    EXPERIMENT,
    LabelShiftSettings,
    _summary,
)
from engine.lab.classifier import Classifiers, confusion, fine_tuned, logits
from engine.lab.classifier_settings import ClassifierSettings
from engine.lab.label_shift import Exam, Pool, weights
from engine.lab.label_shift_cases import Case, Outcome, case_of, darker, outcome
from engine.lab.label_shift_findings import findings
from engine.lab.label_shift_views import bars, cases_table, readings, verdict
from engine.theory import label_shift as theory

COUNTS = torch.tensor([[1700, 800, 50], [200, 1000, 50], [100, 200, 1900]])
POOL = Pool(COUNTS, torch.tensor([500, 500, 500]))
P = torch.tensor([0.2, 0.2, 0.6]).double()


def case(m: int = 2000, pool: Pool = POOL) -> Case:
    random = Generator().manual_seed(0)
    labels = torch.randint(3, (600,), generator=random)
    answers = torch.randn(600, 3, generator=random)
    answers[torch.arange(600), labels] += 1
    return Case("test", pool, Exam(answers, labels), torch.full((3,), 1 / 3).double(), P, m)


def settings(data: Any, **changes: Any) -> LabelShiftSettings:
    base = {
        "pace": 0.0, "data": str(data), "train_examples": 500, "width": 8, "label": 1,
        "held": 400, "examples": 600, "targets": 40, "share": 0.7,
    }  # fmt: skip
    return LabelShiftSettings(**{**base, **changes})


def stream(data: Any, **changes: Any) -> list[Event]:
    return list(EXPERIMENT.run(settings(data, **changes), Controls()))


def of(kind: type[Any], events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.slow
@pytest.mark.parametrize("config", EXPERIMENT.checks, ids=range(3))
def test_every_claim_of_the_checks_holds(config: LabelShiftSettings) -> None:
    events = list(EXPERIMENT.run(config, Controls()))
    claims = of(ClaimChecked, events)
    assert len(claims) == 8
    assert [c.claim for c in claims if not c.holds] == []


def test_a_trial_divides_the_pool_and_takes_nothing_twice() -> None:
    pool = Pool(torch.tensor([[6, 1], [2, 9]]), torch.tensor([3, 4]))
    trials = pool.trials(torch.tensor([0.5, 0.5]).double(), 10, 500, np.random.default_rng(0))
    counts = trials.matrix * pool.held
    assert torch.equal(counts.round(), counts.round().clamp(min=0))
    assert torch.allclose(counts, counts.round())
    assert bool((counts <= pool.counts).all())
    # all of a pool: what is held out and the target are the whole of it
    everything = Pool(torch.tensor([[6, 1], [2, 9]]), torch.tensor([8, 10]))
    assert torch.equal(
        everything.trials(P[:2] / P[:2].sum(), 5, 3, np.random.default_rng(0)).matrix[0],
        everything.matrix,
    )


def test_the_laws_hold_given_the_pool() -> None:
    """The estimate's bias, covariance and bars over 4,000 targets."""
    repeats = 4000
    trials = POOL.trials(P, 1200, repeats, np.random.default_rng(5))
    law = theory.covariance(POOL.matrix, P, 1200, POOL.held.double())
    noise = theory.matrix_noise(POOL.matrix, POOL.held.double())
    off = (trials.estimate.mean(0) - P).abs()
    std = theory.deviations(law)
    assert bool((off <= 5 * std / repeats**0.5 + noise * std).all())
    found = torch.cov(trials.estimate.T)
    slack = 5 * torch.sqrt((law**2 + torch.outer(law.diag(), law.diag())) / repeats)
    assert bool(((found - law).abs() <= slack + 3 * noise * law.diag().max()).all())
    covered = trials.covered(P).double().mean(0)
    assert bool(((covered - 0.95).abs() <= 5 * (0.95 * 0.05 / repeats) ** 0.5 + 0.005).all())


def test_the_estimate_needs_the_columns_normalized() -> None:
    trials = POOL.trials(P, 3000, 100, np.random.default_rng(0))
    rows = COUNTS.double() / COUNTS.sum(1, keepdim=True)
    wrong = theory.solve(rows, trials.naive)
    right, _ = trials.errors(P)
    assert float((wrong - P).abs().sum(1).mean()) > 3 * float(right.mean())


def test_findings_notice_a_wrong_reading() -> None:
    found = outcome(case(), 300, np.random.default_rng(0))
    assert failing(found) == []
    rows = COUNTS.double() / COUNTS.sum(1, keepdim=True)
    wrong = replace(found.trials, estimate=theory.solve(rows, found.trials.naive))
    bad = failing(replace(found, trials=wrong))
    assert any("farthest from 1" in text for text in bad)
    assert any("standard errors" in text for text in bad)
    assert any("bars" in text for text in bad)
    shy = replace(found.trials, std=found.trials.std / 2)
    assert any("bars" in text for text in failing(replace(found, trials=shy)))
    naive = replace(found.trials, estimate=found.trials.naive)
    assert any("‖²" in text for text in failing(replace(found, trials=naive)))
    assert any("corrected" in text for text in failing(replace(found, after=found.before)))


def test_where_few_held_out_examples_matter_the_bars_are_called_rough() -> None:
    """One class dominates, and a rare mistake with it decides another's estimate."""
    counts = torch.tensor([[39600, 40, 20], [240, 19800, 80], [160, 160, 19900]])
    p = torch.tensor([0.9, 0.05, 0.05]).double()
    rare = replace(case(20_000, Pool(counts, torch.tensor([200, 200, 200]))), p=p)
    found = outcome(rare, 400, np.random.default_rng(0))
    assert found.held < 0.9 and found.shortfall > 0.03
    assert f"bars are rough: {found.held:.0%} of them" in _summary(found)
    assert "rough" in readings(found, "abc").columns[2] and "rough" in bars(found, "abc").y
    texts = [f["text"] for f in findings(found, np.random.default_rng(0))]
    assert any("standard errors" in text for text in texts)
    assert not any("bars" in text for text in texts)
    fine = outcome(case(), 400, np.random.default_rng(0))
    assert not fine.rough and "rough" not in _summary(fine) + bars(fine, "abc").y


def failing(found: Outcome) -> list[str]:
    tried = findings(found, np.random.default_rng(0))
    return [f["text"] for f in tried if not abs(f["measured"] - f["predicted"]) <= f["tolerance"]]


def test_a_target_is_never_more_than_the_pool_can_supply() -> None:
    assert POOL.most(P, 500) == 500
    most = POOL.most(P, 10_000)
    assert 2000 < most < 1500 / 0.6
    trials = POOL.trials(P, most, 1000, np.random.default_rng(0))
    assert trials.estimate.isfinite().all()
    with pytest.raises(BadInput, match="too few for a target"):
        Pool(COUNTS[:1, :1], COUNTS[0, :1]).most(torch.ones(1).double(), 10)


def test_weights_are_shares_over_shares_whatever_the_estimate() -> None:
    prior = torch.tensor([0.5, 0.25, 0.25]).double()
    estimate = torch.tensor([[0.5, 0.7, -0.2], [torch.nan] * 3]).double()
    found = weights(estimate, prior)
    torch.testing.assert_close(found[0] * prior, torch.tensor([5, 7, 0]).double() / 12)
    assert found[1].tolist() == [1, 1, 1]
    never_trained_on = torch.tensor([0.5, 0.5, 0.0]).double()
    for shares in (*estimate, torch.tensor([0.2, 0.3, 0.5]).double()):
        assert weights(shares, never_trained_on).tolist() == [1, 1, 1]


def test_without_an_estimate_the_classifier_stays_as_it_is_and_the_words_say_so() -> None:
    blind = Pool(torch.stack([COUNTS[0], COUNTS[1] + COUNTS[2], COUNTS[2] * 0]), POOL.held)
    found = outcome(case(pool=blind), 30, np.random.default_rng(0))
    assert found.after == found.before != found.oracle
    assert verdict(found) == "no estimate: C is singular"
    never = torch.tensor([0.5, 0.5, 0.0]).double()
    unseen = outcome(replace(case(pool=blind), prior=never), 30, np.random.default_rng(0))
    assert unseen.after == unseen.before == unseen.oracle
    assert verdict(unseen) == "no estimate: 1 class never trained on"
    lame = outcome(replace(case(), prior=never), 30, np.random.default_rng(0))
    assert lame.after == lame.before == lame.oracle
    assert verdict(lame) == "no weights: 1 class never trained on"
    for each in (found, unseen):
        said = " ".join(map(str, (*readings(each, "abc").rows, cases_table([each]).rows)))
        assert "nan" not in said + _summary(each) and "none" in said
        assert "stays as it is" in _summary(each) and "no estimate" in _summary(each)


def test_reweighting_by_the_true_shares_is_bayes_rule() -> None:
    """Two Gaussians with known posteriors: the best threshold moves by the log odds."""
    random = Generator().manual_seed(2)
    y = torch.randint(2, (200_000,), generator=random)
    x = torch.randn(200_000, generator=random) + 2 * y
    exam = Exam(torch.stack([torch.zeros_like(x), 2 * x - 2], 1), y)
    p = torch.tensor([0.9, 0.1]).double()
    right = exam.accuracy(p / 0.5, p)
    # classify as 1 above 1 + ½ ln 9
    threshold = torch.tensor(1 + 0.5 * np.log(9))
    phi = torch.special.ndtr
    best = 0.9 * float(phi(threshold)) + 0.1 * float(phi(2 - threshold))
    assert right == pytest.approx(best, abs=0.003)
    assert exam.accuracy(torch.ones(2).double(), p) < right - 0.05
    assert exam.accuracy(0.5 / p, p) < right - 0.1


def test_the_same_settings_give_the_same_net_and_it_is_kept(small_data: Path) -> None:
    config = ClassifierSettings(data=str(small_data), train_examples=500, width=8)
    makers = Classifiers()
    before = torch.get_rng_state()
    with makers.trained(config) as first, makers.trained(config) as again:
        assert first is again
    with Classifiers().trained(config) as elsewhere:
        assert torch.equal(elsewhere.answers, first.answers)
        assert torch.equal(elsewhere.y, first.y)
    other = msgspec.structs.replace(config, seed=1)
    with makers.trained(other) as different, makers.trained(config) as kept:
        assert kept is first
        assert not torch.equal(different.answers, first.answers)
    assert torch.equal(before, torch.get_rng_state())
    assert len(first.y) == 2048 - 500 + 256
    assert torch.equal(first.confusion, confusion(first.predicted, first.y, 2))
    right = int((first.predicted == first.y).sum())
    assert int(first.confusion.diagonal().sum()) == right > 0.5 * len(first.y)


def test_fine_tuning_starts_where_the_net_is_and_leaves_it_there(small_data: Path) -> None:
    config = ClassifierSettings(data=str(small_data), train_examples=500, width=8, epochs=20, lr=1)
    with Classifiers().trained(config) as classifier:
        before = classifier.answers.clone()
        x, y = classifier.x[:600], classifier.y[:600]
        still = fine_tuned(classifier, x, y, lr=1e-12, epochs=1)
        assert torch.allclose(logits(still, classifier.x), before, atol=1e-6)
        turned = fine_tuned(classifier, x, 1 - y, lr=1.0, epochs=40)
        agrees = (logits(turned, classifier.x).argmax(1) == classifier.predicted).double().mean()
        assert float(agrees) < 0.2
        assert torch.equal(classifier.logits(classifier.x), before)


def test_no_example_is_both_trained_on_and_kept(small_data: Path) -> None:
    config = ClassifierSettings(data=str(small_data), train_examples=500, width=8)
    with Classifiers().trained(config) as classifier:
        assert len(torch.unique(classifier.x, dim=0)) == len(classifier.x)
        assert float(classifier.prior.sum()) == pytest.approx(1)
        whole = np.load(small_data)
        ones = int(whole["y_train"].sum() + whole["y_test"].sum())
        kept = int(classifier.y.sum())
        assert ones - kept == round(float(classifier.prior[1]) * 500)


def test_where_the_pictures_have_changed_too_the_estimate_is_sure_and_wrong(
    small_data: Path,
) -> None:
    config = settings(small_data, epochs=20, lr=0.5)
    p = torch.tensor([0.3, 0.7]).double()
    with Classifiers().trained(config) as classifier:
        plain = case_of("this shift", classifier, 400, p, 300)
        dark = darker(plain, classifier)
    assert dark.pool.shifted is not None
    assert dark.pool.shifted.sum(0).tolist() == plain.pool.counts.sum(0).tolist()
    # a sum of inputs above 4 is the second class, and darker ones hardly come that far
    assert int(dark.pool.shifted[1].sum()) < 0.02 * int(plain.pool.counts[1].sum())
    before, after = (outcome(each, 40, np.random.default_rng(0)) for each in (plain, dark))
    assert float(before.trials.covered(p).double().mean()) > 0.8
    assert not bool(after.trials.covered(p).any())
    assert after.estimate_error > 10 * before.estimate_error
    assert after.after <= after.before < before.before


def test_what_a_correction_did_is_said_in_words() -> None:
    found = outcome(case(), 2, np.random.default_rng(0))
    for after, word in ((0.912, "helps, +11.2 points"), (0.779, "hurts, -2.1 points")):
        assert verdict(replace(found, before=0.8, after=after)) == word
    assert verdict(replace(found, before=0.8, after=0.8004)) == "changes nothing"


def test_the_verdict_stands_right_behind_the_name_where_a_narrow_screen_shows_it() -> None:
    found = outcome(case(), 2, np.random.default_rng(0))
    told = cases_table([found])
    assert told.columns[:2] == ("target", "the correction")
    (row,) = told.rows
    assert dict(zip(told.columns, row, strict=True)) == {
        "target": "test",
        "the correction": verdict(found),
        "accuracy": f"{found.before:.3f}",
        "corrected": f"{found.after:.3f}",
        "p known": f"{found.oracle:.3f}",
        "m": "2,000",
        "cond C": f"{found.condition:.3g}",
        "L1 naive": f"{found.naive_error:.3f}",
        "L1 estimate": f"{found.typical_error:.3f}",
    }


def test_bars_tables_and_curves(small_data: Path) -> None:
    events = stream(small_data)
    started = events[0]
    assert isinstance(started, RunStarted) and started.dataset
    drawn = of(BarsChanged, events)[-1]
    true, estimated, naive = drawn.groups
    assert drawn.labels == started.dataset.classes
    assert true.values == pytest.approx((0.3, 0.7))
    assert all(
        low < value < high
        for low, value, high in zip(estimated.low, estimated.values, estimated.high, strict=True)
    )
    assert sum(naive.values) == pytest.approx(1)
    names = {e.series for e in of(SeriesExtended, events)}
    assert {"error/estimate", "error/theory naive", "accuracy/corrected"} <= names
    tables = {e.table: e for e in of(TableChanged, events)}
    assert len(tables["when the correction helps, and when it hurts"].rows) == CASES
    grid = of(GridChanged, events)[0]
    assert [sum(column) for column in zip(*grid.values, strict=True)] == pytest.approx([1, 1])
    assert events[-1].outcome == "completed"  # type: ignore[attr-defined]


def test_a_small_pool_is_told_of(small_data: Path) -> None:
    (note,) = of(Noted, stream(small_data, examples=10_000))
    assert "no more of some class are left" in note.text


@pytest.mark.parametrize("shift", ["dominant", "halved", "dirichlet", "none"])
def test_every_shift_runs(small_data: Path, shift: str) -> None:
    events = stream(small_data, shift=shift)
    true = of(BarsChanged, events)[0].groups[0].values
    assert sum(true) == pytest.approx(1)
    assert [c.claim for c in of(ClaimChecked, events) if not c.holds] == []
    if shift == "halved":
        assert true[1] == pytest.approx(1 / 3)


def test_the_class_known_worst_dominates_unless_one_is_chosen(small_data: Path) -> None:
    events = stream(small_data, label=-1)
    true = of(BarsChanged, events)[0].groups[0].values
    (grid,) = of(GridChanged, events)[:1]
    recall = [grid.values[k][k] for k in range(len(true))]
    assert true[recall.index(min(recall))] == pytest.approx(0.7)


def test_users_data_may_be_small_or_hardly_any(tmp_path: Path) -> None:
    random = np.random.default_rng(0)

    def file(rows: int, classes: int) -> Path:
        y = np.arange(rows) % classes
        x = random.normal(size=(rows, 5)).astype(np.float32) + y[:, None]
        place = tmp_path / f"{rows}-{classes}.npz"
        np.savez(place, x_train=x, y_train=y, x_test=x[: rows // 3], y_test=y[: rows // 3])
        return place

    usual = {"label": -1, "train_examples": 20_000, "held": 5000, "examples": 10_000}
    events = stream(file(400, 2), **usual)
    assert [c.claim for c in of(ClaimChecked, events) if not c.holds] == []
    with pytest.raises(BadInput, match="examples of a class are left, too few for a target of 10"):
        stream(file(50, 2), **usual)
    with pytest.raises(BadInput, match="has one class, whose share cannot change"):
        stream(file(50, 1), **usual)


def test_what_cannot_be_is_said(small_data: Path) -> None:
    assert LabelShiftSettings(shift="random").shift == "dirichlet"
    with pytest.raises(BadInput, match="label = 2 is no class"):
        stream(small_data, label=2)
    with pytest.raises(BadInput, match="share"):
        LabelShiftSettings(share=1.0)
    with pytest.raises(BadInput, match=r"-2"):
        LabelShiftSettings(label=-2)
    few = small_data.parent / "few.npz"
    x, y = np.zeros((20, 2), np.float32), np.arange(20) % 2
    np.savez(few, x_train=x, y_train=y, x_test=x[:3], y_test=y[:3])
    with pytest.raises(BadInput, match="has 1 examples of 1 beside"):
        stream(few)
    assert named("label-shift") is EXPERIMENT


@pytest.mark.real_data
@pytest.mark.skipif(not os.environ.get("MLP_TUI_DATA"), reason="MLP_TUI_DATA is not set")
def test_the_chapters_figures() -> None:
    """A class that stands for a quarter of the target, and shares drawn at random."""
    config = LabelShiftSettings(data="fashion-mnist", share=0.25, examples=2000, held=10_000)
    with Classifiers().trained(config) as classifier:
        from engine.lab.label_shift_cases import case_of

        random = np.random.default_rng(0)
        p = torch.full((10,), 0.75 / 9).double()
        p[6] = 0.25
        found = outcome(case_of("", classifier, 10_000, p, 2000), 200, random)
        naive = float((found.trials.naive - p).norm(dim=1).mean())
        error = float((found.trials.estimate - p).norm(dim=1).mean())
        assert naive == pytest.approx(0.090, abs=0.025)
        assert error == pytest.approx(0.027, abs=0.01)
        assert found.before == pytest.approx(0.786, abs=0.02)
        assert found.after == pytest.approx(0.808, abs=0.02)
        assert found.oracle == pytest.approx(found.after, abs=0.005)
        gains = []
        for _ in range(8):
            uneven = torch.from_numpy(random.dirichlet([1.0] * 10))
            found = outcome(case_of("", classifier, 10_000, uneven, 4000), 50, random)
            assert 0.03 < found.estimate_error < 0.08
            gains.append(found.after - found.before)
        assert min(gains) > 0
        assert max(gains) > 0.03
