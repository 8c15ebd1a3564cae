"""The names people give to an endpoint's facts, and what each means.

Environment variables, JSON fields, SDK arguments and labels in a chat message
differ in spelling only: each name is folded to one form and looked up here.
"""

from __future__ import annotations

import re

URL_NAMES = (
    "BASE_URL", "API_BASE_URL", "API_BASE", "API_URL", "API_ENDPOINT", "ENDPOINT", "BASEURL", "BASE_URI", "URI_BASE",
    "API_HOST", "REVERSE_PROXY", "BASE", "URL", "HOST", "SERVER_URL", "接口地址", "请求地址", "地址", "网址", "域名",
)  # fmt: skip
KEY_NAMES = (
    "AUTH_TOKEN", "API_KEY", "APIKEY", "API_TOKEN", "ACCESS_TOKEN", "BEARER_TOKEN", "SECRET_KEY", "API_SECRET", "KEY",
    "TOKEN", "BEARER", "密钥", "令牌", "秘钥",
)  # fmt: skip
MODEL_NAMES = ("MODEL_NAME", "MODEL_ID", "MODEL", "DEPLOYMENT_NAME", "DEPLOYMENT", "CHAT_MODEL", "模型", "模型名称")
"""Longest first within each tuple: the part before it is the vendor's group (`DEEPSEEK_API_KEY` → DEEPSEEK)."""

TIER_NAMES = {
    "ANTHROPIC_MODEL": "default",
    "ANTHROPIC_DEFAULT_MODEL": "default",
    "ANTHROPIC_DEFAULT_FABLE_MODEL": "fable",
    "ANTHROPIC_DEFAULT_OPUS_MODEL": "opus",
    "ANTHROPIC_DEFAULT_SONNET_MODEL": "sonnet",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL": "haiku",
    "ANTHROPIC_SMALL_FAST_MODEL": "haiku",
    "CLAUDE_CODE_SUBAGENT_MODEL": "subagent",
    "FABLE_MODEL": "fable",
    "OPUS_MODEL": "opus",
    "SONNET_MODEL": "sonnet",
    "HAIKU_MODEL": "haiku",
    "BIG_MODEL": "opus",
    "MIDDLE_MODEL": "sonnet",
    "SMALL_MODEL": "haiku",
}
"""Claude Code's variables, cc-switch's deep links, and the names of the simple proxies people come from."""

WEAK_NAMES = ("URL", "HOST", "BASE", "ENDPOINT", "SERVER_URL")
"""Names that programs give to any address (`SITE_URL`, `SMTP_HOST`): beside a vendor's label they say little."""

NO_ENDPOINTS = frozenset({
    "APP", "AUTH", "BACKEND", "CALLBACK", "CLIENT", "DATABASE", "DB", "DOCS", "ELASTICSEARCH", "FRONTEND",
    "GIT", "GITHUB", "HOME", "MAIL", "MONGO", "MONGODB", "MYSQL", "NEXT", "NEXTAUTH", "POSTGRES", "POSTGRESQL",
    "PUBLIC", "QDRANT", "RABBITMQ", "REDIRECT", "REDIS", "REFERER", "REPO", "REPOSITORY", "S3", "SENTRY",
    "SITE", "SLACK", "SMTP", "SUPABASE", "VECTOR", "VERCEL", "WEAVIATE", "WEB", "WEBHOOK", "WEBSITE", "WS",
})  # fmt: skip
"""Labels of addresses that are surely no model's: what a web application keeps in the same .env."""

_VARIABLE = re.compile(
    r"""\$\{?(?:(?:env|localEnv|containerEnv)[:.])?([A-Za-z_]\w*)(?::?[-?][^}]*)?\}?|%([A-Za-z_]\w*)%"""
    r"""|\$?\{\{\s*(?:\$?(?:secrets|env|process\.env)\.|\$(?:processEnv|dotenv)\s+)([A-Za-z_]\w*)\s*\}\}"""
    r"""|os\.environ/([A-Za-z_]\w*)|env:([A-Za-z_]\w*)|\{env[:.]([A-Za-z_]\w*)\}"""
    r"""|(?:process\.env\.|!env[ \t]+)([A-Za-z_]\w*)"""
    r"""|(?:os\.|System\.|process\.|Deno\.|std::)?(?:environ(?:\.get)?|getenv|env(?:\.get|::var)?|ENV(?:\.fetch)?|\$ENV)"""
    r"""[\[({]\s*["']?([A-Za-z_]\w*)["']?[^\])}]{0,80}[\])}]"""
)
"""A value that only names a variable: shells, cmd, VS Code, Continue's secrets, LiteLLM's os.environ/, ours,
opencode's and Caddy's, the .http files of editors, Bruno, and the calls of a dozen languages."""

