"""Settings files: what --print-config writes, --config reads; and no file ends in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from cli import train
from cli.files import LARGEST, read_table, write_table
from cli.settings import config_from
from engine.config import RunConfig
from engine.errors import BadInput
from engine.schema import readings

PRINTABLE = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def read(*words: str) -> RunConfig:
    return config_from(train.parser().read(words))


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


CONFIGS = st.builds(
    RunConfig,
    data=PRINTABLE,
    hidden=st.lists(st.integers(1, 65536), max_size=4).map(tuple),
    lr=st.floats(min_value=0, exclude_min=True, allow_infinity=False),
    init_constant=st.floats(allow_nan=False, allow_infinity=False),
    seed=st.integers(0, 2**63 - 1),
    clip_norm=st.just(0.0) | st.floats(0, exclude_min=True, allow_infinity=False),
)


@given(config=CONFIGS)
def test_what_is_written_is_read_back(
    config: RunConfig, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("toml") / "settings.toml"
    path.write_text(write_table(config), encoding="utf-8")
    # Text is read as if typed: white space around it does not count.
    expected = structs.replace(config, data=config.data.strip())
    assert RunConfig(**readings(RunConfig, read_table(str(path)), "file", by_hand=True)) == expected


def test_flags_override_the_file_and_the_file_the_preset(settings: Path) -> None:
    settings.write_text('lr = 0.5\nhidden = [64, 32]\ninit = "he"\nclip-norm = "off"\n')
    config = read("--config", str(settings), "--lr", "0.25", "--preset", "printed")
    assert (config.lr, config.hidden, config.init) == (0.25, (64, 32), "kaiming_normal")
    assert config.activation == "identity"


def test_settings_that_ask_of_each_other_may_come_from_different_places(settings: Path) -> None:
    settings.write_text("init_std = [1.0, 2.0, 3.0]\n")
    assert read("--config", str(settings), "--hidden", "8,8").init_std == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"lr = ", "is not TOML"),
        (b"lr = 0.1\nlr = 0.2\n", "line 2"),
        (b"\n\n\xff\n", "line 3 is not UTF-8"),
        (b"learning_rate = 1", "unknown setting 'learning_rate'"),
        (b"momentun = 1", "did you mean 'momentum'?"),
        (b"lr = -1", "lr = -1 must be > 0"),
        (b"clip_norm = 0.0", "clip_norm = 0 must be > 0, or 'off'"),
        (b"lr = nan", "lr = nan is not a finite number"),
        (b"lr = 1979-05-27", "lr = "),
        (b"lr = {a = 1}", "lr = "),
        (b"[training]\nlr = 1", "unknown setting 'training'"),
        (b"epochs = 1" + b"0" * 5000, "cannot be read"),
        (b"hidden = [256, 'x']", "hidden = "),
        (b"a = " + b"[" * 5000, "cannot be read"),
        (b"x" * (LARGEST + 1), "is larger than"),
    ],
    ids=lambda value: repr(value[:30]),  # a mebibyte is no name
)
def test_a_bad_file_is_one_sentence_that_names_it(
    settings: Path, content: bytes, sentence: str
) -> None:
    settings.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read("--config", str(settings))
    assert str(settings) in str(caught.value)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("path", ["", ".", "/nowhere/settings.toml", "a\0b"])
def test_what_cannot_be_opened_is_one_sentence(path: str) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_table(path)


@given(
    st.binary(max_size=200)
    | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.tuples(
        st.sampled_from([*RunConfig.__struct_fields__, "nope"]),
        st.sampled_from(
            [
                "1",
                "-1",
                "1.5",
                "nan",
                "inf",
                "true",
                "[]",
                "[[1]]",
                "{}",
                "''",
                "'1'",
                "[1, 'a']",
                "1e400",
                "9999999999999999999999",
                "07:32:00",
            ]
        ),
    ).map(lambda pair: f"{pair[0]} = {pair[1]}".encode())
)
def test_no_file_ends_otherwise_than_in_settings_or_bad_input(content: bytes) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(content)
        file.flush()
        try:
            assert isinstance(read("--config", file.name), RunConfig)
        except BadInput as error:
            assert file.name in str(error) or "values for" in str(error)
