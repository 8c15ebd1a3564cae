"""Counters in the Prometheus text format, version 0.0.4. Pure.

Source: prometheus.io, "Exposition formats". `promtool check metrics` finds
nothing to say about it (tests/proxy/test_metrics.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ccswitch_tui.proxy.books.traffic import FIRST_BYTE_BUCKETS_S, Traffic
from ccswitch_tui.secret import redact

Sample = tuple[str, float]
"""What follows the family's name (a suffix, labels in braces), and the value."""

FAMILIES = {
    "up": ("gauge", "1 while the proxy answers."),
    "start_time_seconds": ("gauge", "When the proxy started, in seconds since 1970."),
    "requests_running": ("gauge", "Requests that are being answered now."),
    "resident_memory_bytes": ("gauge", "Memory of all workers together."),
    "requests_total": ("counter", "Answered requests, by profile, the endpoint's model and how they ended."),
    "tokens_total": ("counter", "Tokens as the endpoint counted them; kind: input, cache_read, cache_write, output."),
    "cost_total": ("counter", "Cost by currency; stated_by tells whether the endpoint or a price list said so."),
    "first_byte_seconds": ("histogram", "From the request to the first byte of its answer."),
}
"""Family, without the prefix `ccswitch_` → its type and what it counts."""

TOKEN_KINDS = ("input", "cache_read", "cache_write", "output")


def metrics_text(traffic: Traffic, gauges: Mapping[str, float]) -> str:
    """All families that have samples; `gauges` are named as in FAMILIES."""
    samples = {name: [("", value)] for name, value in gauges.items()}
    samples["requests_total"] = list(_requests(traffic))
    samples["tokens_total"] = list(_tokens(traffic))
    samples["cost_total"] = list(_costs(traffic))
    samples["first_byte_seconds"] = list(_first_bytes(traffic))
    return "".join(line + "\n" for name, of_it in samples.items() if of_it for line in _family(name, of_it))


def _family(name: str, samples: list[Sample]) -> Iterator[str]:
    kind, about = FAMILIES[name]
    yield f"# HELP ccswitch_{name} {about}"
    yield f"# TYPE ccswitch_{name} {kind}"
    for rest, value in samples:
        yield f"ccswitch_{name}{rest} {value:.15g}"


def _requests(traffic: Traffic) -> Iterator[Sample]:
    for (profile, model, outcome), sums in traffic.counts.items():
        yield _labels(profile=profile, model=model, outcome=outcome), sums[0]


def _tokens(traffic: Traffic) -> Iterator[Sample]:
    for (profile, model, outcome), sums in traffic.counts.items():
        for kind, count in zip(TOKEN_KINDS, sums[2:6], strict=True):
            yield _labels(profile=profile, model=model, outcome=outcome, kind=kind), count


def _costs(traffic: Traffic) -> Iterator[Sample]:
    for (profile, model, currency, by), (_, amount) in traffic.costs.items():
        yield _labels(profile=profile, model=model, currency=currency, stated_by=by), amount


def _first_bytes(traffic: Traffic) -> Iterator[Sample]:
    total = 0
    for limit, count in zip((*map(str, FIRST_BYTE_BUCKETS_S), "+Inf"), traffic.first_byte_buckets, strict=True):
        total += count
        yield f'_bucket{{le="{limit}"}}', total
    yield "_sum", round(traffic.first_byte_sum_s, 3)
    yield "_count", total


def _labels(**labels: str) -> str:
    return "{" + ",".join(f'{name}="{_quoted(text)}"' for name, text in labels.items()) + "}"


def _quoted(text: str) -> str:
    return redact(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
