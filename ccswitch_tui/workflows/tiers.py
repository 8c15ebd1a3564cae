"""Which of an endpoint's models serves which tier: a first match, the same in the wizard and in `add`. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ccswitch_tui.profiles.model import ModelTiers
from ccswitch_tui.profiles.model_names import LARGE, SMALL, holds_conversation, nearest
from ccswitch_tui.workflows.proved import listed_models

if TYPE_CHECKING:
    from ccswitch_tui.probe.model import ProbeReport
    from ccswitch_tui.profiles.draft import Draft

NOTHING_CHOSEN = ModelTiers()


def match_tiers(models: Iterable[str], wanted: ModelTiers = NOTHING_CHOSEN) -> ModelTiers:
    """A first guess of which model serves which tier; what is already chosen stays.

    A tier is matched within the default model's family only: an endpoint with hundreds of models lists many a
    small one that has nothing to do with it. A tier equal to the default is left out: the default answers it anyway.
    """
    talkers = [m for m in models if holds_conversation(m)]
    middle = [m for m in talkers if not SMALL.search(m)]
    default = wanted.default or next(iter(middle or talkers), None)
    if default is None:
        return wanted
    guess = {
        "opus": nearest(default, [m for m in middle if LARGE.search(m)]),
        "haiku": nearest(default, [m for m in talkers if SMALL.search(m)]),
    }
    chosen = {tier: model for tier, model in guess.items() if model and model != default}
    return ModelTiers(**{**chosen, **wanted.named(), "default": default})


def first_match(draft: Draft, report: ProbeReport | None) -> ModelTiers:
    """The tiers as they are offered for what was gathered.

    A server that loads a model when it is asked for gets no second one by guess: loading the two in turn
    would take minutes.
    """
    from ccswitch_tui.profiles.presets import loads_on_demand

    if draft.models.default and draft.endpoint and loads_on_demand(draft.endpoint.base_url):
        return draft.models
    return match_tiers(offered_models(draft, report), draft.models)


def offered_models(draft: Draft, report: ProbeReport | None) -> list[str]:
    """Every model known for this endpoint: chosen, listed by the probe, known to the source; talkers first."""
    listed = listed_models(report) if report else {}
    known = dict.fromkeys([*draft.models.named().values(), *listed, *draft.listed_models])
    return sorted(known, key=lambda model: not holds_conversation(model))


def with_window(draft: Draft, report: ProbeReport | None) -> Draft:
    """With the context window the endpoint tells of the default model, where nobody has said another."""
    listed = listed_models(report) if report else {}
    window = listed.get(draft.models.default or "")
    return draft if window is None or draft.context_window is not None else draft._replace(context_window=window)
