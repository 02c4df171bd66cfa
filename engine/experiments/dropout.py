"""Dropout: what it does to a unit, to a linear model and to nets on few and many images."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from engine.config import RunConfig
from engine.controls import Controls
from engine.events import Event, Noted
from engine.experiments.contract import Chart, Experiment
from engine.experiments.course import Course, begun, claim, refuse_start
from engine.lab.dropout_plan import NetPlan, automatic
from engine.lab.dropout_settings import DropoutSettings

if TYPE_CHECKING:
    from torch import Generator

    from engine.lab.dropout_law import Law
    from engine.lab.dropout_masks import MaskSums
    from engine.lab.dropout_nets import Look, Pairs
    from engine.lab.dropout_views import Point
    from engine.store.checkpoint import Start
    from engine.training.shelf import Shelf

MOST_TILES = 1200  # masks shown in a run
NO_VERDICT = (
    "what the nets show is measured and not judged: the error of a difference is that of the pairs "
    "on these images, and on others it differs by twice as much"
)
SHOWN_FROM = 50  # mean and variance are shown from this part of all masks on: then they are close


class Dropping:
    """Runs of one process; the data that one has loaded is there for the next."""

    def __init__(self) -> None:
        self._shelf: Shelf | None = None

    def __call__(
        self, config: DropoutSettings, controls: Controls, start: Start | None = None
    ) -> Iterator[Event]:
        """Nets with and without dropout side by side, and beside them masks without end."""
        refuse_start(start)
        # torch is loaded when a run begins, not by a menu
        import torch

        from engine.lab.dropout_nets import Pairs
        from engine.training import numerics
        from engine.training.shelf import Shelf

        self._shelf = self._shelf or Shelf()
        source = RunConfig(
            data=config.data,
            data_dir=config.data_dir,
            train_examples=config.examples,
            seed=config.seed,
        )
        device = numerics.resolve_device(config.device)
        with numerics.applied(source, device), torch.no_grad():
            dataset = self._shelf.load(source, device, controls.report, at_most=True)
            plan = _plan(config, dataset.info.train_examples)
            pairs = Pairs(plan, dataset, device)
            started = begun("dropout", config, numerics.device_name(device))
            yield msgspec.structs.replace(started, dataset=dataset.info)
            yield Noted(text=pairs.described())
            yield Noted(text=NO_VERDICT)
            yield from _watched(pairs, config, controls)


def _plan(config: DropoutSettings, examples: int) -> NetPlan:
    usual = automatic(examples, config.batch_size)
    return NetPlan(
        rates=(config.p1, config.p2),
        width=config.width or usual.width,
        nets=config.nets or usual.nets,
        lr=config.lr or usual.lr,
        epochs=config.epochs or usual.epochs,
        batch_size=usual.batch_size,
        seed=config.seed,
        test_examples=config.test_examples,
    )


def _watched(pairs: Pairs, config: DropoutSettings, controls: Controls) -> Iterator[Event]:
    from engine.lab import dropout_views as views
    from engine.lab.dropout_law import Law
    from engine.lab.dropout_masks import MaskSums
    from engine.training.seeds import generator

    random = generator(config.seed, "dropout")
    masks, law = MaskSums(config.p1, random), Law(generator(config.seed, "initialization"))
    course = Course(controls, pairs.total, pace=config.pace)
    every = max(1, course.total // MOST_TILES)
    looks: list[Look] = []
    book = views.book(random)
    yield views.law_line(law)
    yield views.tiles(pairs)
    while course.done < course.total and not course.ended:
        pairs.step()
        _draw(masks, law, pairs, config.masks)
        if masks.drawn * SHOWN_FROM >= config.masks:
            _points(course, views.mask_points(masks))
        if pairs.done % every == 0:
            yield views.tiles(pairs)
        if pairs.epoch_ended:
            _points(course, views.train_mode_points(pairs))
        if pairs.due:
            looks.append(pairs.look())
            _points(course, views.look_points(looks[-1]))
            yield views.moments(masks)
            yield book
            yield views.figures(looks)
            yield views.law_points(law)
        yield from course.step()
    if not course.ended:
        yield from _claims(masks, law, random)
        yield from _net_claims(pairs, looks[-1], (config.p1, config.p2))
    yield from course.finished(views.summary(looks, pairs, masks))


def _draw(masks: MaskSums, law: Law, pairs: Pairs, wanted: int) -> None:
    """This step's share of the masks; the last step completes them."""
    due = -(-wanted * pairs.done // pairs.total) - masks.drawn
    if due:
        masks.draw(due)
        law.draw(due)


def _points(course: Course, points: Iterator[Point]) -> None:
    for name, x, y in points:
        if math.isfinite(y):
            course.point(name, x, y)


def _claims(masks: MaskSums, law: Law, random: Generator) -> Iterator[Event]:
    from engine.lab import dropout_findings as findings
    from engine.lab.dropout_masks import identities

    p = masks.p
    for finding in (
        *findings.mask_findings(masks),
        *findings.identity_findings(identities(p, random), p),
        *findings.law_findings(law),
    ):
        yield claim(**finding)


def _net_claims(pairs: Pairs, last: Look, rates: tuple[float, float]) -> Iterator[Event]:
    from engine.lab import dropout_net_findings as findings

    for finding in (*findings.of_passes(pairs, rates), *findings.of_figures(pairs, last)):
        yield claim(**finding)


LESSON = (
    "What does dropout do to a unit, and does it help? In train mode each unit is 0 with "
    "probability p, else h/(1 − p): its mean stays h, its variance becomes h²p/(1 − p). The next "
    "layer sees noise of the right mean; in eval mode nothing is dropped and nothing scaled. For "
    "a linear model that noise is exactly a ridge penalty, p/(1 − p)·Σ w²‖X‖². Two "
    "misunderstandings are put right. First: a train loss above the test loss is no mistake. "
    "Train mode figures are taken under masks, and averaged over an epoch in which the net still "
    "got better; the same images without masks give the loss in eval mode, and that lies below "
    "the test loss as ever. Second: dropout is no sure gain. On 1,000 Fashion-MNIST images, "
    "trained until they are all but fitted, it lowers the test loss of about .65 by .067 ± .007, "
    "in each of 32 pairs (4 for each of 8 seeds of images, weights, order and masks), and the "
    "accuracy hardly differs, +.3 ± .3 points; had each net stopped at its best epoch, it would "
    "be .017 ± .005. From one seed to the next that difference varies by .019, and so a single "
    "run has no verdict on it. On all 60,000, in the book's 10 epochs, the best test loss differs "
    "by .008 ± .004 and the accuracy at the end by .1 ± .3 points (10 seeds, one aside in which a "
    "net without dropout leapt): no reliable gain, as there is little overfitting to undo. On few "
    "images the book's rate .5 makes nets leap, hence .1; the key of the rate shows it."
)

_QUICK: dict[str, Any] = {
    "pace": 0.0,
    "data": "synthetic",
    "examples": 512,
    "epochs": 6,
    "nets": 2,
    "width": 64,
    "test_examples": 500,
}
EXPERIMENT = Experiment(
    name="dropout",
    question="What does dropout do to a unit, and does it help?",
    config=DropoutSettings,
    run=Dropping(),
    shows="a layer's mask as it flickers, mean and variance under masks, nets with and without",
    lesson=LESSON,
    lasts="40 seconds to watch, 10 at full pace",
    charts=(
        Chart("with", "Loss with dropout", "epoch", log=True),
        Chart("without", "Loss without dropout", "epoch", log=True),
        Chart("difference", "Test loss, with − without", "epoch", "nats"),
        Chart("masks", "Under masks, over theory", "draws"),
        Chart("law", "Linear model under masks", "p", "loss", log=True),
    ),
    checks=(
        DropoutSettings(**_QUICK),
        DropoutSettings(**_QUICK, p1=0.5, p2=0.0),
        DropoutSettings(**_QUICK, p1=0.0, p2=0.0),
        DropoutSettings(**_QUICK, p1=1.0, p2=0.9, seed=1),
    ),
)
