"""A pseudo-terminal with the real program in it, and a screen that understands what it writes."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyte

PATIENCE = 60.0  # seconds until a test gives up; nothing waits that long on its way
# login_tty makes the pseudo-terminal the controlling one, so that the kernel's signals come too.
IN_TERMINAL = "import os, sys; os.login_tty(int(sys.argv[1])); os.execv(sys.argv[2], sys.argv[2:])"
ALTERNATE = 1049  # the mode that takes a blank screen, and at its end gives it back
IMAGE = re.compile(rb"\x1b_[^\x1b]*\x1b\\")


class Display(pyte.Screen):
    """Forgets what stood on the alternate screen, as terminals do: pyte has one screen alone."""

    def set_mode(self, *modes: int, **named: bool) -> None:
        super().set_mode(*modes, **named)
        self._switched(modes)

    def reset_mode(self, *modes: int, **named: bool) -> None:
        super().reset_mode(*modes, **named)
        self._switched(modes)

    def _switched(self, modes: Sequence[int]) -> None:
        if ALTERNATE in modes:
            self.erase_in_display(2)


class Terminal:
    """The program on a terminal of its own."""

    def __init__(  # noqa: PLR0913
        self,
        words: Sequence[str],
        *,
        directory: Path,
        runs: Path,
        columns: int = 120,
        lines: int = 36,
        program: Sequence[str] = (sys.executable, "-m", "cli"),
        term: str = "xterm-256color",
    ) -> None:
        self.written = b""
        self._unseen = b""
        self.runs = runs
        self._screen = Display(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._master, self._slave = pty.openpty()
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, size)
        self._before = termios.tcgetattr(self._slave)
        starter = [sys.executable, "-c", IN_TERMINAL, str(self._slave)]
        self.process = subprocess.Popen(
            [*starter, *program, *words],
            cwd=directory,
            env={
                **os.environ,
                "TERM": term,
                "LANG": "C.UTF-8",
                "MLP_TUI_RUNS": str(runs),
            },
            pass_fds=[self._slave],
        )

    @property
    def text(self) -> str:
        """What a person sees now."""
        return "\n".join(self._screen.display)

    def expect(self, pattern: str) -> None:
        """Read until the screen matches; fail when it never does, or when the program ends."""

        def matches() -> bool:
            return re.search(pattern, self.text) is not None

        self.wait_for(lambda: matches() or self._over(), pattern)
        assert matches(), f"the program ended without: {pattern}\n{self.text}"

    def wait_for(self, holds: Callable[[], bool], what: str) -> None:
        """Read until something holds; fail, with the screen, when it never does."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"never came: {what}\n{self.text}"
            self._read(0.05)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._master, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Change the window's size, as a window manager would."""
        self._screen.resize(lines, columns)
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def end(self) -> int:
        """Read until the program has ended; its exit code."""
        self.wait_for(lambda: self.process.poll() is not None, "the end of the program")
        while self._read(0):
            pass
        return self.process.returncode

    def assert_restored(self) -> None:
        """The terminal is as it was before the program: modes, main screen, cursor, no mouse."""
        assert termios.tcgetattr(self._slave) == self._before
        for mode in (b"1049", b"1000", b"1003", b"1006", b"2004", b"1004"):
            assert self._last(b"\x1b[?%sl" % mode) >= self._last(b"\x1b[?%sh" % mode), mode
        assert self._last(b"\x1b[?25h") >= self._last(b"\x1b[?25l")

    def children(self) -> list[int]:
        """The process ids of the program's children."""
        pid = self.process.pid
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]

    def close(self) -> None:
        """End the program, whatever it does, and give the terminal back."""
        if self.process.poll() is None:
            engines = self.children()
            self.process.kill()
            for engine in engines:  # it would go on without a screen
                os.kill(engine, signal.SIGTERM)
        self.process.wait()
        os.close(self._master)
        os.close(self._slave)

    def _last(self, sequence: bytes) -> int:
        return self.written.rfind(sequence)

    def _over(self) -> bool:
        """Whether the program has ended and all it wrote is read."""
        return self.process.poll() is not None and not self._read(0)

    def _read(self, timeout: float) -> bool:
        """Take in what has come, waiting for it a little; whether there was anything."""
        ready, _, _ = select.select([self._master], [], [], timeout)
        if ready:
            data = os.read(self._master, 1 << 16)
            self.written += data
            self._show(data)
        return bool(ready)

    def _show(self, data: bytes) -> None:
        """What has come, but for images: this screen has none, and does not know their codes."""
        seen = IMAGE.sub(b"", self._unseen + data)
        cut = seen.find(b"\x1b_")
        cut = len(seen) - seen.endswith(b"\x1b") if cut < 0 else cut
        self._unseen = seen[cut:]
        self._stream.feed(seen[:cut])


Open = Callable[..., Terminal]
