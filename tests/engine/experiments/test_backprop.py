from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import torch

import engine.lab.computational_graph as cg
import engine.lab.graph_findings
import engine.lab.graph_views
from engine.controls import AnyControl, Controls, Pause, Resume, Step, Stop
from engine.errors import BadInput
from engine.events import (
    Advanced,
    ClaimChecked,
    ControlApplied,
    Event,
    GraphChanged,
    Noted,
    RunFinished,
    TableChanged,
)
from engine.experiments import named
from engine.experiments.backprop import EXPERIMENT, BackpropSettings
from engine.lab.graph_rules import BACKWARD, FORWARD, STEPS

AT_ONCE: dict[str, Any] = {"pace": 0.0, "hold": False}
WALK = [*FORWARD, *BACKWARD]


def stream(**changes: Any) -> list[Event]:
    return list(EXPERIMENT.run(BackpropSettings(**{**AT_ONCE, **changes}), Controls()))


def claims(events: list[Event]) -> list[ClaimChecked]:
    return [e for e in events if isinstance(e, ClaimChecked)]


def broken(**changes: Any) -> list[str]:
    return [c.claim for c in claims(stream(**changes)) if not c.holds]


def graphs(events: list[Event]) -> list[GraphChanged]:
    return [e for e in events if isinstance(e, GraphChanged)]


def at(graph: GraphChanged) -> str:
    (found,) = [node for node in graph.nodes if node.at]
    return found.name


def table(events: list[Event], name: str) -> TableChanged:
    return [e for e in events if isinstance(e, TableChanged) and e.table.startswith(name)][-1]


@pytest.mark.slow
@pytest.mark.parametrize("config", EXPERIMENT.checks, ids=str)
def test_every_claim_of_the_checks_holds(config: BackpropSettings) -> None:
    events = list(EXPERIMENT.run(config, Controls()))
    assert len(claims(events)) >= 9
    assert [c.claim for c in claims(events) if not c.holds] == []
    assert len({c.claim for c in claims(events)}) == len(claims(events))
    last = events[-1]
    assert isinstance(last, RunFinished)
    assert last.outcome == "completed"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
@pytest.mark.parametrize("size", [(2, 2, 1, 1), (2, 2, 2, 4), (16, 3, 10, 2)])
def test_claims_hold_wherever_the_keys_lead(
    size: tuple[int, int, int, int], loss: str, dtype: str
) -> None:
    names = ("inputs", "hidden", "outputs", "batch")
    for seed, activation in enumerate(("tanh", "relu", "silu", "gelu")):
        sizes = dict(zip(names, size, strict=True))
        assert broken(activation=activation, loss=loss, dtype=dtype, seed=seed, **sizes) == []
    assert broken(decay=0.0, loss=loss, dtype=dtype) == []


def test_the_walk_goes_forward_then_backward() -> None:
    shown = graphs(stream())
    assert [at(graph) for graph in shown] == WALK
    assert len(shown) == STEPS + 1 == 18
    for done, graph in enumerate(shown):
        states = {node.name: node.state for node in graph.nodes}
        assert [states[name] for name in WALK[: done + 1]].count("waiting") == 0
        assert {name for name, s in states.items() if s == "backward"} == set(WALK[10 : done + 1])
        for node in graph.nodes:
            assert (node.norm == node.norm) == (node.state != "waiting")
            assert (node.gradient_norm == node.gradient_norm) == (node.state == "backward")
    last = {node.name: node for node in shown[-1].nodes}
    assert (last["x"].state, last["y"].state) == ("forward", "forward")
    assert last["J"].norm == pytest.approx(last["L"].norm + last["s"].norm)
    assert last["J"].gradient_norm == last["L"].gradient_norm == last["s"].gradient_norm == 1


