"""The tables of small runs, to the letter."""

from __future__ import annotations

import csv
import json
import math
import struct
from pathlib import Path

import pytest
from recorded import ENDED, START, block, epoch, record, started

from engine import events
from engine.export.csv_files import safe, spell, write_csv
from engine.export.json_lines import write_json_lines
from engine.export.source import surveyed
from engine.export.tables import rows_of


def exported(runs: Path, out: Path, run_id: str = "a") -> dict[str, str]:
    """The text of every table of a run."""
    out.mkdir()
    write_csv(surveyed(runs, run_id), out)
    return {path.stem: path.read_text() for path in out.glob("*.csv")}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_a_training_run(tmp_path: Path) -> None:
    control = events.ControlApplied(
        step=2, what="learning rate", before="0.1", after="0.05", request=1
    )
    row = events.MatrixRow("hidden1", "weight", (16, 784), -1.0, 2.0, 0.5, 0.75, 3.0, 1.5, 9.0)
    told = [
        started(),
        block(1, (2.5, 2.25), measured=(2,)),
        control,
        block(3, (0.1 + 0.2,), lr=0.05),
        events.MatricesMeasured(step=3, rows=(row,)),
        events.HistogramsMeasured(
            step=3, histograms=(events.Histogram("output", "weight", -1.0, 1.0, (3, 5)),)
        ),
        events.CheckpointSaved(step=3, file="checkpoints/step-3", sha256="ab", state="cd"),
        epoch(1),
        events.Noted(text="by the fast kernel"),
        ENDED,
    ]
    record(tmp_path / "runs", told)
    found = exported(tmp_path / "runs", tmp_path / "out")
    assert found["steps"] == (
        "step,epoch,loss,accuracy,lr\n"
        "1,1,2.5,0.5,0.1\n2,1,2.25,0.5,0.1\n3,1,0.30000000000000004,0.5,0.05\n"
    )
    assert found["vitals"] == (
        "step,layer,gradient_norm,bias_gradient_norm,weight_norm,update_ratio,"
        "activation_mean,activation_std,dead,delta_norm\n"
        "2,hidden1,2.0,2.125,2.25,2.375,2.5,2.625,2.75,2.875\n"
        "2,output,3.0,3.125,3.25,3.375,3.5,3.625,3.75,3.875\n"
    )
    assert found["controls"] == (
        "time,step,what,before,after,note\n1760000001.0,2,learning rate,0.1,0.05,\n"
    )
    assert found["matrices"].splitlines()[1] == (
        "3,hidden1,weight,16x784,-1.0,2.0,0.5,0.75,3.0,1.5,9.0"
    )
    assert found["histograms"] == (
        "step,layer,of,bin,low,high,count\n"
        "3,output,weight,0,-1.0,0.0,3\n3,output,weight,1,0.0,1.0,5\n"
    )
    assert found["checkpoints"].splitlines()[1:] == [
        "1760000003.0,3,checkpoints/step-3,ab,cd,false"
    ]
    assert found["epochs"].splitlines()[1] == "1,10,1.0,0.5,1.25,0.4,1.5,1024.0,,,1760000003.5"
    assert found["notes"].splitlines()[1] == "1760000004.0,info,by the fast kernel"
    assert found["layers"].splitlines()[1] == "hidden1,784,16,12560,relu,normal"
    assert {"setting": "hidden", "value": "[16]"} in rows(found["config"])
    assert {"setting": "data", "value": "fashion-mnist"} in rows(found["config"])
    about = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (about["run_id"], about["state"], about["step"]) == ("a", "completed", 3)
    assert about["files"] == sorted(f"{name}.csv" for name in found)
    assert about["lineage"][0]["first_event"] == START


def test_what_an_experiment_shows_stands_as_at_the_end(tmp_path: Path) -> None:
    def claim(measured: float) -> events.ClaimChecked:
        return events.ClaimChecked(
            claim="gain", measured=measured, predicted=1.0, tolerance=0.5, holds=True, source="He"
        )

    def table(*cells: str | float) -> events.TableChanged:
        return events.TableChanged(
            table="Odd: Name!", columns=("who", "gain"), rows=(("x", 1.5), cells)
        )

    def points(x: float, y: float, *, afresh: bool = False) -> events.SeriesExtended:
        return events.SeriesExtended(series="loss/theory", x=(x,), y=(y,), afresh=afresh)

    same_slug = events.TableChanged(table="odd name", columns=("n", "n"), rows=((1.0, 2.0),))
    node = events.GraphNode("z", "W x", 1, 0, shape="[2]", norm=3.0)
    told = [
        started(experiment="propagation", layers=(), steps_per_epoch=0),
        points(1.0, 9.0),
        points(2.0, 9.0),
        points(1.5, 1.0, afresh=True),
        points(2.5, 2.0),
        table("y", 2.5),
        table("y", "none"),
        same_slug,
        claim(3.0),
        claim(1.25),
        events.GridChanged(
            grid="map", rows=("1", "2"), columns=("a",), values=((0.5,), (math.nan,))
        ),
        events.BarsChanged(bars="err", labels=("p",), groups=(events.Bars("g", (1.0,), (0.5,)),)),
        events.GraphChanged(graph="net", nodes=(node,), edges=(("W", "z"), ("x", "z"))),
        ENDED,
    ]
    record(tmp_path / "runs", told)
    found = exported(tmp_path / "runs", tmp_path / "out")
    assert found["series"] == "series,x,y\nloss/theory,1.5,1.0\nloss/theory,2.5,2.0\n"
    assert found["table-odd-name"] == "who,gain\nx,1.5\ny,none\n"
    assert found["table-odd-name-2"] == "n,n-2\n1.0,2.0\n"
    assert found["claims"].splitlines()[1:] == ["gain,1.25,1.0,0.5,true,He"]
    assert found["grids"].splitlines()[1:] == ["map,0,0,1,a,0.5,", "map,1,0,2,a,NaN,"]
    assert found["bars"].splitlines()[1:] == ["err,p,g,1.0,0.5,"]
    assert found["graphs"].splitlines()[1:] == ["net,z,W x,[2],3.0,NaN,W x"]
    assert "steps" not in found  # a table without rows is no file


