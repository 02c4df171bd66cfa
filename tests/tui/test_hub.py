"""Between link and screen, without either."""

from __future__ import annotations

import msgspec
import pytest
import synthetic_run
from event_streams import same
from fake_link import FakeLink

from engine import controls
from engine.config import RunConfig
from engine.events import ControlApplied, StepsMeasured
from engine.link import Fetched, Lost, News, Progress, Refused
from tui import switch
from tui.commands import COMMANDS
from tui.hub import SETTLING, Hub
from tui.status import state

BASE = RunConfig(data="fashion-mnist")


def started(link: FakeLink | None = None) -> tuple[Hub, FakeLink]:
    """A hub whose first run has begun and that has come to rest."""
    link = link or FakeLink()
    hub = Hub(link, BASE)
    hub.switch(BASE)
    link.push(*synthetic_run.run(finish="", epochs=1))
    rest(hub)
    return hub, link


def rest(hub: Hub) -> None:
    for _ in range(SETTLING + 1):
        hub.poll()


def begun(run_id: str, config: RunConfig) -> list[object]:
    return synthetic_run.run(config, run_id=run_id, finish="", epochs=0.5)  # type: ignore[return-value]


def test_the_first_press_starts_at_once() -> None:
    hub, link = started()
    hub.switch(switch.next_init(hub.config))
    assert link.last.init == "zeros"
    assert hub.status.change == "init normal 0.01 → zeros"


def test_a_held_key_starts_the_first_and_the_last_choice_only() -> None:
    hub, link = started()
    for _ in range(9):
        hub.switch(switch.next_init(hub.config))
        hub.poll()
    assert len(link.starts) == 2
    link.push(*begun("b", link.last))
    rest(hub)
    rest(hub)
    assert len(link.starts) == 3
    assert link.last.init == hub.config.init == "lecun_normal"
    assert hub.status.change == "init normal 0.01 → lecun_normal"
    link.push(*begun("c", link.last))
    rest(hub)
    assert [name for name, _ in hub.ghosts.named(hub.view)] == ["normal 0.01"]


def test_a_run_that_was_looked_at_stays_even_if_the_next_key_is_held() -> None:
    hub, link = started()
    hub.switch(switch.next_init(hub.config))
    link.push(*begun("b", link.last))
    rest(hub)
    for run_id in ("c", "d"):
        hub.switch(switch.next_init(hub.config))
        hub.switch(switch.next_init(hub.config))
        link.push(*begun(run_id, link.last))
        rest(hub)
        link.push(*begun(run_id + "2", link.last))
        rest(hub)
    shown = [name for name, _ in hub.ghosts.named(hub.view)]
    assert shown == ["normal 0.01", "zeros", "xavier_uniform"]


def test_a_choice_waits_for_the_start_under_way() -> None:
    hub, link = started()
    hub.switch(switch.next_init(hub.config))
    hub.switch(switch.next_init(hub.config))
    rest(hub)
    assert len(link.starts) == 2  # the engine has not said that the run began
    link.push(*begun("b", link.last))
    rest(hub)
    assert link.last.init == "constant"


def test_a_preparation_does_not_hold_up_another_choice() -> None:
    link = FakeLink()
    hub = Hub(link, BASE)
    hub.switch(BASE)
    link.push(Progress("downloading", 1, 10))
    hub.switch(switch.changed(BASE, data="synthetic"))
    rest(hub)
    assert link.last.data == "synthetic"


def test_a_new_run_leaves_the_old_one_as_a_ghost() -> None:
    hub, link = started()
    hub.switch(switch.next_init(hub.config))
    link.push(*begun("b", link.last))
    rest(hub)
    assert [name for name, _ in hub.ghosts.named(hub.view)] == ["normal 0.01"]
    assert hub.view.config["init"] == "zeros"


def test_what_comes_before_the_new_start_still_belongs_to_the_old_run() -> None:
    hub, link = started()
    hub.switch(switch.next_init(hub.config))
    first = hub.view.started
    link.push(*synthetic_run.run(finish="stopped", epochs=1)[-1:])
    hub.poll()
    assert hub.view.started is first
    assert hub.view.finished is not None


def test_more_epochs_of_a_running_run_is_a_control() -> None:
    hub, link = started()
    hub.go_on(10)
    assert link.sent[-1] == controls.Extend(epochs=10, request=1)


