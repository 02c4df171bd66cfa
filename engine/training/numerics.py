"""Where and how products are computed: device, threads and the float32 kernel."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from engine.config import RunConfig
from engine.errors import BadInput
from engine.training.stopwatch import Clock

# Float32 products err by about 1e-7 of Σ|a||b|, TF32 by 2e-5 and bfloat16 by 7e-5.
FLOAT32_ERROR = 2e-6
_WARM, _TIMED = 3, 12
_CLEARLY = 0.85


def resolve_device(name: str) -> torch.device:
    """The device a person means by cpu, cuda, cuda:N, mps or auto.

    Raises:
        BadInput: when this machine has no such device, listing those it has.
    """
    present = devices()
    wanted = name.strip().lower()
    if wanted == "auto":
        return torch.device(present[1] if len(present) > 1 else "cpu")
    if wanted == "cuda" and "cuda:0" in present:
        wanted = "cuda:0"
    if wanted not in present:
        raise BadInput(
            f"device = {name!r} is not on this machine, which has {', '.join(present)}; "
            "choose one of these, or auto"
        )
    return torch.device(wanted)


def devices() -> list[str]:
    """The devices of this machine by name, the CPU first."""
    found = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        found.append("mps")
    return found


def device_name(device: torch.device) -> str:
    """The device as a header shows it."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return str(device)


@contextmanager
def applied(config: RunConfig, device: torch.device, threads: int = 0) -> Iterator[dict[str, str]]:
    """Set this process's threads and product kernel for a run, and put them back afterwards.

    Yields what was chosen, in words, under "threads" and "matmul". `threads`, where given, counts
    instead of the config's. Threads start at one when they are to be chosen by `choose_threads`.
    """
    before, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    count = threads or config.threads or 1
    try:
        torch.set_num_threads(count)
        yield {"threads": str(count), "matmul": _choose_kernel(config, device)}
    finally:
        torch.set_num_threads(before)
        torch.set_float32_matmul_precision(precision)


def circumstances(device: torch.device) -> dict[str, str]:
    """What else can change a bit of a run's numbers, as it is set now."""
    deterministic = torch.are_deterministic_algorithms_enabled()
    return {
        "torch": str(torch.__version__),
        "device": device_name(device),
        "CPU threads": str(torch.get_num_threads()),
        "CPU instructions": torch.backends.cpu.get_cpu_capability(),
        "float32 products": torch.get_float32_matmul_precision(),
        "deterministic algorithms": "on" if deterministic else "off",
    }


def choose_threads(trial: Callable[[], object], most: int, clock: Clock = time.perf_counter) -> str:
    """Set one or `most` threads, whichever makes `trial` faster now, and say so.

    Beside a busy neighbour many threads are several times slower, alone they gain a little: so
    they must win clearly, on average over laps that alternate.
    """
    seconds = {1: 0.0, most: 0.0}
    for lap in range(_WARM + _TIMED):
        for threads in seconds:
            torch.set_num_threads(threads)
            begin = clock()
            trial()
            if lap >= _WARM:
                seconds[threads] += (clock() - begin) / _TIMED
    best = most if seconds[most] < _CLEARLY * seconds[1] else 1
    torch.set_num_threads(best)
    figures = ", ".join(f"{count}: {1e3 * mean:.2f} ms" for count, mean in seconds.items())
    return f"{best} (a step with {figures})"


def _choose_kernel(config: RunConfig, device: torch.device) -> str:
    """Set the float32 product kernel as `config.matmul` asks, and describe it."""
    if config.matmul == "exact":
        torch.set_float32_matmul_precision("highest")
        return f"the library's exact float32 kernel (error {product_error(device):.0e})"
    torch.set_float32_matmul_precision("medium")
    error = product_error(device)
    if error <= FLOAT32_ERROR:
        return f"the fast kernel, float32-exact on this device (error {error:.0e})"
    if config.matmul == "fast":
        return f"the fast kernel, less precise than float32 (error {error:.0e})"
    torch.set_float32_matmul_precision("highest")
    return f"the exact kernel, since the fast one is not float32-exact (error {error:.0e})"


def product_error(device: torch.device) -> float:
    """The largest error of a float32 product on `device`, relative to Σ|a||b| of its entry."""
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(256, 784, generator=generator) for _ in range(2))
    product = (a.to(device) @ b.to(device).t()).cpu().double()
    a, b = a.double(), b.double()
    return float(((product - a @ b.t()).abs() / (a.abs() @ b.abs().t())).max())
