from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.data.names import IDX_FILES, NAMED, available, directories, resolve, user_path
from engine.errors import BadInput


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLP_TUI_DATA", raising=False)


def put(directory: Path, folder: str, names: tuple[str, ...] = IDX_FILES) -> Path:
    raw = directory / folder / "raw"
    raw.mkdir(parents=True)
    for name in names:
        (raw / name).touch()
    return raw


def test_imports_no_tensors() -> None:
    script = (
        "import sys, engine.data.names, engine.data.fetching;"
        "print({'torch', 'numpy', 'torchvision'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "set()"


@pytest.mark.parametrize("spelled", ["fashion-mnist", "Fashion_MNIST", "FashionMNIST", "fashion"])
def test_names_are_read_generously(spelled: str) -> None:
    assert resolve(spelled) == "fashion-mnist"


@pytest.mark.parametrize("path", ["x.npz", "~/Data/Wine.CSV", "mnist.csv"])
def test_files_are_left_as_they_are(path: str) -> None:
    assert resolve(path) == path


def test_an_unknown_name_gets_a_hint_and_no_escape_sequences() -> None:
    with pytest.raises(BadInput, match=r"did you mean 'mnist'.*\.npz or \.csv"):
        resolve("mnits")
    with pytest.raises(BadInput) as refused:
        resolve("\x1b]52;c;x\x07")
    assert str(refused.value).isprintable()


def test_order_of_the_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, variable = tmp_path / "asked", tmp_path / "variable"
    monkeypatch.setenv("MLP_TUI_DATA", str(variable))
    cache = directories()[-1]
    assert directories(str(asked)) == [asked, variable, cache]
    assert available("kmnist", str(asked)) is None
    for place in (cache, variable, asked):
        raw = put(place, "KMNIST")
        assert available("kmnist", str(asked)) == raw
    assert available("mnist", str(asked)) is None


def test_a_set_is_available_only_when_it_is_complete(tmp_path: Path) -> None:
    put(tmp_path, "MNIST", IDX_FILES[:3])
    assert available("mnist", str(tmp_path)) is None
    (tmp_path / "MNIST/raw" / f"{IDX_FILES[3]}.gz").touch()
    assert available("mnist", str(tmp_path)) == tmp_path / "MNIST/raw"


@pytest.mark.parametrize("directory", ["n" * 300, "a\0b", "~no-such-user-here/data", "/dev/null"])
def test_a_directory_that_cannot_be_looked_at_holds_nothing(directory: str) -> None:
    assert available("mnist", directory) is None


def test_what_has_no_files_is_never_available() -> None:
    assert available("synthetic") is None
    assert available("no such set") is None


def test_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert user_path("~/x.csv") == Path("/home/ada/x.csv")


def test_each_named_set_has_ten_classes() -> None:
    assert all(len(set(named.classes)) == 10 for named in NAMED.values())
