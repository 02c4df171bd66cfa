"""The runs on this machine: which there are, how each stands, and what a person calls them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from engine.errors import BadInput, did_you_mean
from engine.store.ends import first_word, last_word
from engine.store.files import TEMPORARY, read_plain, write_whole
from engine.store.last_words import last_words
from engine.store.layout import ABOUT, CHECKPOINTS, END, HEAD, LOG, SUMMARY, is_own, run_directory
from engine.store.lines import framed, unframed
from engine.store.record import is_being_written
from engine.store.summary import Summary, summary_of
from engine.text import clean

NEWEST = "last"
"""Names the newest run wherever a run is asked for."""
LONGEST_LABEL, LONGEST_NOTE = 64, 2000
_UNREADABLE = "unreadable"
_NAMES = frozenset((LOG, HEAD, END, ABOUT, SUMMARY, CHECKPOINTS))
_TRASH = ".removed-"


class About(msgspec.Struct, frozen=True):
    """What a person has said of a run."""

    label: str = ""
    note: str = ""


@dataclass(frozen=True)
class Entry:
    """A run in the list.

    `state` is how it ended, "running" or "paused" while it has not (`live`), and "crashed" where
    nobody writes its record any more and it never said how it ended. What has ended is not live,
    though its writer may have its log open for another moment: nothing more comes.
    What is "unreadable" is in no list, and can be deleted.
    `continued_by` are the runs that go on from it.
    """

    run_id: str
    directory: Path
    state: str
    live: bool
    summary: Summary
    about: About
    size: int
    continued_by: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the run is called: its label, else its id; fit for a terminal."""
        return clean(self.about.label, LONGEST_LABEL) or self.run_id


def entries(runs: Path) -> list[Entry]:
    """Every run that can be read, the newest first; nothing is changed but caches."""
    return linked(entry for directory in _directories(runs) if (entry := _entry(directory)))


def run_ids(runs: Path) -> list[str]:
    """The ids of what may be runs, the newest first, without a look into them."""
    return [directory.name for directory in _directories(runs)][::-1]


def newest(runs: Path) -> list[Path]:
    """The directories of the runs that can be read, the newest first, by their first words."""
    found = []
    for directory in _directories(runs):
        with suppress(OSError):  # there is no log, or none that can be read
            began = first_word(directory / LOG)
            found.append((began.time if began else 0.0, directory.name, directory))
    return [directory for *_, directory in sorted(found, reverse=True)]


def is_under_way(directory: Path) -> bool:
    """Whether a run has not said how it ended, and somebody still writes its record.

    Raises:
        OSError: when there is no log that can be read.
    """
    return is_being_written(directory) and last_word(directory / LOG) is None


def linked(read: Iterable[Entry]) -> list[Entry]:
    """These runs, the newest first, each with those that go on from it."""
    found = list(read)
    children: dict[str, list[str]] = {}
    for entry in found:
        children.setdefault(entry.summary.continues, []).append(entry.run_id)
    told = [replace(each, continued_by=(*children.get(each.run_id, ()),)) for each in found]
    return sorted(told, key=lambda entry: (entry.summary.started, entry.run_id), reverse=True)


def entry(runs: Path, run_id: str) -> Entry:
    """One run by its id.

    Raises:
        BadInput: when there is no such run, or it has no log that can be read.
    """
    directory = run_directory(runs, run_id)
    found = _entry(directory) if is_own(directory) else None
    if found is None:
        raise BadInput(f"there is no run {run_id} in {runs}")
    return found


def resolve(runs: Path, name: str) -> str:
    """The id of the run that a person means: by id, label, "last", or the beginning of an id.

    The end of one will do as well: it is what the screen shows of it.

    Raises:
        BadInput: when there is none, or there are several.
    """
    ids = sorted((d.name for d in _directories(runs)), reverse=True)
    if name in ids:
        return name
    if name == NEWEST and (there := newest(runs)):
        return there[0].name
    meant: list[str] = []
    if name:  # a run without a label is not the one that is called ""
        labelled = [i for i in ids if _about(runs / i).label == name]
        meant = labelled or [i for i in ids if i.startswith(name)]
        meant = meant or [i for i in ids if i.endswith(name)]
    shown = clean(name, 80)
    if not meant:
        raise BadInput(f"there is no run {shown!r}{_hint(runs, name)}")
    if len(meant) > 1:
        raise BadInput(f"{shown!r} may be any of {', '.join(meant[:5])}: give more of the id")
    return meant[0]


