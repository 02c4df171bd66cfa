"""Whether a login takes its background processes with it."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator
from pathlib import Path

from cli.checks.finding import Finding

AREA = "logout"
REMEDY = "loginctl enable-linger, once; or start with systemd-run --user --scope mlp-tui"
_PLACES = ("usr/lib/systemd", "usr/local/lib/systemd", "run/systemd", "etc/systemd")
"""From the weakest to the strongest, as logind.conf(5) reads them."""
_SETTING = re.compile(rb"^\s*(KillUserProcesses|KillOnlyUsers|KillExcludeUsers)\s*=\s*(.*?)\s*$")


def logout_kills(root: Path = Path("/"), user: str = "") -> str:
    """Why a run would not outlive the login it was started in; "" when it would.

    systemd's logind ends whatever is in a login's scope when that login ends, if it is set so,
    unless the user lingers.
    """
    user = user or _user()
    if not _in_login_scope(root) or (root / "var/lib/systemd/linger" / user).exists():
        return ""
    settings = _settings(root)
    if settings.get("KillUserProcesses", "no").lower() not in ("yes", "true", "1", "on"):
        return ""
    only = settings.get("KillOnlyUsers", "").split()
    spared = settings.get("KillExcludeUsers", "root").split()
    if user in spared or (only and user not in only):
        return ""
    return "a logout ends every process of this login, detached runs too (KillUserProcesses=yes)"


def logout_warning() -> str:
    """What to say to a person before the line drops; "" when there is nothing to fear."""
    why = logout_kills()
    return f"{why}: {REMEDY}" if why else ""


def check_logout() -> Iterator[Finding]:
    """What a logout does to a run that is left to itself."""
    why = logout_kills()
    if why:
        yield Finding(AREA, "warning", why, REMEDY)
    else:
        yield Finding(AREA, "ok", "a detached run outlives this login")


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _in_login_scope(root: Path) -> bool:
    """Whether this process belongs to a login, rather than to a service of its own."""
    try:
        groups = (root / "proc/self/cgroup").read_text()
    except OSError:
        return False
    return re.search(r"/session-[^/\s]+\.scope", groups) is not None


def _settings(root: Path) -> dict[str, str]:
    """logind's settings, from its file and what overrides that."""
    files = [root / place / "logind.conf" for place in _PLACES]
    drops: dict[str, Path] = {}
    for place in _PLACES:
        for path in sorted((root / place / "logind.conf.d").glob("*.conf")):
            drops[path.name] = path  # one of the same name in a stronger place stands for it
    found: dict[str, str] = {}
    for path in [*files, *(drops[name] for name in sorted(drops))]:
        try:
            lines = path.read_bytes().splitlines()
        except OSError:
            continue
        for line in lines:
            if match := _SETTING.match(line):
                found[match[1].decode()] = match[2].decode(errors="replace")
    return found
