"""The list of runs: what it says of each, and what may be done to one."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from engine import events
from engine.errors import BadInput
from engine.store import catalogue
from engine.store.head import head_of
from engine.store.layout import ABOUT, END, LOG, SUMMARY
from engine.store.lines import framed
from engine.store.record import RecordSink
from engine.store.summary import Summary, summary_of


def started(run_id: str, *, continues: str = "", time: float = 1.0) -> events.RunStarted:
    return events.RunStarted(
        run_id=run_id,
        experiment="train",
        config={"epochs": 2},
        steps_per_epoch=10,
        total_steps=20,
        continues=continues,
        first_step=10 if continues else 0,
        time=time,
    )


def epoch(number: int, accuracy: float, loss: float = 1.0) -> events.EpochFinished:
    return events.EpochFinished(
        epoch=number,
        step=10 * number,
        train_loss=1.0,
        train_accuracy=0.5,
        test_loss=loss,
        test_accuracy=accuracy,
        seconds=1.0,
        samples_per_second=1.0,
    )


def block(first: int, count: int) -> events.StepsMeasured:
    ones = (1.0,) * count
    return events.StepsMeasured(first_step=first, loss=ones, accuracy=ones, lr=0.1)


ENDED = events.RunFinished(outcome="completed", detail="done", step=20)


def record(runs: Path, *said: events.AnyEvent, close: bool = True) -> RecordSink:
    """A run's record as a session would write it."""
    sink = RecordSink(runs)
    for seq, event in enumerate(said):
        sink.accept(msgspec.structs.replace(event, seq=seq))
    if close:
        sink.close()
    return sink


def test_a_run_in_short(tmp_path: Path) -> None:
    record(
        tmp_path,
        started("a"),
        block(1, 10),
        epoch(1, 0.6, 0.9),
        block(11, 10),
        epoch(2, 0.5),
        ENDED,
    )
    (entry,) = catalogue.entries(tmp_path)
    told = entry.summary
    assert (entry.state, entry.live, entry.name) == ("completed", False, "a")
    assert (told.best_accuracy, told.best_loss, told.best_epoch) == (0.6, 0.9, 1)
    assert (told.step, told.total_steps, told.epoch) == (20, 20, 2)
    assert entry.size >= (entry.directory / LOG).stat().st_size


def test_states_are_those_of_the_log_and_its_lock(tmp_path: Path) -> None:
    live = record(tmp_path, started("live"), block(1, 3), close=False)
    pause = events.ControlApplied(step=3, what="pause", before="running", after="paused")
    paused = record(tmp_path, started("paused"), pause, close=False)
    record(tmp_path, started("crashed"), block(1, 3))
    for outcome in ("completed", "stopped", "diverged", "failed", "interrupted"):
        ended = events.RunFinished(outcome=outcome, detail="")
        record(tmp_path, started(outcome), ended)
    found = {entry.run_id: entry.state for entry in catalogue.entries(tmp_path)}
    assert found == {name if name != "live" else "live": found[name] for name in found}
    assert found.pop("live") == "running"
    assert all(name == state for name, state in found.items())
    live.close()
    paused.close()
    assert catalogue.entry(tmp_path, "live").state == "crashed"


def test_a_longer_plan_counts(tmp_path: Path) -> None:
    more = events.ControlApplied(step=1, what="epochs", before="2", after="12")
    record(tmp_path, started("a"), more)
    assert catalogue.entry(tmp_path, "a").summary.total_steps == 120


