"""Readers of balance answers: parsed JSON in, meters out. Pure; one a shape, named in routes.toml.

Several services answer 200 to a refused key: the body decides. Amounts are in
the unit that the answer or the catalogue states, and are never converted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ccswitch_tui.balance.model import Meter, NotUnderstood, Reading, Refused, moment, needed, number, rows_of, table_of

Json = Mapping[str, Any]

UNLIMITED_USD = 100_000_000
"""What one-api and new-api write as the limit of a key without one."""


def deepseek(answer: Json, unit: str) -> Reading:
    """Several currencies, each an account of its own; totals are texts."""
    rows = rows_of(answer, "balance_infos")
    meters = tuple(
        Meter("money", remaining=needed(row, "total_balance"), unit=str(row.get("currency", ""))) for row in rows
    )
    if not meters:
        raise NotUnderstood("balance_infos")
    return Reading(meters, blocked=answer.get("is_available") is False)


def moonshot(answer: Json, unit: str) -> Reading:
    """The available part is what inference looks at; cash may be negative."""
    if number(answer.get("code")) not in (None, 0.0) or answer.get("status") is False:
        raise Refused(_said(answer))
    return Reading(
        (Meter("money", remaining=needed(table_of(answer, "data"), "available_balance"), unit=unit, assumed=True),)
    )


def kimi_coding(answer: Json, unit: str) -> Reading:
    """A weekly figure and shorter windows, in unnamed units: percent is what can be said."""
    meters = [_counted("week", table_of(answer, "usage"))]
    for row in answer.get("limits") or ():
        if isinstance(row, dict) and isinstance(row.get("detail"), dict):
            meters.append(_counted(_span(row.get("window")), row["detail"]))
    return Reading(tuple(meters))


def _counted(label: str, row: Json) -> Meter:
    limit = needed(row, "limit")
    used = number(row.get("used"))
    if used is None:
        used = limit - needed(row, "remaining")
    resets = next((row[name] for name in ("resetTime", "reset_at", "resetAt", "reset_time") if name in row), None)
    return Meter("window", label, used_percent=_percent(used, limit), resets_at=moment(resets))


def _span(window: Any) -> str:
    minutes = number(window.get("duration")) if isinstance(window, dict) else None
    if minutes is None or "MINUTE" not in str(window.get("timeUnit", "")):
        return "window"
    return f"{minutes / 60:g}h" if minutes >= 60 else f"{minutes:g}m"


def _percent(used: float, limit: float) -> float:
    if limit <= 0:
        raise NotUnderstood("limit")
    return round(used / limit * 100, 1)


GLM_WINDOWS = {3: "5h", 6: "week"}


def glm_quota(answer: Json, unit: str) -> Reading:
    """Told apart by type and unit, never by reset times; TIME_LIMIT counts tool calls of a month."""
    if answer.get("success") is False or number(answer.get("code")) not in (None, 200.0, 0.0):
        raise Refused(_said(answer))
    data = table_of(answer, "data")
    meters = []
    for row in rows_of(data, "limits"):
        tools = row.get("type") == "TIME_LIMIT"
        label = "tools, month" if tools else GLM_WINDOWS.get(int(number(row.get("unit")) or 0), "window")
        resets = moment(row.get("nextResetTime"))
        meters.append(Meter("window", label, used_percent=needed(row, "percentage"), resets_at=resets))
    return Reading(tuple(meters), words=str(data.get("level") or ""))


def minimax(answer: Json, unit: str) -> Reading:
    """Percent left; a weekly window with another status than 1 is not part of the plan."""
    base = answer.get("base_resp")
    if isinstance(base, dict) and number(base.get("status_code")) != 0.0:
        raise Refused(str(base.get("status_msg") or base.get("status_code")))
    meters = []
    for row in rows_of(answer, "model_remains"):
        name = str(row.get("model_name") or "")
        label = "" if name in ("general", "") else f"{name}, "
        left = needed(row, "current_interval_remaining_percent")
        meters.append(Meter("window", f"{label}5h", used_percent=100 - left, resets_at=moment(row.get("end_time"))))
        weekly = number(row.get("current_weekly_remaining_percent"))
        if weekly is not None and number(row.get("current_weekly_status")) == 1:
            resets = moment(row.get("weekly_end_time"))
            meters.append(Meter("window", f"{label}week", used_percent=100 - weekly, resets_at=resets))
    return Reading(tuple(meters))


def siliconflow(answer: Json, unit: str) -> Reading:
    """`balance` is the granted part alone; the answer also names a person, who is not looked at."""
    if number(answer.get("code")) not in (None, 20000.0) or answer.get("status") is False:
        raise Refused(_said(answer))
    data = table_of(answer, "data")
    return Reading((Meter("money", remaining=needed(data, "totalBalance"), unit=unit, assumed=True),))


def stepfun(answer: Json, unit: str) -> Reading:
    """The account that pays as it goes, not a plan."""
    return Reading((Meter("money", remaining=needed(answer, "balance"), unit=unit, assumed=True),))


def openrouter(answer: Json, unit: str) -> Reading:
    """`limit_remaining` and nothing reckoned from `usage`, which is of a lifetime."""
    data = table_of(answer, "data")
    expires = moment(data.get("expires_at"))
    if data.get("limit") is None and "limit" in data:
        meter = Meter("key", "key", used=number(data.get("usage")), unit="USD", unlimited=True)
    else:
        left = needed(data, "limit_remaining")
        meter = Meter("key", str(data.get("limit_reset") or "key"), left, limit=number(data.get("limit")), unit="USD")
    return Reading((meter,), ends_at=expires)


def novita(answer: Json, unit: str) -> Reading:
    """In ten-thousandths of a US dollar, as texts."""
    return Reading((Meter("money", remaining=needed(answer, "availableBalance") / 10_000, unit=unit),))


def ppio(answer: Json, unit: str) -> Reading:
    """In ten-thousandths."""
    return Reading((Meter("money", remaining=needed(answer, "credit_balance") / 10_000, unit=unit, assumed=True),))


def aihubmix(answer: Json, unit: str) -> Reading:
    """What it calls `total_usage` is what remains; negative is a key without a limit."""
    if "error" in answer:
        raise Refused(_said(answer))
    left = needed(answer, "total_usage")
    return Reading((Meter("key", "key", None if left < 0 else left, unit=unit, assumed=True, unlimited=left < 0),))


def ai302(answer: Json, unit: str) -> Reading:
    """A text, its currency not stated."""
    data = table_of(answer, "data") if "data" in answer else answer
    return Reading((Meter("money", remaining=needed(data, "balance"), unit=unit, assumed=bool(unit)),))


def opencode_go(answer: Json, unit: str) -> Reading:
    """Percent used; may exceed 100."""
    usage = table_of(answer, "usage")
    labels = {"rolling": "rolling", "weekly": "week", "monthly": "month"}
    meters = [
        Meter(
            "window", label, used_percent=needed(usage[name], "percent"), resets_at=moment(usage[name].get("resetsAt"))
        )
        for name, label in labels.items()
        if isinstance(usage.get(name), dict)
    ]
    if not meters:
        raise NotUnderstood("usage")
    return Reading(tuple(meters))


def new_api(answer: Json, unit: str) -> Reading:
    """The key's own figures in the operator's units; of an unlimited key they mean nothing."""
    if answer.get("success") is False or "error" in answer:
        raise Refused(_said(answer))
    data = table_of(answer, "data")
    expires = number(data.get("expires_at")) or 0
    unlimited = data.get("unlimited_quota") is True
    left = None if unlimited else needed(data, "total_available")
    meter = Meter("key", "key", left, number(data.get("total_used")), unit="quota", unlimited=unlimited)
    return Reading((meter,), ends_at=expires if expires > 0 else None)


def one_api(answer: Json, unit: str) -> Reading:
    """Two answers in one: `subscription` and `usage`. The fields say dollars and hold what the operator displays."""
    for part in ("subscription", "usage"):
        if "error" in table_of(answer, part):
            raise Refused(_said(table_of(answer, part)))
    limit = needed(table_of(answer, "subscription"), "hard_limit_usd")
    used = needed(table_of(answer, "usage"), "total_usage") / 100
    until = number(table_of(answer, "subscription").get("access_until")) or 0
    if limit >= UNLIMITED_USD:
        return Reading((Meter("key", "key", used=used, unlimited=True),))
    return Reading((Meter("key", "key", limit - used, used, limit),), ends_at=until if until > 0 else None)


def litellm(answer: Json, unit: str) -> Reading:
    """Spend within the key's budget window, in US dollars; a key without a budget has no end."""
    info = table_of(answer, "info")
    spend = needed(info, "spend")
    most = number(info.get("max_budget"))
    status = str(info.get("status") or "active")
    ends_at = moment(info.get("expires"))
    if most is None:
        meter = Meter("key", "key", used=spend, unit="USD", unlimited=True)
    else:
        resets = moment(info.get("budget_reset_at"))
        meter = Meter("key", "key", most - spend, spend, most, unit="USD", resets_at=resets)
    return Reading((meter,), expired=status == "expired", ends_at=ends_at, blocked=status not in ("active", "expired"))


READERS: dict[str, Callable[[Json, str], Reading]] = {
    reader.__name__: reader
    for reader in (
        deepseek, moonshot, kimi_coding, glm_quota, minimax, siliconflow, stepfun, openrouter, novita, ppio, aihubmix,
        ai302, opencode_go, new_api, one_api, litellm,
    )
}  # fmt: skip


def read(name: str, answer: Any, unit: str, now: float) -> Reading:
    """What an answer says. Raises Refused and NotUnderstood, and nothing else whatever the answer is."""
    if not isinstance(answer, dict):
        raise NotUnderstood("object")
    reading = READERS[name](answer, unit)
    if not reading.meters:
        raise NotUnderstood("no figure")
    ended = reading.ends_at is not None and reading.ends_at <= now
    return reading._replace(expired=reading.expired or ended)


def _said(answer: Json) -> str:
    error = answer.get("error")
    found = error.get("message") if isinstance(error, dict) else error
    return str(found or answer.get("message") or answer.get("msg") or answer.get("scode") or "")[:200]
