"""Several runs' settings beside each other: only those in which they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.store.catalogue import Entry
from engine.text import clean
from tui.charts.numbers import fixed
from tui.runs.listing import best, progress, settings_of

_NONE = "–"


@dataclass(frozen=True, slots=True)
class Line:
    """A setting, what each run has there, and the default ("" where there is none)."""

    name: str
    values: tuple[str, ...]
    default: str = ""


@dataclass(frozen=True, slots=True)
class Differences:
    """The runs' names, the settings that tell them apart, and what came of each run."""

    names: tuple[str, ...]
    settings: tuple[Line, ...]
    outcomes: tuple[Line, ...]


def differences(runs: Sequence[Entry]) -> Differences:
    """What tells these runs apart.

    A run without a setting that another has shows a dash; such a setting counts where it is not
    the default.
    """
    told = [settings_of(run.summary.experiment, run.summary.config) for run in runs]
    named = dict.fromkeys(name for settings in told for name in settings)
    lines = [
        Line("experiment", tuple(clean(run.summary.experiment, 40) for run in runs)),
        Line("data used", tuple(clean(run.summary.data, 40) or _NONE for run in runs)),
    ]
    for name in named:
        pairs = [settings.get(name, (_NONE, "")) for settings in told]
        default = next((default for _, default in pairs if default), "")
        lines.append(Line(name.replace("_", " "), tuple(value for value, _ in pairs), default))
    outcomes = [Line(name, tuple(tell(run) for run in runs)) for name, tell in _OUTCOMES.items()]
    return Differences(
        names=tuple(run.name for run in runs),
        settings=tuple(line for line in lines if _differs(line)),
        outcomes=tuple(line for line in outcomes if any(value != _NONE for value in line.values)),
    )


def _differs(line: Line) -> bool:
    there = set(line.values) - {_NONE}
    lacking = _NONE in line.values
    return len(there) > 1 or (lacking and bool(there - {line.default}))


def _best(run: Entry) -> str:
    at = f" (epoch {run.summary.best_epoch})" if run.summary.best_accuracy is not None else ""
    return f"{best(run)}{at}" if best(run) else _NONE


def _loss(run: Entry) -> str:
    loss = run.summary.best_loss
    return _NONE if loss is None else fixed(loss, 0)


_OUTCOMES: dict[str, Callable[[Entry], str]] = {
    "best test accuracy": lambda run: _best(run) if run.summary.experiment == "train" else _NONE,
    "best test loss": _loss,
    "claims": lambda run: best(run) or _NONE if run.summary.claims else _NONE,
    "progress": lambda run: progress(run) or _NONE,
    "outcome": lambda run: run.state,
}
