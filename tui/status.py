"""The words around the charts: what the run is, what is going on, what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from engine.config import RunConfig
from engine.events import RunStarted
from engine.schema import spell_number
from engine.text import clean
from tui.advice import advice
from tui.commands import pace_words
from tui.hub import REAL_DATA, Hub
from tui.keymap import key_of
from tui.replay.scrub import Scrub
from tui.run_view import RunView
from tui.switch import names
from tui.widgets.header import HeaderInfo

Tone = Literal["text", "strong", "muted", "good", "warning", "alert"]


_NOTABLE = 0.02
"""The share of a past still to be read from which that is said."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A readable panel: a heading, its tone, and sentences. `share` in [0, 1] draws a bar.

    `brief` is the one sentence for a terminal with room for no more.
    """

    heading: str
    lines: tuple[str, ...] = ()
    tone: Tone = "text"
    share: float = math.nan
    brief: str = ""


def state(hub: Hub) -> str:
    """The run's state in a word or two; the header has signs for some of them."""
    if hub.status.lost and not hub.view.finished:
        return "engine lost"
    if hub.unread > _NOTABLE:
        return f"reading {1 - hub.unread:.0%}"
    if hub.status.starting:
        return "starting"
    if hub.view.started is None:
        return "refused" if hub.status.refused else "no run"
    return hub.view.finished.outcome if hub.view.finished else _under_way(hub)


def _under_way(hub: Hub) -> str:
    if hub.scrub:
        return recorded_state(hub.view, hub.scrub)
    if hub.running:
        return _steered(hub)
    return "refused" if hub.resuming else "engine lost"


def recorded_state(view: RunView, scrub: Scrub) -> str:
    """How a recorded run stood at this moment, before it had ended."""
    if scrub.at_end and not scrub.live:
        return "crashed"  # nobody writes any more, and it never said how it ended
    return "paused" if view.paused else "running"


def _steered(hub: Hub) -> str:
    if hub.status.held:
        return "held"
    if hub.pause_pending:
        return "pausing" if hub.paused else "going on"
    return "paused" if hub.paused else "running"


def _moving(hub: Hub) -> bool:
    """Whether steps are made: not where the run holds, and not once nobody is left to make any."""
    if hub.scrub:
        return hub.view.finished is None and recorded_state(hub.view, hub.scrub) == "running"
    return hub.running and not hub.paused and not hub.status.held


def header(hub: Hub) -> HeaderInfo:
    """What is trained and how far it is. Settings just asked for show before their run begins."""
    config, view = hub.shown_config, hub.view
    started = view.started
    moving = _moving(hub)
    return HeaderInfo(
        run=clean(view.run_id.rpartition("-")[2], 12),
        data=_data_words(hub),
        model=_model_words(hub),
        init=rule_words(config),
        activation=config.activation,
        optimizer=f"{config.optimizer} lr {spell_number(_lr(hub))} seed {config.seed}",
        device=clean(started.device if started else config.device, 16),
        state=state(hub),
        epoch=view.current_epoch,
        epochs=view.epochs or config.epochs,
        step=view.step,
        total_steps=view.total_steps,
        loss=view.loss.last if len(view.loss) else None,
        accuracy=view.accuracy.last,
        test_accuracy=view.test_accuracy.last,
        samples_per_second=view.samples_per_second if moving else math.nan,
        seconds_left=view.seconds_left if moving else math.nan,
        pace=pace_words(config.pace) if config.pace else "",
    )


def rule_words(config: RunConfig) -> str:
    """The initializer with the number it uses, e.g. "normal 0.01"."""
    return names([{"init": config.init, **_numbers_of(config)}])[0]


def _numbers_of(config: RunConfig) -> dict[str, object]:
    return {"init_std": config.init_std, "init_constant": config.init_constant}


def _known(hub: Hub) -> RunStarted | None:
    """What began on the data of the settings shown; None before such data have been read."""
    started = hub.view.started
    same = started is not None and started.config.get("data") == hub.shown_config.data
    return started if same else None


def _data_words(hub: Hub) -> str:
    started = _known(hub)
    dataset = started.dataset if started else None
    return clean(dataset.name if dataset else PurePath(hub.shown_config.data).name, 24)


def _model_words(hub: Hub) -> str:
    started, hidden = _known(hub), hub.shown_config.hidden
    layers = started.layers if started else ()
    if not layers:
        return _chain("?", hidden, "?")
    return _chain(str(layers[0].fan_in), hidden, str(layers[-1].fan_out))


def _chain(features: str, hidden: tuple[int, ...], classes: str) -> str:
    """Widths from the data to the classes; many hidden layers in brief."""
    if len(hidden) < 5:
        return "-".join((features, *map(str, hidden), classes))
    same = f"{len(hidden)}×{hidden[0]}" if len(set(hidden)) == 1 else f"{len(hidden)} layers"
    return f"{features}-({same})-{classes}"


