"""What the pump needs of whatever turns an endpoint's bytes into the client's: `StreamTranslator` or `NativeStream`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ccswitch_tui.translate.failure import Failure


class Translator(Protocol):
    """One answer on its way. Nothing here raises."""

    def feed(self, data: bytes) -> bytes:
        """What this read gives the client."""

    def finish(self, cause: str = "eof") -> bytes:
        """The endpoint is gone (`eof`, `reset`, `timeout`): what remains for the client."""

    def commit(self) -> bytes:
        """The beginning of the answer, now, because the endpoint stays silent."""

    def ping(self) -> bytes:
        """A sign of life; empty where none may stand."""

    @property
    def held_bytes(self) -> int:
        """What came and could not be read yet."""

    @property
    def done(self) -> bool:
        """Nothing more will come out."""

    @property
    def finished(self) -> bool:
        """At most token counts are still to come."""

    @property
    def failure(self) -> Failure | None:
        """Why there is no answer; only while the client was given nothing."""

    @property
    def error(self) -> Failure | None:
        """What went wrong, whenever it did."""

    @property
    def usage(self) -> Mapping[str, int]:
        """Token counts as the client was told them."""

    @property
    def stop_reason(self) -> str | None:
        """Why the answer ended."""

    @property
    def model(self) -> str | None:
        """What the endpoint says its model is, where that is known."""

    @property
    def cost(self) -> float | None:
        """What the endpoint says the answer costs, in US dollars."""
