"""The experiments as the catalogue lists them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.experiments.contract import Experiment
from tui.lab.figures import claim_rows
from tui.lab.state import Lab
from tui.widgets.claim_table import counted


@dataclass(frozen=True, slots=True)
class Entry:
    """An experiment, and what is known of it in this session; `sign` says the latter in a cell."""

    name: str
    question: str
    shows: str
    lasts: str
    state: str = ""
    sign: str = " "

    @property
    def brief(self) -> str:
        """How long it takes in a few words: up to the first "," or "("."""
        return re.split(r"[,;(]", self.lasts, maxsplit=1)[0].strip()


def entries(experiments: Sequence[Experiment], lab: Lab) -> list[Entry]:
    """Every experiment, in the registry's order."""
    return [
        Entry(e.name, e.question, e.shows, e.lasts, *_standing(lab, e.name)) for e in experiments
    ]


def matching(listed: Sequence[Entry], typed: str) -> list[Entry]:
    """Those in whose name, question or figures every typed word occurs, names first."""
    words = typed.lower().replace("-", " ").split()
    found = [entry for entry in listed if all(word in _words(entry) for word in words)]
    return sorted(found, key=lambda e: not all(word in _folded(e.name) for word in words))


def _words(entry: Entry) -> str:
    return f"{_folded(entry.name)} {entry.question} {entry.shows}".lower()


def _folded(name: str) -> str:
    return name.replace("-", " ")


def _standing(lab: Lab, name: str) -> tuple[str, str]:
    if name not in lab.experiments:
        return "", " "
    if lab.waiting(name) or lab.running(name):
        return "running now", ">"
    view = lab.results[name].view
    if view.finished is None:
        return "", " "
    held = counted(claim_rows(view))
    sound = all(claim.holds for claim in view.claims.values())
    return held or view.finished.outcome, "+" if held and sound else "!" if held else " "