def test_more_epochs_after_the_end_is_a_run_that_continues() -> None:
    hub, link = started()
    link.push(*synthetic_run.run()[-1:])
    hub.poll()
    hub.go_on(10)
    config, continues = link.starts[-1]
    assert (config.epochs, continues) == (10, hub.view.run_id)
    assert hub.config.epochs == BASE.epochs


def test_more_epochs_after_the_end_keep_the_rate_that_a_person_chose() -> None:
    hub, link = started()
    told = {"what": "learning rate", "before": "0.1", "after": "0.05"}
    link.push(ControlApplied(step=1, **told), *synthetic_run.run()[-1:])
    hub.poll()
    hub.go_on(10)
    config, _ = link.starts[-1]
    assert (config.lr, config.epochs, hub.config.lr) == (0.05, 10, BASE.lr)


def test_a_continued_run_does_not_become_its_own_ghost() -> None:
    import msgspec

    hub, link = started()
    more = msgspec.structs.replace(
        begun("b", BASE)[0],  # type: ignore[type-var]
        continues=hub.view.run_id,
        first_step=235,
    )
    link.push(more)
    hub.poll()
    assert len(hub.ghosts) == 0
    assert len(hub.view.loss) == 235


def test_a_pause_shows_before_it_is_confirmed_and_until_its_own_answer() -> None:
    hub, link = started()
    hub.toggle_pause()
    assert hub.paused and hub.pause_pending
    link.push(ControlApplied(step=235, what="pace", before="full", after="10", request=99))
    hub.poll()
    assert hub.paused and hub.pause_pending
    link.push(ControlApplied(step=235, what="pause", before="running", after="paused", request=1))
    hub.poll()
    assert hub.paused and not hub.pause_pending


def test_what_another_screen_asked_for_answers_nothing_that_was_asked_here() -> None:
    hub, link = started()
    hub.steer_lr(0.05)
    link.push(applied("pause", "running", "paused", request=1))
    hub.poll()
    assert hub.wanted_lr == 0.05 and hub.paused
    hub.toggle_pause()
    link.push(applied("pause", "paused", "paused", request=2))
    hub.poll()
    assert hub.pause_pending and not hub.paused
    link.push(applied("resume", "paused", "running", 2), applied("learning rate", "1", "0.02", 1))
    hub.poll()
    assert not hub.pause_pending and hub.base_lr == 0.02


def test_a_single_step_leaves_it_paused() -> None:
    hub, link = started()
    hub.toggle_pause()
    link.push(
        ControlApplied(step=235, what="pause", before="running", after="paused", request=1),
        ControlApplied(step=235, what="step", before="paused", after="1 step", request=2),
    )
    hub.poll()
    assert hub.paused


def test_a_steered_learning_rate_builds_on_the_one_just_asked_for() -> None:
    hub, link = started()
    hub.steer_lr(switch.steered_lr(hub.wanted_lr, -1))
    hub.steer_lr(switch.steered_lr(hub.wanted_lr, -1))
    assert [c.lr for c in link.sent if isinstance(c, controls.SetLearningRate)] == [0.05, 0.02]


def test_a_refusal_is_kept_and_the_run_before_it_too() -> None:
    hub, link = started()
    hub.switch(switch.changed(BASE, data="x.npz"))
    link.push(Refused("x.npz: no such file"))
    hub.poll()
    assert hub.status.refused == "x.npz: no such file"
    assert not hub.status.starting
    assert len(hub.view.loss) == 235


def test_after_a_refused_start_the_settings_of_the_run_in_view_count_again() -> None:
    hub, link = started()
    link.push(*synthetic_run.run()[-1:])
    hub.poll()
    bad = switch.changed(BASE, data="x.npz", init="he")
    hub.switch(bad)
    link.push(Refused("x.npz: no such file"))
    rest(hub)
    assert hub.config == hub.shown_config == BASE
    assert hub.refused_config == bad
    assert hub.status.change == ""
    hub.go_on(10)
    assert link.last == switch.changed(BASE, epochs=10)
    link.push(Refused("its checkpoint is gone"))
    rest(hub)
    hub.switch(switch.next_init(hub.config))
    assert link.last == switch.changed(BASE, init="zeros")
    assert hub.refused_config is None


def test_a_refusal_before_the_first_run_keeps_what_was_asked() -> None:
    link = FakeLink()
    hub = Hub(link, BASE)
    hub.switch(BASE)
    link.push(Refused("no such file"))
    hub.poll()
    assert hub.config == hub.shown_config == BASE


