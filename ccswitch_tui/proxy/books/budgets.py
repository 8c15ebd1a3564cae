"""How much of each profile's budget is gone, while the proxy runs.

The book is read now and then, because other processes add to it; what it does
not hold yet is known here. Checked before a request goes out: what is under way
is finished, and its cost is known only then, so a limit can be passed by the
requests that run at that moment.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from threading import Lock
from typing import TYPE_CHECKING

from ccswitch_tui.profiles.budget import TOKENS, BudgetState, Used, state_of
from ccswitch_tui.profiles.model import Profile
from ccswitch_tui.proxy.books.traffic import Traffic

if TYPE_CHECKING:
    from ccswitch_tui.proxy.books.usage import CostRow, UsageBook, UsageRow

READ_AGAIN_S = 30.0
"""What other workers and other proxies used becomes known as late as this."""


class Budgets:
    """The budgets of the profiles that have one."""

    def __init__(
        self,
        traffic: Traffic,
        book: UsageBook | None = None,
        *,
        day: Callable[[float], str] = lambda at: time.strftime("%Y-%m-%d", time.localtime(at)),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._traffic = traffic
        self._book = book
        self._day = day
        self._clock = clock
        self._read_at: dict[str, float] = {}
        self._held: dict[str, list[Used]] = {}
        """By profile: what the book held when it was read, and what we have saved since."""
        self._unpriced: dict[str, int] = {}
        self.saving = Lock()
        """Held while usage is saved and while the book is read: a row is either in the book or with us."""

    async def state(self, profile: Profile) -> BudgetState | None:
        """The profile's budget as it is now; None where it has none."""
        if profile.budget is None:
            return None
        name = profile.name
        if self._book is not None and self._clock() - self._read_at.get(name, 0.0) > READ_AGAIN_S:
            await asyncio.to_thread(self._read, name)
        return self._now(profile)

    def _now(self, profile: Profile) -> BudgetState:
        assert profile.budget is not None
        name = profile.name
        used = [*self._held.get(name, ()), *(Used(*row) for row in self._traffic.unsaved(name))]
        return state_of(name, profile.budget, used, self._day(self._clock()), self._unpriced.get(name, 0))

    def _read(self, name: str) -> None:
        assert self._book is not None
        month = self._day(self._clock())[:8] + "01"
        with self.saving:
            rows = self._book.summed(["day"], since=month, profile=name)
            self._held[name] = used_in(rows)
            self._unpriced[name] = sum(row["requests"] - row["priced"] for row in rows)
            self._read_at[name] = self._clock()

    def saved(self, rows: Iterable[UsageRow | CostRow]) -> None:
        """Rows that have just gone into the book; the caller holds `saving`."""
        for row in rows:
            held = self._held.get(row.profile)
            if held is not None:
                amount = getattr(row, "amount", None)
                held.append(
                    Used(row.day, TOKENS, float(getattr(row, "tokens", 0)))
                    if amount is None
                    else Used(row.day, getattr(row, "currency", ""), amount)
                )


def used_in(rows: Iterable[dict[str, object]]) -> list[Used]:
    """What rows of the book, summed by day, say was used."""
    found = []
    for row in rows:
        kinds = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
        found.append(Used(str(row["day"]), TOKENS, float(sum(int(str(row[kind])) for kind in kinds))))
        cost = row["cost"]
        if isinstance(cost, dict):
            found += [Used(str(row["day"]), currency, float(amount)) for currency, amount in cost.items()]
    return found
