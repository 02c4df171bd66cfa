"""Strings that would steer a terminal, and events that are full of them."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from engine import events

MARK = "PERIL"
ATTACKS = (
    "\x1b]52;c;UEVSSUw=\x07PERIL",  # writes the clipboard
    "\x1b]0;PERIL\x1b\\",  # renames the window
    "\x1b[31;7mPERIL",
    "\x1b[2J\x1b[HPERIL",
    "\x9b2JPERIL\x9d52;c;UEVSSUw=\x9c",  # C1: the same without an escape
    "\x90+q544e\x9cPERIL",
    "\u202ePERIL\u2066\u200f",  # bidi: text that reads backwards
    "PER\u200bIL\ufeff\u2060",  # zero-width
    "PERIL\x00\x08\x7f\r\n\x0b\x0c\u2028\u2029",
    "\udc9bPERIL",  # what is left of a byte that is no UTF-8
    "\U000e0041PERIL\ue000",  # tags and private use
)
MARKUP = (
    "[bold]PERIL[/bold]",
    "[@click=app.quit]PERIL[/]",
    "[red on white]PERIL",
    "[link=https://example.org]PERIL[/link]",
    "[/]PERIL[[",
    ":boom:PERIL",
)
# Bytes of the attacks that no front end writes of its own accord.
SIGNATURES = (
    b"\x1b]52",
    b"\x1b]0;PERIL",
    b"\x1b[31;7mPERIL",
    b"\x1b[HPERIL",
    b"\x07PERIL",
    b"\xc2\x9b",
    b"\xc2\x9d",
    b"\xc2\x90",
    b"\xe2\x80\xae",
    b"\xe2\x80\x8b",
    b"\xe2\x81\xa6",
    b"\xef\xbb\xbf",
    b"\xf3\xa0\x81\x81",
    b"\xed\xb2\x9b",
    b"\x08",
    b"\x7f",
)
_KEYS = ("type", "experiment", "run_id", "what", "continues", "file", "sha256", "state", "digest")


def poisoned(event: events.AnyEvent, text: str) -> events.AnyEvent:
    """The event with `text` in the middle of every string that a person may see."""
    return _struct(event, text)  # type: ignore[no-any-return]


def raw_bytes(written: bytes) -> list[bytes]:
    """The attacks that have got through."""
    return [signature for signature in SIGNATURES if signature in written]


def steering(text: str) -> list[str]:
    """The characters of a text that are not to be seen but to be obeyed."""
    return [character for character in text if not character.isprintable()]


def _struct(value: Any, text: str) -> Any:
    hints = get_type_hints(type(value))
    changes = {
        name: _value(getattr(value, name), text)
        for name in value.__struct_fields__
        if name not in _KEYS
        and get_origin(hints[name]) is not Literal
        and not (get_args(hints[name]) and get_origin(hints[name]) is dict and name == "config")
    }
    return msgspec.structs.replace(value, **changes)


def _value(value: Any, text: str) -> Any:
    if isinstance(value, str):
        return _within(value, text)
    if isinstance(value, msgspec.Struct):
        return _struct(value, text)
    if isinstance(value, tuple):
        return tuple(_value(element, text) for element in value)
    if isinstance(value, dict):
        return {key: _value(element, text) for key, element in value.items()}
    return value


def _within(value: str, text: str) -> str:
    """After what comes before a slash, which links a curve to its chart."""
    chart, slash, rest = value.rpartition("/")
    return f"{chart}{slash}{text}{rest}"