def test_rules_have_shapes_that_fit() -> None:
    notes = [graph.notes for graph in graphs(stream(batch=2))]
    assert notes[2][:3] == ("forward pass 3 of 10", "z = W1 x", "[5×2] = [5×4][4×2]")
    assert notes[14][:3] == (
        "backward pass 5 of 8",
        "∂J/∂W2 = ∂J/∂o hᵀ + λ W2",
        "[3×5] = [3×2][2×5] + [3×5]",
    )
    assert notes[15][2] == "[5×2] = [5×3][3×2]"
    assert notes[17][2] == "[5×4] = [5×2][2×4] + [5×4]"


def test_values_are_the_nets_own() -> None:
    plan = cg.Plan("tanh", 4, 5, 3, 1, "squared", 0.1, "float64", 5)
    given = cg.net(plan)
    v = cg.values(given)
    nodes = {node.name: node for node in graphs(stream(seed=5))[-1].nodes}
    assert nodes["o"].norm == pytest.approx(float(v["o"].norm()), rel=1e-12)
    assert nodes["x"].values == tuple(v["x"].flatten().tolist())
    gradient = cg.gradients(given, v)["W1"]
    assert nodes["W1"].values == tuple(gradient.flatten()[:4].tolist())


def test_tables_fill_as_the_backward_pass_comes_by() -> None:
    events = stream()
    gradients = [e for e in events if isinstance(e, TableChanged) and e.table == "gradients"]
    assert [row[2] for row in gradients[13].rows] == ["–"] * 4
    assert all(row[1] == "–" for row in gradients[16].rows)
    hand, autograd, complex_step, difference = gradients[17].rows
    assert (hand[0], autograd[0]) == ("hand", "autograd")
    assert hand[3] == autograd[3]
    assert str(difference[3])[:8] == str(hand[3])[:8]
    assert float(complex_step[1]) < 1e-14
    assert 1e-12 < float(difference[1]) < 1e-8
    kept = [e for e in events if isinstance(e, TableChanged) and e.table.startswith("kept")]
    now = [next(row[4] for row in t.rows if row[0] == "in all") for t in kept]
    assert [now[k] for k in (0, 2, 3, 7, 12, 13, 16, 17)] == [
        "0", "32", "72", "96", "96", "72", "32", "0"
    ]  # fmt: skip
    batches = table(events, "bytes at").rows
    assert [row[0] for row in batches] == [1, 16, 256]
    assert [row[1] for row in batches] == [96, 16 * 96, 256 * 96]


def test_kinks_are_told_and_left_out() -> None:
    events = stream(activation="relu", step=0.1, batch=16)
    noted = [e for e in events if isinstance(e, Noted)]
    assert len(noted) == 1
    assert "kink of relu" in noted[0].text
    assert "across a kink left out" in events[-1].detail  # type: ignore[attr-defined]
    assert table(events, "gradients").rows[-1][0] == "… across no kink"
    assert not [c for c in claims(events) if "central" in c.claim]  # no claim at a step of choice
    smooth = stream(activation="tanh", step=0.1, batch=16)
    assert not [e for e in smooth if isinstance(e, Noted)]
    assert "n/a" in table(events, "gradients").rows[2]


Mutation = Callable[[cg.Net, dict[str, Any]], dict[str, Any]]


def _sum_for_mean(given: cg.Net, g: dict[str, Any]) -> dict[str, Any]:
    return {name: v if name in "JLs" else v * given.x.shape[1] for name, v in g.items()}


