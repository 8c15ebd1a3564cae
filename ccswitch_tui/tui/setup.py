"""What the wizard has gathered so far: one value, replaced at each step, so that stepping back is free. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast

from ccswitch_tui.probe.model import ProbeReport
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.model import ModelTiers, Profile, SecretRef, Wire
from ccswitch_tui.profiles.url import url_host
from ccswitch_tui.workflows.edit import patched
from ccswitch_tui.workflows.proved import learned_quirks, listed_models


class Setup(NamedTuple):
    """A profile on its way. Nothing of it is on disk before the last step."""

    draft: Draft = Draft()
    name: str = ""
    report: ProbeReport | None = None
    """The last ProbeReport, when one was made."""
    probed_model: str | None = None
    """The default model that report is about."""
    tiers_chosen: bool = False

    @property
    def profile(self) -> Profile:
        """The profile as it would be saved now; its key is wherever it is to be."""
        key = SecretRef("keyring", self.name) if self.draft.secret else self.draft.key_ref or SecretRef("none")
        return self.draft.profile(self.name or "new", key)

    def with_patch(self, patch: Mapping[str, Any]) -> Setup:
        """With a finding's fix applied."""
        fixed = patched(self.profile, patch)
        return self._replace(
            draft=self.draft._replace(endpoint=fixed.endpoint, models=fixed.models, quirks=fixed.quirks)
        )


def learned(setup: Setup, report: ProbeReport) -> Setup:
    """With what a probe found out: the format and the header style that work, and the endpoint's quirks."""
    endpoint = setup.draft.endpoint
    assert endpoint is not None
    endpoint = endpoint._replace(
        wire=cast("Wire | None", report.wire) or endpoint.wire, auth=report.auth or endpoint.auth
    )
    quirks = {**setup.draft.quirks, **learned_quirks(report)}
    draft = setup.draft._replace(endpoint=endpoint, quirks=quirks)
    return setup._replace(draft=draft, report=report, probed_model=draft.models.default)


# ---------------------------------------------------------------- names

_DULL = {
    "api",
    "www",
    "com",
    "net",
    "org",
    "io",
    "ai",
    "cn",
    "dev",
    "example",
    "v1",
    "openai",
    "anthropic",
    "llm",
    "gateway",
}
"""Parts of a host name that tell nobody which provider it is."""


def suggest_name(draft: Draft, taken: Iterable[str]) -> str:
    """A name nobody has yet: what the source calls it, or the telling part of the host."""
    base = re.sub(r"[^\w.-]+", "-", draft.name.strip()).strip("-._").lower() if draft.name else ""
    base = (base or _from_host(draft) or "profile")[:48]
    names = set(taken)
    return base if base not in names else next(f"{base}-{n}" for n in range(2, 10_000) if f"{base}-{n}" not in names)


def _from_host(draft: Draft) -> str:
    host = url_host(draft.endpoint.base_url) if draft.endpoint else ""
    if not host or host.replace(".", "").isdigit() or host == "localhost" or ":" in host:
        return "local" if host else ""
    parts = host.split(".")
    telling = [p for p in parts[:-1] if p not in _DULL]
    return re.sub(r"[^\w-]", "-", telling[-1] if telling else parts[0]).strip("-_")


# ---------------------------------------------------------------- models and tiers

NO_CONVERSATION = re.compile(
    r"embed|rerank|whisper|\btts\b|-tts|dall-?e|moderation|transcri|speech|audio|image|stable-?diffusion|flux|sora|video|ocr"
    r"|guard|bge-",
    re.IGNORECASE,
)
"""Names of models that hold no conversation; offered last."""
SMALL = re.compile(
    r"haiku|mini|flash|lite|small|nano|air\b|turbo|fast|highspeed|instant|(?<!\d)[1-9]b\b", re.IGNORECASE
)
LARGE = re.compile(r"opus|max|pro\b|large|ultra|plus|heavy|thinking|reason", re.IGNORECASE)


NOTHING_CHOSEN = ModelTiers()


def match_tiers(models: Iterable[str], wanted: ModelTiers = NOTHING_CHOSEN) -> ModelTiers:
    """A first guess of which model serves which tier; what is already chosen stays.

    A tier equal to the default is left out: the default answers it anyway.
    """
    talkers = [m for m in models if not NO_CONVERSATION.search(m)]
    middle = [m for m in talkers if not SMALL.search(m)]
    large = [m for m in middle if LARGE.search(m)]
    small = [m for m in talkers if SMALL.search(m)]
    default = wanted.default or next(iter(middle or talkers), None)
    guess = {"default": default, "opus": next(iter(large), None), "haiku": next(iter(small), None)}
    named = {**{k: v for k, v in guess.items() if v and (k == "default" or v != default)}, **wanted.named()}
    return ModelTiers(**named)


def offered_models(setup: Setup) -> list[str]:
    """Every model known for this endpoint: chosen, listed by the probe, known to the source; talkers first."""
    known = dict.fromkeys([*setup.draft.models.named().values(), *listed_by(setup.report), *setup.draft.listed_models])
    return sorted(known, key=lambda m: bool(NO_CONVERSATION.search(m)))


def listed_by(report: ProbeReport | None) -> dict[str, int | None]:
    """The models an endpoint listed when it was probed, with their context windows where it tells them."""
    return listed_models(report) if report else {}


def with_window(setup: Setup) -> Setup:
    """With the context window the endpoint tells of the default model, where nobody has said another."""
    window = listed_by(setup.report).get(setup.draft.models.default or "")
    if window is None or setup.draft.context_window is not None:
        return setup
    return setup._replace(draft=setup.draft._replace(context_window=window))
