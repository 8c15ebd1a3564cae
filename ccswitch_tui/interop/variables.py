"""The Draft that a set of names and values makes: which of them belong together, and what each value is.

Pure. A value that is a variable or a placeholder is never taken for a key, and a
vendor's key never goes to an address that stands under another name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from ccswitch_tui.interop.headers import (
    FROM_A_COMMAND,
    ReadHeaders,
    holds_key,
    is_placeholder,
    read_headers,
    usable_key,
    with_headers,
)
from ccswitch_tui.interop.names import (
    NO_ENDPOINTS,
    TIER_NAMES,
    WEAK_NAMES,
    Pair,
    fact,
    is_other_business,
    kind_of,
    label_and_kind,
    variable_name,
)
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, SecretRef, Timeouts
from ccswitch_tui.profiles.url import NormalisedUrl, UrlError, normalise_url, url_host
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import NOTHING, Sentence, say
from ccswitch_tui.wire.formats import CHAT, MESSAGES, Wire, format_of

KEPT_ENV = (
    "CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS", "MAX_THINKING_TOKENS", "CLAUDE_CODE_EFFORT_LEVEL", "ENABLE_TOOL_SEARCH",
    "CLAUDE_CODE_AUTO_COMPACT_WINDOW", "DISABLE_PROMPT_CACHING", "CLAUDE_CODE_MODEL_CAPABILITIES",
)  # fmt: skip
"""Variables that shape Claude Code's requests for one endpoint and therefore belong to a profile."""

OTHER_CLOUDS = (
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_MANTLE",
)

AUTH_OF_NAME = {"ANTHROPIC_AUTH_TOKEN": "bearer", "ANTHROPIC_API_KEY": "x-api-key", "CLAUDE_API_KEY": "x-api-key"}

WIRE_OF_GROUP: dict[str, Wire] = {"ANTHROPIC": MESSAGES, "CLAUDE": MESSAGES, "OPENAI": CHAT}

VENDOR_URLS = {
    "OPENAI": "https://api.openai.com/v1",
    "ANTHROPIC": "https://api.anthropic.com",
    "CLAUDE": "https://api.anthropic.com",
}
"""Where the SDKs of these go when no address is given."""

_NAME_OF_A_KEY = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:API_KEY|KEY|AUTH_TOKEN|TOKEN)")
"""A variable's name where its value was meant, as Claude Code's own status shows it."""

_REFERENCE = re.compile(
    r"[a-z][a-z0-9+.-]+://|(?:vault|keychain|keyring|secret|ssm|pass|gopass|bw):|@Microsoft\.KeyVault|ENC\[|arn:aws:|projects/[\w-]+/secrets/"
)
"""Where a secret lies, in the words of 1Password, Vault, the clouds and SOPS."""


_EXPRESSION = re.compile(
    r"(?:var|local|data|module|each|config|settings|self|this|process|vars|secrets|env)\.[A-Za-z_][\w.]*"
)
"""What a template or a program would put in: `local.gateway`, `settings.llm.url`."""


class _Group(NamedTuple):
    """What one vendor's names said."""

    url: str = ""
    url_name: str = ""
    unusable: Sentence = NOTHING
    """Why the address that was named is none."""
    key: str = ""
    key_name: str = ""
    model: str = ""
    second_key: str = ""


def draft_from_pairs(pairs: Iterable[Pair], source: str, *, name: str = "") -> Draft:
    """The Draft these names and values make. `endpoint` is None when there was no address among them.

    An address that is named and cannot be used (a variable, a scheme that is
    none, nothing at all) leaves `endpoint` None as well and says why in `unusable`.
    """
    facts = _with_whole_addresses([fact(k, v) for k, v in pairs if isinstance(v, str)])
    named = [(name, value) for name, value in facts if value or kind_of(name) == "url"]
    facts = [(name, value) for name, value in facts if value]
    notes: list[Sentence] = []
    warnings: list[Sentence] = []
    table = dict(facts)
    for cloud in OTHER_CLOUDS:
        if table.get(cloud, "") not in ("", "0", "false"):
            warnings.append(
                say("{cloud} sends Claude Code to that cloud's own sign-in, which no profile replaces", cloud=cloud)
            )
    chosen, group = _choose(_groups(named), warnings)
    if chosen in VENDOR_URLS and group.key and not group.url and not group.unusable:
        group = group._replace(unusable=unclear_address(facts, chosen))
    url = _url(group, chosen)
    return _assemble(
        chosen, group, url, table, Draft(name=name, source=source, notes=tuple(notes), warnings=tuple(warnings))
    )


