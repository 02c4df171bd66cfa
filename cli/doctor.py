"""``mlp-tui doctor``: what will work on this machine, what will not, and what to do about it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

import msgspec

from cli import exits
from cli.checks.data import check_data
from cli.checks.device import check_device
from cli.checks.finding import Finding
from cli.checks.logout import check_logout
from cli.checks.storage import check_storage
from cli.checks.terminal import check_terminal
from cli.checks.versions import check_versions
from cli.flags import Parser
from cli.json_lines import printable
from cli.output import say
from cli.settings import use_runs_directory

EPILOG = f"exit codes: {exits.COMPLETED} it will train, {exits.FAILED} it will not"


def main(words: Sequence[str]) -> int:
    """Look at everything and say it; returns 0 unless nothing will train here."""
    options = parser().read(words)
    use_runs_directory(options)
    findings = list(findings_here(options.data_dir))
    healthy = not any(finding.level == "problem" for finding in findings)
    if options.json:
        report = {"healthy": healthy, "findings": findings}
        say(msgspec.json.format(printable(msgspec.json.encode(report))).decode() + "\n")
    else:
        from cli.doctor_report import draw

        draw(findings, pattern=sys.stdout.isatty())
    return exits.COMPLETED if healthy else exits.FAILED


def parser() -> Parser:
    """The flags of ``mlp-tui doctor``."""
    made = Parser("mlp-tui doctor", "What will work on this machine and what will not.", EPILOG)
    made.add_argument("--json", action="store_true", help="write the findings as one JSON object")
    made.add_argument(
        "--data-dir", default="", metavar="DIR", help="look for the data sets here too"
    )
    made.add_argument("--runs-dir", default="", metavar="DIR", help="runs would be recorded here")
    return made


def findings_here(data_dir: str) -> Iterator[Finding]:
    """Everything the doctor looks at, area by area."""
    yield from check_terminal(os.environ, sys.stdout.encoding, _terminal_size())
    yield from check_device()
    yield from check_data(data_dir)
    yield from check_storage()
    yield from check_logout()
    yield from check_versions()


def _terminal_size() -> os.terminal_size | None:
    try:
        return os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return None
