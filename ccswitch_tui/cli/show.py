"""`show NAME`: everything a profile says, but its key."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ccswitch_tui.language import named, said, spoken
from ccswitch_tui.sentence import joined, say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.profiles.search_source import SearchSource
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.profiles import ProfileRow


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a profile")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows.profiles import profile_row

    row = profile_row(ctx, args.name)
    if args.json:
        from ccswitch_tui.profiles.table import profile_to_table

        out.json({"version": 1, "profile": {**row.to_json(), **_further(profile_to_table(row.profile))}})
        return 0
    from ccswitch_tui.cli.columns import aligned

    out.line(out.paint("bold", row.profile.name))
    for line in aligned([["  " + spoken(label), spoken(text)] for label, text in _lines(row)]):
        out.line(line)
    return 0


def _further(table: dict[str, Any]) -> dict[str, Any]:
    """What `show --json` adds to the fields of `list --json`: the rest of the profile's own table."""
    apart = ("key", "models", "route", "search", "secret_headers", "tier_profiles")
    return {name: value for name, value in table.items() if name not in apart}


def _lines(row: ProfileRow) -> list[tuple[str, str]]:
    profile = row.profile
    endpoint = profile.endpoint
    lines = [
        (say("address"), endpoint.base_url),
        (say("wire"), endpoint.wire or say("not known yet: 'ccswitch-tui probe {name}' finds out", name=profile.name)),
        (say("auth"), endpoint.auth),
        (say("route"), profile.route),
        (say("key"), _key_words(row)),
        (say("in use"), ", ".join(map(named, row.in_use)) or say("no")),
        *((say("header {header}", header=header), words) for header, words in _header_words(row)),
        *([(say("web search"), _search_words(row.search))] if row.search is not None else []),
    ]
    lines += [(say("model {tier}", tier=tier), model) for tier, model in _tiers(profile).items()]
    return lines + _rare_lines(profile)


def _header_words(row: ProfileRow) -> list[tuple[str, str]]:
    """Each secret header with where its value is."""
    return [
        (header, say("{store} (missing)", store=ref) if row.headers_present.get(header) is False else str(ref))
        for header, ref in row.profile.secret_headers.items()
    ]


def _search_words(source: SearchSource) -> str:
    if not source.host:
        return say("the endpoint's own search")
    return say("queries go to {host} ({source})", host=source.host, source=source.source)


def _tiers(profile: Profile) -> dict[str, str]:
    """Each tier's model, and which profile answers it where that is another one."""
    from ccswitch_tui.profiles.tiers import owner_of

    shown = {**dict.fromkeys(profile.tier_profiles, ""), **profile.models.named()}
    for tier in profile.tier_profiles:
        owner = owner_of(profile, tier)
        if owner is not None:
            model = shown[tier] or say("the model named there")
            shown[tier] = say("{model}, answered by profile '{owner}'", model=model, owner=owner)
    return shown


def _key_words(row: ProfileRow) -> str:
    """The reference as it stands in the profile, and what it does not say by itself."""
    beside = [said("in the encrypted key file")] if row.key_store == "key file" else []
    beside += [said("missing")] if row.key_present is False else []
    return f"{row.profile.key} ({', '.join(beside)})" if beside else f"{row.profile.key}"


def _rare_lines(profile: Profile) -> list[tuple[str, str]]:
    endpoint = profile.endpoint
    rare: list[tuple[str, Any]] = [
        (say("context window"), profile.context_window),
        (say("output limit"), profile.max_output),
        (say("CA file"), endpoint.ca_file),
        (say("client certificate"), endpoint.client_cert),
        (say("HTTP proxy"), endpoint.http_proxy),
        (say("headers"), ", ".join(f"{k}: {v}" for k, v in endpoint.headers.items())),
        (say("other keys"), ", ".join(f"{label} ({ref})" for label, ref in profile.keys.items())),
        (say("falls back to"), ", ".join(profile.fallbacks)),
        (say("environment"), ", ".join(f"{k}={v}" for k, v in profile.extra_env.items())),
        (say("quirks"), ", ".join(f"{k}={_plain(v)}" for k, v in profile.quirks.items())),
        (say("preset"), profile.preset),
        (say("tags"), ", ".join(profile.tags)),
        (say("note"), profile.note),
        (say("budget"), _budget_words(profile)),
    ]
    return [(label, str(value)) for label, value in rare if value]


def _budget_words(profile: Profile) -> str:
    if profile.budget is None:
        return ""
    from ccswitch_tui.workflows.budgets import uncounted

    limits = [
        say("{limit} a day", limit=str(limit)) if span == "day" else say("{limit} a month", limit=str(limit))
        for span, limit in profile.budget.limits().items()
    ]
    beside = [say("then requests are refused") if profile.budget.stop else say("then it is said"), uncounted(profile)]
    return joined(filter(None, [*limits, *beside]), ", ")


def _plain(quirk: Any) -> str:
    """A quirk's value without its provenance."""
    if isinstance(quirk, dict) and "value" in quirk:
        source = f" ({quirk['from']})" if quirk.get("from") else ""
        return f"{quirk['value']}{source}"
    return str(quirk)
