from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from training_tools import config

from engine.errors import BadInput
from engine.training import numerics
from engine.training.numerics import applied, choose_threads, product_error, resolve_device

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def settings_of_torch() -> Iterator[None]:
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    yield
    torch.set_num_threads(before[0])
    torch.set_float32_matmul_precision(before[1])


def having(monkeypatch: pytest.MonkeyPatch, *present: str) -> None:
    monkeypatch.setattr(numerics, "devices", lambda: list(present))


@pytest.mark.parametrize(
    ("present", "asked", "expected"),
    [
        (("cpu",), "auto", "cpu"),
        (("cpu",), "CPU ", "cpu"),
        (("cpu", "cuda:0", "cuda:1"), "auto", "cuda:0"),
        (("cpu", "cuda:0", "cuda:1"), "cuda", "cuda:0"),
        (("cpu", "cuda:0", "cuda:1"), "cuda:1", "cuda:1"),
        (("cpu", "mps"), "auto", "mps"),
    ],
)
def test_a_device_by_its_name(
    monkeypatch: pytest.MonkeyPatch, present: tuple[str, ...], asked: str, expected: str
) -> None:
    having(monkeypatch, *present)
    assert resolve_device(asked) == torch.device(expected)


@pytest.mark.parametrize("asked", ["cuda", "cuda:2", "mps", "gpu", "cpu:1", ""])
def test_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    having(monkeypatch, "cpu", "cuda:1")
    with pytest.raises(BadInput, match="is not on this machine, which has cpu, cuda:1"):
        resolve_device(asked)


def test_this_machine_has_a_cpu() -> None:
    assert numerics.devices()[0] == "cpu"
    assert numerics.device_name(CPU) == "cpu"


def test_products_err_as_their_precision_says() -> None:
    torch.set_float32_matmul_precision("highest")
    assert 1e-9 < product_error(CPU) < numerics.FLOAT32_ERROR
    a, b = torch.randn(256, 784), torch.randn(256, 784)
    rough = a.bfloat16().float().double() @ b.bfloat16().float().double().t()
    exact = a.double() @ b.double().t()
    error = ((rough - exact).abs() / (a.double().abs() @ b.double().abs().t())).max()
    assert error > 10 * numerics.FLOAT32_ERROR


@pytest.mark.parametrize(
    ("matmul", "error", "precision", "words"),
    [
        ("auto", 1e-7, "medium", "the fast kernel, float32-exact"),
        ("auto", 1e-4, "highest", "the fast one is not float32-exact"),
        ("fast", 1e-4, "medium", "less precise than float32"),
        ("fast", 1e-7, "medium", "float32-exact"),
        ("exact", 1e-7, "highest", "the library's exact float32 kernel"),
    ],
)
def test_the_kernel_is_chosen_by_its_error(
    monkeypatch: pytest.MonkeyPatch, matmul: str, error: float, precision: str, words: str
) -> None:
    monkeypatch.setattr(numerics, "product_error", lambda device: error)
    torch.set_float32_matmul_precision("high")
    with applied(config(matmul=matmul), CPU) as chosen:
        assert torch.get_float32_matmul_precision() == precision
        assert words in chosen["matmul"]
    assert torch.get_float32_matmul_precision() == "high"


def test_threads_are_set_and_put_back() -> None:
    torch.set_num_threads(1)
    with applied(config(threads=2), CPU) as chosen:
        assert torch.get_num_threads() == 2
        assert chosen["threads"] == "2"
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize(("speedup", "expected"), [(1.9, 4), (1.05, 1), (0.2, 1)])
def test_many_threads_must_win_clearly(speedup: float, expected: int) -> None:
    now = 0.0

    def trial() -> None:
        nonlocal now
        now += 0.01 if torch.get_num_threads() == 1 else 0.01 / speedup

    words = choose_threads(trial, 4, lambda: now)
    assert torch.get_num_threads() == expected
    assert words.startswith(f"{expected} (a step with 1: 10.00 ms, 4: {10 / speedup:.2f} ms)")


def test_one_core_leaves_nothing_to_choose() -> None:
    assert choose_threads(lambda: None, 1, lambda: 0.0).startswith("1 (")
