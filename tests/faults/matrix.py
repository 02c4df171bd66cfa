"""The fault matrix: what must not harm a run, and which tests prove it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

MARK = "fault"
LINES = {
    1: "the engine is killed at random: nothing acknowledged is lost, no gap",
    2: "the log is cut at any byte: the prefix is kept, the tail set aside",
    3: "bits flip in the log: the lines hit are lost at most, each flagged",
    4: "a page of the log is zeroed: reading goes on after it, the loss counted",
    5: "the engine is killed during a checkpoint: the newest whole one loads, leftovers go",
    6: "a byte of a checkpoint flips: it is refused, the one before is offered",
    7: "the disk is full for the log: the run holds, says so, goes on, loses nothing",
    8: "the disk is full for a checkpoint: the old one stays",
    9: "a sync fails: the run goes on and says that it is not durable",
    10: "the directory becomes read-only",
    11: "the terminal is closed: training goes on, a later screen gets every point",
    12: "ctrl+z in the screen",
    13: "TERM, and TERM twice",
    14: "the screen is killed fifty times",
    15: "two screens at 20,000 events a second see the same",
    16: "a screen that is stopped costs the engine nothing",
    17: "a pause and a stop at once have one outcome",
    18: "a stale lock or socket is reclaimed",
    19: "a process that got the number of an old one is never signalled",
    20: "a second engine on a run is refused",
    21: "the clock jumps by an hour",
    22: "memory runs out: said in a sentence, the checkpoint is kept",
    23: "NaN in loss, gradient or data: marked, the last good state is kept",
    24: "empty, one-row or constant data",
    25: "wrong width, label or type: row and column are named",
    26: "CSV with BOM, NUL, ragged rows, 1e999: the line is named",
    27: "IDX or npy that claims terabytes: refused before anything is allocated",
    28: "gzip and zip bombs: capped while streaming",
    29: "a pickle in .npy or .pt: refused, nothing is executed",
    30: "safetensors with a huge or overlapping header",
    31: "a run is named ../x, NUL, 300 characters, CON",
    32: "a symbolic link for a run, a log or a temporary file",
    33: "umask 0, and a directory of somebody else's",
    34: "escape sequences in every string: none reaches the terminal",
    35: "markup in a name is literal",
    36: "what a shell would run never reaches one",
    37: "an event that is huge, nested too deep or unknown: bounded, passed over, counted",
    38: "garbage on the control socket",
    39: "resuming at 20 places with every optimizer is bitwise",
    40: "each part of the state that is left out is noticed",
    41: "resuming on other data, versions or threads is refused or warned of",
    42: "hours of it leave memory and descriptors flat",
}


def proofs(tests: Path) -> Iterator[tuple[int, str]]:
    """The number of a line and a test that proves it, as "file::name"."""
    for path in sorted(tests.rglob("test_*.py")):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                for number in _numbers(node):
                    yield number, f"{path.relative_to(tests)}::{node.name}"


def vacuous(tests: Path) -> Iterator[str]:
    """Marked tests without a statement that can fail."""
    for path in sorted(tests.rglob("test_*.py")):
        tree = ast.parse(path.read_text())
        checking = _checking(tree)
        for node in ast.walk(tree):
            function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if function and any(_numbers(node)) and not _can_fail(node, checking):
                yield f"{path.relative_to(tests)}::{node.name}"


def _numbers(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[int]:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == f"pytest.mark.{MARK}":
            yield from (int(ast.unparse(argument)) for argument in decorator.args)


def _checking(tree: ast.Module) -> set[str]:
    """The module's own functions that check something."""
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _can_fail(node, set())
    }


def _can_fail(node: ast.AST, checking: set[str]) -> bool:
    for each in ast.walk(node):
        if isinstance(each, ast.Assert):
            return True
        if isinstance(each, ast.Call):
            name = ast.unparse(each.func).rpartition(".")[2]
            if name in ("raises", "expect") or name in checking or name.startswith("assert_"):
                return True
    return False
