"""An experiment that can be gone through step by step, back as well as on."""

from __future__ import annotations

from dataclasses import replace

from fake_experiment import BARE, GROWTH, START, TRAINING, run
from lab_bench import Bench, bench

from engine import controls, events
from tui.app import Opening

REVERSIBLE = (TRAINING, replace(GROWTH, reversible=True), BARE)


def applied(what: str, before: str, after: str, note: str = "") -> events.ControlApplied:
    told = events.ControlApplied(step=60, what=what, before=before, after=after, note=note)
    return events.ControlApplied(
        **{name: getattr(told, name) for name in told.__struct_fields__} | {"time": START}
    )


def kinds(lab: Bench) -> list[object]:
    return [c.count if isinstance(c, controls.Step) else type(c) for c in lab.link.sent]


async def held_at_the_end(lab: Bench) -> None:
    await lab.feed(run(finish=""))
    await lab.feed([applied("pause", "running", "paused", "the way back is open")])


async def test_a_step_takes_over_from_the_play() -> None:
    async with bench(experiments=REVERSIBLE) as lab:
        await lab.feed(run(upto=5, finish=""))
        await lab.press("s", "s", "S")
        assert kinds(lab) == [controls.Pause, 1, 1, -1]
        assert "one step back…" in lab.text()
        assert "S step back" in lab.text()
        await lab.press("space")
        assert kinds(lab)[-1] is controls.Resume


async def test_other_experiments_say_that_they_cannot() -> None:
    async with bench() as lab:
        await lab.press("S")
        assert "not under way" in lab.text()
        await lab.feed(run(upto=5, finish=""))
        assert "step back" not in lab.text()
        await lab.press("S")
        assert kinds(lab) == [-1]
        note = "this experiment cannot go back"
        await lab.feed([applied("step", "running", "running", note)])
        assert note in lab.text()


async def test_steps_have_a_place_among_the_keys_of_a_small_terminal() -> None:
    async with bench(experiments=REVERSIBLE, size=(80, 24)) as lab:
        await lab.feed(run(upto=5, finish=""))
        last = lab.text().splitlines()[-1]
        for words in ("space pause", "s step", "S step back", "? help", "q quit"):
            assert words in last


async def test_what_only_waits_at_its_end_is_left_without_asking() -> None:
    async with bench(experiments=REVERSIBLE) as lab:
        await held_at_the_end(lab)
        assert "paused" in lab.text()
        assert not lab.app.lab.working
        await lab.press("]")
        await lab.let_settle()
        assert lab.link.experiments[-1][0] == "bare-bones"


async def test_what_is_held_on_the_way_is_not() -> None:
    async with bench(Opening("growth"), experiments=REVERSIBLE) as lab:
        await lab.feed(run(upto=30, finish=""))
        await lab.press("s")
        assert lab.app.lab.working
        await lab.press("]")
        await lab.let_settle()
        assert "growth is under way" in lab.text()
        assert lab.link.experiments[-1][0] == "growth"