def _with_whole_addresses(facts: list[Pair]) -> list[Pair]:
    """The facts; an address that a program puts together from several of them as one."""
    table = dict(facts)
    resource, host, path = (table.get(n) for n in ("ANTHROPIC_FOUNDRY_RESOURCE", "OPENAI_HOST", "OPENAI_BASE_PATH"))
    if resource and not table.get("ANTHROPIC_FOUNDRY_BASE_URL"):
        return [*facts, ("ANTHROPIC_FOUNDRY_BASE_URL", f"https://{resource}.services.ai.azure.com/anthropic")]
    if host and (path or "GOOSE_PROVIDER" in table):  # Goose asks HOST/BASE_PATH, and this path by default
        whole = f"{host.rstrip('/')}/{(path or 'v1/chat/completions').lstrip('/')}"
        return [(n, whole if n == "OPENAI_HOST" else v) for n, v in facts if n != "OPENAI_BASE_PATH"]
    return facts


_API_PATH = re.compile(r"https?://[^/\s]+/(?:\S*/)?(?:v\d\w*|anthropic|openai|messages|chat)(?:/|$)")


def unclear_address(facts: Iterable[Pair], label: str) -> Sentence:
    """Why a key is not sent to the vendor by default: an address under its label, or an API's, whose name says
    nothing to us. "" where there is none."""
    for name, value in facts:
        if name.endswith("_PROXY") or is_other_business(name) or not re.match(r"https?://", value, re.IGNORECASE):
            continue
        if name.startswith(label + "_") or _API_PATH.match(value):
            return say("it is not clear whether the key is for the address in {name}", name=name)
    return NOTHING


def _groups(facts: list[Pair]) -> dict[str, _Group]:
    groups: dict[str, _Group] = {}
    for name, value in facts:
        if name in TIER_NAMES or is_other_business(name):
            continue
        found = label_and_kind(name)
        if found is None:
            continue
        label, kind = found
        group = groups.get(label, _Group())
        if kind == "url":
            group = _with_address(group, label, name, value)
        elif kind == "key" and (not group.key or name == "ANTHROPIC_AUTH_TOKEN"):
            group = group._replace(key=value, key_name=name, second_key=group.key)
        elif kind == "key" and value != group.key:
            group = group._replace(second_key=value)
        elif kind == "model" and not group.model:
            group = group._replace(model=value)
        groups[label] = group
    return groups


def _with_address(group: _Group, label: str, name: str, value: str) -> _Group:
    """The group with one more address: the first that can be used counts, and a weak name never in a plain one's place.

    `HOST=db.example` beside a BASE_URL that cannot be read is some other program's.
    """
    weak, had_weak = _is_weak(name, label), _is_weak(group.url_name, label)
    why_not = why_unusable(value)
    if group.url and group.url_name == name and value != group.url and not group.key and not why_not:
        return group._replace(url=value)  # the entry before had no key: the one that follows is not for it
    if group.url and not (had_weak and not weak):
        return group
    if group.unusable and weak and not had_weak:
        return group
    if why_not:
        return group if group.unusable and not had_weak else group._replace(url="", unusable=why_not, url_name=name)
    return group._replace(url=value, url_name=name, unusable=NOTHING)


def _is_weak(name: str, label: str) -> bool:
    return name.removeprefix(label + "_" if label else "") in WEAK_NAMES


def why_unusable(address: str) -> Sentence:
    """Why an address that was named cannot be used; "" when it can."""
    if not address.strip():
        return say("the address is empty")
    variable = variable_name(address)
    if variable:
        return say("the address is the variable {variable}", variable=variable)
    if _EXPRESSION.fullmatch(address.strip()):
        return say("the code computes its address: it is not in this text")
    try:
        normalise_url(address)
    except UrlError as error:
        return error.message
    return NOTHING


def _choose(groups: dict[str, _Group], warnings: list[Sentence]) -> tuple[str, _Group]:
    """The group that says most: address and key, then address, then key."""
    if not groups:
        return "", _Group()
    bystanders = {label: group for label, group in groups.items() if _is_bystander(label, group, groups)}
    groups = {label: group for label, group in groups.items() if label not in bystanders}
    if any(group.key and group.unusable for group in groups.values()):
        # the address that was meant is named, and cannot be read: no other one takes its place
        groups = {n: g for n, g in groups.items() if not (g.url and not g.key and _is_weak(g.url_name, n))}
    same = {label for label, g in groups.items() if label == "" and g.url and any(
        label != other and (g.url, g.key) == (o.url, o.key) for other, o in groups.items())}  # fmt: skip
    groups = {label: group for label, group in groups.items() if label not in same}  # what the others were made of
    ranked = sorted(groups, key=lambda g: (-(bool(groups[g].url) * 2 + bool(groups[g].key)), not groups[g].key))
    best = groups[ranked[0]]
    complete = [g for g in ranked if groups[g].url and groups[g].key]
    if len(complete) > 1:
        warnings.append(
            say(
                "it contains more than one endpoint ({names}): the first one was used",
                names=", ".join(g.lower() for g in complete),
            )
        )
    # A part that stands without a vendor's name belongs to whoever lacks it.
    for other in ranked[1:]:
        given = groups[other]
        if other == "" or ranked[0] == "" or (not best.key and not _keeps_its_key(other, given, best, ranked[0])):
            best = best._replace(
                key=best.key or given.key,
                key_name=best.key_name or given.key_name,
                model=best.model or given.model,
                url=best.url or given.url,
                unusable=best.unusable or given.unusable,
            )
    unclear = next((g.url_name for label, g in bystanders.items() if label not in NO_ENDPOINTS), "")
    if unclear and not best.url and not best.unusable:
        best = best._replace(unusable=say("it is not clear whether the key is for the address in {name}", name=unclear))
    return ranked[0], best


