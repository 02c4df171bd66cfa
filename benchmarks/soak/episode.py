"""One engine's random life: what is asked of it, who looks, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from benchmarks.soak.process import Engines, alive
from benchmarks.soak.tally import Tally
from benchmarks.soak.viewing import StuckError, Viewer, linger, until
from engine.config import RunConfig
from engine.controls import Extend, Measure, Pause, Resume, Save, SetLearningRate, SetPace, Step
from engine.controls import Stop as StopRun
from engine.engine_process import EngineProcess
from engine.errors import BadInput
from engine.process_link import ProcessLink, attached
from engine.store import catalogue

RATES = (0.02, 0.05, 0.1)
PACES = (0.0, 50.0, 200.0, 800.0)


class Episode:
    """Random requests to the run under way in an engine.

    `make` draws the settings of another run. `viewers` are those that look now, `gone` those that
    did; the first of `viewers` began the run, and with `lasting` it never goes away.
    """

    def __init__(  # noqa: PLR0913
        self,
        rng: Random,
        runs: Path,
        tally: Tally,
        make: Callable[[], RunConfig],
        first: Viewer,
        *,
        lasting: bool = False,
    ) -> None:
        self._lasting = lasting
        self._rng, self._runs, self._tally, self._make = rng, runs, tally, make
        self.viewers = [first]
        self.gone: list[Viewer] = []

    @property
    def everybody(self) -> list[Viewer]:
        """All who have looked."""
        return [*self.viewers, *self.gone]

    @property
    def main(self) -> Viewer:
        """Whoever has looked longest."""
        return self.viewers[0]

    def begin(self, config: RunConfig, resumes: str = "") -> bool:
        """Start a run, or resume one; whether it was opened."""
        viewer = self.main
        opened, viewer.refused = len(viewer.opened), ""
        viewer.link.start(config, continues=resumes, resume=bool(resumes))
        self._count("started")
        until(
            self.viewers,
            lambda: len(viewer.opened) > opened or viewer.refused or viewer.lost,
            "the beginning of a run",
        )
        return len(viewer.opened) > opened

    def disturb(self, actions: int) -> None:
        """Ask for this and that while the run is under way."""
        for _ in range(actions):
            if not self.viewers or self.main.finished or self.main.lost:
                return
            name = self._rng.choices(list(_ACTIONS), [weight for weight, _ in _ACTIONS.values()])[0]
            self._count(name)
            _ACTIONS[name][1](self)
            linger(self.viewers, self._rng.uniform(0.0, 0.15))

    def finish(self) -> None:
        """Let the run come to its end by itself, as fast as it goes."""
        if self.viewers and not self.main.finished:
            self.main.link.send(SetPace(steps_per_second=0.0))
            self.main.link.send(Resume())
            self._over("the end of a run")

    def stop(self) -> None:
        """Ask the run to stop."""
        self.main.link.send(StopRun(reason="enough"))
        self._over("a run to stop")

    def end(self, engines: Engines, engine: EngineProcess) -> bool:
        """Put an end to the engine in one of the ways there are; whether it was killed."""
        how = self._rng.choices(("kill", "terminate", "close", "stop", "leave"), (60, 15, 8, 9, 8))[
            0
        ]
        if not self.viewers or self.main.lost:
            how = "kill"  # whoever looked has been refused already: it is gone, or soon will be
        self._count(how)
        if how == "kill":
            engines.kill(engine)
        elif how == "terminate":
            engines.terminate(engine)
        elif how == "close":
            linger(self.viewers, 0.02)
            self.main.link.close()
        elif how == "stop":
            self.stop()
            self.main.link.close()
        else:
            self.main.link.send(SetPace(steps_per_second=0.0))
            self.main.link.send(Resume())
            linger(self.viewers, 0.05)
            for viewer in self.viewers:
                viewer.link.detach()
            self.gone, self.viewers = self.everybody, []
        self._gone(engine)
        return how == "kill"

    def _over(self, what: str) -> None:
        until(self.viewers, lambda: self.main.finished or self.main.lost, what)

    def _gone(self, engine: EngineProcess) -> None:
        """Wait until it is gone, and take what it said last."""
        until(self.viewers, lambda: not alive(engine.pid), "an engine to end")
        for viewer in self.viewers:
            for _ in range(3):
                viewer.look()
            viewer.link.detach()

    def _count(self, name: str) -> None:
        self._tally.done[name] += 1

    def _someone(self) -> ProcessLink:
        return self._rng.choice(self.viewers).link

    def pause(self) -> None:
        self._someone().send(Pause())

    def resume(self) -> None:
        self._someone().send(Resume())

    def step(self) -> None:
        self._someone().send(Pause())
        self._someone().send(Step(count=self._rng.randint(1, 40)))

    def set_rate(self) -> None:
        self._someone().send(SetLearningRate(lr=self._rng.choice(RATES)))

    def set_pace(self) -> None:
        self._someone().send(SetPace(steps_per_second=self._rng.choice(PACES)))

    def extend(self) -> None:
        self._someone().send(Extend(epochs=self._rng.randint(1, 3)))

    def save(self) -> None:
        self._someone().send(Save())

    def measure(self) -> None:
        self._someone().send(Measure())

    def stall(self) -> None:
        """Nobody looks for a while."""
        time.sleep(self._rng.uniform(0.1, 0.5))

    def switch(self) -> None:
        """Another run takes the place of the one under way."""
        self.begin(self._make())

    def list_all(self) -> None:
        """The list of runs, with the summaries it keeps, while one is being written."""
        if not catalogue.entries(self._runs):
            self._tally.problems.append("the list of runs is empty while one is under way")

    def join(self) -> None:
        """Another viewer comes, or the last that came goes."""
        if len(self.viewers) > 1:
            viewer = self.viewers.pop()
            viewer.link.detach()
            self.gone.append(viewer)
        elif viewer_too := self._attached():
            self.viewers.append(viewer_too)

    def reattach(self) -> None:
        """All go away, and a new one comes."""
        if self._lasting:
            return
        for viewer in self.viewers:
            viewer.link.detach()
        self.gone = self.everybody
        self.viewers = [viewer] if (viewer := self._attached()) else []

    def _attached(self) -> Viewer | None:
        """A viewer of the run under way; None when it has ended meanwhile."""
        run_id = self.everybody[-1].opened[-1] if not self.viewers else self.main.opened[-1]
        try:
            viewer = Viewer(attached(self._runs, run_id))
        except BadInput as error:
            state = catalogue.entry(self._runs, run_id).state
            if state in ("running", "paused"):
                raise StuckError(f"a run under way cannot be attached: {error}") from error
            return None
        until([*self.viewers, viewer], lambda: run_id in viewer.opened or viewer.lost, "the past")
        return viewer


_ACTIONS: dict[str, tuple[int, Callable[[Episode], None]]] = {
    "paused": (10, Episode.pause),
    "resumed": (14, Episode.resume),
    "stepped": (8, Episode.step),
    "rate set": (6, Episode.set_rate),
    "pace set": (8, Episode.set_pace),
    "extended": (4, Episode.extend),
    "saved": (8, Episode.save),
    "measured": (4, Episode.measure),
    "stalled": (5, Episode.stall),
    "switched": (4, Episode.switch),
    "listed": (4, Episode.list_all),
    "joined or left": (6, Episode.join),
    "reattached": (6, Episode.reattach),
}
