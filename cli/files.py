"""A run's settings as TOML: what ``--config`` reads and ``--print-config`` writes."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import BadInput
from engine.schema import Field, fields_of, spell

LARGEST = 1 << 20  # bytes; a settings file has a few dozen lines


def read_table(path: str) -> dict[str, Any]:
    """The table in a TOML file.

    Raises:
        BadInput: naming the file, and the line where it is not TOML.
    """
    try:
        with Path(path).open("rb") as file:
            raw = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BadInput(f"--config {path}: cannot be read: {reason}") from None
    if len(raw) > LARGEST:
        raise BadInput(f"--config {path}: is larger than {LARGEST} bytes; a TOML file was expected")
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise BadInput(f"--config {path}: line {line} is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"--config {path}: is not TOML: {error}") from None
    except (ValueError, RecursionError) as error:
        # tomllib lets impossible dates, numbers of thousands of digits and deep nesting through
        raise BadInput(f"--config {path}: holds a value that cannot be read: {error}") from None


def write_table(config: msgspec.Struct) -> str:
    """`config` as TOML, each setting under a comment that says what it is."""
    lines = []
    for field in fields_of(type(config)):
        lines += [
            f"# {field.setting.help}",
            f"{field.name} = {_value(_worded(field, getattr(config, field.name)))}",
        ]
    return "\n".join(lines) + "\n"


def _worded(field: Field, value: Any) -> Any:
    """The word of a value that has one, which as a number would be refused."""
    worded = spell(field, value)
    return worded if worded in field.setting.words else value


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        # TOML's basic strings are JSON's, but that DEL has to be escaped too
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)
