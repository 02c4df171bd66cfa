"""A settings class described once: its flags, its form and its checks derive from this.

A settings class is a frozen ``msgspec.Struct`` whose fields are annotated with `Setting`::

    lr: Annotated[float, Setting("learning rate", gt=0)] = 0.1
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from engine.errors import BadInput, did_you_mean
from engine.paths import from_anywhere

Kind = Literal["bool", "int", "float", "str", "ints", "floats"]
_KINDS: dict[Any, Kind] = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    tuple[int, ...]: "ints",
    tuple[float, ...]: "floats",
}
_TYPES: dict[Kind, Any] = {kind: type_ for type_, kind in _KINDS.items()}
_EXPECTED: dict[Kind, str] = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "ints": "whole numbers separated by commas",
    "floats": "numbers separated by commas",
}
ConfigT = TypeVar("ConfigT", bound=msgspec.Struct)


def snake_case(name: str) -> str:
    """``RunStarted`` as ``run_started``: how a record's type is spelled outside Python."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Setting(msgspec.Struct, frozen=True):
    """What a person may give a field.

    `choices` are the canonical names and `aliases` maps other spellings to them; `words` maps
    spellings of special values ("auto", "off") to the value stored. Bounds hold for each element
    of a sequence. `flag` is the command line's name where it differs from the field's. `key` is
    the letter that turns the setting while an experiment is on screen (its capital turns it
    back), through `ladder`, or through the choices where there is none. Text that has one of the
    endings `path` is a file's path ("" for any text): it is kept as an absolute one, which means
    the same to whoever reads the settings later, and elsewhere.
    """

    help: str
    group: str = "run"
    flag: str = ""
    choices: tuple[str, ...] = ()
    aliases: Mapping[str, str] = {}
    words: Mapping[str, Any] = {}
    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None
    key: str = ""
    ladder: tuple[Any, ...] = ()
    path: tuple[str, ...] = ()


class Field(msgspec.Struct, frozen=True):
    """One field of a settings class, with everything a front end needs to offer it."""

    name: str
    kind: Kind
    default: Any
    setting: Setting

    @property
    def flag(self) -> str:
        """The command line's spelling, e.g. ``--batch-size``."""
        return "--" + (self.setting.flag or self.name).replace("_", "-")


@cache
def fields_of(config_type: type[msgspec.Struct]) -> tuple[Field, ...]:
    """The described fields of a settings class, in the order they are written."""
    hints = get_type_hints(config_type, include_extras=True)
    described = []
    for info in msgspec.structs.fields(config_type):
        hint = hints[info.name]
        if get_origin(hint) is not Annotated:
            raise TypeError(f"{config_type.__name__}.{info.name} has no Setting")
        base, setting = get_args(hint)[:2]
        described.append(Field(info.name, _KINDS[base], info.default, setting))
    return tuple(described)


def setting_of(config_type: type[msgspec.Struct], name: str) -> Setting:
    """How a field of another settings class is described, to offer the same here."""
    return next(field.setting for field in fields_of(config_type) if field.name == name)


def check(config: msgspec.Struct) -> None:
    """Put every field into its canonical form, or say which one cannot be used.

    Called by a settings class's ``__post_init__``, so that no invalid one exists.

    Raises:
        BadInput: naming the field, the value and what was expected.
    """
    for field in fields_of(type(config)):
        value = _checked(field, getattr(config, field.name))
        msgspec.structs.force_setattr(config, field.name, value)


def parse(field: Field, text: str) -> Any:
    """The value a person typed for a field, unchecked beyond its kind.

    Raises:
        BadInput: when the text is not of the field's kind.
    """
    text = text.strip()
    if text.lower() in field.setting.words:
        return field.setting.words[text.lower()]
    if field.kind in ("ints", "floats"):
        element = int if field.kind == "ints" else float
        parts = [] if text.lower() in ("", "none") else text.replace("x", ",").split(",")
        return tuple(_convert(field, part.strip(), element) for part in parts)
    return _convert(field, text, _TYPES[field.kind])


def spell(field: Field, value: Any) -> str:
    """The inverse of `parse`: how a person would type this value."""
    for word, meaning in field.setting.words.items():
        if value == meaning and isinstance(value, type(meaning)):
            return word
    if isinstance(value, tuple):
        return ",".join(spell_number(v) for v in value) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return spell_number(value) if isinstance(value, int | float) else str(value)


def spell_number(value: float) -> str:
    """A number as short as it goes without losing a digit: ``0.1``, ``1e-05``, ``256``."""
    short = f"{value:g}"
    return short if float(short) == value and isinstance(value, float) else str(value)


def readings(
    config_type: type[msgspec.Struct],
    changes: Mapping[str, Any],
    source: str,
    *,
    by_hand: bool = False,
) -> dict[str, Any]:
    """The changes by field name and in canonical form, each checked on its own.

    Text values are read as if typed, so that a path begins at the current directory; other values
    must be of the field's kind. Where "auto" is stored as 0, a typed 0 does not stand for it and
    is refused, unless it lies within the bounds; with `by_hand` so is a number. What fields ask of
    each other is checked when a config is made, so that several sources can be laid over another.

    Raises:
        BadInput: naming `source` and the key that is unknown or cannot be used.
    """
    known = {field.name: field for field in fields_of(config_type)}
    values: dict[str, Any] = {}
    for key, value in changes.items():
        name = key.replace("-", "_")
        if name not in known:
            raise BadInput(f"{source}: unknown setting {key!r}{did_you_mean(name, known)}")
        try:
            values[name] = _read(known[name], value, by_hand)
        except BadInput as error:
            raise BadInput(f"{source}: {error}") from error
    return values


