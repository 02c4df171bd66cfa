"""The events of an export: of a chain of runs, a run under way, a damaged one, a long one."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import msgspec
import pytest
from recorded import ENDED, START, block, epoch, record, started

from engine import events
from engine.errors import BadInput
from engine.export.csv_files import write_csv
from engine.export.past import past
from engine.export.source import Source, surveyed
from engine.export.standing import Standing
from engine.store.lines import framed


def write(source: Source, out: Path) -> None:
    out.mkdir()
    write_csv(source, out)


def table(out: Path, name: str) -> list[dict[str, str]]:
    with (out / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def steps(runs: Path, out: Path, run_id: str) -> list[tuple[int, float, str]]:
    write(surveyed(runs, run_id), out)
    return [(int(r["step"]), float(r["loss"]), r["lr"]) for r in table(out, "steps")]


def test_a_run_that_goes_on_supersedes_what_came_after_its_start(tmp_path: Path) -> None:
    first = [
        started("a"),
        block(1, (1.0,) * 10),
        epoch(1),
        events.ControlApplied(step=12, what="pace", before="1", after="2"),
        block(11, (2.0,) * 10, measured=(11, 15)),
        epoch(2, loss=2.0),
    ]
    second = [
        started("b", continues="a", first_step=13),
        block(14, (3.0,) * 7),
        epoch(2, loss=3.0),
        ENDED,
    ]
    record(tmp_path / "runs", first)
    record(tmp_path / "runs", second, start=START + 100)
    found = steps(tmp_path / "runs", tmp_path / "out", "b")
    assert [step for step, _, _ in found] == list(range(1, 21))
    assert [loss for _, loss, _ in found] == [1.0] * 10 + [2.0] * 3 + [3.0] * 7
    assert {rate for _, _, rate in found} == {"0.1"}
    epochs = (tmp_path / "out" / "epochs.csv").read_text().splitlines()
    assert [line.split(",")[:3] for line in epochs[1:]] == [["1", "10", "1.0"], ["2", "20", "3.0"]]
    assert len((tmp_path / "out" / "controls.csv").read_text().splitlines()) == 2
    vitals = (tmp_path / "out" / "vitals.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in vitals[1:]] == ["11", "11"]
    source = surveyed(tmp_path / "runs", "b")
    assert [part.run_id for part in source.parts] == ["a", "b"]
    assert surveyed(tmp_path / "runs", "a").parts[-1].until == math.inf


def test_what_is_measured_at_both_sides_of_a_seam_is_told_once(tmp_path: Path) -> None:
    def measured(step: int) -> list[events.AnyEvent]:
        row = events.MatrixRow("hidden1", "weight", (16, 784), -1.0, 2.0, 0.5, 0.75, 3.0, 1.5, 9.0)
        bins = events.Histogram("output", "weight", -1.0, 1.0, (3, 5))
        return [
            events.MatricesMeasured(step=step, rows=(row,)),
            events.HistogramsMeasured(step=step, histograms=(bins,)),
        ]

    runs = tmp_path / "runs"
    record(runs, [started("a"), *measured(0), block(1, (1.0,) * 20), *measured(20), ENDED])
    record(runs, [started("b", continues="a", first_step=20), *measured(20), ENDED])
    last = [started("c", continues="b", first_step=20), *measured(20), block(21, (1.0,))]
    record(runs, [*last, *measured(21), ENDED])
    write(surveyed(runs, "c"), tmp_path / "c")
    assert [row["step"] for row in table(tmp_path / "c", "matrices")] == ["0", "20", "21"]
    keys = [(row["step"], row["bin"]) for row in table(tmp_path / "c", "histograms")]
    assert keys == [(step, number) for step in ("0", "20", "21") for number in "01"]


def test_what_only_the_later_run_measured_at_a_seam_is_told(tmp_path: Path) -> None:
    bins = events.HistogramsMeasured(
        step=10, histograms=(events.Histogram("output", "weight", -1.0, 1.0, (3, 5)),)
    )
    record(tmp_path / "runs", [started("a"), block(1, (1.0,) * 20), ENDED])
    record(tmp_path / "runs", [started("b", continues="a", first_step=10), bins, ENDED])
    write(surveyed(tmp_path / "runs", "b"), tmp_path / "b")
    assert [row["step"] for row in table(tmp_path / "b", "histograms")] == ["10", "10"]


def test_of_three_runs_the_earliest_cut_counts(tmp_path: Path) -> None:
    record(tmp_path, [started("a"), block(1, (1.0,) * 20)])
    record(tmp_path, [started("b", continues="a", first_step=15), block(16, (2.0,) * 5)])
    record(tmp_path, [started("c", continues="b", first_step=5), block(6, (3.0,) * 5), ENDED])
    told = [e for e in surveyed(tmp_path, "c").events() if isinstance(e, events.StepsMeasured)]
    assert [(e.first_step, e.loss) for e in told] == [(1, (1.0,) * 5), (6, (3.0,) * 5)]


def test_a_cut_block_does_not_tell_a_rate_that_it_does_not_know() -> None:
    whole = block(1, (1.0, 2.0, 3.0), lr=0.3)
    assert past(whole, 3) is whole
    assert past(whole, 0) is None
    kept = past(whole, 2, lr_known=False)
    assert isinstance(kept, events.StepsMeasured)
    assert kept.loss == (1.0, 2.0) and math.isnan(kept.lr)


def test_a_run_under_way_is_exported_as_it_was_at_one_moment(tmp_path: Path) -> None:
    sink = record(tmp_path, [started(), block(1, (1.0, 2.0))], close=False)
    source = surveyed(tmp_path, "a")
    later = msgspec.structs.replace(block(3, (3.0,)), seq=2)
    sink.accept(later)
    assert source.entry.live and not source.damage
    assert [type(e).__name__ for e in source.events()] == ["RunStarted", "StepsMeasured"]
    assert source.standing.step == 2
    assert len(list(surveyed(tmp_path, "a").events())) == 3
    sink.close()


def test_a_line_that_is_still_being_written_is_no_damage(tmp_path: Path) -> None:
    sink = record(tmp_path, [started(), block(1, (1.0,))], close=False)
    with (tmp_path / "a" / "events.jsonl").open("ab") as log:
        log.write(b'{"type":"steps_m')
    assert not surveyed(tmp_path, "a").damage
    sink.close()
    assert surveyed(tmp_path, "a").damage.torn == 1


def test_of_a_damaged_record_what_is_whole_is_exported(tmp_path: Path) -> None:
    told = [started(), *(block(i, (float(i),)) for i in range(1, 6)), ENDED]
    record(tmp_path / "runs", told)
    log = tmp_path / "runs" / "a" / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"2.0", b"9.0")
    lines[4] = framed(b'{"type":"from_the_future","seq":4,"time":0}')
    log.write_bytes(b"".join([*lines, b"torn"]))
    source = surveyed(tmp_path / "runs", "a")
    damage = {name: count for name, count in asdict(source.damage).items() if count}
    assert damage == {"corrupt": 1, "torn": 1, "unknown": 1}
    assert [loss for _, loss, _ in steps(tmp_path / "runs", tmp_path / "out", "a")] == [
        1.0,
        3.0,
        5.0,
    ]


def test_a_record_without_its_beginning_still_has_its_tables(tmp_path: Path) -> None:
    record(tmp_path / "runs", [started(), block(1, (1.5,), lr=0.2), ENDED])
    log = tmp_path / "runs" / "a" / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([b"#" + lines[0], *lines[1:]]))
    found = steps(tmp_path / "runs", tmp_path / "out", "a")
    assert found == [(1, 1.5, "0.2")]


def test_an_empty_record_is_refused(tmp_path: Path) -> None:
    record(tmp_path, [started()])
    (tmp_path / "a" / "events.jsonl").write_bytes(b"")
    with pytest.raises(BadInput, match="holds no whole event"):
        surveyed(tmp_path, "a")


def test_a_record_that_shrinks_meanwhile_is_an_error(tmp_path: Path) -> None:
    record(tmp_path, [started(), block(1, (1.0,)), ENDED])
    source = surveyed(tmp_path, "a")
    log = tmp_path / "a" / "events.jsonl"
    log.write_bytes(log.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(OSError, match="shorter"):
        list(source.events())


def test_the_reading_is_told_in_bytes(tmp_path: Path) -> None:
    record(tmp_path, [started(), block(1, (1.0,)), ENDED])
    size = float((tmp_path / "a" / "events.jsonl").stat().st_size)
    told: list[tuple[float, float]] = []
    source = surveyed(tmp_path, "a", lambda done, total: told.append((done, total)))
    assert told[-1] == (size, size)
    told.clear()
    list(source.reporting(lambda done, total: told.append((done, total))).events())
    assert told[-1] == (size, size)


def test_curves_whose_x_are_no_steps() -> None:
    standing = Standing()
    for name, x in (("a", 1.0), ("b", 1.5), ("c", math.inf), ("d", 1e300), ("a", 2.0)):
        standing.take(events.SeriesExtended(series=name, x=(x,), y=(0.0,)))
    assert standing.whole == {"a": True, "b": False, "c": False, "d": False}


def test_a_long_run_is_not_held_in_memory(tmp_path: Path) -> None:
    """The most objects alive while a run is exported do not depend on how long the run is."""
    peaks = []
    for count in (4_000, 32_000):
        run_id = f"run-{count}"
        many = (block(i, (1.0 / i,), measured=(i,)) for i in range(1, count + 1))
        record(tmp_path / "runs", [started(run_id), *many, ENDED])
        alive: list[int] = []
        before = sys.getallocatedblocks()
        source = surveyed(tmp_path / "runs", run_id)
        out = tmp_path / run_id
        out.mkdir()

        def look(done: float, total: float, alive: list[int] = alive) -> None:
            alive.append(sys.getallocatedblocks())

        write_csv(source.reporting(look), out)
        peaks.append(max(alive) - before)
    assert peaks[1] < 1.5 * peaks[0] + 10_000


def test_exports_load_neither_tensors_nor_a_screen(repository: Path) -> None:
    modules = sorted(
        f"engine.export.{path.stem}"
        for path in (repository / "engine" / "export").glob("[a-z]*.py")
    )
    code = f"import sys, {', '.join(modules)}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, check=True, text=True
    )
    loaded = set(done.stdout.split())
    assert "engine.export.csv_files" in loaded
    assert not loaded & {"torch", "numpy", "textual", "rich", "pyarrow", "tensorboardX"}
