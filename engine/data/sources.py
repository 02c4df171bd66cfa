"""A run's data by its name: what is read, drawn or downloaded."""

from __future__ import annotations

from pathlib import Path

from engine.config import RunConfig
from engine.controls import Report, unreported
from engine.data import csv_file, idx, names, npz_file
from engine.data.dataset import Dataset, first_examples, make_dataset
from engine.data.fetching import fetch
from engine.data.names import available
from engine.data.refusal import check_regular
from engine.data.synthetic import synthetic
from engine.text import clean

__all__ = ["available", "fetch", "load"]


def load(config: RunConfig, report: Report = unreported, *, at_most: bool = False) -> Dataset:
    """The data set that `config` names, with its first `train_examples` if it asks for fewer.

    With `at_most` a smaller set is taken whole; without, it is refused.

    ``auto`` never downloads; a set asked for by name is downloaded when it is not on this machine.
    The same config gives the same bytes.

    Raises:
        BadInput: one sentence that names the file, row or column and says what was expected.
    """
    dataset = _whole(names.resolve(config.data), config, report)
    if config.train_examples:
        there = len(dataset.x_train) if at_most else config.train_examples
        return first_examples(dataset, min(config.train_examples, there), config.seed)
    return dataset


def _whole(name: str, config: RunConfig, report: Report) -> Dataset:
    if name == names.AUTO:
        default = names.FASHION_MNIST.name
        name = default if available(default, config.data_dir) else names.SYNTHETIC
    if name == names.SYNTHETIC:
        report("drawing the synthetic garments", 0, 0)
        return synthetic()
    if name in names.NAMED:
        folder = available(name, config.data_dir) or fetch(name, config.data_dir, report)
        return _named(names.NAMED[name], folder)
    path = names.user_path(name)
    check_regular(path)  # what cannot be read is not said to be
    report(f"reading {clean(path.name)}", 0, 0)
    if name.lower().endswith(".npz"):
        return npz_file.read_npz(path)
    return csv_file.read_csv(path, config.label_column, config.seed)


def _named(named: names.NamedSet, folder: Path) -> Dataset:
    x_train, y_train, x_test, y_test = idx.read_set(folder, len(named.classes))
    return make_dataset(
        named.name,
        (x_train.flatten(1), y_train, x_test.flatten(1), y_test),
        classes=named.classes,
        image_shape=tuple(x_train.shape[1:]),
        source=clean(str(folder), 300),
    )