def turned(field: Field, value: Any, by: int) -> Any:
    """The value `by` rungs further on the setting's ladder: round for choices, else to its ends."""
    rungs = field.setting.ladder or field.setting.choices or (False, True)
    if field.kind in ("str", "bool"):
        place = rungs.index(value) if value in rungs else 0
        return rungs[(place + by) % len(rungs)]
    if value in rungs:
        return rungs[min(max(rungs.index(value) + by, 0), len(rungs) - 1)]
    beyond = [r for r in rungs if (r > value) == (by > 0)]  # between two rungs: the nearer one
    return (min(beyond) if by > 0 else max(beyond)) if beyond else value


def overlay(config: ConfigT, changes: Mapping[str, Any], source: str) -> ConfigT:
    """`config` with named fields replaced, e.g. by a file's table or a preset.

    Raises:
        BadInput: naming `source` and the key that is unknown or cannot be used.
    """
    values = readings(type(config), changes, source)
    try:
        return msgspec.structs.replace(config, **values)
    except BadInput as error:
        raise BadInput(f"{source}: {error}") from error


def differences(before: msgspec.Struct, after: msgspec.Struct) -> list[tuple[str, str, str]]:
    """The fields in which two configs of one class differ: (name, before, after) as typed."""
    return [
        (field.name, spell(field, old), spell(field, new))
        for field in fields_of(type(before))
        if (old := getattr(before, field.name)) != (new := getattr(after, field.name))
    ]


def canonical(name: str, choices: Iterable[str], aliases: Mapping[str, str]) -> str | None:
    """The canonical spelling of a name, whatever its case and separators; None if unknown."""
    folded = name.strip().lower().replace("-", "_").replace(" ", "_")
    for choice in choices:
        if folded == choice.lower().replace("-", "_"):
            return choice
    return aliases.get(folded)


def _read(field: Field, value: Any, by_hand: bool) -> Any:
    """The value that a field was given: as text, or of its kind."""
    by_hand = by_hand or isinstance(value, str)
    if isinstance(value, str):
        if value.strip().lower() in field.setting.words:
            return parse(field, value)
        value = parse(field, value)
    read = _checked(field, value)
    if by_hand and field.kind in ("int", "float"):
        _within(field, read)  # a record has the number that a word is stored as, a person the word
    return _located(field, read)


def _convert(field: Field, text: str, kind: Any) -> Any:
    try:
        # Python's own reading of a float knows ".1"; msgspec's reading of an int refuses "1_000".
        return float(text) if kind is float else msgspec.convert(text, kind, strict=False)
    except (msgspec.ValidationError, ValueError):
        raise BadInput(
            f"{field.name} = {text!r} is not {_EXPECTED[field.kind]}{_words(field)}"
        ) from None


def _checked(field: Field, value: Any) -> Any:
    if field.kind in ("ints", "floats") and (
        not isinstance(value, Sequence) or isinstance(value, str)
    ):
        value = (value,)  # one number stands for a sequence of one
    try:
        value = msgspec.convert(value, _TYPES[field.kind])
    except msgspec.ValidationError:
        raise BadInput(
            f"{field.name} = {value!r} is not {_EXPECTED[field.kind]}{_words(field)}"
        ) from None
    if field.kind == "str":
        return _chosen(field, value)
    for element in value if isinstance(value, tuple) else (value,):
        _bounded(field, element)
    return value


def _located(field: Field, value: Any) -> Any:
    """A path as it reads from anywhere, and anything else as it is."""
    if not value or not field.setting.path or not value.lower().endswith(field.setting.path):
        return value
    return from_anywhere(value)


def _chosen(field: Field, value: str) -> str:
    setting = field.setting
    if not setting.choices:
        return value
    name = canonical(value, setting.choices, setting.aliases)
    if name is None:
        hint = did_you_mean(value, [*setting.choices, *setting.aliases])
        raise BadInput(
            f"{field.name} = {value!r} is unknown{hint}; choose one of {', '.join(setting.choices)}"
        )
    return name


def _bounded(field: Field, value: float) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(f"{field.name} = {value} is not a finite number")
    if value not in field.setting.words.values():
        _within(field, value)


def _within(field: Field, value: float) -> None:
    s = field.setting
    bounds = [(">", s.gt), ("≥", s.ge), ("<", s.lt), ("≤", s.le)]
    holds = {
        ">": lambda bound: value > bound,
        "≥": lambda bound: value >= bound,
        "<": lambda bound: value < bound,
        "≤": lambda bound: value <= bound,
    }
    given = [(sign, bound) for sign, bound in bounds if bound is not None]
    if not all(holds[sign](bound) for sign, bound in given):
        wanted = " and ".join(f"{sign} {bound:g}" for sign, bound in given)
        raise BadInput(f"{field.name} = {spell_number(value)} must be {wanted}{_words(field)}")


def _words(field: Field) -> str:
    return f", or {' or '.join(map(repr, field.setting.words))}" if field.setting.words else ""