def test_what_was_kept_is_read_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.store.summary._WORTH_KEEPING", 0)
    said: list[events.AnyEvent] = [started("a"), block(1, 10), epoch(1, 0.6), epoch(2, 0.7), ENDED]
    lines = [
        framed(events.encode(msgspec.structs.replace(event, seq=seq)))
        for seq, event in enumerate(said)
    ]
    directory = tmp_path / "a"
    directory.mkdir()
    for count in range(1, len(lines) + 1):
        (directory / LOG).write_bytes(b"".join(lines[:count]))
        told = summary_of(directory)
        whole = Summary()
        for event in said[:count]:
            whole.take(event)
        assert told == whole
        assert (directory / SUMMARY).exists()


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"{}",
        b"[" * 5000,
        b'{"version":4,"place":[99999999,0,0],"damage":{},"summary":{}}',
        b'{"version":4,"place":[-1,0,0],"damage":{},"summary":{}}',
        b'{"version":4,"place":[0,-1,0],"damage":{},"summary":{}}',
        b'{"version":4,"place":[0,0,-1],"damage":{},"summary":{}}',
        b'{"version":4,"place":[0],"damage":{},"summary":{}}',
        b'{"version":0,"place":[0,7,0],"damage":{},"summary":{}}',
        b'{"version":3,"offset":0,"next_seq":7,"damage":{},"summary":{}}',
        b'{"version":4,"place":[0,0,0],"damage":{"nonsense":1},"summary":{}}',
    ],
)
def test_a_kept_summary_that_cannot_be_used_is_made_anew(tmp_path: Path, kept: bytes) -> None:
    record(tmp_path, started("a"), epoch(1, 0.6), ENDED)
    (tmp_path / "a" / SUMMARY).write_bytes(framed(kept))
    told = summary_of(tmp_path / "a")
    assert (told.run_id, told.best_accuracy, told.read, told.damaged) == ("a", 0.6, 3, 0)


def test_no_flipped_bit_is_a_figure_or_a_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.summary._WORTH_KEEPING", 0)
    record(tmp_path, started("a"), epoch(1, 0.6), ENDED)
    catalogue.describe(tmp_path / "a", label="one")
    sound = catalogue.entry(tmp_path, "a")
    for name in (SUMMARY, ABOUT):
        path = tmp_path / "a" / name
        data = path.read_bytes()
        for at in range(len(data)):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            told = catalogue.entry(tmp_path, "a")
            assert told.summary == sound.summary
            assert told.about in (sound.about, catalogue.About())
        path.write_bytes(data)


def test_damage_is_counted_and_survives_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.summary._WORTH_KEEPING", 0)
    record(tmp_path, started("a"), epoch(1, 0.6), ENDED)
    log = tmp_path / "a" / LOG
    data = bytearray(log.read_bytes())
    data[data.index(b"epoch_finished")] ^= 1
    log.write_bytes(data + b"torn")
    for _ in range(2):
        assert summary_of(tmp_path / "a").damaged == 2  # a line and the torn end


def test_the_newest_comes_first_and_knows_who_goes_on_from_it(tmp_path: Path) -> None:
    record(tmp_path, started("old", time=1.0), ENDED)
    record(tmp_path, started("new", continues="old", time=2.0), ENDED)
    new, old = catalogue.entries(tmp_path)
    assert (new.run_id, old.run_id) == ("new", "old")
    assert (old.continued_by, new.continued_by) == (("new",), ())
    assert [path.name for path in catalogue.lineage(tmp_path, "new")] == ["old", "new"]


def test_a_lineage_that_bites_its_tail_ends(tmp_path: Path) -> None:
    record(tmp_path, started("a", continues="b"), ENDED)
    record(tmp_path, started("b", continues="a"), ENDED)
    assert [path.name for path in catalogue.lineage(tmp_path, "a")] == ["b", "a"]
    record(tmp_path, started("c", continues="gone"), ENDED)
    assert [path.name for path in catalogue.lineage(tmp_path, "c")] == ["c"]


class TestResolve:
    @pytest.fixture(autouse=True)
    def runs(self, tmp_path: Path) -> Path:
        for number, run_id in enumerate(("20260101-aa", "20260101-ab", "20260202-cc")):
            record(tmp_path, started(run_id, time=float(number)), ENDED)
        catalogue.describe(tmp_path / "20260101-ab", label="my best")
        return tmp_path

    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("20260101-aa", "20260101-aa"),
            ("202602", "20260202-cc"),
            ("cc", "20260202-cc"),
            ("a", "20260101-aa"),
            ("my best", "20260101-ab"),
            ("last", "20260202-cc"),
        ],
    )
    def test_by_id_beginning_end_label_or_last(self, runs: Path, name: str, meant: str) -> None:
        assert catalogue.resolve(runs, name) == meant

    @pytest.mark.fault(31)
    @pytest.mark.parametrize("name", ["20260101", "my", "", "../x", "x\0y", "ä" * 300, "CON"])
    def test_what_is_none_or_several_is_said(self, runs: Path, name: str) -> None:
        with pytest.raises(BadInput):
            catalogue.resolve(runs, name)


