"""What a person got wrong, said so that they can put it right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BadInput(ValueError):
    """Input that cannot be used: the message names what, where, and what to do.

    Every front end shows the message alone (exit code 2), never a traceback.
    """


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint such as ``; did you mean 'tanh'?``, or nothing when no name is close."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
