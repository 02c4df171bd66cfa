"""Round after round of it: engines disturbed and killed, their runs resumed, files damaged."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from random import Random

import msgspec
import numpy as np

from benchmarks.soak.audit import compare, recorded
from benchmarks.soak.bad_inputs import BadInputs
from benchmarks.soak.episode import Episode
from benchmarks.soak.process import Engines, held_here, open_files, resident
from benchmarks.soak.reference import Plan, References
from benchmarks.soak.specimens import Specimen
from benchmarks.soak.tally import Tally
from benchmarks.soak.viewing import StuckError, Viewer, linger, until
from engine.config import RunConfig
from engine.engine_process import EngineProcess
from engine.errors import BadInput
from engine.events import AnyEvent, CheckpointSaved, RunFinished, RunStarted
from engine.process_link import ProcessLink
from engine.store import catalogue
from engine.store.checkpoint import start_from
from engine.store.record import is_being_written

_TRAIN, _TEST, _FEATURES = 2048, 256, 8
_VARIANTS: tuple[dict[str, object], ...] = (
    {"momentum": 0.9},
    {"optimizer": "adam", "lr": 0.01, "dropout": (0.3,)},
    {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.1, "hidden": (16, 8)},
    {"optimizer": "rmsprop", "lr": 0.01, "momentum": 0.5, "activation": "tanh"},
    {"schedule": "cosine", "warmup_steps": 20, "clip_norm": 1.0},
    {"schedule": "step", "decay_epochs": 3, "l1": 1e-4, "gradients": "autograd"},
    {"batch_size": 96, "init": "xavier_uniform", "activation": "sigmoid"},
)
_DAMAGES, _INPUTS = 40, 40
"""A round's worth, done while the next engine loads torch."""
_LONGEST_CHAIN = 4


