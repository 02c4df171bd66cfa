"""The stream of a run: blocks, epochs, and what is asked in between."""

from __future__ import annotations

import math
from itertools import count

import pytest
import torch
from torch.nn import functional
from training_tools import Given, Scripted, config, dataset, events, losses, of

from engine.controls import (
    AnyControl,
    Controls,
    Extend,
    Measure,
    Pause,
    Resume,
    SetLearningRate,
    SetPace,
    Step,
    Stop,
)
from engine.errors import BadInput
from engine.events import (
    ControlApplied,
    EpochFinished,
    Event,
    HistogramsMeasured,
    MatricesMeasured,
    RunFinished,
    RunStarted,
    StepsMeasured,
)
from engine.training.run import train
from engine.training.summary import completed

PER_EPOCH = 3  # 70 examples in batches of 32


def steps(stream: list[Event]) -> list[int]:
    """The steps of the blocks, in the order they came."""
    return [
        block.first_step + i for block in of(StepsMeasured, stream) for i in range(len(block.loss))
    ]


@pytest.mark.parametrize("tick", [0.0, 0.001, 0.01, 1.0])
def test_every_step_is_in_exactly_one_block_whenever_they_are_cut(tick: float) -> None:
    clock = count(0, tick or 1) if tick else None
    stream = events(
        config(epochs=5), clock=(lambda: float(next(clock))) if clock else (lambda: 0.0)
    )
    assert steps(stream) == list(range(1, 5 * PER_EPOCH + 1))
    measured = [step for block in of(StepsMeasured, stream) for step in block.measured_steps]
    assert measured == steps(stream)
    assert losses(stream) == losses(events(config(epochs=5)))


def test_the_order_of_a_plain_run() -> None:
    kinds = [type(event).__name__ for event in events(config(epochs=1))]
    assert kinds == [
        "RunStarted",
        "Noted",
        "MatricesMeasured",
        "HistogramsMeasured",
        "StepsMeasured",
        "EpochFinished",
        "MatricesMeasured",
        "HistogramsMeasured",
        "PredictionsMeasured",
        "RunFinished",
    ]


def test_started_says_what_runs() -> None:
    (started,) = of(RunStarted, events(config(epochs=4, hidden=(8, 6))))
    assert [(layer.name, layer.fan_in, layer.fan_out) for layer in started.layers] == [
        ("hidden1", 12, 8),
        ("hidden2", 8, 6),
        ("output", 6, 3),
    ]
    assert started.dataset is not None
    assert started.dataset.name == "clusters"
    assert (started.steps_per_epoch, started.total_steps, started.first_step) == (3, 12, 0)
    assert started.device == "cpu"
    assert started.numerics["gradients"] == "manual"
    assert started.numerics["threads"] == "1"
    assert started.numerics["matmul"]
    assert started.versions["torch"] == torch.__version__
    assert started.config["epochs"] == 4


def test_epoch_figures_are_averages_over_its_examples() -> None:
    stream = events(config(epochs=2))
    sizes = [32, 32, 6]
    for number, finished in enumerate(of(EpochFinished, stream)):
        block = of(StepsMeasured, stream)[number]
        assert finished.epoch == number + 1
        assert finished.step == PER_EPOCH * (number + 1)
        for figure, column in (
            (finished.train_loss, block.loss),
            (finished.train_accuracy, block.accuracy),
        ):
            expected = sum(v * n for v, n in zip(column, sizes, strict=True)) / 70
            assert figure == pytest.approx(expected, rel=1e-12)


def test_the_first_loss_is_that_of_the_weights_drawn() -> None:
    stream = events(config(init="zeros", hidden=(), epochs=1))
    assert losses(stream)[0] == pytest.approx(math.log(3), abs=1e-6)
    small = events(config(init="normal", init_std=(0.01,), epochs=1))
    assert losses(small)[0] == pytest.approx(math.log(3), abs=0.02)


def test_softmax_regression_follows_its_formula() -> None:
    data = dataset(32)
    stream = events(config(hidden=(), init="zeros", epochs=3, lr=0.5), data=data)
    weight, bias = torch.zeros(3, 12, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    x, y = data.x_train.double(), data.y_train
    for found in losses(stream):
        logits = x @ weight.t() + bias
        assert found == pytest.approx(functional.cross_entropy(logits, y).item(), abs=1e-6)
        delta = (logits.softmax(1) - functional.one_hot(y, 3)) / 32
        weight -= 0.5 * delta.t() @ x
        bias -= 0.5 * delta.sum(0)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimizer": "adam", "lr": 0.01},
        {"momentum": 0.9, "weight_decay": 0.01, "l1": 0.001, "clip_norm": 0.5},
        {"dropout": (0.4,)},
        {"activation": "gelu", "hidden": (8, 8), "implementation": "scratch"},
    ],
    ids=str,
)
def test_telemetry_never_changes_the_numbers(settings: dict[str, object]) -> None:
    quiet = events(config(**settings, measure_every=0, matrices_every=0, epochs=3))
    loud = events(config(**settings, measure_every=1, matrices_every=1, epochs=3))
    assert losses(quiet) == losses(loud)
    assert of(EpochFinished, quiet) == of(EpochFinished, loud)
    assert not of(MatricesMeasured, quiet)
    assert [event.step for event in of(MatricesMeasured, loud)] == list(range(10))