def test_predictions_and_confusion(tmp_path: Path) -> None:
    data = events.DatasetInfo("d", 10, 4, 2, ("cat", "dog"), (), "", "")
    wrong = events.Prediction(3, 0, 1, 0.75, 1.5)
    right = events.Prediction(0, 1, 1, 0.5, 0.25)

    def measured(step: int) -> events.PredictionsMeasured:
        return events.PredictionsMeasured(
            step=step, examples=4, confusion=((1, 1), (0, 2)), shown=(right,), mistakes=(wrong,)
        )

    record(tmp_path / "runs", [started(dataset=data), measured(10), measured(20), ENDED])
    found = exported(tmp_path / "runs", tmp_path / "out")
    assert found["predictions"].splitlines()[1:] == [
        "20,shown,0,1,dog,1,dog,0.5,0.25",
        "20,mistakes,3,0,cat,1,dog,0.75,1.5",
    ]
    assert found["confusion"].splitlines()[1:] == [
        "20,0,cat,0,cat,1",
        "20,0,cat,1,dog,1",
        "20,1,dog,0,cat,0",
        "20,1,dog,1,dog,2",
    ]


def test_numbers_come_back_bit_for_bit(tmp_path: Path) -> None:
    losses = (1 / 3, 5e-324, 1.7976931348623157e308, -0.0, math.pi, 1e22)
    record(tmp_path / "runs", [started(), block(1, losses), ENDED])
    found = rows(exported(tmp_path / "runs", tmp_path / "out")["steps"])
    read = [float(row["loss"]) for row in found]
    assert struct.pack("6d", *read) == struct.pack("6d", *losses)


def test_numbers_that_are_not_finite_are_spelled_as_in_the_record(tmp_path: Path) -> None:
    record(tmp_path / "runs", [started(), block(1, (math.nan, math.inf, -math.inf)), ENDED])
    found = rows(exported(tmp_path / "runs", tmp_path / "out")["steps"])
    assert [row["loss"] for row in found] == ["NaN", "Infinity", "-Infinity"]


def test_under_a_schedule_the_rate_is_that_of_a_block_s_last_step(tmp_path: Path) -> None:
    run = started(config={**started().config, "schedule": "cosine"})
    record(tmp_path / "runs", [run, block(1, (2.0, 1.0), lr=0.09), ENDED])
    found = rows(exported(tmp_path / "runs", tmp_path / "out")["steps"])
    assert [row["lr"] for row in found] == ["", "0.09"]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＠"])
def test_text_is_no_formula(sign: str) -> None:
    assert safe(f"{sign}cmd|' /C calc'!A0") == f"'{sign}cmd|' /C calc'!A0"


@pytest.mark.parametrize("text", ["-3.5", "+1e-3", "-Infinity", "a=b", "", "x-1"])
def test_numbers_and_other_text_stay_as_they_are(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize("value", [0.1, -0.0, 1e300, math.nan, math.inf, -math.inf])
def test_spelled_numbers_can_be_read(value: float) -> None:
    assert struct.pack("d", float(spell(value))) == struct.pack("d", value)


def test_hostile_text_reaches_no_file_raw(tmp_path: Path) -> None:
    hostile = '=HYPERLINK("http://x")\x1b]52;c;eA==\x07\u202e\x9b31m\r\n"a,b"'
    table = events.TableChanged(table=hostile, columns=(hostile,), rows=((hostile,),))
    run = started(config={**started().config, "data": hostile}, device=hostile)
    record(tmp_path / "runs", [run, events.Noted(text=hostile), table, ENDED])
    found = exported(tmp_path / "runs", tmp_path / "out")
    everything = "".join(path.read_text() for path in (tmp_path / "out").iterdir())
    assert not [c for c in everything if not (c.isprintable() or c == "\n")]
    assert {path.parent for path in (tmp_path / "out").iterdir()} == {tmp_path / "out"}
    (note,) = rows(found["notes"])
    assert note["text"].startswith("'=HYPERLINK") and note["text"].endswith('"a,b"')
    (name,) = (name for name in found if name.startswith("table-"))
    assert all(c.isalnum() or c == "-" for c in name)


def test_json_lines_are_the_events(tmp_path: Path) -> None:
    told = [started(), block(1, (math.nan, 1.0)), epoch(1), ENDED]
    record(tmp_path / "runs", told)
    write_json_lines(surveyed(tmp_path / "runs", "a"), tmp_path / "a.jsonl")
    log = (tmp_path / "runs" / "a" / "events.jsonl").read_bytes()
    lines = [line.partition(b"\t")[0] for line in log.splitlines()]
    assert (tmp_path / "a.jsonl").read_bytes().splitlines() == lines


def test_a_kind_of_event_without_a_table_adds_nothing(tmp_path: Path) -> None:
    record(tmp_path, [started(), ENDED])
    source = surveyed(tmp_path, "a")
    progress = events.Advanced(done=1.0, total=2.0)
    assert not list(rows_of(progress, 1, source))
