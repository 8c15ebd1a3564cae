"""A draft with what a probe proved about its endpoint: the format, the header style, the address, the model.

Pure. Only what was shown to work is taken over, and only at the host that was
given: a probe may correct an address, never move a key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ccswitch_tui.interop.new_api import recognise_gateway
from ccswitch_tui.probe.model import ProbeReport
from ccswitch_tui.probe.shapes import ListedModel, parsed, read_models
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.sentence import say
from ccswitch_tui.wire.formats import wire_named

ADDRESS_KEYS = {"endpoint.base_url", "endpoint.wire", "endpoint.auth"}


def with_report(draft: Draft, report: ProbeReport, *, keep_wire: bool = False) -> Draft:
    """The draft as the probe showed it to work; what was changed is in its notes.

    `keep_wire`: the user named the format, so a better one is only mentioned.
    """
    assert draft.endpoint is not None
    notes = list(draft.notes)
    endpoint = draft.endpoint
    # A better address of the same host outranks the bare verdict on the one given.
    patch = {} if keep_wire else _address_patch(draft, report)
    wire = wire_named(patch.get("endpoint.wire") or report.wire)
    if wire and wire != endpoint.wire and not keep_wire:
        notes.append(say("the probe was answered in the format '{wire}'", wire=wire))
        endpoint = endpoint._replace(wire=wire)
    base_url = str(patch.get("endpoint.base_url") or endpoint.base_url)
    if base_url != endpoint.base_url:
        notes.append(say("the probe was answered at {base_url}", base_url=base_url))
        endpoint = endpoint._replace(base_url=base_url)
    auth = str(patch.get("endpoint.auth") or report.auth or endpoint.auth)
    if auth not in (endpoint.auth, "none") and (draft.secret is not None or draft.key_ref is not None):
        notes.append(say("the endpoint accepts the key as {auth}", auth=auth))
        endpoint = endpoint._replace(auth=auth)
    quirks = {**draft.quirks, **learned_quirks(report)}
    draft = draft._replace(endpoint=endpoint, quirks=quirks, notes=tuple(notes))
    draft = _with_models(_with_gateway(draft, report), listed_models(report), answers=report.wire is not None)
    # A second climb says again what the first one said.
    return draft._replace(notes=tuple(dict.fromkeys(draft.notes)), warnings=tuple(dict.fromkeys(draft.warnings)))


def learned_quirks(report: ProbeReport) -> dict[str, Any]:
    """The quirks a probe found, as a profile keeps them: with where they are from."""
    return {
        q.name: {"value": q.value, "from": "probe", "at": report.at[:10], "because": q.because[:200]}
        for q in report.quirks
    }


_ID = re.compile(r'"id":\s*"((?:[^"\\]|\\.){1,200})"')
"""For a list so long that its recorded body was cut and is no JSON any more."""


def listed_models(report: ProbeReport) -> dict[str, int | None]:
    """The models the endpoint listed, with their context windows where it tells them."""
    return {row.id: row.context_window for row in listed_rows(report)}


def listed_rows(report: ProbeReport) -> list[ListedModel]:
    """The models the endpoint listed, with all it tells of them."""
    for exchange in report.exchanges:
        if exchange.rung in ("http", "models") and exchange.status == 200:
            rows = rows_in(exchange.body) if exchange.rung == "models" else read_models(parsed(exchange.body))
            if rows or exchange.rung == "models":
                return rows or []
    return []


def rows_in(body: str) -> list[ListedModel]:
    """The models in the body of a list; of one that was cut, those whose names are whole."""
    rows = read_models(parsed(body))
    return rows if rows is not None else [ListedModel(name) for name in dict.fromkeys(_ID.findall(body))]


def _with_gateway(draft: Draft, report: ProbeReport) -> Draft:
    """Says what kind of gateway answered, and marks the profile with it."""
    headers = {name: value for exchange in report.exchanges for name, value in exchange.headers}
    gateway = recognise_gateway(headers)
    if gateway is None:
        return draft
    tag = gateway.name.lower()
    return draft._replace(
        notes=(*draft.notes, say("this is {name}: {advice}", name=gateway.name, advice=gateway.advice)),
        tags=draft.tags if tag in draft.tags else (*draft.tags, tag),
    )


def _address_patch(draft: Draft, report: ProbeReport) -> Mapping[str, Any]:
    """The first fix that only corrects how this host is addressed."""
    assert draft.endpoint is not None
    for finding in report.findings:
        patch = finding.fix.patch if finding.fix else None
        if patch and set(patch) <= ADDRESS_KEYS:
            base_url = str(patch.get("endpoint.base_url") or draft.endpoint.base_url)
            if _place(base_url) == _place(draft.endpoint.base_url):
                return patch
    return {}


def _place(base_url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(base_url)
    return parts.scheme, parts.hostname, parts.port


def _with_models(draft: Draft, listed: Mapping[str, int | None], *, answers: bool) -> Draft:
    """A lone model is the model; the window the endpoint tells is taken where nobody said another."""
    notes, warnings = list(draft.notes), list(draft.warnings)
    models = draft.models
    if not models.default and len(listed) == 1:
        models = models._replace(default=next(iter(listed)))
        notes.append(say("the endpoint serves one model, '{model}'", model=models.default))
    elif not models.named() and listed:
        shown = ", ".join(list(listed)[:6]) + (" …" if len(listed) > 6 else "")
        warnings.append(say("no model is named; the endpoint lists {models}", models=shown))
    window = draft.context_window or listed.get(models.default or "")
    if window is None and answers and len(listed) == 1:  # llama.cpp answers to any name with the one model it has
        window = next(iter(listed.values()))
    return draft._replace(
        models=models,
        context_window=window,
        listed_models=draft.listed_models or tuple(listed),
        notes=tuple(notes),
        warnings=tuple(warnings),
    )