class TestDescribing:
    def test_label_and_note_are_kept_apart(self, tmp_path: Path) -> None:
        record(tmp_path, started("a"), ENDED)
        catalogue.describe(tmp_path / "a", label="first try")
        about = catalogue.describe(tmp_path / "a", note="lr too high")
        assert about == catalogue.About("first try", "lr too high")
        assert catalogue.entry(tmp_path, "a").about == about
        assert catalogue.entry(tmp_path, "a").name == "first try"

    @pytest.mark.fault(31, 35, 36)
    def test_any_plain_text_is_a_label_and_never_a_path(self, tmp_path: Path) -> None:
        record(tmp_path, started("a"), ENDED)
        for label in ("../x", "CON", "[bold]x", "; touch y", "$(z)"):
            assert catalogue.describe(tmp_path / "a", label=label).label == label
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]

    @pytest.mark.fault(31, 34)
    @pytest.mark.parametrize("label", ["a\0b", "a\nb", "a\x1b[31mb", "x" * 300, "\u202eabc"])
    def test_what_is_no_line_is_refused(self, tmp_path: Path, label: str) -> None:
        record(tmp_path, started("a"), ENDED)
        with pytest.raises(BadInput, match="one line of at most 64"):
            catalogue.describe(tmp_path / "a", label=label)
        assert not (tmp_path / "a" / ABOUT).exists()

    def test_the_newest_run_keeps_its_name(self, tmp_path: Path) -> None:
        record(tmp_path, started("a"), ENDED)
        with pytest.raises(BadInput, match="already means the newest"):
            catalogue.describe(tmp_path / "a", label=catalogue.NEWEST)


class TestRemoving:
    def test_everything_of_it_goes(self, tmp_path: Path) -> None:
        record(tmp_path, started("a"), ENDED)
        record(tmp_path, started("b"), ENDED)
        catalogue.remove(tmp_path, "a")
        assert [path.name for path in tmp_path.iterdir()] == ["b"]

    @pytest.mark.fault(20)
    def test_not_while_it_runs(self, tmp_path: Path) -> None:
        sink = record(tmp_path, started("a"), close=False)
        with pytest.raises(BadInput, match="under way"):
            catalogue.remove(tmp_path, "a")
        sink.close()
        assert (tmp_path / "a" / LOG).exists()

    @pytest.mark.parametrize("run_id", ["gone", "../a", "", "."])
    def test_what_is_no_run_is_not_touched(self, tmp_path: Path, run_id: str) -> None:
        record(tmp_path / "runs", started("b"), ENDED)
        (tmp_path / "a").mkdir()
        with pytest.raises(BadInput):
            catalogue.remove(tmp_path / "runs", run_id)
        assert (tmp_path / "a").exists()