def fetch_offer(hub: Hub) -> str:
    """That the run is on drawn pictures, and the key that gets the real ones; "" if it is not."""
    if not hub.can_fetch or hub.status.fetching:
        return ""
    key = key_of("fetch")
    return f"{key} fetches {REAL_DATA}, which is not on this machine; these pictures are drawn"


def notice(hub: Hub, log_place: Callable[[str], str]) -> Notice | None:
    """What deserves a panel; None while a run just goes on."""
    status, view = hub.status, hub.view
    if status.fetching or (status.starting and status.progress):
        return _preparing(hub)
    if status.starting and view.started is None:
        return Notice("Starting the engine…", ("The first run begins as soon as it is up.",))
    if view.finished is None or status.starting:
        return _trouble(hub) or faulty(view.fault, status.held if hub.running else "")
    return _trouble(hub) or _ended(hub, log_place)


def faulty(fault: str, held: str) -> Notice | None:
    """What is wrong with a run that is under way all the same: it holds, or is not safe."""
    if held:
        why, way_on = clean(held, 400), "It goes on by itself as soon as there is room."
        return Notice("The run is held", (why, way_on), "alert", brief=why)
    if fault:
        why = clean(fault, 400)
        return Notice("The run reports a fault", (why,), "alert", brief=why)
    return None


def unreadable(scrub: Scrub | None) -> Notice | None:
    """That a replay could not read its record, which somebody may have removed."""
    if not scrub or not scrub.trouble:
        return None
    why, rest = clean(scrub.trouble, 400), "What is shown was read before."
    return Notice("The record cannot be read any more", (why, rest), "alert", brief=why)


def _trouble(hub: Hub) -> Notice | None:
    """What could not be done, and what to do about it."""
    status = hub.status
    if hub.scrub:
        return unreadable(hub.scrub)
    if status.lost:
        return _lost(hub)
    told = (
        (
            status.refused,
            "That cannot be run",
            f"Press {key_of('form')} to change the settings.",
        ),
        (
            status.unfetched,
            "The data could not be fetched",
            f"Training goes on as it is; press {key_of('fetch')} to try again.",
        ),
    )
    for text, heading, way_on in told:
        if text:
            why = clean(text, 400)
            return Notice(heading, (why, way_on), "alert", brief=why)
    return None


def _lost(hub: Hub) -> Notice:
    """The engine is gone: after the end of its run that is no alarm, before it there is a way."""
    heading, view = "The engine is gone", hub.view
    why = clean(hub.status.lost.removeprefix("the engine is gone: "), 400)
    again = f"Press {key_of('restart')} to start the engine again."
    if view.finished:
        ended = f"{view.finished.outcome}: {clean(view.finished.detail, 400)}"
        return Notice(heading, (ended, again), "warning", brief=ended)
    if view.started is None:
        return Notice(heading, (why, again), "alert", brief=why)
    again = f"Press {key_of('restart')} to begin anew; mlp-tui resume goes on from what was saved."
    return Notice(heading, (why, again), "alert", brief=why)


def _preparing(hub: Hub) -> Notice:
    news = hub.status.progress
    heading = f"Fetching {hub.status.fetching}" if hub.status.fetching else "Preparing the run"
    if news is None:
        return Notice(heading, ("waiting for the first bytes",))
    share = news.done / news.total if news.total > 0 else math.nan
    return Notice(heading, (clean(news.text, 200),), share=share)


def _ended(hub: Hub, log_place: Callable[[str], str]) -> Notice | None:
    finished = hub.view.finished
    if finished is None:
        return None
    lines = [clean(finished.detail, 400)]
    if finished.outcome == "failed":
        lines.append(f"The details are in {clean(log_place(hub.view.run_id), 200)}")
    if not hub.scrub:  # there is nothing to try on a recording
        lines.append(advice(hub.view))
    tone: Tone = {"completed": "good", "stopped": "warning", "interrupted": "warning"}.get(  # type: ignore[assignment]
        finished.outcome, "alert"
    )
    brief = lines[-1] if finished.outcome == "completed" else lines[0]
    return Notice(_HEADINGS[finished.outcome], tuple(lines), tone, brief=brief)


_HEADINGS = {
    "completed": "Completed",
    "stopped": "Stopped",
    "diverged": "Diverged: a number is no longer finite",
    "failed": "The run failed",
    "interrupted": "Interrupted",
}


def _lr(hub: Hub) -> float:
    """The rate in force or just asked for, also after the end: a person may have steered it."""
    lr = hub.wanted_lr
    return lr if math.isfinite(lr) else hub.shown_config.lr


def layer_title(hub: Hub, index: int) -> str:
    """What a layer is, in one line."""
    started = hub.view.started
    if started is None or not started.layers:
        return "no layer"
    layer = started.layers[min(index, len(started.layers) - 1)]
    spread = f"; spread at step {view.histograms.step:,}" if (view := hub.view).histograms else ""
    rule = f", {clean(layer.activation, 20)}" if layer.activation else ""
    return (
        f"{clean(layer.name, 40)}   {layer.fan_in} → {layer.fan_out}{rule}, "
        f"init {clean(layer.initializer, 30)}, {layer.parameters:,} parameters{spread}"
    )
