"""``mlp-tui runs``: which runs there are, and what is done to them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec

from cli import exits
from cli.dashboard import need_screen
from cli.flags import Parser
from cli.json_lines import printable
from cli.output import say
from cli.runs_table import print_runs
from cli.settings import add_runs_directory, use_runs_directory
from engine.errors import BadInput, did_you_mean
from engine.store import catalogue
from engine.store.catalogue import Entry
from engine.store.layout import runs_directory
from engine.text import clean
from tui.runs.listing import matching, size_words

_ABOUT = """The recorded runs, the newest first. A RUN is named by its id, the beginning or the end
of one, its label, or "last".

  mlp-tui runs [WORD ...]          those in which every word occurs
  mlp-tui runs --browse            the list on screen: open, overlay, compare
  mlp-tui runs stop RUN            end a run that goes on by itself, in order
  mlp-tui runs rm RUN ...          delete their records; asks
  mlp-tui runs label RUN TEXT      give it a name of its own ("" takes it back)
  mlp-tui runs note RUN TEXT       keep a line about it"""


def main(words: Sequence[str]) -> int:
    """List the runs, or do what the first word says; returns the exit code.

    Raises:
        BadInput: when a run, word or flag cannot be used.
    """
    if words and words[0] in _VERBS:
        return _VERBS[words[0]](words[1:])
    made = Parser("mlp-tui runs", _ABOUT, exits.described())
    made.usage = "mlp-tui runs [WORD ...] [flags]"
    made.add_argument("words", nargs="*", metavar="WORD", help="show only runs that match")
    made.add_argument("--json", action="store_true", help="one JSON object for each run, a line")
    made.add_argument("--browse", action="store_true", help="open the list on screen")
    add_runs_directory(made)
    options = made.read(words)
    use_runs_directory(options)
    runs = runs_directory()
    if options.browse:
        if options.json or options.words:
            raise BadInput("--browse opens a screen, which filters by itself: leave the rest out")
        return _browse()
    there = catalogue.entries(runs)
    found = matching(there, " ".join(options.words))
    if options.json:
        for each in found:
            say(_as_json(each))
    elif found:
        print_runs(found)
    else:
        say(f"{_none(options.words, there, runs)}\n")
    return exits.COMPLETED


def _none(words: Sequence[str], there: Sequence[Entry], runs: Path) -> str:
    """What is said instead of an empty list."""
    if not there:
        return f"no runs in {clean(str(runs), 500)}"
    typed = clean(" ".join(words))
    hint = did_you_mean(typed, [*_VERBS, *(each.name for each in there)])
    count = "1 run" if len(there) == 1 else f"{len(there)} runs"
    return f"no run matches {typed!r}{hint} (without a word, mlp-tui runs lists {count})"


def _browse() -> int:
    """Open the list on screen; returns the exit code once it is left."""
    need_screen("mlp-tui runs lists them without")
    from engine.config import RunConfig
    from tui.app import Browse, DashboardApp
    from tui.replay.no_link import NoLink

    app = DashboardApp(NoLink(), RunConfig(), autostart=False, opening=Browse())
    app.run()
    return app.return_code or exits.COMPLETED


def _remove(words: Sequence[str]) -> int:
    made = _verb_parser("rm", "Delete runs with everything in them.", "RUN ...")
    made.add_argument("runs", nargs="+", metavar="RUN")
    made.add_argument("--yes", action="store_true", help="do not ask")
    options = made.read(words)
    use_runs_directory(options)
    runs = runs_directory()
    ids = {catalogue.resolve(runs, name) for name in options.runs}
    chosen = [each for each in catalogue.entries(runs) if each.run_id in ids]
    # What is in no list, for want of a log that can be read, is what one wants to be rid of.
    listed = {each.run_id for each in chosen}
    chosen += [catalogue.removable(runs, run_id) for run_id in sorted(ids - listed)]
    for each in chosen:
        if each.live:
            raise BadInput(f"run {each.run_id} is under way: stop it first; nothing was deleted")
    if not options.yes and not _sure(chosen):
        say("nothing was deleted\n")
        return exits.COMPLETED
    for each in chosen:
        _removed(runs, each)
    return exits.COMPLETED


def _removed(runs: Path, entry: Entry) -> None:
    try:
        catalogue.remove(runs, entry.run_id)
    except OSError as error:
        raise BadInput(
            f"run {entry.run_id} cannot be deleted: {error.strerror or error}"
        ) from error
    say(f"deleted {entry.run_id} ({size_words(entry.size)})\n")


def _sure(chosen: Sequence[Entry]) -> bool:
    """Whether a person says yes.

    Raises:
        BadInput: when there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise BadInput("nobody can be asked, standard input is no terminal: give --yes")
    print_runs(chosen)
    for each in chosen:
        heirs = [i for i in each.continued_by if i not in {other.run_id for other in chosen}]
        if heirs:
            verb = "goes" if len(heirs) == 1 else "go"
            say(f"{', '.join(heirs)} {verb} on from {each.run_id}: its past goes too\n")
    say(f"Delete {'this run' if len(chosen) == 1 else f'these {len(chosen)} runs'}? [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _stop(words: Sequence[str]) -> int:
    made = _verb_parser("stop", "End a run that goes on by itself, in order.", "RUN")
    made.add_argument("run", metavar="RUN")
    options = made.read(words)
    use_runs_directory(options)
    runs = runs_directory()
    from cli.stopping import stop

    return stop(runs, catalogue.resolve(runs, options.run))


def _label(words: Sequence[str]) -> int:
    return _describe("label", "Give a run a name of its own.", words)


def _note(words: Sequence[str]) -> int:
    return _describe("note", "Keep a line about a run.", words)


def _describe(what: str, about: str, words: Sequence[str]) -> int:
    made = _verb_parser(what, about, "RUN TEXT")
    made.add_argument("run", metavar="RUN")
    made.add_argument("text", metavar="TEXT", help="behind -- where it begins with a dash")
    try:
        options = made.read(words)
    except BadInput as error:
        dashed = "--" not in words and any(word.startswith("-") for word in words[1:])
        hint = f"; a {what} that begins with a dash goes behind --" if dashed else ""
        raise BadInput(f"{error}{hint}") from error
    use_runs_directory(options)
    runs = runs_directory()
    chosen = catalogue.entry(runs, catalogue.resolve(runs, options.run))
    try:
        catalogue.describe(chosen.directory, **{what: options.text})
    except OSError as error:
        raise BadInput(f"the {what} cannot be kept: {error.strerror}") from error
    return exits.COMPLETED


_VERBS: Mapping[str, Callable[[Sequence[str]], int]] = MappingProxyType(
    {"stop": _stop, "rm": _remove, "label": _label, "note": _note}
)


def _verb_parser(verb: str, about: str, usage: str) -> Parser:
    made = Parser(f"mlp-tui runs {verb}", about, exits.described())
    made.usage = f"mlp-tui runs {verb} {usage} [flags]"
    add_runs_directory(made)
    return made


def _as_json(entry: Entry) -> str:
    told = {
        **msgspec.to_builtins(entry.summary),
        "run_id": entry.run_id,  # not the one in the log: a copied directory is a run of its own
        "state": entry.state,
        "live": entry.live,
        "label": entry.about.label,
        "note": entry.about.note,
        "size": entry.size,
        "directory": str(entry.directory),
        "continued_by": entry.continued_by,
    }
    return printable(msgspec.json.encode(told)).decode() + "\n"
