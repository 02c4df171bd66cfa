"""Flags are derived from the settings class: every field, once, read by the schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import dashboard, train
from cli.flags import Parser
from cli.settings import config_from
from engine.config import RunConfig
from engine.errors import BadInput
from engine.schema import Field, fields_of, spell

FIELDS = fields_of(RunConfig)
PARSERS = [train.parser, dashboard.parser]


def read(*words: str) -> RunConfig:
    return config_from(train.parser().read(words))


def other_value(field: Field) -> Any:
    """A value that the field allows and that is not its default."""
    if field.setting.choices:
        return next(name for name in field.setting.choices if name != field.default)
    if field.setting.path:
        return "/other"  # one that is not absolute begins at the current directory
    if field.kind == "ints":
        return (7,)
    if field.kind == "floats":
        return (0.5,)
    return {"int": 3, "float": 0.25, "str": "other", "bool": not field.default}[field.kind]


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_help_lists_every_field_with_choices_aliases_and_default(
    parser: Callable[[], Parser], field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    text = parser().format_help()
    (line,) = [line for line in text.splitlines() if line.strip().startswith(field.flag + " ")]
    assert field.setting.help in line
    for name in (*field.setting.choices, *field.setting.aliases):
        assert name in line
    if spell(field, field.default):
        assert f"[default: {spell(field, field.default)}]" in line


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_field_can_be_set_by_its_flag(field: Field) -> None:
    value = other_value(field)
    assert getattr(read(field.flag, spell(field, value)), field.name) == value


def test_without_flags_the_defaults_hold() -> None:
    assert read() == RunConfig()


def test_options_do_not_shadow_fields() -> None:
    options = set(vars(train.parser().read([]))) | set(vars(dashboard.parser().read([])))
    assert not options & {field.name for field in FIELDS}


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        (["--init", "he"], "init", "kaiming_normal"),
        (["--init=xavier"], "init", "xavier_uniform"),
        (["--hidden", "256,128"], "hidden", (256, 128)),
        (["--hidden", "none"], "hidden", ()),
        (["--threads", "auto"], "threads", 0),
        (["--clip-norm", "off"], "clip_norm", 0.0),
        (["--init-constant", "-1e-3"], "init_constant", -1e-3),
        (["--init-constant", "-.5"], "init_constant", -0.5),
        (["--epochs", "3", "--epochs", "4"], "epochs", 4),
    ],
)
def test_what_people_type(words: list[str], field: str, value: object) -> None:
    assert getattr(read(*words), field) == value


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--lr", "fast"], "--lr: lr = 'fast' is not a number"),
        (["--lr", "0"], "--lr: lr = 0 must be > 0"),
        (["--lr", "nan"], "--lr: lr = nan is not a finite number"),
        (["--lr", "-1"], "--lr: lr = -1 must be > 0"),
        (["--lr"], "--lr: expected one argument (see mlp-tui train --help)"),
        (["--epochs", "1.5"], "--epochs: epochs = '1.5' is not a whole number"),
        (["--batchsize", "8"], "unknown flag '--batchsize'; did you mean '--batch-size'?"),
        (["--batch_size", "8"], "unknown flag '--batch_size'; did you mean '--batch-size'?"),
        (["--lr=1", "--zzz=3"], "unknown flag '--zzz' (see mlp-tui train --help)"),
        (["relu"], "unknown argument 'relu' (see mlp-tui train --help)"),
        (["--init", "xaver"], "--init: init = 'xaver' is unknown; did you mean 'xavier'?"),
        (["--hidden", "2,b"], "--hidden: hidden = 'b' is not whole numbers separated by commas"),
        (["--hidden", "8,8", "--init-std", "1,2"], "init_std has 2 values for 3 layers"),
        (["--progress", "loud"], "--progress: invalid choice: 'loud'"),
        (["--preset", "nope"], "nope"),
    ],
)
def test_bad_input_is_one_sentence(words: list[str], sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(*words)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.lists(st.text(max_size=12) | st.sampled_from([f.flag for f in FIELDS]), max_size=6))
def test_no_command_line_ends_otherwise_than_in_settings_or_bad_input(words: list[str]) -> None:
    try:
        options = train.parser().read([word for word in words if word not in ("-h", "--help")])
        assert isinstance(config_from(options), RunConfig)
    except BadInput as error:
        assert str(error)
