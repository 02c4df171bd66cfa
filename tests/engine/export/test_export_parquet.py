"""Parquet files, read back by their own library."""

from __future__ import annotations

import math
import struct
import sys
from pathlib import Path

import pytest
from recorded import ENDED, block, epoch, record, started

from engine import events
from engine.errors import BadInput
from engine.export import parquet_files
from engine.export.parquet_files import write_parquet
from engine.export.source import surveyed

parquet = pytest.importorskip("pyarrow.parquet")


def test_tables_come_back_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_files, "GROUP", 3)
    losses = (1 / 3, math.nan, 5e-324, math.inf, -0.0, math.pi, 1.0)
    told = [
        started(config={**started().config, "schedule": "cosine"}),
        block(1, losses[:2], measured=(2,)),
        block(3, losses[2:5]),
        block(6, losses[5:]),
        epoch(1),
        events.Noted(text="=1+1 \x1b[31m"),
        events.CheckpointSaved(step=7, file="f", sha256="s", best=True),
        ENDED,
    ]
    record(tmp_path / "runs", told)
    out = tmp_path / "out"
    out.mkdir()
    write_parquet(surveyed(tmp_path / "runs", "a"), out)
    file = parquet.ParquetFile(out / "steps.parquet")
    steps = file.read().to_pydict()
    assert struct.pack("7d", *steps["loss"]) == struct.pack("7d", *losses)
    assert steps["step"] == list(range(1, 8))
    assert steps["lr"] == [None, 0.1, None, None, 0.1, None, 0.1]
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [5, 2]
    kinds = {field.name: str(field.type) for field in file.schema_arrow}
    assert kinds == {
        "step": "int64",
        "epoch": "int64",
        "loss": "double",
        "accuracy": "double",
        "lr": "double",
    }
    vitals = parquet.read_table(out / "vitals.parquet").to_pydict()
    assert vitals["layer"] == ["hidden1", "output"]
    assert parquet.read_table(out / "epochs.parquet").to_pydict()["train_loss_eval"] == [None]
    # no spreadsheet reads these: text is cleaned, and else as it is
    assert parquet.read_table(out / "notes.parquet").to_pydict()["text"] == ["=1+1 [31m"]
    assert parquet.read_table(out / "checkpoints.parquet").to_pydict()["best"] == [True]
    assert not (out / "series.parquet").exists()


def test_without_the_library_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path, [started(), ENDED])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BadInput, match=r"pip install pyarrow$"):
        write_parquet(surveyed(tmp_path, "a"), tmp_path)
