"""Words and files that cannot be used, and whether each gets one clean sentence."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import numpy as np

from benchmarks.soak.tally import Tally
from cli import exits
from cli.main import LONGEST_SENTENCE, main

Words = list[str]
_BOMB = 8 << 20
"""Bytes that unpack from a few thousand: modest, for this runs thousands of times."""


class BadInputs:
    """Draws bad input after bad input in a directory of its own."""

    def __init__(self, rng: Random, room: Path) -> None:
        self._rng = rng
        self._room = room
        self._runs = room / "no-runs"
        room.mkdir(parents=True, exist_ok=True)

    def try_one(self, tally: Tally, *, apart: bool = False) -> None:
        """Hand one to the command, in this process or in one of its own."""
        words = [*self._rng.choice(_FAMILIES)(self), "--runs-dir", str(self._runs)]
        if words[0] == "train":
            words.append("--quiet")  # progress is no error
        code, out, err = (_apart if apart else _here)(words)
        tally.tried += 1
        wrong = _unclean(code, out, err)
        if self._runs.exists() and any(self._runs.iterdir()):
            wrong = wrong or "it left something in the directory of runs"
            shutil.rmtree(self._runs)
        tally.clean += not wrong
        if wrong:
            said = err.strip().splitlines()[-1:] or [""]
            given = [word[:100] for word in words]
            tally.problems.append(f"bad input {given!r}: {wrong}: {said[0][:200]!r}")

    def flag(self) -> Words:
        """A setting of training that is not one."""
        word, value = self._rng.choice(_SETTINGS)
        return ["train", "--data", "synthetic", "--epochs", "1", word, *([value] if value else [])]

    def command(self) -> Words:
        """A command that is not one, or not so."""
        return list(self._rng.choice(_COMMANDS))

    def name(self) -> Words:
        """A run that there is not."""
        verb = self._rng.choice(
            (["attach"], ["resume"], ["replay"], ["runs", "rm"], ["runs", "stop"], ["export"])
        )
        name = self._rng.choice((*_NAMES, self._scrambled(40).decode("latin-1").strip() or "x"))
        form = ["--to", "csv", "--out", str(self._room / "out")] if verb == ["export"] else []
        # What begins with a dash is a flag, unless it comes after the two that end them.
        return [*verb, *form, *([] if name.startswith("-") else [name])]

    def table(self) -> Words:
        """A CSV file with something wrong in it."""
        text = self._rng.choice((*_TABLES, self._scrambled(300)))
        return self._train(self._file(".csv", text))

    def arrays(self) -> Words:
        """A NumPy archive with something wrong in it."""
        return self._train(self._file(".npz", self._rng.choice(_ARCHIVES)(self)))

    def images(self) -> Words:
        """Image files with something wrong in them."""
        raw = self._room / f"images-{self._rng.randrange(4)}" / "FashionMNIST" / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        content = self._rng.choice(_IMAGES)(self)
        for name in (
            "train-images-idx3",
            "train-labels-idx1",
            "t10k-images-idx3",
            "t10k-labels-idx1",
        ):
            (raw / f"{name}-ubyte.gz").write_bytes(content)
        place = str(raw.parent.parent)
        return ["train", "--data", "fashion-mnist", "--data-dir", place, "--epochs", "1"]

    def config(self) -> Words:
        """A file of settings with something wrong in it."""
        text = self._rng.choice((*_CONFIGS, self._scrambled(200)))
        return ["train", "--config", str(self._file(".toml", text)), "--epochs", "1"]

    def _train(self, path: Path) -> Words:
        return ["train", "--data", str(path), "--epochs", "1", "--hidden", "4"]

    def _file(self, suffix: str, content: bytes) -> Path:
        path = self._room / f"bad-{self._rng.randrange(8)}{suffix}"
        path.write_bytes(content)
        return path

    def _scrambled(self, most: int) -> bytes:
        return b"\x01" + self._rng.randbytes(self._rng.randint(1, most))

    def noise(self) -> bytes:
        return self._scrambled(400)

    def half(self) -> bytes:
        """An archive that ends too soon."""
        whole = _archive(x_train=np.zeros((8, 3)), y_train=np.arange(8) % 2)
        return whole[: self._rng.randrange(len(whole))]

    def odd(self) -> bytes:
        """An archive whose arrays do not go together."""
        rows, labels = np.zeros((8, 3), dtype=np.float32), np.arange(8) % 2
        return _archive(**self._rng.choice((
            {"x_train": rows},
            {"x_train": rows, "y_train": labels},
            {"a": rows},
            {"x_train": rows, "y_train": labels[:5], "x_test": rows, "y_test": labels},
            {"x_train": rows, "y_train": labels, "x_test": rows[:, :2], "y_test": labels},
            {"x_train": rows * np.nan, "y_train": labels, "x_test": rows, "y_test": labels},
            {"x_train": rows, "y_train": labels - 7, "x_test": rows, "y_test": labels},
            {"x_train": rows[:0], "y_train": labels[:0], "x_test": rows, "y_test": labels},
        )))  # fmt: skip

    def pickled(self) -> bytes:
        """An archive of objects, whose reading would execute what they say."""
        held = np.empty(8, dtype=object)
        held[:] = _Trap()
        return _archive(x_train=held, y_train=held, x_test=held, y_test=held)

    def claims(self) -> bytes:
        """An archive whose header speaks of terabytes."""
        shape = (1 << self._rng.randint(38, 50), 8)
        described = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117)
        head = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + described.encode() + b"\n"
        return _zipped(dict.fromkeys(_PARTS, head + b"\x00" * 64))

    def bomb(self) -> bytes:
        """Much from little."""
        return _zipped({name: bytes(_BOMB) for name in _PARTS})

    def empty_images(self) -> bytes:
        return gzip.compress(b"")

    def image_bomb(self) -> bytes:
        return gzip.compress(struct.pack(">IIII", 2051, 1 << 31, 28, 28) + bytes(_BOMB))

    def image_half(self) -> bytes:
        whole = gzip.compress(struct.pack(">IIII", 2051, 60000, 28, 28) + bytes(4096))
        return whole[: self._rng.randrange(2, len(whole))]


_PARTS = ("x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy")


class _Trap:
    """Ends this process where somebody unpickles it."""

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return os._exit, (99,)


def _archive(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _zipped(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


_FAMILIES: tuple[Callable[[BadInputs], Words], ...] = (
    BadInputs.flag,
    BadInputs.command,
    BadInputs.name,
    BadInputs.table,
    BadInputs.arrays,
    BadInputs.images,
    BadInputs.config,
)
_ARCHIVES: tuple[Callable[[BadInputs], bytes], ...] = (
    BadInputs.noise,
    BadInputs.half,
    BadInputs.odd,
    BadInputs.pickled,
    BadInputs.claims,
    BadInputs.bomb,
)
_IMAGES: tuple[Callable[[BadInputs], bytes], ...] = (
    BadInputs.noise,
    BadInputs.empty_images,
    BadInputs.image_bomb,
    BadInputs.image_half,
)
_SETTINGS = (
    ("--lr", "nan"), ("--lr", "-1"), ("--lr", "fast"), ("--lr", "1e999"), ("--lr", ""),
    ("--epochs", "0"), ("--epochs", "-3"), ("--epochs", "1.5"), ("--epochs", "9" * 5000),
    ("--batch-size", "0"), ("--batch-size", "none"), ("--hidden", "abc"), ("--hidden", "-4"),
    ("--hidden", "1,,2"), ("--hidden", "99999999999"), ("--dropout", "2"), ("--dropout", "nan"),
    ("--init", "nonsense"), ("--activation", "\x1b[2J"), ("--optimizer", "[red]sgd"),
    ("--device", "toaster"), ("--threads", "-1"), ("--seed", "-1"), ("--seed", str(2**63)),
    ("--data", "no-such-data"), ("--data", "/dev/null/x.csv"), ("--data", "~nobody-here/x.csv"),
    ("--data", "x" * 5000 + ".csv"),
    ("--data-dir", ""), ("--momentum", "1"), ("--weight-decay", "-0.1"), ("--config", "/nowhere"),
    ("--nonsense", "1"), ("--momentum", "inf"), ("--progress", "loud"), ("stray", ""),
    ("--clip-norm", "-inf"), ("--schedule", "random"), ("--checkpoint-every", "-1"),
)  # fmt: skip
_COMMANDS = (
    ["trian"], ["\x1b]0;x\x07"], ["runs", "rm"], ["runs", "label", "last"], ["export"],
    ["export", "last", "--to", "docx"], ["lab", "nonsense"], ["resume", "--nonsense"],
    ["replay", "a", "b"], ["attach", "--to", "x"], ["export", "--to", "csv", "--every", "0"],
    ["export", "--to", "svg", "--size", "huge"], ["resume"], ["attach"], ["replay"],
)  # fmt: skip
_NAMES = (
    "../x", "..", "/etc/passwd", "a\0b", "x" * 300, "CON", "last", "-rf", "a/b", "\x1b[31mred",
    "$(touch x)", "; rm x", "[bold]", "\u202egnp", "%n%n", "20990101",
)  # fmt: skip
_TABLES = (
    b"", b"\n", b"a,b,label\n", b"a,b,label\n1,2\n", b"a,b,label\n1,2,0\n1,2,3,4\n",
    b"a,b,label\n1,\x00,0\n", b"a,b,label\n1,1e999,0\n2,3,1\n", b"a,b,label\n1,nan,0\n2,3,1\n",
    b"a,b,label\n1,x,0\n2,3,1\n", b"a,b\n1,2\n", b"\xff\xfe\x00", b"a,label,label\n1,0,0\n3,4,1\n",
    b"a,b,label\n" + b"1," * 200_000 + b"\n", b'a,b,label\n"1,2,0\n', b"label\n0\n1\n",
    b"\x80\x04\x95\x10\x00", b"a,b,label\n1,2,\n3,4,1\n", b"a,b,label\n\x1b[2J,2,0\n",
)  # fmt: skip
_CONFIGS = (
    b"lr = ", b"nonsense = 1\n", b"lr = 'fast'\n", b"[[[", b"epochs = -1\n", b"hidden = 'x'\n",
    b"\xff\xfe", b"lr = 0.1\nlr = 0.2\n", b"a = " + b"[" * 5000, b"lr = nan\n", b"seed = 1e3\n",
    b"epochs = true\n", b"hidden = [[1]]\n", b"\x00", b"data = 3\n", b"'\x1b[2J' = 1\n",
)  # fmt: skip


def _here(words: Sequence[str]) -> tuple[int, str, str]:
    """Exit code, output and error output of the command in this process.

    Raises:
        KeyboardInterrupt: when that is what the command has taken.
    """
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(list(words))
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    except Exception as error:
        return 1, out.getvalue(), f"{err.getvalue()}{type(error).__name__}: {error}"
    if code == exits.INTERRUPTED:
        raise KeyboardInterrupt
    return code, out.getvalue(), err.getvalue()


def _apart(words: Sequence[str]) -> tuple[int, str, str]:
    """The same in a process of its own."""
    known = [word for word in words if "\0" not in word]  # the kernel passes none
    done = subprocess.run(
        [sys.executable, "-m", "cli", *known],
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def _unclean(code: int, out: str, err: str) -> str:
    """What is wrong with an answer to bad input; "" where it is as it should be."""
    problems: Iterator[tuple[bool, str]] = iter(
        (
            (code != exits.BAD_INPUT, f"exit code {code}"),
            ("Traceback" in err, "a traceback"),
            (bool(out), "something on standard output"),
            (err.count("\n") != 1 or not err.endswith("\n"), f"{err.count(chr(10))} lines"),
            (len(err) > LONGEST_SENTENCE + 100, f"{len(err)} characters"),
            (not err.rstrip("\n").isprintable(), "characters that a terminal obeys"),
        )
    )
    return ", ".join(text for wrong, text in problems if wrong)
