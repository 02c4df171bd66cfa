"""What the concept-shift experiment draws."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import msgspec
import torch

from engine.events import Bars, BarsChanged, PicturesShown, SeriesExtended, TableChanged
from engine.lab.concept import AFTER, BEFORE, SEEN, WINDOW, Adapted, Concept, Relabelled
from engine.lab.detector import Detected
from engine.telemetry.pictures import picture
from engine.theory import concept_shift as theory

_POINTS = 41
SHOWN = 8


def line(concept: Concept) -> Iterator[SeriesExtended]:
    """The accuracy line by the clean confusion, with five sigma either way; and the ceiling."""
    x = [i / (_POINTS - 1) for i in range(_POINTS)]
    law = [concept.law(f) for f in x]
    reach = [5 * concept.sigma(f) for f in x]
    curves = {
        "theory (1 − f)a + f b": law,
        "band low": [max(0.0, y - r) for y, r in zip(law, reach, strict=True)],
        "band high": [min(1.0, y + r) for y, r in zip(law, reach, strict=True)],
        "theory predictions renamed": [
            theory.ceiling(theory.relabelled(concept.joint, concept.renamed, f)) for f in x
        ],
    }
    for name, y in curves.items():
        yield SeriesExtended(series=f"accuracy/{name}", x=tuple(x), y=tuple(y), afresh=True)


def detector_lines(repeats: int) -> Iterator[SeriesExtended]:
    """What detectors of nothing come to, with five sigma either way."""
    reach = 5 * 0.5 / math.sqrt(SEEN * repeats)
    for name, y in (("theory a guess", 0.5), ("band low", 0.5 - reach), ("band high", 0.5 + reach)):
        yield SeriesExtended(series=f"detector/{name}", x=(0.0, 1.0), y=(y, y), afresh=True)


def by_class(concept: Concept, found: Relabelled, classes: Sequence[str]) -> BarsChanged:
    """The accuracy of each old class on its new labels, beside the clean confusion's."""
    values = concept.by_class(found)
    law = theory.per_class(concept.matrix, concept.renamed, found.fraction).tolist()
    return BarsChanged(
        bars="accuracy by old class",
        labels=tuple(classes),
        groups=(Bars("measured", tuple(values)), Bars("theory", tuple(law))),
        y="accuracy",
    )


def pictures(concept: Concept, found: Relabelled) -> PicturesShown | None:
    """Pictures of the target with the names they have now; good where they are predicted."""
    info = concept.classifier.info
    if not info.image_shape:
        return None
    moved = torch.nonzero(concept.renamed[concept.y] != concept.y)[:SHOWN, 0]
    indices = moved if len(moved) else torch.arange(min(SHOWN, len(concept.y)))
    x = concept.classifier.x[concept.target][indices]
    scale = 1 if x.dtype == torch.uint8 else 255
    items = []
    for number, index in enumerate(indices.tolist()):
        right = bool(found.right[index])
        made = picture(x[number].float() * scale, info.image_shape)
        name = info.classes[int(found.labels[index])]
        items.append(msgspec.structs.replace(made, caption=name, tone="good" if right else "bad"))
    return PicturesShown(pictures="the same pictures, their names now", items=tuple(items))


def stream_theory(concept: Concept, fraction: float, bound: int) -> Iterator[SeriesExtended]:
    """Accuracy before and after the change, and the alarm's bound."""
    change, end = BEFORE * WINDOW, (BEFORE + AFTER) * WINDOW
    law = (concept.clean, concept.clean, concept.law(fraction), concept.law(fraction))
    yield SeriesExtended(series="stream/theory", x=(0, change, change, end), y=law, afresh=True)
    low = bound / WINDOW
    yield SeriesExtended(series="stream/band", x=(0, end), y=(low, low), afresh=True)


def needed(concept: Concept, found: Sequence[tuple[Relabelled, Detected]]) -> TableChanged:
    """What each fraction costs, what inputs tell of it, and how many labels do."""
    rows_made: list[tuple[str | float, ...]] = []
    for relabelled, detected in found:
        labels = concept.labels_needed(relabelled.fraction)
        rows_made.append(
            (
                f"{relabelled.fraction:.0%}",
                f"{relabelled.accuracy:.3f}",
                f"{detected.mean:.3f}",
                _labels(labels),
            )
        )
    return TableChanged(
        table="who notices",
        columns=("relabelled", "accuracy", "detector of inputs", "labels until 90 % notice"),
        rows=tuple(rows_made),
    )


def _labels(needed: float) -> str:
    if not math.isfinite(needed):
        return "no fall to see"
    rough = needed > theory.COUNTED
    return f"≈ {float(f'{needed:.2g}'):,.0f}" if rough else f"{needed:,.0f}"


def adapted(tried: Sequence[Adapted]) -> TableChanged:
    """What adapting gives where the concept has changed, and what it costs where it has not."""
    base = tried[0]
    return TableChanged(
        table="adapting to new labels",
        columns=("way", "labels", "accuracy", "gain", "nothing changed", "gain "),
        rows=tuple(
            (
                a.way,
                f"{a.labels:,}",
                f"{a.shifted:.3f}",
                f"{100 * (a.shifted - base.shifted):+.1f}",
                f"{a.unshifted:.3f}",
                f"{100 * (a.unshifted - base.unshifted):+.1f}",
            )
            for a in tried
        ),
    )
