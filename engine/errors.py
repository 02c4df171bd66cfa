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


def out_of_memory(error: BaseException) -> str:
    """A sentence for an error that says that memory has run out; "" for any other.

    torch has a class of its own for the graphics card's memory and says the rest, the host's
    included, in the text of a RuntimeError.
    """
    said = str(error).strip().splitlines()
    first = said[0] if said else "no more is to be had"
    if type(error).__name__ != "OutOfMemoryError" and not isinstance(error, MemoryError):
        told = any(phrase in str(error) for phrase in _NO_MEMORY)
        if not (isinstance(error, RuntimeError) and told):
            return ""
    return (
        f"memory has run out ({first[:200]}): take a smaller --batch-size, narrower --hidden "
        "layers or fewer --train-examples, or close what else uses this memory"
    )


_NO_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
)
