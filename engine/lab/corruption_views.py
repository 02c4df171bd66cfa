"""What the corruptions experiment draws."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import msgspec
import torch
from torch import Tensor

from engine.events import Bars, BarsChanged, Picture, PicturesShown, SeriesExtended, TableChanged
from engine.lab.corruption import CLEAN, CORRUPTIONS, LEVELS, rows
from engine.lab.corruption_study import Measured, Study, Tuned, noticed_after
from engine.lab.detector import Detected
from engine.telemetry.pictures import picture
from engine.theory.known_accuracies import Known

SHOWN = 8
_BAR = 1.959964


def shown(study: Study) -> Tensor:
    """Indices of the pictures of a preview, of as many classes as there are."""
    classes = [torch.nonzero(study.y == k)[:1, 0] for k in range(study.classifier.classes)]
    first = torch.cat(classes)
    others = torch.arange(len(study.y))
    return torch.cat((first, others[~torch.isin(others, first)]))[:SHOWN]


def pictures(study: Study, found: Measured | None) -> PicturesShown:
    """Some pictures with the label that the classifier gives them; None are the clean ones."""
    indices = shown(study)
    images = (found.pictures if found else study.clean)[indices]
    predicted = (found.predicted if found else study.predicted)[indices].tolist()
    names = study.classifier.info.classes
    items = [
        _captioned(picture(image * 255, study.shape), names[guess], guess == label)
        for image, guess, label in zip(
            rows(images, study.shape), predicted, study.y[indices].tolist(), strict=True
        )
    ]
    return PicturesShown(pictures="corrupted" if found else "clean", items=tuple(items))


def described(study: Study, found: Measured) -> str:
    """Which corruption the pictures show, and what it costs, in a line."""
    spelled = CORRUPTIONS[found.name].spelled(found.level)
    return f"{found.name}, {spelled}: accuracy {found.accuracy:.3f}, clean {study.accuracy:.3f}"


def _captioned(made: Picture, name: str, right: bool) -> Picture:
    return msgspec.structs.replace(made, caption=name, tone="good" if right else "bad")


def bars(study: Study, found: Sequence[Measured]) -> Iterator[BarsChanged]:
    """Accuracy of every corruption so far: the chapter's beside its figures, and the others."""
    clean = ("clean", study.accuracy, CLEAN)
    chapter = [clean] + [(m.name, m.accuracy, m.known) for m in found if _in_chapter(m)]
    others = [(m.name, m.accuracy, None) for m in found if not _in_chapter(m)]
    # references stand beside all of the bars, or beside none
    if not study.of_the_chapter or not all(known for *_, known in chapter):
        chapter = [(name, accuracy, None) for name, accuracy, _ in chapter]
    yield _bars("accuracy, the chapter's corruptions", chapter, len(study.y))
    if others:
        yield _bars("accuracy, others", others, len(study.y))


def _in_chapter(found: Measured) -> bool:
    return CORRUPTIONS[found.name].known is not None


def _bars(
    title: str, chosen: Sequence[tuple[str, float, Known | None]], pictures: int
) -> BarsChanged:
    values = tuple(value for _, value, _ in chosen)
    reach = [_BAR * math.sqrt(value * (1 - value) / pictures) for value in values]
    groups = [
        Bars(
            "measured",
            values,
            tuple(v - r for v, r in zip(values, reach, strict=True)),
            tuple(v + r for v, r in zip(values, reach, strict=True)),
        )
    ]
    references = [known.accuracy for _, _, known in chosen if known]
    if references:
        groups.append(Bars("theory: the chapter's", tuple(references)))
    return BarsChanged(
        bars=title, labels=tuple(name for name, *_ in chosen), groups=tuple(groups), y="accuracy"
    )


def curves(found: Measured) -> Iterator[SeriesExtended]:
    """Accuracy over the level, and the detectors' over the number of pictures."""
    chart = "severity" if _in_chapter(found) else "others"
    levels = tuple(float(level) for level in range(LEVELS + 1))
    yield SeriesExtended(series=f"{chart}/{found.name}", x=levels, y=found.accuracies, afresh=True)
    chart = "detector" if _in_chapter(found) else "detector of others"
    yield detector_curve(f"{chart}/{found.name}", found.detected)


def detector_curve(series: str, detected: Sequence[Detected]) -> SeriesExtended:
    """Mean accuracy of the detectors over log₁₀ of their pictures."""
    return SeriesExtended(
        series=series,
        x=tuple(math.log10(d.size) for d in detected),
        y=tuple(d.mean for d in detected),
        afresh=True,
    )


def table(study: Study, found: Sequence[Measured], tests: Sequence[Detected]) -> TableChanged:
    """What each corruption costs and when it is noticed, as asked for and at its mildest."""
    made: list[tuple[str | float, ...]] = [
        ("nothing", "", f"{study.accuracy:.3f}", "", f"{tests[-1].mean:.3f}", "", "", "", "")
    ]
    for m in found:
        corruption = CORRUPTIONS[m.name]
        mild = study.accuracy - m.accuracies[1]
        made.append(
            (
                m.name,
                corruption.spelled(m.level),
                f"{m.accuracy:.3f}",
                f"{m.known.accuracy:.3f}" if m.known and study.of_the_chapter else "",
                f"{m.detected[-1].mean:.3f}",
                _after(m.detected),
                corruption.spelled(1),
                f"{-100 * mild:+.1f}",
                _after(m.mild),
            )
        )
    return TableChanged(
        table="what it costs, and when it is noticed",
        columns=(
            "corruption",
            "severity",
            "accuracy",
            "chapter",
            f"detector, {study.sizes[-1]:,}",
            "noticed after",
            "mildest",
            "points",
            "noticed after ",
        ),
        rows=tuple(made),
    )


def _after(detected: Sequence[Detected]) -> str:
    pictures = noticed_after(detected)
    return f"{pictures:,}" if pictures else f"not by {detected[-1].size:,}"


def tuning_table(name: str, tried: Sequence[Tuned]) -> TableChanged:
    """What fine-tuning gives on corrupted pictures, and what it takes on clean ones."""
    base = tried[0]
    return TableChanged(
        table=f"fine-tuned on labelled pictures: {name}",
        columns=("corrupted", "and clean", "on corrupted", "on clean", "gain", "cost"),
        rows=tuple(
            (
                f"{t.corrupted:,}",
                f"{t.clean:,}",
                f"{t.on_corrupted:.3f}",
                f"{t.on_clean:.3f}",
                f"{100 * (t.on_corrupted - base.on_corrupted):+.1f}",
                f"{100 * (t.on_clean - base.on_clean):+.1f}",
            )
            for t in tried
        ),
    )
