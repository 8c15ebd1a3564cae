"""Amounts of money as text: with as many digits as tell something, and never two currencies in one figure. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def amount_text(amount: float, currency: str) -> str:
    """An amount for a person: `0.0123 USD`, with as many digits as tell something."""
    return f"{amount:,.2f} {currency}" if amount >= 100 else f"{amount:.4g} {currency}"


def amounts_text(amounts: Mapping[str, float]) -> str:
    """Sums in several currencies, which nobody may add up."""
    return " + ".join(amount_text(amount, currency) for currency, amount in sorted(amounts.items()))
