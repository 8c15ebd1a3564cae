"""Whose price list counts at which address. Pure.

The same model has another price at every seller, so a list's row is used for
that seller's own address alone; a look-alike, a relay and a gateway are none.
Left out: plans, which are not paid by the token (api.kimi.com/coding, the
coding addresses of Z.ai, Alibaba and Volcengine, MiniMax, whose plan and other
keys share an address), and addresses that bill in another currency than the
list's US dollars (the .cn twins).
"""

from __future__ import annotations

from ccswitch_tui.record import NamedTuple


class Seller(NamedTuple):
    """One seller: its name in the list, and the addresses that are its own."""

    id: str
    at: tuple[str, ...]
    """Host and the beginning of the path; `*.` in front stands for one name more."""
    by_answer: bool = False
    """The asked name is the user's (a deployment); the model is the one that the answer names."""


SELLERS = (
    Seller("anthropic", ("api.anthropic.com",)),
    Seller("openai", ("api.openai.com",)),
    Seller("azure", ("*.openai.azure.com",), by_answer=True),
    Seller("azure_ai", ("*.services.ai.azure.com",), by_answer=True),
    Seller("deepseek", ("api.deepseek.com",)),
    Seller("moonshot", ("api.moonshot.ai",)),
    Seller("zai", ("api.z.ai/api/paas",)),
    Seller("dashscope", ("dashscope-intl.aliyuncs.com",)),
    Seller("mistral", ("api.mistral.ai",)),
    Seller("groq", ("api.groq.com",)),
    Seller("together_ai", ("api.together.xyz", "api.together.ai")),
    Seller("fireworks_ai", ("api.fireworks.ai",)),
    Seller("xai", ("api.x.ai",)),
    Seller("gemini", ("generativelanguage.googleapis.com",)),
    Seller("cerebras", ("api.cerebras.ai",)),
    Seller("perplexity", ("api.perplexity.ai",)),
    Seller("novita", ("api.novita.ai",)),
    Seller("nebius", ("api.studio.nebius.ai", "api.tokenfactory.nebius.com")),
    Seller("hyperbolic", ("api.hyperbolic.xyz",)),
    Seller("deepinfra", ("api.deepinfra.com",)),
    Seller("sambanova", ("api.sambanova.ai",)),
    Seller("cohere_chat", ("api.cohere.ai", "api.cohere.com")),
    Seller("aihubmix", ("aihubmix.com",)),
)


def seller_of(base_url: str) -> Seller | None:
    """The seller whose own address this is; https alone, since a list's price at another place is nobody's."""
    if not base_url.startswith("https://"):
        return None
    host, _, path = base_url[len("https://") :].partition("/")
    host = host.lower().removesuffix(":443")
    for seller in SELLERS:
        for place in seller.at:
            name, _, begins = place.partition("/")
            if _is_host(host, name) and f"{path}/".startswith(f"{begins}/" if begins else ""):
                return seller
    return None


def _is_host(host: str, name: str) -> bool:
    if not name.startswith("*."):
        return host == name
    label, _, rest = host.partition(".")
    return rest == name[2:] and bool(label)