MUTATIONS: dict[str, tuple[Mutation, set[str]]] = {
    "W2 not turned over": (
        lambda net, g: {**g, "h": net.w2 @ g["o"]},
        {"all gradients by hand"},
    ),
    "gradient of W1 turned over": (
        lambda net, g: {**g, "W1": g["W1"].T},
        {"all gradients", "∂J/∂W1 and ∂J/∂W2 by hand against a c", "Σ W ∂L/∂W"},
    ),
    "no λW": (
        lambda net, g: {**g, "W1": g["W1"] - net.decay * net.w1},
        {
            "all gradients",
            "∂J/∂W1 and ∂J/∂W2 by hand against a complex step",
            "∂J/∂W1 and ∂J/∂W2 by hand against central differences",
        },
    ),
    "2λW": (
        lambda net, g: {**g, "W2": g["W2"] + net.decay * net.w2},
        {"all gradients", "∂J/∂W1 and ∂J/∂W2 by hand against c"},
    ),
    "sum for mean": (
        _sum_for_mean,
        {"all gradients", "∂J/∂W1 and ∂J/∂W2 by hand against c", "∂L/∂W of the batch"},
    ),
    "z for h": (
        lambda net, g: {**g, "W2": g["o"] @ (net.w1 @ net.x).T + net.decay * net.w2},
        {"all gradients", "Σ W ∂L/∂W"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_rule_breaks_the_claims(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    mutation, expected = MUTATIONS[name]
    right = cg.gradients

    def wrong(given: cg.Net, v: dict[str, Any]) -> dict[str, Any]:
        return mutation(given, right(given, v))

    for module in (cg, engine.lab.graph_views, engine.lab.graph_findings):
        monkeypatch.setattr(module, "gradients", wrong)
    found = broken(inputs=3, hidden=3, outputs=3, batch=2)
    assert {start for start in expected if any(c.startswith(start) for c in found)} == expected


def test_a_penalty_without_its_half_breaks_the_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    right = cg.penalty
    monkeypatch.setattr(cg, "penalty", lambda *args: 2 * right(*args))
    assert "gradient of s alone against λW" in broken()


def test_a_mean_that_is_a_sum_breaks_the_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    right = cg.mean_loss
    monkeypatch.setattr(cg, "mean_loss", lambda o, y, loss: y.shape[-1] * right(o, y, loss))
    assert any(claim.startswith("all gradients by hand") for claim in broken(batch=2))


def test_a_memory_that_is_not_counted_breaks_the_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    found = cg.ACTIVATIONS["tanh"]
    spendthrift = replace(found, forward=lambda z: z.tanh().exp().log())
    monkeypatch.setitem(cg.ACTIVATIONS, "tanh", spendthrift)
    assert len([c for c in broken() if c.startswith("bytes")]) == 3


def names(events: list[Event]) -> list[str]:
    return [at(graph) for graph in graphs(events)]


def notes(events: list[Event]) -> list[str]:
    return [e.note for e in events if isinstance(e, ControlApplied) and e.note]


def asked(*script: AnyControl, **changes: Any) -> list[Event]:
    """The events of a run of which this is asked in turn, whenever it holds; then it is stopped."""
    desk = Script(script)
    return list(EXPERIMENT.run(BackpropSettings(**{**AT_ONCE, **changes}), desk))


class Script(Controls):
    """A desk with one request for each time that the run waits for one; a pause comes at once."""

    def __init__(self, script: tuple[AnyControl, ...], *, at_once: bool = False) -> None:
        super().__init__()
        self._script = [*script, Stop()]
        self._at_once = at_once

    def take(self, timeout: float | None = 0.0) -> list[AnyControl]:
        now = timeout is None or self._at_once or isinstance(self._script[0], Pause)
        return [self._script.pop(0)] if now else []


def test_stepping_on_and_back() -> None:
    back = Step(count=-1)
    events = asked(Pause(), Step(), Step(), Step(), back, back, Step())
    assert names(events) == ["x", "W1", "z", "h", "z", "W1", "z"]
    done = [e.done for e in events if isinstance(e, Advanced)]
    assert min(done) == 0
    assert max(done) == 3
    last = graphs(events)[-1]
    assert last == graphs(events)[2]  # what was gone back over is shown as it was
    told = [(e.before, e.after) for e in events if isinstance(e, ControlApplied)]
    assert told[:5] == [
        ("running", "paused"),
        ("paused", "1 step"),
        ("paused", "1 step"),
        ("paused", "1 step"),
        ("paused", "1 step back"),
    ]


def test_both_ends_say_so() -> None:
    events = asked(Pause(), Step(count=-1), Step(count=99), Step(), Step(count=-99), Step(count=-1))
    assert names(events) == [*WALK, *WALK[-2::-1]]
    assert notes(events) == [f"this is the {end} step" for end in ("first", "last", "first")]
    assert events[-1].outcome == "stopped"  # type: ignore[attr-defined]
    assert len(claims(events)) == 10  # told at the end of the way, once


def test_it_waits_at_the_end_and_can_go_back() -> None:
    events = asked(Step(count=-2), Step(), hold=True)
    assert names(events) == [*WALK, "z", "h", "z"]
    held = [e for e in events if isinstance(e, ControlApplied) and e.what == "pause"]
    assert [(e.before, e.after, e.step) for e in held] == [("running", "paused", 17)]
    assert "the way back is open" in held[0].note


def test_going_on_at_the_end_is_the_end() -> None:
    events = asked(Step(count=-3), Resume(), Resume(), hold=True)
    assert names(events) == [*WALK, "z", "h", "W2", "h", "z", "W1"]
    last = events[-1]
    assert isinstance(last, RunFinished)
    assert (last.outcome, last.step) == ("completed", 17)


def test_who_stops_it_at_the_end_has_seen_everything() -> None:
    assert asked(hold=True)[-1].outcome == "completed"  # type: ignore[attr-defined]
    controls = Controls()
    told: list[Event] = []
    for event in EXPERIMENT.run(BackpropSettings(pace=0.0), controls):
        told.append(event)
        if isinstance(event, ClaimChecked):
            controls.request(Stop(interrupted=True))
    assert told[-1].outcome == "interrupted"  # type: ignore[attr-defined]


@pytest.mark.parametrize("after", [0, 4, 11])
def test_stopped_at_any_time(after: int) -> None:
    events = asked(Pause(), *[Step()] * after)
    assert names(events) == WALK[: after + 1]
    assert events[-1].outcome == "stopped"  # type: ignore[attr-defined]
    assert not claims(events)


def test_steps_asked_for_do_not_wait_for_the_pace() -> None:
    """At a step in a thousand seconds this would not come to an end."""
    events = asked(Pause(), *[Step()] * 5, Step(count=-1), pace=0.001)
    assert names(events) == [*WALK[:6], WALK[4]]


def test_it_is_steered_from_another_thread() -> None:
    controls = Controls()
    events: list[Event] = []
    reached = threading.Semaphore(0)

    def follow() -> None:
        for event in EXPERIMENT.run(BackpropSettings(pace=0.001), controls):
            events.append(event)
            if isinstance(event, GraphChanged):
                reached.release()

    thread = threading.Thread(target=follow)
    thread.start()
    for control in (Pause(), Step(), Step(), Step(count=-1)):
        if not isinstance(control, Pause):
            assert reached.acquire(timeout=30)
        controls.request(control)
    assert reached.acquire(timeout=30)
    controls.request(Stop())
    thread.join(timeout=30)
    assert not thread.is_alive()
    assert names(events)[:3] == ["x", "W1", "z"]


def test_other_experiments_cannot_go_back() -> None:
    vanishing = named("vanishing")
    desk = Script((Step(count=-1),), at_once=True)
    config = vanishing.config(samples=200, depth=2, pace=0.0)
    events = list(vanishing.run(config, desk))
    assert notes(events)[0] == "this experiment cannot go back"
    assert not vanishing.reversible
    assert EXPERIMENT.reversible


def test_the_same_seed_gives_the_same_events() -> None:
    before = torch.get_rng_state()
    first, again, other = (
        [msgspec.to_builtins(e) for e in stream(seed=seed)][1:] for seed in (3, 3, 4)
    )
    assert repr(first) == repr(again) != repr(other)
    assert torch.equal(before, torch.get_rng_state())


def test_settings_say_what_cannot_be() -> None:
    with pytest.raises(BadInput, match="activation"):
        BackpropSettings(activation="prelu")
    with pytest.raises(BadInput, match="step"):
        BackpropSettings(step=2.0)
    assert BackpropSettings(loss="cross-entropy").loss == "cross_entropy"
    assert named("backprop") is EXPERIMENT
