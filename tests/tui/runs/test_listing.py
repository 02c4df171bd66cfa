"""A run as a line: words for sizes, times and settings."""

from __future__ import annotations

from dataclasses import replace

import pytest
import shelved
from hypothesis import given
from hypothesis import strategies as st

from tui.runs.listing import ago, best, matching, progress, row, settings_of, size_words, what

HOSTILE = "\x1b]52;c;AAAA\x07[bold]\u202ex\x9b2J\n"


def in_bytes(words: str) -> float:
    number, unit = words.split(" ")
    return float(number) * 1000 ** ("B", "kB", "MB", "GB", "TB").index(unit)


@given(st.integers(0, 10**15))
def test_a_size_is_short_and_within_half_a_digit(size: int) -> None:
    words = size_words(size)
    assert len(words) <= 6 or size > 10**14
    assert in_bytes(words) == pytest.approx(size, rel=0.06)


@given(st.integers(0, 10**14), st.integers(0, 10**14))
def test_a_larger_size_never_reads_smaller(one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert in_bytes(size_words(small)) <= in_bytes(size_words(large))


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9949, "9.9 kB"),
        (9950, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_at_the_edges_of_their_units(size: int, words: str) -> None:
    assert size_words(size) == words


SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


@given(st.floats(0, 1e9))
def test_a_time_ago_is_in_its_largest_unit_and_rounded_down(seconds: float) -> None:
    count, unit, last = ago(seconds).split(" ")
    length = SECONDS[unit]
    assert last == "ago"
    assert int(count) * length <= seconds < (int(count) + 1) * length
    assert int(count) >= 1 or unit == "s"
    larger = [other for other in SECONDS.values() if other > length]
    assert not larger or seconds < min(larger)


def test_a_clock_that_was_set_back_is_no_negative_time() -> None:
    assert ago(-0.1) == "in the future"
    assert ago(0.0) == "0 s ago"


def test_only_what_is_not_the_default_is_told() -> None:
    assert what("train", {}) == "train"
    assert what("train", {}, "synthetic") == "synthetic"
    told = what("train", {"hidden": [64, 32], "lr": 0.1, "seed": 3, "pace": 5.0}, "synthetic")
    assert told == "hidden 64,32 · seed 3 · synthetic"
    assert what("vanishing", {}).startswith("vanishing")


@given(st.text(max_size=200), st.dictionaries(st.text(max_size=30), st.text(max_size=50)))
def test_settings_of_other_versions_stand_as_they_are_but_clean(
    experiment: str, config: dict[str, str]
) -> None:
    told = what(experiment, config, HOSTILE)
    assert told.isprintable() and len(told) <= 400
    names = settings_of("of-another-version", config)
    assert all(
        name.isprintable() and value.isprintable() and not default
        for name, (value, default) in names.items()
    )


def test_a_config_that_is_not_one_is_told_nevertheless() -> None:
    told = settings_of("train", {"lr": ["a", {"b": HOSTILE}], "epochs": None})
    assert set(told) == {"lr", "epochs"} and told["epochs"] == ("None", "")
    assert told["lr"][0].isprintable()


def test_a_row_has_every_text_clean() -> None:
    run = shelved.entry(label=HOSTILE, note=HOSTILE, summary={"data": HOSTILE})
    told = row(run, shelved.NOW)
    assert told.name == "]52;c;AAAA[bold]x2J"
    for text in (told.name, told.what, told.state, told.progress, told.best, told.when):
        assert text.isprintable()


def test_states_have_tones_and_say_when_a_run_goes_on() -> None:
    tones = {state: row(shelved.entry(state=state), shelved.NOW).tone for state in (
        "completed", "running", "paused", "stopped", "interrupted", "crashed", "failed", "diverged"
    )}  # fmt: skip
    assert [s for s, tone in tones.items() if tone == "bad"] == ["crashed", "failed", "diverged"]
    assert [s for s, tone in tones.items() if tone == "good"] == ["completed"]
    followed = replace(shelved.entry(), continued_by=("b",))
    assert row(followed, shelved.NOW).state == "completed →"
    live = replace(shelved.entry(state="running"), continued_by=("b",))
    assert row(live, shelved.NOW).state == "running"


def test_progress_and_best_of_training_and_of_the_laboratory() -> None:
    assert progress(shelved.entry()) == "10/10 epochs"
    assert best(shelved.entry()) == "84.6 %"
    early = shelved.entry(summary={"epoch": 0, "step": 40, "best_accuracy": None})
    assert (progress(early), best(early)) == ("40/2,350", "")
    longer = shelved.entry(summary={"epoch": 12, "total_steps": 2350})
    assert progress(longer) == "12/12 epochs"
    lab = shelved.entry(experiment="vanishing", summary={"step": 0, "total_steps": 0})
    assert (progress(lab), best(lab)) == ("", "5/6 hold")


def test_every_typed_word_must_occur_somewhere() -> None:
    runs = shelved.several()

    def found(typed: str) -> list[str]:
        return [run.run_id[-6:] for run in matching(runs, typed)]

    assert found("") == found("  ") == [run.run_id[-6:] for run in runs]
    assert found("DEEP") == ["bbbbbb"]
    assert found("tanh 256") == ["bbbbbb"]
    assert found("baseline") == ["dddddd"]
    assert found("crashed xavier") == ["ffffff"]
    assert found("20251008") == ["ffffff"]
    assert found("vanishing") == ["000000"]
    assert found("tanh xavier") == []