@pytest.mark.fault(32)
def test_links_and_strangers_are_no_runs(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    record(elsewhere, started("real"), ENDED)
    runs = tmp_path / "runs"
    runs.mkdir()
    (runs / "linked").symlink_to(elsewhere / "real")
    (runs / "empty").mkdir()
    (runs / "file").write_text("")
    (runs / "with-link").mkdir()
    (runs / "with-link" / LOG).symlink_to(elsewhere / "real" / LOG)
    assert catalogue.entries(runs) == []
    with pytest.raises(BadInput):
        catalogue.remove(runs, "linked")
    assert (elsewhere / "real" / LOG).exists()


def test_a_damaged_label_is_none(tmp_path: Path) -> None:
    record(tmp_path, started("a"), ENDED)
    for content in (b"", b"[" * 5000, b'{"label": 3}', b'{"label": "\xff"}'):
        (tmp_path / "a" / ABOUT).write_bytes(content)
        assert catalogue.entry(tmp_path, "a").name == "a"


def test_no_directory_is_no_runs(tmp_path: Path) -> None:
    assert catalogue.entries(tmp_path / "nowhere") == []
    shutil.rmtree(tmp_path)
    with pytest.raises(BadInput):
        catalogue.entry(tmp_path, "a")


def test_runs_read_one_by_one_are_linked_as_those_read_together(tmp_path: Path) -> None:
    record(tmp_path, started("a"), ENDED)
    record(tmp_path, started("b", continues="a", time=2.0), ENDED)
    assert catalogue.run_ids(tmp_path) == ["b", "a"]
    alone = [catalogue.entry(tmp_path, run_id) for run_id in ("a", "b")]
    assert catalogue.linked(alone) == catalogue.entries(tmp_path)
    assert catalogue.linked(alone)[1].continued_by == ("b",)
    assert catalogue.run_ids(tmp_path / "nowhere") == []


def test_what_ran_it_is_told(tmp_path: Path) -> None:
    on = msgspec.structs.replace(started("a"), device="cpu", versions={"torch": "2.15"})
    record(tmp_path, on, ENDED)
    told = catalogue.entry(tmp_path, "a").summary
    assert (told.device, told.versions) == ("cpu", {"torch": "2.15"})


def test_no_name_is_no_run(tmp_path: Path) -> None:
    record(tmp_path, started("a"), ENDED)
    with pytest.raises(BadInput, match=r"^there is no run '' \(mlp-tui runs lists them\)$"):
        catalogue.resolve(tmp_path, "")


def test_a_hint_names_only_what_a_list_shows(tmp_path: Path) -> None:
    (tmp_path / "baselime").mkdir()
    record(tmp_path, started("a"), ENDED)
    with pytest.raises(BadInput, match=r"^there is no run 'baseline' \("):
        catalogue.resolve(tmp_path, "baseline")
    catalogue.describe(tmp_path / "a", label="base-line")
    with pytest.raises(BadInput, match="did you mean 'base-line'"):
        catalogue.resolve(tmp_path, "baseline")


@pytest.mark.parametrize("name", ["last", "x", ""])
def test_where_there_are_no_runs_no_list_is_pointed_to(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=f"^there is no run '{name}': there are none yet in "):
        catalogue.resolve(tmp_path, name)


@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file or directory"), ("{", "Input data was truncated")]
)
def test_a_head_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, content: str | None, why: str
) -> None:
    path = tmp_path / "run.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BadInput) as told:
        head_of(tmp_path)
    assert str(told.value) == f"{path} cannot be read: {why}"


def test_a_run_that_has_told_its_end_is_over_though_its_log_is_still_open(tmp_path: Path) -> None:
    sink = record(tmp_path, started("a"), block(1, 20), ENDED, close=False)
    entry = catalogue.entry(tmp_path, "a")
    assert (entry.state, entry.live) == ("completed", False)
    catalogue.remove(tmp_path, "a")
    assert catalogue.entries(tmp_path) == []
    sink.close()  # what it still had open went with it
    assert list(tmp_path.iterdir()) == []


def test_words_kept_beside_a_log_are_heeded_only_where_they_are_sound(tmp_path: Path) -> None:
    record(tmp_path, started("a"), block(1, 3))
    end = tmp_path / "a" / END
    for junk in (b"", b"\xff" * 4096, framed(b"[" * 3000), framed(msgspec.json.encode({"a": 1}))):
        end.write_bytes(junk)
        assert catalogue.entry(tmp_path, "a").state == "crashed"
    end.write_bytes(framed(events.encode(ENDED)) + b" " * 9999)
    assert catalogue.entry(tmp_path, "a").state == "crashed"  # longer than it ever is
    end.write_bytes(framed(events.encode(ENDED)))
    assert catalogue.entry(tmp_path, "a").state == "completed"