class Soak:
    """Everything that lasts from the first round to the last, in the directory `room`."""

    def __init__(self, rng: Random, room: Path, tally: Tally) -> None:
        self._rng, self._tally = rng, tally
        self._room = room
        self._runs = room / "runs"
        self._runs.mkdir(mode=0o700)
        self._data = _data(room / "small.npz")
        self._engines = Engines(self._runs)
        self._plans: dict[str, Plan] = {}
        self._resumed: set[str] = set()
        self._ends: dict[str, str] = {}
        self._references = References(room / "reference")
        self._bad = BadInputs(rng, room / "bad")
        self._specimen: Specimen | None = None
        self._begun = time.monotonic()
        self._veteran = self._engines.launch()
        self._viewer = Viewer(ProcessLink(self._runs, engine=self._veteran))
        self._spare, self._spare_viewer = self._launched()
        self._warm_up()

    def round(self) -> None:
        """One engine lives and ends, and what it left behind is resumed."""
        self._break_things()
        run_id = self._disturbed("")
        for _ in range(_LONGEST_CHAIN):
            if not run_id or self._ends[run_id] == "completed" or self._rng.random() < 0.5:
                break
            self._tally.done["resumed elsewhere"] += 1
            run_id = self._disturbed(run_id) or run_id
        self._calm(run_id)
        for _ in range(3):
            self._calm("")
        self._clear()
        self._sample()

    def _warm_up(self) -> None:
        """Everything once, in the engine that lasts and here: only what comes later is growth."""
        for variant in _VARIANTS:
            episode = self._episode(self._viewer, lasting=True)
            config = msgspec.structs.replace(self._config(), epochs=6)
            if self._opened(episode, episode.begin(msgspec.structs.replace(config, **variant))):
                episode.finish()
            self._look_into(episode, killed=False)
            self._viewer.forget()
        for _ in range(_INPUTS):
            self._bad.try_one(self._tally)
        self._clear()

    def close(self) -> None:
        """End every engine; what does not end is counted."""
        for viewer in (self._viewer, self._spare_viewer):
            viewer.link.close()
        self._tally.left_behind += self._engines.close()

    def _disturbed(self, resumes: str) -> str:
        """A mortal engine begins or resumes a run, and ends; the id of the run it ended with."""
        engine, viewer = self._spare, self._spare_viewer
        episode = self._episode(viewer)
        if self._begin(episode, resumes):
            episode.disturb(self._rng.randint(2, 14))
            killed = episode.end(self._engines, engine)
        else:
            viewer.link.close()
            killed = False
        self._engines.bury(engine)
        self._spare, self._spare_viewer = self._launched()
        return self._look_into(episode, killed=killed)

    def _calm(self, resumes: str) -> None:
        """The engine that lasts begins or resumes a run, and brings it to its end."""
        if resumes and self._ends[resumes] == "completed":
            return
        episode = self._episode(self._viewer, lasting=True)
        if self._begin(episode, resumes):
            episode.disturb(self._rng.randint(0, 5))
            episode.finish()
        for viewer in episode.viewers[1:]:
            viewer.link.detach()
        self._look_into(episode, killed=False)
        if self._viewer.lost:
            raise StuckError(f"the engine that lasts is gone: {self._viewer.lost}")
        self._viewer.forget()

    def _begin(self, episode: Episode, resumes: str) -> bool:
        if not resumes:
            return self._opened(episode, episode.begin(self._config()))
        self._tally.resumes += 1
        try:
            start_from(self._runs, resumes)
        except BadInput:
            if not episode.begin(RunConfig(), resumes):  # as it should be: nothing was saved
                self._tally.kept_back += 1
                return False
            self._tally.problems.append(f"{resumes} was resumed from nothing")
            return True
        return self._opened(episode, episode.begin(RunConfig(), resumes))

    def _opened(self, episode: Episode, opened: bool) -> bool:
        if not opened:
            why = episode.main.refused or episode.main.lost
            self._tally.problems.append(f"a run could not begin: {why}")
        return opened

    def _look_into(self, episode: Episode, *, killed: bool) -> str:
        """Audit every run that the episode has touched; the id of the last one ("": none)."""
        eyes = [viewer.eye for viewer in episode.everybody]
        fresh = [i for i in reversed(catalogue.run_ids(self._runs)) if i not in self._ends]
        told = {i: recorded(self._runs / i, self._tally, killed=killed) for i in fresh}
        for run_id in sorted(fresh, key=lambda i: told[i][0].time if told[i] else 0.0):
            self._enter(run_id, told[run_id])
        for run_id in {run_id for eye in eyes for run_id in eye.seen}:
            known = told.get(run_id) or recorded(self._runs / run_id, Tally(), killed=True)
            compare(eyes, run_id, known, self._tally)
        return max(fresh, key=lambda i: told[i][0].time if told[i] else 0.0, default="")

    def _enter(self, run_id: str, told: list[AnyEvent]) -> None:
        """Keep what a run was steered by, and compare it where it is complete."""
        started, last = told[0], told[-1]
        assert isinstance(started, RunStarted)
        plan = Plan(msgspec.convert(started.config, RunConfig))
        if started.continues:
            start = start_from(self._runs, started.continues)
            plan = deepcopy(self._plans[started.continues])
            plan.cut(start, self._tally)
            self._resumed.add(run_id)
            if started.first_step != start.step:
                self._tally.problems.append(f"{run_id} begins at another step than was saved")
        plan.take(told)
        self._plans[run_id] = plan
        self._ends[run_id] = last.outcome if isinstance(last, RunFinished) else "crashed"
        if self._ends[run_id] == "completed":
            self._compare(run_id, plan, told)
        elif self._ends[run_id] in ("failed", "diverged"):
            self._tally.problems.append(f"{run_id} has {self._ends[run_id]}: {last}")

    def _compare(self, run_id: str, plan: Plan, told: list[AnyEvent]) -> None:
        state = [event.state for event in told if isinstance(event, CheckpointSaved)][-1]
        same = plan.outcome(state) == self._references.of(plan)
        resumed = run_id in self._resumed
        self._tally.compared += resumed
        self._tally.bitwise += resumed and same
        self._tally.done["compared undisturbed"] += not resumed
        if not same:
            changes = [tuple(change) for change in plan.changes]
            self._tally.problems.append(f"{run_id} is not the undisturbed run: {changes}")
        if self._specimen is None or self._rng.random() < 0.2:
            self._until_closed([run_id])
            self._specimen = Specimen(self._runs, run_id, self._room / "specimen")

    def _break_things(self) -> None:
        for number in range(_DAMAGES if self._specimen else 0):
            self._specimen.damage(self._rng, self._tally)  # type: ignore[union-attr]
            if number % 10 == 0:
                linger([self._viewer, self._spare_viewer], 0.0)
        for number in range(_INPUTS):
            self._bad.try_one(self._tally, apart=number == 0)

    def _clear(self) -> None:
        """Delete the runs that are done with, so that an hour's fit on the disk."""
        over = catalogue.run_ids(self._runs)
        self._until_closed(over)
        for run_id in over:
            catalogue.remove(self._runs, run_id)
        self._plans.clear()
        self._resumed.clear()
        self._ends.clear()

    def _until_closed(self, run_ids: Iterable[str]) -> None:
        """Wait: a run's last event can be read a moment before its writer has let the record go."""
        records = [self._runs / run_id for run_id in run_ids]
        until(
            [self._viewer],
            lambda: not any(map(is_being_written, records)),
            "records to be closed",
        )

    def _sample(self) -> None:
        linger([self._viewer, self._spare_viewer], 0.05)
        now, pid = time.monotonic() - self._begun, self._veteran.pid
        tally = self._tally
        tally.engine_memory.samples.append((now, resident(pid)))
        tally.engine_descriptors.samples.append((now, open_files(pid)))
        tally.own_memory.samples.append((now, held_here()))
        tally.own_descriptors.samples.append((now, open_files(os.getpid())))

    def _launched(self) -> tuple[EngineProcess, Viewer]:
        engine = self._engines.launch()
        return engine, Viewer(ProcessLink(self._runs, engine=engine))

    def _episode(self, viewer: Viewer, *, lasting: bool = False) -> Episode:
        make = self._config
        return Episode(self._rng, self._runs, self._tally, make, viewer, lasting=lasting)

    def _config(self) -> RunConfig:
        settings: dict[str, object] = {
            "data": str(self._data),
            "device": "cpu",
            "hidden": (8,),
            "batch_size": 64,
            "epochs": self._rng.choice((6, 15, 40)),
            "pace": self._rng.choice((100.0, 200.0, 500.0)),
            "seed": self._rng.randrange(3),
            "measure_every": 10,
            "matrices_every": 200,
            "checkpoint_every": 0.5,
            **self._rng.choice(_VARIANTS),
        }
        return RunConfig(**settings)  # type: ignore[arg-type]


def _data(path: Path) -> Path:
    """Two classes that a plane separates, as float32 [examples, features]."""
    rng = np.random.default_rng(0)
    x = rng.random((_TRAIN + _TEST, _FEATURES), dtype=np.float32)
    y = (x.sum(axis=1) > _FEATURES / 2).astype(np.int64)
    parts = {"x_train": x[:_TRAIN], "y_train": y[:_TRAIN]}
    np.savez(path, **parts, x_test=x[_TRAIN:], y_test=y[_TRAIN:])  # type: ignore[arg-type]
    return path


def removed(room: Path) -> bool:
    """Delete the soak's directory; whether nothing is left of it."""
    shutil.rmtree(room, ignore_errors=True)
    return not room.exists()
