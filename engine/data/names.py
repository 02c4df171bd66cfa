"""The data sets that have a name, and where they lie. Imports neither torch nor numpy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from engine.config import FILE_ENDINGS
from engine.errors import BadInput, did_you_mean
from engine.paths import in_home
from engine.schema import canonical
from engine.text import clean

AUTO, SYNTHETIC = "auto", "synthetic"
DIRECTORY_VARIABLE = "MLP_TUI_DATA"
IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class NamedSet:
    """A set in MNIST's format that torchvision fetches.

    `folder` is torchvision's name for it, both of the class and of the directory;
    `download_bytes` is the size of its four compressed files.
    """

    name: str
    folder: str
    classes: tuple[str, ...]
    download_bytes: int


FASHION_MNIST = NamedSet(
    "fashion-mnist",
    "FashionMNIST",
    (
        "T-shirt/top",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ),
    30_878_645,
)
MNIST = NamedSet("mnist", "MNIST", tuple("0123456789"), 11_594_722)
KMNIST = NamedSet(
    "kmnist",
    "KMNIST",
    ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    21_240_888,
)
NAMED = {named.name: named for named in (FASHION_MNIST, MNIST, KMNIST)}
_ALIASES = {"fashionmnist": FASHION_MNIST.name, "fashion": FASHION_MNIST.name}


def resolve(data: str) -> str:
    """The canonical name that `data` stands for, or `data` itself when it is a user's file.

    Raises:
        BadInput: when it is neither.
    """
    names = (AUTO, *NAMED, SYNTHETIC)
    if name := canonical(data, names, _ALIASES):
        return name
    if data.lower().endswith(FILE_ENDINGS):
        return data
    raise BadInput(
        f"data = {clean(data)!r} is not known{did_you_mean(data, names)}: "
        f"give {', '.join(names)}, or a .npz or .csv file"
    )


def directories(data_dir: str = "") -> list[Path]:
    """Where sets are looked for, in order: `data_dir`, MLP_TUI_DATA, the platform's cache."""
    cache = platformdirs.user_cache_path("mlp-tui", appauthor=False) / "data"
    given = (data_dir, os.environ.get(DIRECTORY_VARIABLE, ""))
    return [*(user_path(path) for path in given if path), cache]


def user_path(path: str) -> Path:
    """The path a person typed, ``~`` spelled out where there is such a home."""
    try:
        return in_home(path)
    except RuntimeError:  # no such user
        return Path(path)


def available(name: str, data_dir: str = "") -> Path | None:
    """The folder on this machine that holds a named set's four files, None when there is none."""
    for directory in directories(data_dir) if name in NAMED else ():
        folder = directory / NAMED[name].folder / "raw"
        if all(idx_file(folder, file) for file in IDX_FILES):
            return folder
    return None


def idx_file(folder: Path, name: str) -> Path | None:
    """The IDX file of this name in `folder`, plain or compressed."""
    candidates = (folder / name, folder / f"{name}.gz")
    return next((path for path in candidates if _is_file(path)), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # what cannot be looked at cannot be read either
        return False
