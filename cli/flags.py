"""The flags of a settings class, derived from its fields."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

import msgspec

from engine.errors import BadInput, did_you_mean
from engine.schema import Field, Kind, fields_of, readings, spell

_METAVARS: Mapping[Kind, str] = {
    "bool": "BOOL",
    "int": "N",
    "float": "X",
    "str": "TEXT",
    "ints": "N,N,...",
    "floats": "X,X,...",
}


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one sentence of `BadInput` instead of a usage dump."""

    def __init__(self, prog: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=prog,
            usage=f"{prog} [flags]",
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=partial(argparse.RawDescriptionHelpFormatter, max_help_position=30),
        )

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message.removeprefix('argument ')} (see {self.prog} --help)")

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """The options in `words`; those not given are absent.

        Raises:
            BadInput: naming the flag that is unknown or lacks its value.
        """
        known = self._option_string_actions
        options, rest = self.parse_known_args(_glued(words, known))
        for word in rest:
            name = word.split("=", 1)[0]
            what = "flag" if word.startswith("-") else "argument"
            hint = did_you_mean(name.replace("_", "-"), known) if what == "flag" else ""
            raise BadInput(f"unknown {what} {name!r}{hint} (see {self.prog} --help)")
        return options


def add_settings(parser: argparse.ArgumentParser, config_type: type[msgspec.Struct]) -> None:
    """One flag for each field, in the groups that the fields name."""
    groups: dict[str, argparse._ArgumentGroup] = {}
    for field in fields_of(config_type):
        name = field.setting.group
        group = groups.get(name) or groups.setdefault(name, parser.add_argument_group(name))
        group.add_argument(
            field.flag,
            dest=field.name,
            metavar=_metavar(field),
            default=argparse.SUPPRESS,
            help=describe(field).replace("%", "%%"),
        )


def given(options: argparse.Namespace, config_type: type[msgspec.Struct]) -> dict[str, Any]:
    """The settings typed as flags, read and checked one by one.

    Raises:
        BadInput: naming the flag whose value cannot be used.
    """
    values: dict[str, Any] = {}
    for field in fields_of(config_type):
        if field.name in options:
            typed = {field.name: getattr(options, field.name)}
            values |= readings(config_type, typed, field.flag)
    return values


def describe(field: Field) -> str:
    """The help of a field: what it is, its choices with their aliases, its default."""
    text = field.setting.help
    if field.setting.choices:
        text += "; one of " + ", ".join(
            _with_aliases(field, name) for name in field.setting.choices
        )
    for word in field.setting.words:
        if word not in text:
            text += f"; or {word}"
    default = spell(field, field.default)
    return f"{text} [default: {default}]" if default else text


def _with_aliases(field: Field, choice: str) -> str:
    aliases = [alias for alias, name in field.setting.aliases.items() if name == choice]
    return f"{choice} (or {', '.join(aliases)})" if aliases else choice


def _metavar(field: Field) -> str:
    return "NAME" if field.setting.choices else _METAVARS[field.kind]


def _glued(words: Sequence[str], known: Mapping[str, argparse.Action]) -> list[str]:
    """`words` with ``--flag -1e-3`` as ``--flag=-1e-3``, which argparse would take for a flag."""
    glued: list[str] = []
    for word in words:
        before = known.get(glued[-1]) if glued else None
        if before is not None and before.nargs is None and _negative_number(word):
            glued[-1] += "=" + word
        else:
            glued.append(word)
    return glued


def _negative_number(word: str) -> bool:
    try:
        return word.startswith("-") and float(word.split(",", maxsplit=1)[0]) <= 0
    except ValueError:
        return False