def test_what_is_asked_while_a_run_starts_is_asked_of_that_run() -> None:
    hub, link = started()
    hub.switch(switch.next_init(hub.config))
    assert hub.toggle_pause()
    hub.send(controls.Step())
    hub.go_on(10)
    assert hub.paused and link.sent == []
    link.push(*begun("b", link.last))
    hub.poll()
    assert link.sent == [
        controls.Pause(request=1),
        controls.Step(request=2),
        controls.Extend(epochs=10, request=3),
    ]
    assert hub.pause_pending
    assert len(link.starts) == 2


def test_a_run_only_passed_through_is_not_asked() -> None:
    hub, link = started()
    hub.switch(switch.next_init(hub.config))
    hub.switch(switch.next_init(hub.config))
    hub.toggle_pause()
    hub.steer_pace(-1)
    link.push(*begun("b", link.last))
    rest(hub)
    assert link.sent == []
    assert (link.last.init, link.last.pace) == ("constant", 1000)
    link.push(*begun("c", link.last))
    rest(hub)
    assert link.sent == [
        controls.Pause(request=1),
        controls.SetPace(steps_per_second=1000, request=2),
    ]


def test_a_pace_asked_for_during_a_start_is_the_runs() -> None:
    hub, link = started()
    hub.switch(switch.next_init(hub.config))
    hub.steer_pace(-1)
    link.push(*begun("b", link.last))
    rest(hub)
    assert link.sent == [controls.SetPace(steps_per_second=1000, request=1)]
    assert hub.shown_config.pace == hub.config.pace == 1000


def test_what_was_asked_of_a_run_that_never_began_is_forgotten() -> None:
    hub, link = started()
    hub.switch(switch.next_init(hub.config))
    hub.toggle_pause()
    link.push(Refused("no"))
    hub.poll()
    assert not hub.paused
    hub.switch(switch.next_init(hub.config))
    link.push(*begun("b", link.last))
    rest(hub)
    assert link.sent == []


def test_a_refused_download_is_not_a_refused_start() -> None:
    hub, link = started()
    hub.fetch()
    hub.switch(switch.next_init(hub.config))
    link.push(Progress("loading", 1, 2), Refused("no network", what="fetch"))
    hub.poll()
    assert hub.status.starting and hub.status.progress
    assert (hub.status.fetching, hub.status.unfetched) == ("", "no network")
    hub.fetch()
    link.push(Refused("no such device"))
    hub.poll()
    assert (hub.status.fetching, hub.status.refused) == ("fashion-mnist", "no such device")


def test_a_run_that_a_lost_engine_left_does_not_come_back() -> None:
    hub, link = started()
    link.push(Lost("killed by signal 9"))
    rest(hub)
    hub.switch(hub.config)
    assert not hub.running and not hub.situation.running and hub.accepts.running
    link.push(Refused("no such file"))
    rest(hub)
    assert not hub.running


def test_a_lost_engine_is_not_work_and_can_be_started_again() -> None:
    hub, link = started()
    link.push(Lost("killed by signal 9"))
    rest(hub)
    assert not hub.working and not hub.running
    hub.switch(hub.config)
    link.push(*begun("b", BASE))
    hub.poll()
    assert hub.running and hub.status.lost == ""


def test_fetched_data_is_trained_on() -> None:
    link = FakeLink()
    hub = Hub(link, RunConfig())
    hub.switch(hub.config)
    link.push(*synthetic_run.run(RunConfig(), data="synthetic", finish="", epochs=1))
    rest(hub)
    assert hub.can_fetch
    hub.fetch()
    assert link.fetches == ["fashion-mnist"]
    link.push(Progress("fashion-mnist", 5, 10), Fetched("fashion-mnist"))
    rest(hub)
    assert link.last.data == "fashion-mnist"
    assert not hub.can_fetch


def test_a_poll_without_news_changes_nothing() -> None:
    hub, _ = started()
    assert hub.poll() is False


def test_a_long_past_is_read_in_larger_pieces_until_it_is_known() -> None:
    class Behind(FakeLink):
        def __init__(self) -> None:
            super().__init__()
            self.budgets: list[float] = []
            self.left = [0.9, 0.4, 0.0, 0.0]

        def drain(self, budget: float = 0.008) -> list[News]:
            self.budgets.append(budget)
            self.unread = self.left[len(self.budgets) - 1]
            return super().drain(budget)

    link = Behind()
    hub = Hub(link, BASE)
    for unread in link.left:
        hub.poll()
        assert hub.unread == unread
    first, *while_behind, after = link.budgets
    assert first == after and all(budget > first for budget in while_behind)


