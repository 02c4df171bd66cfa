"""RunConfig: the chapter's defaults, and nothing invalid can exist."""

from __future__ import annotations

import tomllib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import RunConfig, per_layer
from engine.errors import BadInput
from engine.schema import Field, fields_of, overlay, parse, spell

FIELDS = fields_of(RunConfig)
every_field = pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)


def test_the_defaults_are_the_chapter_s() -> None:
    config = RunConfig()
    assert (config.hidden, config.activation) == ((256,), "relu")
    assert (config.init, config.init_std, config.bias_init) == ("normal", (0.01,), "zeros")
    assert (config.optimizer, config.lr, config.momentum) == ("sgd", 0.1, 0.0)
    assert (config.batch_size, config.epochs, config.seed) == (256, 10, 0)
    assert (config.weight_decay, config.l1, config.dropout) == (0.0, 0.0, (0.0,))


@every_field
def test_every_field_explains_itself(field: Field) -> None:
    assert len(field.setting.help) > 10
    assert field.setting.group in {"data", "model", "training", "speed", "telemetry", "record"}
    assert set(field.setting.aliases.values()) <= set(field.setting.choices)


@every_field
def test_every_default_reads_as_it_is_spelled(field: Field) -> None:
    assert parse(field, spell(field, field.default)) == field.default


@every_field
def test_every_choice_and_alias_is_taken(field: Field) -> None:
    for word in [*field.setting.choices, *field.setting.aliases]:
        taken = getattr(overlay(RunConfig(), {field.name: word}, "test"), field.name)
        assert taken == field.setting.aliases.get(word, word)


@every_field
def test_every_special_word_is_taken(field: Field) -> None:
    for word, value in field.setting.words.items():
        assert getattr(overlay(RunConfig(), {field.name: word}, "test"), field.name) == value


def test_flags_are_unique() -> None:
    flags = [field.flag for field in FIELDS]
    assert len(flags) == len(set(flags))


def test_a_file_s_table_lies_over_the_defaults() -> None:
    table = tomllib.loads("""
        hidden = [256, 128]
        dropout = [0.2, 0.5]
        init = "he"
        init-std = 0.02
        lr = 1
        train_examples = "all"
        epochs = 3
    """)
    config = overlay(RunConfig(), table, "run.toml")
    assert config.hidden == (256, 128)
    assert config.init == "kaiming_normal"
    assert config.init_std == (0.02,)
    assert isinstance(config.lr, float)
    assert config.train_examples == 0
    assert config == overlay(RunConfig(), {**table, "init": "He-Normal", "lr": "1.0"}, "again")


BAD: list[tuple[str, Any]] = [
    ("batch_size", 0),
    ("train_examples", -1),
    ("hidden", (256, 0)),
    ("hidden", (10**6,)),
    ("activation", "rleu"),
    ("init", "xaver"),
    ("init_std", (-0.1,)),
    ("init_constant", float("inf")),
    ("bias_init", "ones"),
    ("dropout", (1.5,)),
    ("optimizer", "adma"),
    ("lr", 0.0),
    ("lr", float("nan")),
    ("momentum", 1.0),
    ("weight_decay", -1e-4),
    ("l1", -1e-4),
    ("clip_norm", -1.0),
    ("warmup_steps", -1),
    ("decay_factor", 0.0),
    ("epochs", 0),
    ("seed", -1),
    ("seed", 2**63),
    ("threads", -1),
    ("pace", -5.0),
    ("measure_every", -1),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_names_its_field(name: str, value: object) -> None:
    with pytest.raises(BadInput, match=f"^{name} = "):
        RunConfig(**{name: value})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"init_std": (0.1, 0.2, 0.3)}, "init_std has 3 values for 2 layers"),
        ({"dropout": (0.1, 0.2)}, "dropout has 2 values for 1 hidden layers"),
        ({"init_std": ()}, "init_std has 0 values for 2 layers"),
    ],
)
def test_values_for_each_layer_must_be_one_or_all(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        RunConfig(**settings)


@given(
    st.lists(st.integers(1, 65536), max_size=5),
    st.sampled_from(["sgd", "adam", "adamw", "rmsprop"]),
    st.floats(1e-300, 1e300),
    st.integers(0, 2**63 - 1),
)
def test_a_stored_config_comes_back_as_it_was(
    hidden: list[int], optimizer: str, lr: float, seed: int
) -> None:
    config = RunConfig(hidden=tuple(hidden), optimizer=optimizer, lr=lr, seed=seed)
    stored = msgspec.json.encode(config)
    assert msgspec.json.decode(stored, type=RunConfig) == config
    assert overlay(RunConfig(), msgspec.json.decode(stored), "record") == config


def test_one_value_stands_for_every_layer() -> None:
    assert per_layer((0.1,), 3) == (0.1, 0.1, 0.1)
    assert per_layer((0.1, 0.2), 2) == (0.1, 0.2)
    assert per_layer((0.1,), 0) == ()
