"""The garbage collector rests until the first paint.

Nothing made while the app starts is garbage, yet the collector would walk all
of it a few dozen times: an eighth of the time to the first paint. Imports
nothing else, so that it can be called before Textual is imported.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def resting() -> Iterator[None]:
    """No collection within, until `wake` is called."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def wake() -> None:
    """Collects from now on, but never looks again at what the start made. Nothing where the collector is awake."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
