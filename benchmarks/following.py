"""Viewers of a run under way: how late they are, and what one that is stopped costs the engine."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.contest import ONE_THREAD
from benchmarks.dashboard import EPOCHS, environment
from benchmarks.figures import Figure, Spread, at_least, at_most, quantile, ratios
from benchmarks.plan import Plan
from benchmarks.terminal import SilentError, Terminal
from engine.config import RunConfig
from engine.events import RunFinished, RunStarted, StepsMeasured
from engine.process_link import ProcessLink
from engine.store.layout import LOG, VARIABLE
from engine.store.record import RecordSink

_RATE = 20_000
_EVERY = 0.002  # seconds between two bursts of the writer
_VIEWERS = 2
_SIZE = (120, 36)
_PATIENCE = 60.0
_ON_SCREEN = b"running"
_WINDOW = 3.0


def run(plan: Plan) -> Iterator[Figure]:
    """The lag at 20,000 events a second, then the paired speeds of an engine."""
    p95, lags = [], []
    for _ in range(plan.pairs(5)):
        for found in _lags(plan.seconds(5.0)):
            p95.append(quantile(found, 0.95) * 1e3)
            lags += found
    yield Figure(
        f"lag at {_RATE:,} events/s, {_VIEWERS} viewers, 95 of 100 events",
        Spread.of(p95),
        "ms",
        absolute=f"median {quantile(lags, 0.5) * 1e3:.0f} ms, worst {max(lags) * 1e3:.0f} ms",
        goal=at_most(50),
    )
    stopped, none = _speeds(plan)
    speeds = [Spread.of(speed).median for speed in (stopped, none)]
    yield Figure(
        f"training with {_VIEWERS} stopped viewers ÷ with none",
        ratios(stopped, none),
        absolute=f"{speeds[0]:.0f} ÷ {speeds[1]:.0f} steps/s",
        goal=at_least(0.98),
    )


def _lags(seconds: float) -> list[list[float]]:
    """How late each viewer learned of each event, in seconds.

    Raises:
        RuntimeError: when the viewers did not all see all that was written.
    """
    with tempfile.TemporaryDirectory(prefix="bench") as place, ExitStack() as stack:
        runs = Path(place)
        sink = RecordSink(runs)
        # A training run says how long it will be, and its axis stands still.
        planned = {"steps_per_epoch": _RATE // 4, "total_steps": int(_RATE * seconds)}
        began = RunStarted(
            run_id="run", experiment="train", config={}, seq=0, time=time.time(), **planned
        )
        sink.accept(began)
        reports = [runs / f"report{number}" for number in range(_VIEWERS)]
        viewers = [
            stack.enter_context(_watching(runs / "run" / LOG, report, runs)) for report in reports
        ]
        for viewer in viewers:
            viewer.until(_ON_SCREEN, _PATIENCE)
        count = _write(sink, seconds, viewers)
        told = [_told(viewer, report) for viewer, report in zip(viewers, reports, strict=True)]
        if any(one["steps"] != count or one["seen"] != told[0]["seen"] for one in told):
            raise RuntimeError(f"of {count} steps the viewers saw {[one['steps'] for one in told]}")
        return [one["lags"][1:] for one in told]  # without the start, which they came too late for


def _watching(log: Path, report: Path, runs: Path) -> Terminal:
    command = [sys.executable, "-m", "benchmarks.at_lag", str(log), str(report)]
    return Terminal(command, *_SIZE, ONE_THREAD | {VARIABLE: str(runs)})


def _write(sink: RecordSink, seconds: float, viewers: Sequence[Terminal]) -> int:
    """Write at the rate for so long, while the viewers draw; returns how many steps it were."""
    began, step = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        for _ in range(int(passed * _RATE) - step):
            step += 1
            sink.accept(
                StepsMeasured(
                    seq=step,
                    time=time.time(),
                    first_step=step,
                    loss=(1.0 / step,),
                    accuracy=(0.5,),
                    lr=0.1,
                )
            )
        for viewer in viewers:
            viewer.read(_EVERY / len(viewers))
    sink.accept(RunFinished(seq=step + 1, time=time.time(), outcome="completed", detail=""))
    sink.close()
    return step


def _told(viewer: Terminal, report: Path) -> dict[str, object]:
    end = time.perf_counter() + _PATIENCE
    while not report.exists() and time.perf_counter() < end:
        try:
            viewer.read(0.05)
        except SilentError:
            break  # it has ended, with the run
    found: dict[str, object] = json.loads(report.read_text())
    return found


def _speeds(plan: Plan) -> tuple[list[float], list[float]]:
    """Steps a second of one run in turns: while viewers of it are stopped, and without any."""
    speeds: dict[bool, list[float]] = {True: [], False: []}
    with tempfile.TemporaryDirectory(prefix="bench") as place:
        os.environ.update(ONE_THREAD)
        link = ProcessLink(Path(place))
        try:
            config = RunConfig(data=plan.data, data_dir=plan.data_dir, epochs=EPOCHS, device="cpu")
            link.start(config)
            run_id = _begun(link)
            for turn in range(plan.pairs(10)):
                for watched in (True, False) if turn % 2 == 0 else (False, True):
                    with ExitStack() as stack:
                        if watched:
                            _stopped_viewers(stack, plan, place, run_id)
                        speeds[watched].append(_speed(link, plan.seconds(_WINDOW)))
        finally:
            link.close()
    return speeds[True], speeds[False]


def _begun(link: ProcessLink) -> str:
    end, run_id = time.perf_counter() + _PATIENCE, ""
    while time.perf_counter() < end:
        for event in link.drain():
            if isinstance(event, RunStarted):
                run_id = event.run_id
            if isinstance(event, StepsMeasured):
                return run_id
        time.sleep(0.05)
    raise SilentError("the engine did not begin to train")


def _stopped_viewers(stack: ExitStack, plan: Plan, runs: str, run_id: str) -> None:
    """Screens of the run that have drawn it and then stand still, until the stack is left."""
    command = [sys.executable, "-m", "cli", "attach", run_id]
    for _ in range(_VIEWERS):
        viewer = stack.enter_context(Terminal(command, *_SIZE, environment(plan, runs)))
        viewer.until(_ON_SCREEN, _PATIENCE)
        viewer.read(0.5)
        os.kill(viewer.pid, signal.SIGSTOP)
        # They end by force: the polite way ends the run that is watched.
        stack.callback(os.kill, viewer.pid, signal.SIGKILL)


def _speed(link: ProcessLink, seconds: float) -> float:
    """Steps a second in a window, by the times in the record."""
    link.drain(1.0)
    began = time.time()
    blocks: list[StepsMeasured] = []
    while time.time() < began + seconds:
        time.sleep(0.1)
        blocks += _blocks(link.drain(1.0), began)
    steps = sum(len(block.loss) for block in blocks[1:])
    return steps / (blocks[-1].time - blocks[0].time)


def _blocks(news: Sequence[object], since: float) -> list[StepsMeasured]:
    return [e for e in news if isinstance(e, StepsMeasured) and e.time >= since]
