"""What a settings class derives: reading, spelling, laying over, and saying what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import RunConfig
from engine.data.refusal import check_regular
from engine.errors import BadInput
from engine.schema import (
    Field,
    Setting,
    canonical,
    check,
    differences,
    fields_of,
    overlay,
    parse,
    readings,
    snake_case,
    spell,
    spell_number,
)


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One field of every kind."""

    on: Annotated[bool, Setting("a switch")] = False
    count: Annotated[int, Setting("a count", ge=1, le=9, words={"all": 0})] = 3
    rate: Annotated[float, Setting("a rate", flag="speed", gt=0, lt=1, words={"off": 0.0})] = 0.5
    name: Annotated[str, Setting("a name")] = ""
    kind: Annotated[
        str, Setting("a kind", choices=("he_normal", "zeros"), aliases={"he": "he_normal"})
    ] = "zeros"
    widths: Annotated[tuple[int, ...], Setting("widths", ge=1)] = (4,)
    rates: Annotated[tuple[float, ...], Setting("rates", ge=0)] = ()

    def __post_init__(self) -> None:
        check(self)


FIELDS = {field.name: field for field in fields_of(Sample)}
numbers = st.floats(allow_nan=False, allow_infinity=False)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "on": st.booleans(),
    "count": st.integers(1, 9) | st.just("all"),
    "rate": st.floats(0, 1, exclude_min=True, exclude_max=True) | st.just("off"),
    "name": st.text().map(str.strip),
    "kind": st.sampled_from(["he_normal", "zeros"]),
    "widths": st.lists(st.integers(1, 65536), max_size=4).map(tuple),
    "rates": st.lists(st.floats(0, 1e300), max_size=4).map(tuple),
}
any_field = st.sampled_from(list(FIELDS.values())).flatmap(
    lambda field: st.tuples(st.just(field), VALUES[field.name])
)


@given(any_field)
def test_what_is_spelled_reads_as_it_was(pair: tuple[Field, Any]) -> None:
    field, value = pair
    value = parse(field, value) if value in field.setting.words else value
    assert parse(field, spell(field, value)) == value
    assert spell(field, parse(field, spell(field, value))) == spell(field, value)


