"""What the menus offer: a list of choices for a setting, with what each means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.config import RunConfig
from engine.presets import PRESETS
from engine.rules.activations import ACTIVATIONS
from engine.rules.initializers import INITIALIZERS
from engine.schema import Field, fields_of
from tui import switch


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a menu; `words` are other names under which it is found, `note` says more."""

    value: str
    detail: str = ""
    words: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """A choice to be made. `chosen(config, value)` are the settings that follow from it."""

    title: str
    items: tuple[Item, ...]
    current: str
    chosen: Callable[[RunConfig, str], RunConfig]


_DATA = (
    Item("fashion-mnist", "28×28 photographs of garments, 10 classes, 60,000 + 10,000"),
    Item("mnist", "28×28 handwritten digits, 10 classes, 60,000 + 10,000"),
    Item("kmnist", "28×28 cursive hiragana, 10 classes, 60,000 + 10,000"),
    Item("synthetic", "28×28 drawn garments, made on this machine in a few seconds"),
    Item("auto", "fashion-mnist if it is on this machine, otherwise synthetic"),
)
_SETTING_MENUS: Mapping[str, str] = {
    "init_menu": "init",
    "activation_menu": "activation",
    "data_menu": "data",
    "optimizer_menu": "optimizer",
    "schedule_menu": "schedule",
}
_KEPT_BY_PRESETS = frozenset({"data", "speed", "telemetry"})
"""Groups of settings that a preset leaves as they are, unless it names one."""


def menu_for(action_id: str, config: RunConfig) -> Menu:
    """The menu that an action opens.

    Raises:
        KeyError: when the action opens none.
    """
    if action_id == "preset_menu":
        items = tuple(Item(p.name, p.title, (), p.lesson) for p in PRESETS)
        return Menu("preset", items, "", _under_preset)
    name = _SETTING_MENUS[action_id]
    field = next(field for field in fields_of(RunConfig) if field.name == name)
    return setting_menu(field, getattr(config, name))


def setting_menu(field: Field, current: str) -> Menu:
    """The choices of one setting."""

    def chosen(config: RunConfig, value: str) -> RunConfig:
        return switch.changed(config, **{field.name: value})

    return Menu(field.name, choices(field), current, chosen)


def choices(field: Field) -> tuple[Item, ...]:
    """What a setting may be; empty where anything of its kind may be typed."""
    if field.name == "data":
        return _DATA
    if field.name == "init":
        return tuple(
            Item(rule.name, rule.formula, rule.aliases, _rule_note(rule.source, rule.aliases))
            for rule in INITIALIZERS.values()
        )
    if field.name == "activation":
        return tuple(
            Item(rule.name, rule.formula, rule.aliases, _rule_note(rule.source, rule.aliases))
            for rule in ACTIVATIONS.values()
        )
    aliases = field.setting.aliases
    return tuple(
        Item(name, "", tuple(alias for alias, meant in aliases.items() if meant == name))
        for name in field.setting.choices
    )


def matching(items: tuple[Item, ...], typed: str) -> list[Item]:
    """The items that `typed` may mean: those so named first, then those that begin so, then
    those in which it occurs.
    """
    wanted = typed.strip().lower().replace(" ", "_")
    ranked = [(rank, i) for i, item in enumerate(items) if (rank := _rank(item, wanted)) < 3]
    return [items[i] for _, i in sorted(ranked)]


def _rank(item: Item, wanted: str) -> int:
    known = [name.lower() for name in (item.value, *item.words)]
    if wanted in known:
        return 0
    if any(name.startswith(wanted) for name in known):
        return 1
    return 2 if any(wanted in name for name in known) else 3


def _rule_note(source: str, aliases: tuple[str, ...]) -> str:
    also = f"also called {', '.join(aliases)}; " if aliases else ""
    return f"{also}{source}"


def _under_preset(config: RunConfig, name: str) -> RunConfig:
    preset = next(preset for preset in PRESETS if preset.name == name)
    kept: dict[str, Any] = {
        field.name: getattr(config, field.name)
        for field in fields_of(RunConfig)
        if field.setting.group in _KEPT_BY_PRESETS
    }
    return switch.with_preset(RunConfig(**kept), name, preset.changes)