def test_neighbours_in_the_news_are_folded_as_one_by_one() -> None:
    said = synthetic_run.run(epochs=3)
    at_once, one_by_one = FakeLink(), FakeLink()
    hubs = Hub(at_once, BASE), Hub(one_by_one, BASE)
    at_once.push(*said)
    hubs[0].poll()
    for event in said:
        one_by_one.push(event)
        hubs[1].poll()
    assert same(hubs[0].view, hubs[1].view)


def test_an_event_that_contradicts_itself_does_not_end_the_screen() -> None:
    hub, link = started()
    step = hub.view.step
    wrong = StepsMeasured(first_step=step + 1, loss=(1.0, 2.0), accuracy=(), lr=0.1)
    link.push(wrong)
    hub.poll()
    assert hub.view.step == step and "was left out" in hub.view.log[-1].text


def resuming() -> tuple[Hub, FakeLink]:
    """A hub that waits for the resumption of "b", which went on from "a" and was killed."""
    link = FakeLink(*begun("a", BASE))
    hub = Hub(link, BASE)
    hub.expect("b")
    link.push(msgspec.structs.replace(begun("b", BASE)[0], continues="a"))  # type: ignore[type-var]
    hub.poll()
    return hub, link


def test_until_a_resumed_run_begins_nothing_runs_and_what_is_asked_waits_for_it() -> None:
    hub, link = resuming()
    assert (hub.view.run_id, hub.running, state(hub)) == ("b", False, "starting")
    assert hub.toggle_pause()
    link.push(Progress("loading torch"))
    hub.poll()
    assert (link.sent, hub.paused, hub.working) == ([], True, True)
    link.push(msgspec.structs.replace(begun("c", BASE)[0], continues="b"))  # type: ignore[type-var]
    hub.poll()
    assert link.sent == [controls.Pause(request=1)]
    assert (hub.view.run_id, hub.running, state(hub)) == ("c", True, "pausing")


@pytest.mark.parametrize(
    ("news", "told"), [(Refused("no whole checkpoint"), "refused"), (Lost("gone"), "engine lost")]
)
def test_a_run_that_cannot_be_resumed_is_not_under_way(news: News, told: str) -> None:
    hub, link = resuming()
    link.push(news)
    hub.poll()
    assert (hub.running, hub.working, state(hub)) == (False, False, told)


def applied(what: str, before: str, after: str, request: int = 0) -> ControlApplied:
    return ControlApplied(step=235, what=what, before=before, after=after, request=request)


def test_a_paused_run_takes_one_steered_learning_rate_after_another() -> None:
    hub, link = started()
    link.push(applied("pause", "running", "paused"))
    hub.poll()
    for request, asked in ((1, "0.05"), (2, "0.02")):
        COMMANDS["lower_lr"](hub)
        link.push(applied("learning rate", "0.1", asked, request))
        hub.poll()
    assert [c.lr for c in link.sent if isinstance(c, controls.SetLearningRate)] == [0.05, 0.02]
    assert (hub.wanted_lr, hub.view.base_lr) == (0.02, 0.02)


def test_under_a_schedule_it_is_the_base_rate_that_is_steered() -> None:
    hub, link = started()
    link.push(StepsMeasured(first_step=236, loss=[1.0], accuracy=[0.5], lr=0.004))
    hub.poll()
    assert hub.wanted_lr == 0.004
    COMMANDS["raise_lr"](hub)
    assert [c.lr for c in link.sent if isinstance(c, controls.SetLearningRate)] == [0.2]
    link.push(applied("learning rate", "0.1", "0.2", 1))
    hub.poll()
    assert (hub.wanted_lr, hub.base_lr) == (pytest.approx(0.008), 0.2)


def test_a_pace_that_another_screen_asked_for_is_where_the_keys_go_on_from() -> None:
    hub, link = started()
    link.push(applied("pace", "full speed", "20 steps/s", 7))
    hub.poll()
    assert hub.shown_config.pace == 20
    assert hub.steer_pace(-1) == 10


def test_an_answer_to_an_earlier_key_does_not_take_the_pace_back() -> None:
    hub, link = started()
    hub.steer_pace(-1)
    hub.steer_pace(-1)
    link.push(applied("pace", "full speed", "1000 steps/s", 1))
    hub.poll()
    assert hub.config.pace == 500
    link.push(applied("pace", "1000 steps/s", "500 steps/s", 2), applied("pace", "500", "full", 9))
    hub.poll()
    assert hub.config.pace == 0