_VARIABLE_OF_KEY = frozenset({
    "API_KEY_ENV", "API_KEY_ENV_VAR", "API_KEY_VAR", "API_KEY_NAME", "ENV_KEY", "KEY_ENV",
    "API_KEY_ENVIRONMENT_VARIABLE",
})  # fmt: skip
"""Names whose value is the name of the variable that holds the key: of Goose, Codex, qwen-code, avante."""

_MODEL_OF_A_PROGRAM = frozenset(
    {"GOOSE_MODEL", "AIDER_MODEL", "CLAUDISH_MODEL", "DEFAULT_MODEL", "LLM_MODEL", "AI_MODEL"}
)
"""The model under the name of the program that asks, and not of the vendor that answers."""

Pair = tuple[str, str]


def fold(name: str) -> str:
    """A name in one spelling: `baseURL`, `base-url`, `Base URL` → BASE_URL."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip().strip("\"'`*"))
    folded = re.sub(r"[\s.-]+", "_", name).upper().strip("_")
    for prefix in ("VITE_", "NEXT_PUBLIC_", "ACT_MODE_"):  # the last is Cline's, for the mode that works
        folded = folded.removeprefix(prefix)
    folded = re.sub("^GOOGLE_GEMINI_", "GEMINI_", folded)
    return "MODEL" if folded in _MODEL_OF_A_PROGRAM else folded


def fact(name: str, value: str) -> Pair:
    """A name in one spelling and its value; a key's variable that is named in words of its own as `$NAME`."""
    folded, value = fold(name), value.strip()
    if folded in _VARIABLE_OF_KEY and re.fullmatch(r"[A-Z][A-Z0-9_]{2,}", value):
        return "API_KEY", f"${value}"
    return folded, value


def variable_name(value: str) -> str | None:
    """NAME, if the value is nothing but a reference to an environment variable."""
    found = _VARIABLE.fullmatch(value.strip())
    return next((g for g in found.groups() if g), None) if found else None


def label_and_kind(name: str) -> tuple[str, str] | None:
    """The vendor's label ("" for none) and "url", "key" or "model" of a folded name; None where it is none of them."""
    for kind, names in (("key", KEY_NAMES), ("url", URL_NAMES), ("model", MODEL_NAMES)):
        for ending in names:
            if name == ending:
                return "", kind
            if name.endswith("_" + ending):
                label = name[: -len(ending) - 1].removesuffix("_API")
                return "" if label == "API" else label, kind
    return None


def kind_of(name: str) -> str:
    """What a folded name gives: "url", "key" or "model"; "" for what is no part of an endpoint."""
    found = None if name in TIER_NAMES or is_other_business(name) else label_and_kind(name)
    return found[1] if found else ""


def names_address(name: str) -> bool:
    """Whether a field or variable of this name gives an address."""
    return kind_of(fold(name)) == "url"


def names_model(name: str) -> bool:
    """Whether a field or variable of this name gives a model."""
    return fold(name) in TIER_NAMES or kind_of(fold(name)) == "model"


def is_other_business(name: str) -> bool:
    """Names that end like ours and mean something else."""
    if name.endswith("REVERSE_PROXY"):
        return False
    return name.endswith(
        ("_PROXY", "PUBLIC_KEY", "WEBSITE_URL", "HOMEPAGE", "ICON_URL", "CONFIG_URL", "SSH_KEY", "CA_KEY", "ENV_KEY")
    ) or (name in ("TOKENS", "MAX_TOKEN", "HOMEPAGE_URL", "DATABASE_URL", "REDIS_URL", "CLIENT_KEY"))
