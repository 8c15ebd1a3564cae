"""What fuzzing makes here is no secret of anybody's: it must not be masked in other tests' output."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ccswitch_tui import secret


@pytest.fixture(autouse=True)
def own_secrets() -> Iterator[None]:
    """Forgets the values of Secrets that a test made."""
    before = set(secret._seen)
    yield
    secret._seen.clear()
    secret._seen.update(before)
