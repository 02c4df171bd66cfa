"""What to try next is told from the figures."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import msgspec
import pytest
import synthetic_run

from engine import events
from engine.config import RunConfig
from engine.errors import BadInput
from tui.advice import advice
from tui.run_view import RunView, fold
from tui.switch import names


def after(config: RunConfig | None = None, **how: object) -> RunView:
    run = synthetic_run.run(config, **how)  # type: ignore[arg-type]
    return reduce(lambda view, event: fold(event, view), run, RunView())


def test_a_run_under_way_needs_none() -> None:
    assert advice(after(finish="")) == ""


def test_the_chapters_run_leads_to_he() -> None:
    assert advice(after()) == ("Press 1 and choose He (kaiming_normal), or e for ten more epochs.")


def test_a_diverged_run_names_its_learning_rate() -> None:
    said = advice(after(breaks_at=300, finish="diverged"))
    assert said == "Lower lr with c (it was 0.1), or press i for another init."


@pytest.mark.parametrize("init", ["zeros", "constant"])
def test_equal_units_stay_equal(init: str) -> None:
    assert "identical" in advice(after(RunConfig(init=init)))


@pytest.mark.parametrize(
    "config",
    [
        RunConfig(init="zeros", hidden=()),
        RunConfig(init="constant", dropout=(0.5,)),
        RunConfig(init="zeros", bias_init="normal"),
    ],
    ids=["softmax regression", "dropout", "random biases"],
)
def test_what_parts_the_units_is_known(config: RunConfig) -> None:
    assert "identical" not in advice(after(config))


def test_layers_without_an_activation_are_one() -> None:
    assert "one affine map" in advice(after(RunConfig(activation="identity")))


def with_last_vitals(view: RunView, **columns: tuple[float, float]) -> RunView:
    """One more measured step, where the two layers have these values."""
    step = view.step + 1
    layers = tuple(
        events.LayerVitals(
            name=name,
            **{
                column: (columns.get(column, (1.0, 1.0))[i],)
                for column in events.LayerVitals.__struct_fields__
                if column != "name"
            },
        )
        for i, name in enumerate(view.vitals)
    )
    return fold(
        events.StepsMeasured(
            first_step=step,
            loss=(2.3,),
            accuracy=(0.1,),
            lr=0.1,
            measured_steps=(step,),
            layers=layers,
        ),
        view,
    )


def test_a_signal_that_fades_on_its_way_back_is_named() -> None:
    view = with_last_vitals(after(), delta_norm=(1e-9, 1e-2))
    assert "hidden1 is 1e-07 of the output's" in advice(view)


def test_dead_units_are_named_when_little_was_learned() -> None:
    def bad(view: RunView) -> RunView:
        epoch = events.EpochFinished(
            epoch=11,
            step=view.step,
            train_loss=2.3,
            train_accuracy=0.1,
            test_loss=2.3,
            test_accuracy=0.1,
            seconds=1.0,
            samples_per_second=1.0,
        )
        return fold(epoch, view)

    dead = with_last_vitals(bad(after()), dead=(0.97, 0.0))
    assert "97% of hidden1's activations are zero" in advice(dead)
    learned = with_last_vitals(after(), dead=(0.97, 0.0))
    assert "zero" not in advice(learned)


def test_a_gap_between_train_and_test_is_named() -> None:
    view = after()
    epoch = events.EpochFinished(
        epoch=11,
        step=view.step,
        train_loss=0.1,
        train_accuracy=0.97,
        test_loss=0.5,
        test_accuracy=0.85,
        seconds=1.0,
        samples_per_second=1.0,
    )
    assert "12 points above test" in advice(fold(epoch, view))
    # under masks the network looked worse than it is
    masked = msgspec.structs.replace(epoch, train_accuracy=0.84, train_accuracy_eval=0.98)
    assert "13 points above test" in advice(fold(masked, view))


@pytest.mark.parametrize(
    ("outcome", "word"), [("failed", "again"), ("stopped", "start over"), ("interrupted", "go on")]
)
def test_other_ends_offer_a_way_on(outcome: str, word: str) -> None:
    view = after(finish="")
    finished = msgspec.structs.replace(
        events.RunFinished(outcome="failed", detail="x"), outcome=outcome
    )
    assert word in advice(fold(finished, view))


def test_softmax_regression_leads_to_a_hidden_layer() -> None:
    assert "hidden layer" in advice(after(RunConfig(hidden=(), init="zeros")))


@pytest.mark.parametrize("junk", [5, "x", [1, "a"], [[1]], {"a": 1}, True, [None], None, "\x1b[2J"])
def test_settings_that_are_none_are_said_and_not_guessed_at(junk: object) -> None:
    known = after()
    assert known.started
    for name in RunConfig.__struct_fields__:
        config = {**known.config, name: junk}
        started = msgspec.structs.replace(known.started, config=config)
        said = advice(replace(known, started=started))
        try:
            msgspec.convert(config, RunConfig)
        except (msgspec.ValidationError, BadInput):
            assert said.startswith("Nothing is advised") and said.isprintable()
        assert len(names([config, known.config])) == 2
    hostile = msgspec.structs.replace(known.started, config={**known.config, "dropout": 5})
    assert advice(replace(known, started=hostile)) == (
        "Nothing is advised, for the settings are not this version's: "
        "Expected `array`, got `int` - at `$.dropout`"
    )
