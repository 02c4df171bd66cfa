"""What is typed in the settings form: text for every field, and whether it can be used."""

from __future__ import annotations

from collections.abc import Mapping

from engine.config import RunConfig
from engine.errors import BadInput
from engine.schema import Field, fields_of, readings, spell
from tui.switch import what_changed

FIELDS: tuple[Field, ...] = fields_of(RunConfig)


def typed(config: RunConfig) -> dict[str, str]:
    """Every field as a person would type it."""
    return {field.name: spell(field, getattr(config, field.name)) for field in FIELDS}


def check(texts: Mapping[str, str]) -> tuple[RunConfig | None, dict[str, str]]:
    """The settings these texts make, or what is wrong with which field."""
    values = {}
    problems = {}
    for name, text in texts.items():
        try:
            values.update(readings(RunConfig, {name: text}, name))
        except BadInput as error:
            problems[name] = str(error.__cause__ or error)
    if problems:
        return None, problems
    try:
        return RunConfig(**values), {}
    except BadInput as error:
        return None, {_named_by(str(error)): str(error)}


def summary(before: RunConfig, after: RunConfig | None, problems: Mapping[str, str]) -> str:
    """One line below the form: what would change, or how much is wrong."""
    if after is None:
        count = len(problems)
        return f"{count} setting{'s' if count > 1 else ''} cannot be used"
    return what_changed(before, after) or "nothing changed"


def _named_by(problem: str) -> str:
    """The field that a message begins with; the first one when it names none."""
    return next((f.name for f in FIELDS if problem.startswith(f"{f.name} ")), FIELDS[0].name)
