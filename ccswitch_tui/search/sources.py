"""The search APIs: how each is asked and how its answer reads. Data and two pure functions a source.

Fields after each vendor's public documentation as of December 2026. SearXNG was
run for real (tests/search/test_searxng.py); the paid ones were checked against
fakes of their documented answers only, because nothing here leaves loopback.
"""

from __future__ import annotations

from ccswitch_tui.search.clean import plain
from ccswitch_tui.search.model import Adapter, Answered, Ask, Json, SearchFailed, Wanted
from ccswitch_tui.search.reading import first, hits, listed, rows, text_in


def shorter(text: str, most: int) -> str:
    """`text`, cut at a word if it is longer than `most` characters."""
    if len(text) <= most:
        return text
    return text[: most + 1].rsplit(" ", 1)[0][:most]


def with_sites(wanted: Wanted, most: int) -> str:
    """The query with the domain lists as operators, for sources without fields for them; the operators are kept."""
    hosts = [rule.removeprefix("https://").removeprefix("http://").removeprefix("*.") for rule in wanted.allowed]
    operators = " OR ".join(f"site:{host.partition('/')[0]}" for host in hosts)
    if len(hosts) > 1:
        operators = f"({operators})"
    for rule in wanted.blocked:
        operators += f" -site:{rule.partition('/')[0]}"
    operators = operators.strip()
    if len(operators) > most // 2:
        operators = ""  # cleaned() filters all the same
    return f"{shorter(wanted.query, most - len(operators) - 1)} {operators}".strip()


# ---------------- SearXNG: docs.searxng.org/dev/search_api.html


def _searxng(wanted: Wanted, most: int) -> Ask:
    # domains are filtered here alone: engines that do not know `site:` find nothing for it
    return Ask("GET", "/search", {"q": wanted.query, "format": "json"})


def _read_searxng(got: Json) -> Answered:
    found = hits(rows(got, "results"), "content", age=("publishedDate",))
    said = text_in([got.get("answers"), [box.get("content") for box in rows(got, "infoboxes")]])
    silent = [_engine(told) for told in listed(got.get("unresponsive_engines"))]
    if not found and not said and silent:
        why = "; ".join(silent)
        raise SearchFailed("unavailable", f"got no answer from any of its engines ({plain(why, 200)})")
    return Answered(found, said)


def _engine(told: object) -> str:
    """An engine that did not answer, and why, as any release tells it."""
    parts = list(told.values()) if isinstance(told, dict) else told if isinstance(told, list) else [told]
    return ": ".join(str(part) for part in parts[:2])


# ---------------- Tavily: docs.tavily.com/documentation/api-reference


def _tavily(wanted: Wanted, most: int) -> Ask:
    body: Json = {"query": shorter(wanted.query, 400), "max_results": most, "search_depth": "basic"}
    if wanted.allowed:
        body["include_domains"] = list(wanted.allowed)
    if wanted.blocked:
        body["exclude_domains"] = list(wanted.blocked)
    return Ask("POST", "/search", body=body)


def _read_tavily(got: Json) -> Answered:
    return Answered(hits(rows(got, "results"), "content", age=("published_date",)), got.get("answer"))


# ---------------- Brave: api-dashboard.search.brave.com/app/documentation


def _brave(wanted: Wanted, most: int) -> Ask:
    query = {"q": with_sites(wanted, 400), "count": str(most), "text_decorations": "false"}
    return Ask("GET", "/res/v1/web/search", query)


def _read_brave(got: Json) -> Answered:
    return Answered(hits(rows(got, "web", "results"), "description", age=("page_age", "age")))


# ---------------- Exa: docs.exa.ai/reference/search


def _exa(wanted: Wanted, most: int) -> Ask:
    body: Json = {"query": wanted.query, "numResults": most, "contents": {"text": {"maxCharacters": 700}}}
    if wanted.allowed:
        body["includeDomains"] = list(wanted.allowed)
    if wanted.blocked:
        body["excludeDomains"] = list(wanted.blocked)
    return Ask("POST", "/search", body=body)


def _read_exa(got: Json) -> Answered:
    return Answered(hits(rows(got, "results"), "text", "highlights", "summary", age=("publishedDate",)))


# ---------------- Serper: serper.dev/playground


def _serper(wanted: Wanted, most: int) -> Ask:
    return Ask("POST", "/search", body={"q": with_sites(wanted, 2000), "num": most})


def _read_serper(got: Json) -> Answered:
    boxes = [got[name] for name in ("answerBox", "knowledgeGraph") if isinstance(got.get(name), dict)]
    summary = next((said for box in boxes if (said := first(box, "answer", "snippet", "description"))), "")
    return Answered(hits(rows(got, "organic"), "snippet", age=("date",)), summary)


# ---------------- Perplexity: docs.perplexity.ai/api-reference/search-post


def _perplexity(wanted: Wanted, most: int) -> Ask:
    body: Json = {"query": wanted.query, "max_results": most}
    domains = list(wanted.allowed) or [f"-{rule}" for rule in wanted.blocked]
    if domains:
        body["search_domain_filter"] = domains[:20]
    return Ask("POST", "/search", body=body)


def _read_perplexity(got: Json) -> Answered:
    return Answered(hits(rows(got, "results"), "snippet", age=("date", "last_updated")))


# ---------------- Ollama: docs.ollama.com/capabilities/web-search


def _ollama(wanted: Wanted, most: int) -> Ask:
    return Ask("POST", "/api/web_search", body={"query": wanted.query, "max_results": most})


def _read_ollama(got: Json) -> Answered:
    return Answered(hits(rows(got, "results"), "content"))


# ---------------- DeepSeek Search: docs.litellm.ai/docs/search/deepseek


def _deepseek(wanted: Wanted, most: int) -> Ask:
    return Ask("POST", "/v1/tools/search", body={"query": with_sites(wanted, 128), "count": most})


def _read_deepseek(got: Json) -> Answered:
    return Answered(hits(rows(got, "results"), "summary", "snippet", "content", age=("date",)))


SOURCES: dict[str, Adapter] = {
    "searxng": Adapter("SearXNG", "bearer", False, 2000, _searxng, _read_searxng),
    "tavily": Adapter("Tavily", "bearer", True, 400, _tavily, _read_tavily, 0.008),
    "brave": Adapter("Brave Search", "header:X-Subscription-Token", True, 400, _brave, _read_brave, 0.005),
    "exa": Adapter("Exa", "x-api-key", True, 2000, _exa, _read_exa, 0.005),
    "serper": Adapter("Serper", "header:X-API-KEY", True, 2000, _serper, _read_serper, 0.001),
    "perplexity": Adapter("Perplexity Search", "bearer", True, 2000, _perplexity, _read_perplexity, 0.005),
    "ollama": Adapter("Ollama", "bearer", True, 2000, _ollama, _read_ollama),
    "deepseek": Adapter("DeepSeek Search", "bearer", True, 128, _deepseek, _read_deepseek, 0.00075),
}
"""Prices: docs.tavily.com/documentation/api-credits (basic search, one credit), brave.com/search/api, exa.ai/pricing,
serper.dev (the smallest package), docs.perplexity.ai/getting-started/pricing, docs.litellm.ai/docs/search/deepseek."""