def test_the_same_seed_gives_the_same_numbers_and_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    first, again = (losses(events(config(dropout=(0.2,)))) for _ in range(2))
    other = losses(events(config(dropout=(0.2,), seed=1)))
    assert torch.equal(torch.get_rng_state(), before)
    assert first == again
    assert first != other


def test_zeros_move_only_the_last_bias() -> None:
    stream = events(config(init="zeros", epochs=4, lr=0.5))
    rows = {row.name: row for row in of(MatricesMeasured, stream)[-1].rows if row.kind == "weight"}
    assert rows["hidden1"].frobenius == rows["output"].frobenius == 0
    assert rows["output"].effective_rank == 0
    norms = [
        layer.bias_gradient_norm
        for block in of(StepsMeasured, stream)
        for layer in block.layers
        if layer.name == "output"
    ]
    assert all(norm > 0 for column in norms for norm in column)


def test_a_constant_start_keeps_the_first_weight_at_rank_one() -> None:
    stream = events(config(init="constant", epochs=4, lr=0.5))
    first, last = of(MatricesMeasured, stream)[0], of(MatricesMeasured, stream)[-1]
    assert first.rows[0].effective_rank == pytest.approx(1, abs=1e-6)
    assert last.rows[0].effective_rank == pytest.approx(1, abs=1e-4)
    assert last.rows[0].frobenius != first.rows[0].frobenius


def test_measured_at_the_cadence_and_at_both_ends() -> None:
    stream = events(config(epochs=3, matrices_every=4))
    assert [event.step for event in of(MatricesMeasured, stream)] == [0, 4, 8, 9]
    assert [event.step for event in of(HistogramsMeasured, stream)] == [0, 4, 8, 9]


def test_completed_tells_what_was_reached() -> None:
    stream = events(config(epochs=2))
    end = stream[-1]
    last = of(EpochFinished, stream)[-1]
    assert isinstance(end, RunFinished)
    assert (end.outcome, end.step) == ("completed", 6)
    assert end.detail == (
        f"2 epochs, 6 steps in 0.0 s; train loss {last.train_loss:.3f}, "
        f"test accuracy {100 * last.test_accuracy:.1f} %"
    )


def test_of_one_there_is_no_plural() -> None:
    assert completed(1, 1, 0.5, None) == "1 epoch, 1 step in 0.5 s"
    assert completed(1200, 600, 0.5, None) == "2 epochs, 1,200 steps in 0.5 s"


def test_a_paused_run_is_stepped_and_goes_on() -> None:
    script: list[AnyControl] = [Step(), Step(count=2), Resume()]
    stream = events(config(), Scripted(script, first=[Pause(request=9)]))
    changes = [(c.what, c.before, c.after, c.step) for c in of(ControlApplied, stream)]
    assert changes == [
        ("pause", "running", "paused", 0),
        ("step", "paused", "1 step", 0),
        ("step", "paused", "2 steps", 1),
        ("resume", "paused", "running", 3),
    ]
    assert of(ControlApplied, stream)[0].request == 9
    assert [event.step for event in of(MatricesMeasured, stream)] == [0, 1, 3, 6]
    assert losses(stream) == losses(events(config()))
    assert steps(stream) == list(range(1, 7))


def test_what_was_made_is_said_before_what_was_asked() -> None:
    stream = events(config(), Scripted([Step(), Stop()], first=[Pause()]))
    kinds = [type(e) for e in stream if isinstance(e, StepsMeasured | ControlApplied)]
    assert kinds == [ControlApplied, ControlApplied, StepsMeasured, ControlApplied]


@pytest.mark.parametrize(
    ("stop", "outcome", "detail"),
    [
        (Stop(), "stopped", "stopped at step 2 by request"),
        (Stop(interrupted=True), "interrupted", "interrupted at step 2"),
        (Stop(interrupted=True, reason="the terminal was closed"), "interrupted", None),
    ],
)
def test_stop_ends_after_the_current_step(stop: Stop, outcome: str, detail: str | None) -> None:
    stream = events(config(), Scripted([Step(count=2), stop], first=[Pause()]))
    end = of(RunFinished, stream)[0]
    assert (end.outcome, end.step) == (outcome, 2)
    assert end.detail == (detail or stop.reason)
    assert stream[-1] is end
    assert steps(stream) == [1, 2]


@pytest.mark.fault(17)
def test_pause_and_stop_at_once_have_one_outcome() -> None:
    stream = events(config(), Scripted(first=[Stop(), Pause(), Resume()]))
    assert [c.note for c in of(ControlApplied, stream)] == [
        "",
        "the run is ending",
        "the run is ending",
    ]
    assert of(RunFinished, stream)[0].outcome == "stopped"
    assert not steps(stream)


