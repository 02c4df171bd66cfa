"""The registry: what menus, the command line and the host read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.experiments import EXPERIMENTS, named


def test_names_are_unique_and_found() -> None:
    names = [experiment.name for experiment in EXPERIMENTS]
    assert len(set(names)) == len(names)
    assert [named(name) for name in names] == list(EXPERIMENTS)
    with pytest.raises(KeyError):
        named("nothing of the kind")


def test_menus_read_it_without_torch_or_numpy(repository: Path) -> None:
    program = (
        "import sys\n"
        "from engine.experiments import EXPERIMENTS\n"
        "from engine.schema import fields_of\n"
        "for experiment in EXPERIMENTS:\n"
        "    fields_of(experiment.config), experiment.config(), experiment.checks\n"
        "sys.exit(', '.join({'torch', 'numpy'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
