"""Loading what stays until the program ends."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_for_good() -> Iterator[None]:
    """What is made within is never searched for garbage.

    A screen's modules and styles are some hundred thousand objects, and not one is ever let go:
    the collector would look through them a dozen times while they load, and now and then while a
    person waits for a key's echo.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
