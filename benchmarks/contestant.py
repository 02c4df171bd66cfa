"""The process of one contestant: prepares once, then times an epoch whenever it is asked to.

Every contestant has a process of its own, so that no one's global settings (threads, product
kernel, what was imported) touch another's. The answers are JSON lines.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

OPTIONAL = ("lightning", "skorch")


@dataclass(frozen=True)
class Work:
    """What every contestant trains: 784-256-10, ReLU, SGD lr 0.1 on `data`, in batches."""

    data: str
    data_dir: str
    examples: int
    batch_size: int = 256
    hidden: int = 256
    lr: float = 0.1


@dataclass(frozen=True)
class Prepared:
    """A contestant at the line: `epoch()` trains one epoch and returns its seconds."""

    epoch: Callable[[], float]
    note: str = ""


def prepare(where: str, work: Work) -> Prepared:
    """What "module:function" makes of the work."""
    module, function = where.split(":")
    prepared: Prepared = getattr(importlib.import_module(module), function)(work)
    return prepared


def main() -> None:
    """Serve one contestant: a line on stdin asks for an epoch, the end of stdin ends it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("where")
    for name, kind in (("data", str), ("data_dir", str), ("examples", int)):
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, required=True)
    given = vars(parser.parse_args())
    with os.fdopen(os.dup(1), "w", buffering=1) as answers:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a peer's prints are timed, not shown
        try:
            prepared = prepare(given.pop("where"), Work(**given))
        except ModuleNotFoundError as error:
            if error.name not in OPTIONAL:
                raise
            answers.write(json.dumps({"missing": error.name}) + "\n")
            return
        answers.write(json.dumps({"note": prepared.note}) + "\n")
        for _ in sys.stdin:
            answers.write(json.dumps({"seconds": prepared.epoch()}) + "\n")


if __name__ == "__main__":
    main()