@given(numbers)
def test_numbers_keep_every_digit(value: float) -> None:
    assert float(spell_number(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (1e-5, "1e-05"), (256, "256"), (1.0, "1"), (10**9, "1000000000")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert spell_number(value) == text


@given(st.fixed_dictionaries({}, optional=VALUES))
def test_overlay_changes_what_it_names_and_nothing_else(changes: dict[str, Any]) -> None:
    before = Sample()
    after = overlay(before, changes, "test")
    meant = {name: FIELDS[name].setting.words.get(value, value) for name, value in changes.items()}
    assert {name: getattr(after, name) for name in changes} == meant
    kept = set(FIELDS) - set(changes)
    assert all(getattr(after, name) == getattr(before, name) for name in kept)
    assert {name for name, _, _ in differences(before, after)} <= set(changes)
    assert overlay(after, changes, "test") == after


@given(st.fixed_dictionaries({}, optional=VALUES))
def test_text_and_values_mean_the_same(changes: dict[str, Any]) -> None:
    typed = {name.replace("_", "-"): spell(FIELDS[name], value) for name, value in changes.items()}
    assert overlay(Sample(), typed, "test") == overlay(Sample(), changes, "test")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("on", "true", True),
        ("count", "ALL", 0),
        ("rate", " off ", 0.0),
        ("rate", "1e-3", 0.001),
        ("widths", "256x128", (256, 128)),
        ("widths", "256, 128", (256, 128)),
        ("widths", "none", ()),
        ("rates", "", ()),
    ],
)
def test_people_may_write_it_this_way(name: str, text: str, value: object) -> None:
    assert parse(FIELDS[name], text) == value


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"on": "maybe"}, "on = 'maybe' is not true or false"),
        ({"count": "three"}, "count = 'three' is not a whole number, or 'all'"),
        ({"count": 2.5}, "count = 2.5 is not a whole number"),
        ({"count": "0"}, "count = 0 must be ≥ 1 and ≤ 9, or 'all'"),
        ({"rate": "-0.0"}, "rate = -0 must be > 0 and < 1, or 'off'"),
        ({"count": 10}, "count = 10 must be ≥ 1 and ≤ 9, or 'all'"),
        ({"rate": 1.0}, "rate = 1 must be > 0 and < 1, or 'off'"),
        ({"rate": float("nan")}, "rate = nan is not a finite number"),
        ({"rate": "inf"}, "rate = inf is not a finite number"),
        ({"name": 3}, "name = 3 is not text"),
        ({"kind": "zeroes"}, "kind = 'zeroes' is unknown; did you mean 'zeros'"),
        ({"widths": "4,,4"}, "widths = '' is not whole numbers separated by commas"),
        ({"widths": (4, 0)}, "widths = 0 must be ≥ 1"),
        ({"rates": [0.1, "x"]}, "is not numbers separated by commas"),
        ({"rates": {"a": 1}}, "is not numbers separated by commas"),
        ({"cuont": 3}, "unknown setting 'cuont'; did you mean 'count'"),
    ],
)
def test_a_bad_value_is_named_with_its_source(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as refused:
        overlay(Sample(), changes, "lab.toml")
    assert str(refused.value).startswith("lab.toml: ")
    assert words in str(refused.value)


@given(st.sampled_from(list(FIELDS)), st.one_of(st.none(), st.dictionaries(st.text(), numbers)))
def test_what_has_no_kind_at_all_is_bad_input(name: str, value: object) -> None:
    with pytest.raises(BadInput, match=f"^test: {name} = "):
        overlay(Sample(), {name: value}, "test")


@given(st.sampled_from(list(FIELDS.values())), st.text())
def test_any_text_is_read_or_refused_by_name(field: Field, text: str) -> None:
    try:
        overlay(Sample(), {field.name: text}, "test")
    except BadInput as error:
        assert str(error).startswith(f"test: {field.name} = ")


def test_a_record_keeps_the_number_that_a_word_is_stored_as() -> None:
    kept = overlay(Sample(), {"count": "all", "rate": "off"}, "test")
    assert (kept.count, kept.rate) == (0, 0.0)
    assert msgspec.json.decode(msgspec.json.encode(kept), type=Sample) == kept
    assert overlay(Sample(), {"count": 0, "rate": 0.0}, "record") == kept
    with pytest.raises(BadInput, match=r"^file: count = 0 must be ≥ 1 and ≤ 9, or 'all'$"):
        readings(Sample, {"count": 0}, "file", by_hand=True)


def test_a_number_within_the_bounds_may_be_that_of_a_word() -> None:
    class Slack(msgspec.Struct, frozen=True):
        """Zero is a value of its own."""

        wait: Annotated[int, Setting("a wait", ge=0, words={"off": 0})] = 1

    assert overlay(Slack(), {"wait": "0"}, "test").wait == 0


def test_one_number_stands_for_a_sequence_of_one() -> None:
    assert Sample(widths=8).widths == (8,)  # type: ignore[arg-type]


@pytest.mark.parametrize("spelling", ["he", "HE", "He-Normal", " he normal ", "HE_NORMAL"])
def test_names_are_taken_in_any_spelling(spelling: str) -> None:
    assert Sample(kind=spelling).kind == "he_normal"
    assert canonical(spelling, ("he_normal",), {"he": "he_normal"}) == "he_normal"


def test_differences_are_spelled_for_people() -> None:
    after = Sample(count=0, widths=(8, 4))
    assert differences(Sample(), after) == [("count", "3", "all"), ("widths", "4", "8,4")]


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("data", "my.csv", "{here}/my.csv"),
        ("data", "../MY.NPZ", "{here}/../MY.NPZ"),
        ("data", "~/my.csv", "/home/me/my.csv"),
        ("data", "/elsewhere/my.csv", "/elsewhere/my.csv"),
        ("data", "Fashion MNIST", "Fashion MNIST"),
        ("data", "auto", "auto"),
        ("data_dir", "sets", "{here}/sets"),
        ("data_dir", "", ""),
        ("label_column", "my.csv", "my.csv"),
    ],
)
def test_a_path_is_kept_as_it_reads_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, typed: str, kept: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    expected = kept.format(here=tmp_path)
    assert readings(RunConfig, {name: typed}, "flag") == {name: expected}
    monkeypatch.chdir("/")  # what a record keeps is read again elsewhere
    assert readings(RunConfig, {name: expected}, "record") == {name: expected}


def test_where_there_is_no_current_directory_a_path_stays_as_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert readings(RunConfig, {"data": "my.csv"}, "flag") == {"data": "my.csv"}
    with pytest.raises(BadInput, match="the current directory, which is gone"):
        check_regular(Path("my.csv"))


def test_a_field_without_a_setting_is_a_mistake_of_the_program() -> None:
    class Bare(msgspec.Struct):
        lr: float = 0.1

    with pytest.raises(TypeError, match=r"Bare\.lr has no Setting"):
        fields_of(Bare)


def test_flags_are_spelled_with_dashes() -> None:
    assert FIELDS["rate"].flag == "--speed"
    flags = {field.name: field.flag for field in fields_of(RunConfig)}
    assert flags["batch_size"] == "--batch-size"


def test_types_are_spelled_in_snake_case() -> None:
    assert snake_case("SetLearningRate") == "set_learning_rate"