def _is_bystander(label: str, group: _Group, groups: dict[str, _Group]) -> bool:
    """Whether an address is some other program's: a weak name with a label of its own, and no key beside it."""
    weak = label != "" and group.url_name.removeprefix(label + "_") in WEAK_NAMES
    return weak and not group.key and not group.model and any(g.key for g in groups.values())


def _are_twins(one: str, other: str) -> bool:
    """Whether two labels name entries of one list (RELAY_A and RELAY_B, A and B): each has what it has."""
    first, second = one.split("_"), other.split("_")
    differ = [pair for pair in zip(first, second, strict=False) if pair[0] != pair[1]]
    return len(first) == len(second) and len(differ) == 1 and (len(first) > 1 or max(map(len, differ[0])) <= 2)


def _keeps_its_key(label: str, group: _Group, taker: _Group, taker_label: str) -> bool:
    """Whether a vendor's key, or another entry's, must not go to an address that stands under another name."""
    from ccswitch_tui.profiles.presets import load_presets

    if not group.key:
        return False
    if _are_twins(label, taker_label):
        return True
    preset = load_presets().of_variable(group.key_name)
    if preset is not None and taker.url:
        host = url_host(normalise_url(taker.url).base_url)
        return host not in {url_host(base) for base in (preset.anthropic, preset.openai) if base}
    return label in VENDOR_URLS


def _url(group: _Group, label: str) -> NormalisedUrl | None:
    if group.url:
        return normalise_url(group.url)
    if group.key and label in VENDOR_URLS and not group.unusable:
        return normalise_url(VENDOR_URLS[label])
    return None


def _assemble(label: str, group: _Group, url: NormalisedUrl | None, table: dict[str, str], start: Draft) -> Draft:
    notes, warnings = list(start.notes), list(start.warnings)
    if url is not None:
        notes += url.changes
        warnings += [h for h in url.hints if h.startswith("http://")]
    secret, ref = read_key(group.key, notes)
    auth = AUTH_OF_NAME.get(group.key_name) if label in ("ANTHROPIC", "CLAUDE") else None
    if group.second_key and group.second_key != group.key:
        Secret(group.second_key)
        warnings.append(say("it contains two different keys: the bearer token was used"))
    endpoint, read = None, ReadHeaders({})
    if url is not None:
        if url.wire_hint is None:
            url = url._replace(base_url=format_of(WIRE_OF_GROUP.get(label)).fitted(url.base_url))
        wire = url.wire_hint if _says_more(url, label) else WIRE_OF_GROUP.get(label, url.wire_hint)
        read = _custom_headers(table.get("ANTHROPIC_CUSTOM_HEADERS", ""), notes, warnings)
        endpoint = Endpoint(
            base_url=format_of(wire).fitted(url.base_url, notes),
            wire=wire,
            auth=auth or url.auth_hint or "bearer",
            ca_file=table.get("NODE_EXTRA_CA_CERTS") or table.get("CA_BUNDLE_PATH"),
            timeouts=_timeouts(table),
        )
        secret = secret or url.secret
    keyed = with_headers(start._replace(endpoint=endpoint, secret=secret, key_ref=None if secret else ref), read)
    return keyed._replace(
        unusable=group.unusable if endpoint is None else NOTHING,
        models=_models(group, url, table, notes),
        notes=tuple(notes),
        warnings=tuple(warnings),
        extra_env={k: table[k] for k in KEPT_ENV if k in table},
        context_window=_tokens(table, "CLAUDE_CODE_MAX_CONTEXT_TOKENS", "CONTEXT_LENGTH", "CONTEXT_WINDOW"),
        max_output=_tokens(table, "CLAUDE_CODE_MAX_OUTPUT_TOKENS"),
    )