def _hint(runs: Path, name: str) -> str:
    """What to do where no run has this name; it names those alone that a list shows."""
    there = newest(runs)
    if not there:
        return f": there are none yet in {clean(str(runs), 500)}"
    labels = [label for each in there if (label := _about(each).label)]
    hint = did_you_mean(name, [*(each.name for each in there), *labels])
    return f"{hint} (mlp-tui runs lists them)"


def describe(directory: Path, *, label: str | None = None, note: str | None = None) -> About:
    """Give a run another label or note; None leaves it as it is.

    Raises:
        BadInput: when the text is not fit for one line, or too long, or names the newest run.
        OSError: when it cannot be written.
    """
    if label == NEWEST:
        raise BadInput(f"{NEWEST!r} already means the newest run: choose another label")
    before = _about(directory)
    about = About(
        before.label if label is None else _line("label", label, LONGEST_LABEL),
        before.note if note is None else _line("note", note, LONGEST_NOTE),
    )
    write_whole(directory / ABOUT, framed(msgspec.json.encode(about)))
    return about


def removable(runs: Path, run_id: str) -> Entry:
    """One run by its id; in the state "unreadable" where it has no log that can be read.

    Raises:
        BadInput: when there is no such run, or what cannot be read is not a run's directory.
    """
    directory = run_directory(runs, run_id)
    if not is_own(directory):
        raise BadInput(f"there is no run {run_id} in {runs}")
    return _entry(directory) or _unreadable(directory)


def remove(runs: Path, run_id: str) -> None:
    """Delete a run's record with everything in it, whether or not it can be read.

    Raises:
        BadInput: when there is no such run, or it is under way.
        OSError: when it cannot be deleted.
    """
    found = removable(runs, run_id)
    if found.live:
        raise BadInput(f"run {run_id} is under way: stop it first")
    trash = runs / f"{_TRASH}{run_id}"
    if is_own(trash):
        shutil.rmtree(trash)
    else:  # no directory: whatever has taken the name, a link included, goes by itself
        trash.unlink(missing_ok=True)
    found.directory.rename(trash)  # at once out of every list, however long the rest takes
    shutil.rmtree(trash)


def lineage(runs: Path, run_id: str) -> list[Path]:
    """The directories of the run and of those it goes on from, the oldest first.

    It begins with the oldest that is still there.
    """
    chain: list[Path] = []
    while run_id and run_id not in [directory.name for directory in chain]:
        try:
            directory = run_directory(runs, run_id)
            if not is_own(directory):
                break
            began = first_word(directory / LOG)
        except (BadInput, OSError):
            break
        chain.append(directory)
        run_id = began.continues if began else ""
    return chain[::-1]


def _directories(runs: Path) -> Iterator[Path]:
    try:
        there = sorted(path.name for path in runs.iterdir())
    except OSError:
        return
    for name in there:
        try:
            directory = run_directory(runs, name)
        except BadInput:
            continue
        if is_own(directory):
            yield directory


def _entry(directory: Path) -> Entry | None:
    try:
        written = is_being_written(directory)  # first: what is let go of afterwards is whole
        summary = summary_of(directory)
    except OSError:
        return None
    live = written and not summary.outcome
    if not (written or summary.outcome) and (told := last_words(directory)):
        summary.take(told)
    under_way = ("paused" if summary.paused else "running") if live else "crashed"
    return Entry(
        run_id=directory.name,
        directory=directory,
        state=summary.outcome or under_way,
        live=live,
        summary=summary,
        about=_about(directory),
        size=_size(directory),
    )


def _unreadable(directory: Path) -> Entry:
    try:
        names = [path.name.removesuffix(TEMPORARY) for path in directory.iterdir()]
    except OSError as error:
        raise BadInput(f"{directory} cannot be looked into: {error.strerror}") from error
    if strange := sorted(set(names) - _NAMES):
        raise BadInput(f"{directory} is not a run's directory: it holds {clean(strange[0])!r}")
    size = _size(directory)
    return Entry(directory.name, directory, _UNREADABLE, False, Summary(), _about(directory), size)


def _about(directory: Path) -> About:
    try:
        data = read_plain(directory / ABOUT)
        # Text without a checksum was put there by hand; one that is wrong is no JSON.
        return msgspec.json.decode(unframed(data.removesuffix(b"\n")) or data, type=About)
    except (OSError, ValueError, RecursionError):
        return About()  # nobody has said anything, or nothing that can be read


def _size(directory: Path) -> int:
    """Bytes of everything in the directory."""
    total = 0
    for place, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118
            except OSError:
                continue  # it was replaced while we looked
    return total


def _line(what: str, text: str, limit: int) -> str:
    kept = clean(text, limit + 1)
    if kept != text.strip() or len(kept) > limit:
        raise BadInput(f"a {what} is one line of at most {limit} printable characters")
    return kept
