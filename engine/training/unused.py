"""Settings that were given and that nothing in the run asks for."""

from __future__ import annotations

from collections.abc import Iterator

from engine.config import FILE_ENDINGS, RunConfig
from engine.data import names
from engine.rules.initializers import INITIALIZERS
from engine.schema import fields_of, spell


def unused(config: RunConfig) -> list[str]:
    """One sentence for each setting that differs from its default and has no effect.

    Such a setting is no mistake to refuse: presets and switches leave some behind.

    Raises:
        BadInput: when `data` is no known name.
    """
    fields = {field.name: field for field in fields_of(RunConfig)}
    sentences = []
    for name, by in _without_effect(config):
        field, value = fields[name], getattr(config, name)
        if value != field.default:
            sentences.append(f"{name} = {spell(field, value)} is not used by {by}")
    return sentences


def _without_effect(config: RunConfig) -> Iterator[tuple[str, str]]:
    """Every setting without effect, and the choice that makes it so."""
    data = names.resolve(config.data)
    if not data.lower().endswith(".csv"):
        yield "label_column", f"data {config.data}"
    if data == names.SYNTHETIC or data.lower().endswith(FILE_ENDINGS):
        yield "data_dir", f"data {config.data}"
    uses = INITIALIZERS[config.init].uses
    for name in ("init_std", "init_constant"):
        if name != uses:
            yield name, f"init {config.init}"
    if config.bias_init not in ("constant", "normal"):
        yield "bias_value", f"bias_init {config.bias_init}"
    if not config.hidden:
        yield "activation", "a net without hidden layers"
        yield "dropout", "a net without hidden layers"
    if config.optimizer not in ("sgd", "rmsprop"):
        yield "momentum", f"optimizer {config.optimizer}"
    if config.schedule != "step":
        yield "decay_epochs", f"schedule {config.schedule}"
        yield "decay_factor", f"schedule {config.schedule}"