def _says_more(url: NormalisedUrl, label: str) -> bool:
    """Whether the address itself is a better witness of the wire than the variable's name."""
    if any("/chat/completions" in c or "/messages" in c for c in url.changes) or url.auth_hint is not None:
        return True
    translated = url.wire_hint is not None and not format_of(url.wire_hint).native
    return translated and format_of(WIRE_OF_GROUP.get(label)).native and is_chat_address(url.base_url)


_CHAT_PATH = re.compile(r"/(?:openai|compatible-mode|openai-compatible|compat)(?:/|$)")


def is_chat_address(base_url: str) -> bool:
    """Whether an address is surely one of chat completions: by its path, or as the catalogue knows it.

    Other tools keep such providers under ANTHROPIC_BASE_URL too, and translate.
    """
    from ccswitch_tui.profiles.presets import load_presets

    if _CHAT_PATH.search(base_url):
        return True
    stripped = format_of(MESSAGES).fitted(base_url)
    presets = load_presets().presets.values()
    return any(p.openai == base_url for p in presets) and not any(p.anthropic in (base_url, stripped) for p in presets)


def for_chat(address: str) -> str:
    """The base URL for chat completions of an address another tool keeps: as given, or with the /v1 it lacks."""
    base_url = normalise_url(address).base_url
    return base_url if re.search(r"/v\d+[a-z]*\d*$|/openai$", base_url) else base_url + "/v1"


def read_key(value: str, notes: list[Sentence]) -> tuple[Secret | None, SecretRef | None]:
    """A key's text as a Secret, a reference to a variable, or neither with a note."""
    value = value.strip()
    if value.startswith("$(") or (value[:1] == "`" and (not value.endswith("`") or " " in value)):
        notes.append(FROM_A_COMMAND)
        return None, None
    value = value.strip("\"'`").strip()
    if not value:
        return None, None
    if _REFERENCE.match(value):
        notes.append(say("the key is a reference that another program resolves: give it with --key 'command:…'"))
        return None, None
    bare = re.sub(r"^bearer\s+", "", value, flags=re.IGNORECASE)
    variable = variable_name(bare) or (bare if _NAME_OF_A_KEY.fullmatch(bare) else None)
    if variable:
        notes.append(
            say("the key is the variable {variable}: it is read from the environment each time", variable=variable)
        )
        return None, SecretRef("env", variable)
    if is_placeholder(value):
        notes.append(say("the key in it is a placeholder"))
        return None, None
    first, *more = re.split(r"\s*[,;|]\s*", value)
    if more and all(holds_key(one) for one in (first, *more)):
        for one in more:
            Secret(one)
        notes.append(say("it contains {n} keys: the first one was used", n=len(more) + 1))
        value = first
    return usable_key(value, notes), None


def _custom_headers(text: str, notes: list[Sentence], warnings: list[Sentence]) -> ReadHeaders:
    """ANTHROPIC_CUSTOM_HEADERS: `Name: value` lines."""
    pairs = [line.partition(":") for line in text.replace("\\n", "\n").splitlines() if ":" in line]
    return read_headers([(n.strip(), v.strip()) for n, _, v in pairs], notes, warnings)


def _models(group: _Group, url: NormalisedUrl | None, table: dict[str, str], notes: list[Sentence]) -> ModelTiers:
    tiers: dict[str, str] = {}
    for name, tier in TIER_NAMES.items():
        if table.get(name) and tier not in tiers:
            tiers[tier] = model_name(table[name])
    if group.model and not variable_name(group.model):
        tiers.setdefault("default", model_name(group.model))
    for tier in [t for t, model in tiers.items() if holds_key(model)]:
        Secret(tiers.pop(tier))
        notes.append(say("what was given as a model looks like a key and was left out"))
    if url is not None and url.model:
        tiers.setdefault("default", url.model)
    if "default" not in tiers:
        for tier in ("sonnet", "opus", "fable", "haiku"):
            if tier in tiers:
                tiers["default"] = tiers[tier]
                break
    same = [t for t in tiers if t != "default" and tiers[t] == tiers.get("default")]
    for tier in same:
        del tiers[tier]
    return ModelTiers(**tiers)


def model_name(text: str) -> str:
    """A model's name without the `[1m]` mark, which is Claude Code's own and never leaves it."""
    return re.sub(r"\[1m\]$", "", text.strip(), flags=re.IGNORECASE)


def _timeouts(table: dict[str, str]) -> Timeouts:
    wait_ms = _tokens(table, "API_TIMEOUT_MS")
    return Timeouts(first_byte_s=wait_ms / 1000) if wait_ms and wait_ms / 1000 > Timeouts().first_byte_s else Timeouts()


def _tokens(table: dict[str, Any], *names: str) -> int | None:
    for name in names:
        value = table.get(name, "")
        if value.isdigit() and int(value) > 0:
            return int(value)
    return None
