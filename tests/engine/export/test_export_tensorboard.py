"""TensorBoard's event files, taken apart by the format's own rules."""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from recorded import ENDED, START, block, epoch, record, started

from engine import events
from engine.errors import BadInput
from engine.export.source import surveyed
from engine.export.tensorboard_files import write_tensorboard

event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")


def crc32c(data: bytes) -> int:
    """Castagnoli's CRC, bit by bit (RFC 3309)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data: bytes) -> Iterator[bytes]:
    """The payloads of a TFRecord file; a wrong checksum fails the test."""
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        head = struct.unpack_from("<I", data, at + 8)[0]
        payload = data[at + 12 : at + 12 + length]
        (tail,) = struct.unpack_from("<I", data, at + 12 + length)
        assert (head, tail) == (masked(data[at : at + 8]), masked(payload))
        at += 16 + length
        yield payload


def written(runs: Path, out: Path, every: int = 1) -> list[Any]:
    out.mkdir()
    write_tensorboard(surveyed(runs, "a"), out, every)
    (path,) = out.glob("*tfevents*")
    return [event_pb2.Event.FromString(payload) for payload in records(path.read_bytes())]


def scalars(told: list[Any]) -> dict[str, list[tuple[int, float, float]]]:
    """Step, time and value of each tag's points."""
    found: dict[str, list[tuple[int, float, float]]] = {}
    for event in told:
        for value in event.summary.value:
            if value.HasField("simple_value"):
                point = (event.step, event.wall_time, value.simple_value)
                found.setdefault(value.tag, []).append(point)
    return found


def words(told: list[Any]) -> dict[str, list[tuple[int, str]]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for event in told:
        for value in event.summary.value:
            if value.metadata.plugin_data.plugin_name == "text":
                tag = value.tag.removesuffix("/text_summary")
                found.setdefault(tag, []).append((event.step, value.tensor.string_val[0].decode()))
    return found


def test_the_checksum_is_castagnoli_s() -> None:
    assert crc32c(b"123456789") == 0xE3069283


def test_a_training_run(tmp_path: Path) -> None:
    told = [
        started(),
        block(1, (2.5, math.nan), measured=(2,)),
        events.HistogramsMeasured(
            step=2, histograms=(events.Histogram("output", "weight", -1.0, 1.0, (3, 5)),)
        ),
        events.ControlApplied(step=2, what="learning rate", before="0.1", after="<b>0.05"),
        epoch(1),
        ENDED,
    ]
    record(tmp_path / "runs", told)
    found = written(tmp_path / "runs", tmp_path / "out")
    assert found[0].file_version == "brain.Event:2"
    curves = scalars(found)
    time = START + 0.5
    assert curves["loss/train"][0] == (1, time, 2.5)
    assert curves["loss/train"][1][:2] == (2, time) and math.isnan(curves["loss/train"][1][2])
    assert curves["lr"] == [(1, time, pytest.approx(0.1)), (2, time, pytest.approx(0.1))]
    assert curves["loss/test"] == [(10, START + 2.0, 1.25)]
    assert "loss/train in eval mode" not in curves
    assert curves["dead/output"] == [(2, time, 3.75)]
    said = words(found)
    assert said["steered"] == [(2, "learning rate 0.1 → &lt;b>0.05")]
    assert "| hidden | \\[16\\] |" in said["settings"][0][1].splitlines()
    assert said["log"][-1][1] == "completed: done"
    (histogram,) = (v.histo for e in found for v in e.summary.value if v.HasField("histo"))
    assert list(histogram.bucket_limit) == [0.0, 1.0] and list(histogram.bucket) == [3.0, 5.0]
    assert (histogram.num, histogram.sum, histogram.sum_squares) == (8.0, 1.0, 2.0)
    plugins = {v.metadata.plugin_data.plugin_name for e in found for v in e.summary.value}
    assert plugins == {"", "text", "hparams"}


def test_every_says_which_steps(tmp_path: Path) -> None:
    told = [started(), block(1, (1.0, 2.0, 3.0, 4.0, 5.0), measured=(5,)), ENDED]
    record(tmp_path / "runs", told)
    curves = scalars(written(tmp_path / "runs", tmp_path / "out", every=2))
    assert [(step, value) for step, _, value in curves["loss/train"]] == [(2, 2.0), (4, 4.0)]
    assert [step for step, *_ in curves["dead/output"]] == [5]


def test_an_experiment_s_curves(tmp_path: Path) -> None:
    def points(name: str, *x: float, afresh: bool = False) -> events.SeriesExtended:
        return events.SeriesExtended(
            series=name, x=x, y=tuple(10 * each for each in x), afresh=afresh
        )

    told = [
        started(experiment="edge"),
        points("loss/theory", 9.0),
        points("loss/theory", 2.0, 7.0, afresh=True),
        points("map/gain", 0.5, 1e300),
        points("map/gain", 2e300),
        events.ClaimChecked(
            claim="a|b", measured=1.0, predicted=1.0, tolerance=0.1, holds=True, source=""
        ),
        ENDED,
    ]
    record(tmp_path / "runs", told)
    found = written(tmp_path / "runs", tmp_path / "out")
    curves = {tag: [(p[0], p[2]) for p in points] for tag, points in scalars(found).items()}
    assert curves == {
        "loss/theory": [(2, 20.0), (7, 70.0)],
        "map/gain": [(1, 5.0), (2, math.inf), (3, math.inf)],  # float32 has no room for these
    }
    assert "| a\\|b | 1 | 1 | holds |" in words(found)["claims"][0][1]


def test_the_file_names_no_machine(tmp_path: Path) -> None:
    record(tmp_path / "runs", [started(), ENDED])
    written(tmp_path / "runs", tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [f"events.out.tfevents.{int(START)}.mlp-tui", "run.json"]


def test_without_the_library_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path, [started(), ENDED])
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(BadInput, match=r"pip install tensorboardX$"):
        write_tensorboard(surveyed(tmp_path, "a"), tmp_path)
