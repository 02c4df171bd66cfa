from __future__ import annotations

import gzip
import hashlib
import http.server
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from idx_files import idx

from engine.data import fetching
from engine.data.fetching import DownloadError, fetch
from engine.data.names import FASHION_MNIST, IDX_FILES, available
from engine.data.staging import staging
from engine.errors import BadInput

FILES = {
    f"{name}.gz": gzip.compress(content, mtime=0)
    for name, content in zip(
        IDX_FILES, (idx(12, 3, 2), idx(12), idx(11, 3, 2), idx(11)), strict=True
    )
}


@pytest.fixture(autouse=True)
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked of the network goes to a loopback port where nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, closed)
        monkeypatch.setenv(name.upper(), closed)
    for name in ("no_proxy", "NO_PROXY", "MLP_TUI_DATA"):
        monkeypatch.delenv(name, raising=False)


class Mirror(http.server.BaseHTTPRequestHandler):
    """Serves `FILES` by the last part of the path, whatever host is asked for."""

    def do_GET(self) -> None:
        content = FILES[self.path.rsplit("/", 1)[-1]]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *said: object) -> None:
        """The test's output is no place for a log."""


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()
        thread.join()


def test_without_a_network_the_sentence_says_what_to_do(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadInput) as refused:
        fetch("fashion-mnist", str(tmp_path))
    said = str(refused.value)
    assert str(tmp_path / "FashionMNIST" / "raw") in said
    for part in ("Connection refused", "--data-dir", "MLP_TUI_DATA", "--data synthetic"):
        assert part in said
    assert said.isprintable()
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_directory_of_which_nothing_came_is_not_left_behind(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    for name in ("kept", "made/and/made"):
        with staging(tmp_path / name) as arriving:
            assert arriving.is_dir()
    with staging(tmp_path / "filled/too"):
        (tmp_path / "filled/too/MNIST").touch()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["MNIST", "filled", "kept", "too"]


@pytest.mark.usefixtures("mirror")
def test_fetches_through_torchvision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    digests = [
        (name, hashlib.md5(content, usedforsecurity=False).hexdigest())
        for name, content in FILES.items()
    ]
    expect_ours = f"import torchvision; torchvision.datasets.FashionMNIST.resources = {digests}\n"
    monkeypatch.setattr(fetching, "DOWNLOAD", expect_ours + fetching.DOWNLOAD)
    news: list[tuple[str, float, float]] = []
    folder = fetch("fashion-mnist", str(tmp_path), lambda *said: news.append(said))
    assert folder == tmp_path / "FashionMNIST" / "raw" == available("fashion-mnist", str(tmp_path))
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        name.removesuffix(".gz"): gzip.decompress(content) for name, content in FILES.items()
    }
    assert news[0] == ("downloading fashion-mnist", 0, FASHION_MNIST.download_bytes)
    assert [done for _, done, _ in news] == sorted(done for _, done, _ in news)
    assert [entry.name for entry in tmp_path.iterdir()] == ["FashionMNIST"]
    assert capfd.readouterr() == ("", "")


def test_a_reader_who_leaves_ends_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    monkeypatch.setattr(fetching, "DOWNLOAD", f"open({str(fifo)!r}, 'rb').read()")  # nobody writes

    def leave(text: str, done: float, total: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("mnist", str(tmp_path), leave)
    assert list(tmp_path.iterdir()) == [fifo]


def test_the_last_words_reach_the_reader_cleaned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "import sys; sys.exit('bar 1%\\r\\n\\x1b]0;title\\x07disk full\\n')"
    monkeypatch.setattr(fetching, "DOWNLOAD", script)
    with pytest.raises(BadInput, match=r"\(\]0;titledisk full\)"):
        fetch("mnist", str(tmp_path))
    monkeypatch.setattr(fetching, "DOWNLOAD", "import os; os._exit(3)")
    with pytest.raises(BadInput, match="ended without a word"):
        fetch("mnist", str(tmp_path))


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match=r"cannot be written: .*file/MNIST/raw.*--data-dir"):
        fetch("mnist", str(tmp_path / "file"))


def test_a_download_that_stalls_is_given_up(tmp_path: Path) -> None:
    now = 0.0
    news: list[float] = []
    watch = fetching._Watch(
        FASHION_MNIST, tmp_path, lambda text, done, total: news.append(done), clock=lambda: now
    )
    watch.look()
    now = fetching.PATIENCE
    watch.look()
    (tmp_path / "part.gz").write_bytes(b"some")
    now += 1
    watch.look()
    now += fetching.PATIENCE
    watch.look()
    now += 1
    with pytest.raises(DownloadError, match="nothing arrived for 60 seconds"):
        watch.look()
    assert news == [0, 0, 4, 4]


def test_a_reader_is_asked_while_nothing_arrives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "DOWNLOAD", "import threading; threading.Event().wait()")
    monkeypatch.setattr(fetching, "_POLL", 0.001)
    news: list[float] = []

    def leave(text: str, done: float, total: float) -> None:
        news.append(done)
        if len(news) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("mnist", str(tmp_path), leave)
    assert news == [0, 0, 0]
    assert list(tmp_path.iterdir()) == []


FETCHING = """
import sys
from engine.data import fetching
fetching.DOWNLOAD = sys.argv[2]
fetching.fetch("mnist", sys.argv[1])
"""


def test_a_download_ends_with_its_process_and_the_next_one_clears_up(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "alive")
    ear = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    # It holds its end of the pipe open for as long as it lives.
    endless = (
        "import os, sys, threading; end = os.open(sys.argv[2] + '/../alive', os.O_WRONLY)\n"
        "os.write(end, b'x'); threading.Event().wait()"
    )
    command = [sys.executable, "-c", FETCHING, str(tmp_path), endless]
    with subprocess.Popen(command, cwd=repository) as fetcher:
        assert select.select([ear], [], [], 20)[0]
        assert os.read(ear, 1) == b"x"
        (staged,) = tmp_path.glob(".fetching-*")
        fetcher.kill()
    assert select.select([ear], [], [], 20)[0]
    assert os.read(ear, 1) == b""
    os.close(ear)
    assert staged.exists()
    monkeypatch.setattr(fetching, "DOWNLOAD", "import sys; sys.exit('no network')")
    with pytest.raises(BadInput, match="no network"):
        fetch("mnist", str(tmp_path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["alive"]


def test_a_download_under_way_is_left_alone(tmp_path: Path) -> None:
    with staging(tmp_path) as first, staging(tmp_path) as second:
        assert first.is_dir()
        assert second.is_dir()
    assert list(tmp_path.iterdir()) == []
