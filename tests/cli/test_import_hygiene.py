"""Who loads what, each in a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "numpy", "torchvision")
SCREEN = ("textual", "rich", "plotext")
LIGHT_ENGINE = (
    "engine.config", "engine.events", "engine.controls", "engine.session", "engine.link",
    "engine.presets", "engine.text", "engine.data.names", "engine.store.layout",
    "engine.rules.initializers", "engine.rules.activations",
)  # fmt: skip


def loaded(code: str, repository: Path) -> set[str]:
    """The top-level packages in a fresh interpreter after `code`."""
    tell = "\nimport json, sys; sys.stdout.write('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code + tell], cwd=repository, capture_output=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["train", "--help"],
        ["--version"],
        ["lab", "--help"],
        ["export", "--help"],
        ["lab", "--list"],
        ["replay", "--help"],
        ["lab", "explosion", "--help"],
    ],
)
def test_help_loads_neither_torch_nor_a_screen(words: list[str], repository: Path) -> None:
    code = f"""
import sys
from cli.main import main
try:
    main({words!r})
except SystemExit:
    pass
sys.stdout.flush()"""
    assert not loaded(code, repository) & {*HEAVY, *SCREEN}


def test_the_engine_s_contracts_load_without_torch_or_a_screen(repository: Path) -> None:
    assert not loaded("import " + ", ".join(LIGHT_ENGINE), repository) & {*HEAVY, *SCREEN}


RUN = """
from engine.config import RunConfig
from engine.controls import Controls
from engine.experiments.train import EXPERIMENT
list(EXPERIMENT.run(RunConfig(data={data!r}, device="cpu", epochs=1, hidden=(4,)), Controls()))"""


def test_the_whole_engine_and_a_run_load_no_screen_and_no_algebra(
    repository: Path, small_data: Path
) -> None:
    modules = sorted(
        ".".join(path.relative_to(repository).with_suffix("").parts).removesuffix(".__init__")
        for path in (repository / "engine").rglob("*.py")
        if path.stem != "__main__"
    )
    code = "import " + ", ".join(modules) + RUN.format(data=str(small_data))
    found = loaded(code, repository)
    assert "torch" in found
    assert not found & {*SCREEN, "tui", "cli"}
    assert "sympy" not in found  # half a second that torch takes for what a run can do without
