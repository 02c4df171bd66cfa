"""Pictures and pages of recorded runs, which name no host and hold no script."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree

import msgspec
import pytest
import synthetic_predictions
import synthetic_run
from recorded import ENDED, LAYERS, block, record, started

from engine import events
from engine.config import RunConfig
from engine.errors import BadInput
from engine.experiments import named
from engine.export.source import surveyed
from engine.store import catalogue
from engine.store.last_words import LastWords
from engine.store.layout import END
from tui.export import page
from tui.export.page import write_html
from tui.export.picture import Look, write_svg

RUN = "20251009-085320-3f9a1c"
HOSTILE = "<script>alert(1)</script>\"'&[bold]\x1b]52;c;eA==\x07\u202e{0}%s"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLP_TUI_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def drawn(runs: Path, run_id: str = RUN, look: Look | None = None) -> str:
    path = runs.parent / f"{run_id}.svg"
    write_svg(surveyed(runs, run_id), path, look or Look())
    svg = path.read_text(encoding="utf-8")
    without_namespace = svg.replace('xmlns="http://www.w3.org/2000/svg"', "", 1)
    assert "http" not in without_namespace and "url(" not in re.sub(r"url\(#", "", svg)
    return svg


def rows(svg: str) -> str:
    """The cells of a picture as text."""
    found: dict[float, list[tuple[float, str]]] = {}
    for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        x, y = float(element.get("x", "0")), float(element.get("y", "0"))
        found.setdefault(y, []).append((x, (element.text or "").strip("\n")))
    lines = ("".join(text for _, text in sorted(found[y])) for y in sorted(found))
    return "\n".join(lines).replace("\xa0", " ")


class Page(HTMLParser):
    """What a browser would make of a page."""

    LOADS: ClassVar = ("src", "href", "data", "action", "xlink:href", "srcset", "poster")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loads += [name for name, _ in attrs if name in self.LOADS]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def written(runs: Path, run_id: str = RUN) -> tuple[str, Page]:
    path = runs.parent / f"{run_id}.html"
    write_html(surveyed(runs, run_id), path, Look())
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert not page.loads and not page.handlers
    assert not page.tags & {"script", "link", "iframe", "object", "embed", "img", "base", "form"}
    assert "@import" not in text and "url(" not in text.replace("url(#", "")
    return text, page


def test_the_screen_of_a_training_run_as_it_ended(runs: Path) -> None:
    record(runs, synthetic_run.run())
    told = rows(drawn(runs))
    assert "completed" in told and "step 2,350/2,350" in told
    assert "784-256-10" in told and "hidden1" in told
    assert "loss" in told and "accuracy" in told
    assert 30 < len(told.splitlines()) <= 37  # the title, and the rows that are not empty


def test_size_and_theme(runs: Path) -> None:
    record(runs, synthetic_run.run(epochs=2))
    dark, light = (drawn(runs, look=Look((80, 24), theme)) for theme in ("dark", "light"))
    assert 15 < len(rows(dark).splitlines()) <= 25 and "#14161b" in dark
    assert "#fbfaf7" in light and "#14161b" not in light


def test_a_run_under_way_and_one_that_crashed(runs: Path) -> None:
    told = synthetic_run.run(finish="")
    sink = record(runs, told, close=False)
    assert "running" in rows(drawn(runs))
    assert "under way" not in written(runs)[1].text
    assert "running: this is the run up to step 2,350" in written(runs)[1].text
    sink.close()
    assert "engine lost" in rows(drawn(runs)).lower()
    assert "crashed: the record ends at step 2,350" in written(runs)[1].text


def test_a_run_whose_log_had_no_room_for_its_end(runs: Path) -> None:
    sink = record(runs, synthetic_run.run(finish=""))
    (sink.directory / END).unlink()
    last = LastWords(sink.directory)
    last.say(events.RunFinished(outcome="stopped", detail="the disk is full"))
    last.close(told=False)
    assert "stopped" in rows(drawn(runs)) and "lost" not in rows(drawn(runs))
    assert "stopped: the disk is full" in written(runs)[1].text


def test_a_chain_of_runs_is_one_history(runs: Path) -> None:
    record(runs, [started("a"), block(1, (2.0,) * 10)])
    follows = started("b", continues="a", first_step=10)
    record(runs, [follows, block(11, (1.0,) * 10), ENDED], start=1_760_000_100.0)
    assert "step 20/20" in rows(drawn(runs, "b"))
    _, page = written(runs, "b")
    assert re.search(r"\na\d{4}-.*\nb\d{4}-", page.text, re.DOTALL)  # the older one first


def test_an_experiment_s_screen_and_its_pages(runs: Path) -> None:
    experiment = named("explosion")
    settings = msgspec.to_builtins(experiment.config())
    claim = events.ClaimChecked(
        claim="growth", measured=1.0, predicted=1.5, tolerance=0.1, holds=False, source="theory"
    )
    tables = [
        events.TableChanged(table=f"table {i}", columns=("a", "b"), rows=(("cell", float(i)),) * 9)
        for i in range(9)
    ]
    told = [
        started("e", experiment="explosion", config=settings, layers=(), steps_per_epoch=0),
        *tables,
        claim,
        events.RunFinished(outcome="completed", detail="it grew", step=3),
    ]
    record(runs, told)
    svg = rows(drawn(runs, "e"))
    assert "explosion" in svg
    text, page = written(runs, "e")
    pictures = re.findall(r"<figure>(.*?)</figure>", text, re.DOTALL)
    assert len(pictures) > 1  # so much does not fit on one
    shown = "".join(map(rows, pictures))
    assert all(f"table {i}" in shown for i in range(9))
    assert "growth" in page.text and "fails" in page.text and "it grew" in page.text


def test_a_page_tells_everything(runs: Path) -> None:
    told = synthetic_run.run(epochs=2, finish="")
    steered = events.ControlApplied(step=400, what="learning rate", before="0.1", after="0.01")
    measured = synthetic_predictions.measured(470)
    record(runs, [*told, steered, measured, events.Noted(text="a note", level="warning"), ENDED])
    catalogue.describe(runs / RUN, label="first try", note="with He")
    text, page = written(runs)
    assert "<title>first try</title>" in text
    for word in ("with He", "learning rate", "0.01", "a note", "completed: done", "weight_decay"):
        assert word in page.text
    assert page.text.count("step") > 3 and "235" in page.text
    assert text.count("<figure>") == 2  # the dashboard, and what the network says of the test set


def test_hostile_text_stays_text(runs: Path) -> None:
    config = msgspec.to_builtins(RunConfig(data="fashion-mnist", hidden=(16,)))
    data = events.DatasetInfo(HOSTILE, 1, 1, 784, (HOSTILE,) * 10, (), HOSTILE, HOSTILE)
    layers = tuple(msgspec.structs.replace(layer, name=HOSTILE) for layer in LAYERS)
    told = [
        started("h", config=config, dataset=data, layers=layers, device=HOSTILE),
        block(1, (1.0,)),
        events.Noted(text=HOSTILE, level="error"),
        events.TableChanged(table=HOSTILE, columns=(HOSTILE,), rows=((HOSTILE,),)),
        events.ControlApplied(step=1, what=HOSTILE, before=HOSTILE, after="", note=HOSTILE),
        events.RunFinished(outcome="failed", detail=HOSTILE, step=1),
    ]
    record(runs, told)
    catalogue.describe(runs / "h", label="<b>=1</b>", note="</style><script>")
    text, page = written(runs, "h")
    assert "<script>alert(1)</script>" in page.text  # as words
    assert not [c for c in text if not (c.isprintable() or c in "\n\xa0")]
    svg = drawn(runs, "h")
    assert "[bold]" in rows(svg)
    assert not [c for c in svg if not (c.isprintable() or c in "\n\xa0")]


def test_a_long_table_says_what_it_leaves_out(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MOST_ROWS", 3)
    record(runs, synthetic_run.run(epochs=5))
    _, found = written(runs)
    assert "2 more rows" in found.text


def test_damage_is_told(runs: Path) -> None:
    record(runs, synthetic_run.run(epochs=2))
    log = runs / RUN / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*lines[:3], b"x" + lines[3], *lines[4:]]))
    assert "the record is damaged: lines not read: 1 damaged" in written(runs)[1].text


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"experiment": "unheard-of"}, "no experiment 'unheard-of'"),
        ({"config": {"epochs": "many"}}, "of another version"),
        ({"config": {"new_setting": 1}}, "of another version"),
    ],
)
def test_what_this_version_cannot_show_is_refused(
    runs: Path, change: dict[str, object], why: str
) -> None:
    record(runs, [started("a", **change), ENDED])
    with pytest.raises(BadInput, match=why):
        drawn(runs, "a")


def test_a_record_without_its_beginning_cannot_be_drawn(runs: Path) -> None:
    record(runs, [started("a"), block(1, (1.0,)), ENDED])
    log, head = runs / "a" / "events.jsonl", runs / "a" / "run.json"
    log.write_bytes(b"#" + log.read_bytes())
    assert drawn(runs, "a")  # the head holds that line as well
    head.write_text(json.dumps(json.loads(head.read_text()) | {"opening": ""}))
    with pytest.raises(BadInput, match="lacks its beginning"):
        drawn(runs, "a")
