"""What the tests of settings share: profiles, a Context in a scratch home, generated settings files."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from ccswitch_tui.claude.owned import OWNED
from ccswitch_tui.paths import resolve_paths
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from ccswitch_tui.profiles.table import profile_to_table
from ccswitch_tui.workflows.context import Context

LAW = settings(
    max_examples=5 if sys.platform == "win32" else 60, deadline=None, suppress_health_check=list(HealthCheck)
)
"""How often each law is tried: two busy cores are enough for this."""

THEIRS = '{\n\t"theme": "d\\u00e9j\\u00e0",\n\t"permissions": {"allow": [ "Bash(ls:*)" ]},\n\t"n": 1.0e2\n}'
"""A settings file with habits of its own: tabs, escapes, odd spacing, no final newline."""


def chat_profile(name: str = "work", **more: Any) -> Profile:
    """A profile behind the proxy, with a model Claude Code does not know."""
    given: dict[str, Any] = {
        "endpoint": Endpoint(f"https://api.{name}.example/v1", "openai-chat"),
        "key": SecretRef("env", "EXAMPLE_KEY"),
        "models": ModelTiers(default=f"{name}-large", haiku=f"{name}-small"),
        "context_window": 65_536,
        **more,
    }
    return Profile(name, **given)


def native_profile(name: str = "native", **more: Any) -> Profile:
    """A profile Claude Code talks to directly."""
    given: dict[str, Any] = {
        "endpoint": Endpoint(f"https://{name}.example/anthropic", "anthropic"),
        "key": SecretRef("env", "EXAMPLE_KEY"),
        "models": ModelTiers(default=f"{name}-large"),
        "route": "direct",
        **more,
    }
    return Profile(name, **given)


def context(home: Path, *profiles: Profile, cwd: Path | None = None, **env: str) -> Context:
    """A Context over `home` that knows these profiles."""
    whole = {"HOME": str(home), "PATH": os.defpath, "EXAMPLE_KEY": "sk-example-0001", **env}
    folder = cwd or home / "project"
    folder.mkdir(parents=True, exist_ok=True)
    save(home, *profiles, **env)
    return Context(whole, cwd=str(folder))


def save(home: Path, *profiles: Profile, **env: str) -> None:
    """Writes profiles.toml."""
    path = Path(resolve_paths({"HOME": str(home), **env}).profiles)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["version = 1"]
    for profile in profiles:
        table = profile_to_table(profile)
        lines.append(f"[profiles.{profile.name}]")
        lines += [f"{key} = {_inline(value)}" for key, value in table.items()]
    path.write_text("\n".join(lines) + "\n")


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_inline(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)


# ---------------------------------------------------------------- generated settings files

OUR_NAMES = sorted(key[4:] for key in OWNED if key.startswith("env."))

texts = st.text(st.characters(codec="utf-8"), max_size=12)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
env_values = texts | st.integers() | st.booleans()
envs = st.dictionaries(st.sampled_from(OUR_NAMES) | st.sampled_from(["PATH_X", "DEBUG", "é"]), env_values, max_size=6)
trees = st.builds(
    lambda rest, env, helper, model: {**rest, **env, **helper, **model},
    st.dictionaries(
        texts.filter(lambda k: k not in ("env", "apiKeyHelper", "model", "modelPicker")), values, max_size=4
    ),
    st.just({}) | envs.map(lambda env: {"env": env}),
    st.just({}) | st.just({"apiKeyHelper": "/usr/bin/their-helper"}),
    st.just({}) | st.sampled_from(["opus", "claude-sonnet-4-5", "their-model"]).map(lambda m: {"model": m}),
)
"""Settings trees, with and without keys we own."""

LAYOUTS: list[dict[str, Any]] = [
    {"indent": 2},
    {"indent": 4},
    {"indent": "\t"},
    {},
    {"separators": (",", ":")},
    {"indent": 2, "ensure_ascii": False},
    {"indent": 1, "separators": (" ,", " : ")},
]


@st.composite
def settings_texts(draw: st.DrawFn) -> str:
    """A settings file as text, in one of the many forms people have."""
    text = json.dumps(draw(trees), **draw(st.sampled_from(LAYOUTS)))
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "\ufeff", "\n "])) + text + draw(st.sampled_from(["", "\n", "\r\n", "  \n\n"]))


tiers = st.sampled_from([None, "m-large", "m-small", "vendor/m:free", "claude-sonnet-4-5", "é m"])


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Profiles of all shapes that `use` takes."""
    native = draw(st.booleans())
    return Profile(
        name=draw(st.sampled_from(["a", "b.c", "d-e", "ü9"])),
        endpoint=Endpoint(
            "https://relay.example",
            "anthropic" if native else "openai-chat",
            headers=draw(st.sampled_from([{}, {"X-Org": "one"}])),
            ca_file=draw(st.sampled_from([None, "~/ca.pem"])),
            http_proxy=draw(st.sampled_from([None, "http://proxy.example:3128"])),
        ),
        models=ModelTiers(*(draw(tiers) for _ in range(6))),
        quirks=draw(st.sampled_from([{}, {"drop_fields": ["thinking"]}, {"mid_system": "fold", "drop_fields": [
            "thinking", "output_config", "context_management"]}])),
        route="direct" if native and draw(st.booleans()) else "proxy",
        extra_env=draw(st.sampled_from([{}, {"DEBUG": "1"}, {"API_TIMEOUT_MS": "5"}])),
        context_window=draw(st.sampled_from([None, 32_000, 200_000])),
        max_output=draw(st.sampled_from([None, 8192])),
    )  # fmt: skip