def test_a_new_learning_rate_holds_from_the_next_step_on() -> None:
    script: list[AnyControl] = [Step(), SetLearningRate(lr=0.5), Resume()]
    stream = events(config(lr=0.25), Scripted(script, first=[Pause()]))
    assert [block.lr for block in of(StepsMeasured, stream)] == [0.25, 0.5, 0.5]
    as_before = losses(events(config(lr=0.25)))
    assert losses(stream)[:2] == as_before[:2]
    assert losses(stream)[2:] != as_before[2:]


def test_extend_trains_on() -> None:
    stream = events(config(), Scripted(first=[Extend(epochs=3)]))
    assert [e.epoch for e in of(EpochFinished, stream)] == [1, 2, 3, 4, 5]
    assert losses(stream) == losses(events(config(epochs=5)))


def test_asked_at_the_very_end_it_still_goes_on() -> None:
    script: list[AnyControl] = [Step(count=6), Extend(epochs=1), Resume()]
    stream = events(config(), Scripted(script, first=[Pause()]))
    assert steps(stream) == list(range(1, 10))


def test_measure_answers_at_once() -> None:
    script: list[AnyControl] = [Step(), Measure(), Resume()]
    stream = events(config(), Scripted(script, first=[Pause()]))
    assert [event.step for event in of(MatricesMeasured, stream)] == [0, 1, 1, 6]


class Timed(Scripted):
    """Time that passes only while the run waits; `at` makes requests when their time has come."""

    def __init__(self, at: dict[float, AnyControl] | None = None) -> None:
        super().__init__()
        self.now = 0.0
        self._at = sorted((at or {}).items(), key=lambda pair: pair[0])

    def take(self, timeout: float | None = 0.0) -> list[AnyControl]:
        until = self.now + (timeout or 0.0)
        if self._at and self._at[0][0] <= until:
            self.now, control = self._at.pop(0)
            return [control]
        self.now = until
        return []


def begun(settings: dict[str, object], controls: Timed) -> list[float]:
    """When each block was handed over; at a slow pace each holds one step."""
    times = []
    for event in train(config(**settings), controls, None, Given(dataset()), lambda: controls.now):
        if isinstance(event, StepsMeasured):
            assert len(event.loss) == 1
            times.append(controls.now)
    return times


def test_the_pace_is_kept_and_every_step_handed_over_at_once() -> None:
    assert begun({"pace": 2.0}, Timed()) == pytest.approx([0, 0.5, 1.0, 1.5, 2.0, 2.5])


def test_a_request_is_answered_while_the_pace_waits() -> None:
    controls = Timed({1.3: SetPace(steps_per_second=10.0)})
    assert begun({"pace": 1.0}, controls) == pytest.approx([0, 1.0, 1.3, 1.4, 1.5, 1.6])


def test_time_spent_paused_is_not_training_time() -> None:
    now = [0.0]

    class Slow(Scripted):
        def take(self, timeout: float | None = 0.0) -> list[AnyControl]:
            if timeout is None:
                now[0] += 1000
            return super().take(timeout)

    stream = events(config(), Slow([Resume()], first=[Pause()]), clock=lambda: now[0])
    assert all(e.seconds == 0 for e in of(EpochFinished, stream))


def test_what_its_reader_takes_is_no_time_of_training() -> None:
    """A session that waits for room on the disk hands the event over that much later."""
    now = [0.0]
    finished = []
    shelf = Given(dataset())
    for event in train(config(epochs=2), Controls(), None, shelf, lambda: now[0]):
        now[0] += 1000.0
        if isinstance(event, EpochFinished):
            finished.append(event.seconds)
    assert finished == [0.0, 0.0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"device": "abacus"}, "device = 'abacus' is not on this machine, which has cpu"),
        ({"gradients": "manual", "dropout": (0.1,)}, "the network has dropout"),
        ({"implementation": "scratch", "first_layer_inputs": 5}, "X @ W1 cannot be computed"),
    ],
)
def test_bad_input_comes_before_the_first_event(settings: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        events(config(**settings))


def test_the_settings_of_torch_are_put_back() -> None:
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(2)
    torch.set_float32_matmul_precision("high")
    try:
        events(config(threads=1))
        assert (torch.get_num_threads(), torch.get_float32_matmul_precision()) == (2, "high")
        with pytest.raises(BadInput):
            events(config(gradients="manual", dropout=(0.1,)))
        assert (torch.get_num_threads(), torch.get_float32_matmul_precision()) == (2, "high")
    finally:
        torch.set_num_threads(before[0])
        torch.set_float32_matmul_precision(before[1])


def test_a_batch_larger_than_the_set_is_the_whole_set() -> None:
    stream = events(config(batch_size=1000, epochs=3))
    assert steps(stream) == [1, 2, 3]
    assert of(RunStarted, stream)[0].steps_per_epoch == 1
