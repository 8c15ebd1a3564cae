"""The edit form's lists: models as the endpoint that answers them lists them, and the other profiles there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.widget import Widget
from textual.widgets import Input, TextArea

from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.model import TIERS
from ccswitch_tui.tui import look
from ccswitch_tui.tui.asking import with_keys
from ccswitch_tui.tui.form import FIELDS, entries
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import Place, task
from ccswitch_tui.tui.widgets.choice import Choice

if TYPE_CHECKING:
    from ccswitch_tui.workflows.models import Offered

MODEL_FIELDS = tuple(f"models.{tier}" for tier in TIERS)
LISTED = (*MODEL_FIELDS, "tier_profiles", "fallbacks")
"""Fields with a list to choose from."""


class Picking(Place["str | None"]):
    """What `ctrl+l` does in a form, by the field one is in."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.profile_name = name
        self.inputs: dict[str, Widget] = {}
        """By a field's key."""
        self.lists: dict[str, list[Offered]] = {}
        """By profile: its endpoint's own list, once it was asked for."""

    def owner_of(self, key: str) -> str:
        """The profile whose endpoint answers the tier of a model's field, as the form says now."""
        try:
            owners = entries("tier_profiles", text_in(self.inputs["tier_profiles"]))
        except UsageError:
            return self.profile_name
        return owners.get(key.partition(".")[2], self.profile_name)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        """Enter in a field with a list opens it."""
        if any(f.widget_id == event.input.id for f in FIELDS if f.key in LISTED):
            self.action_do("pick")

    @task("pick")
    async def do_pick(self) -> None:
        """The list of the field one is in; of the default model where one is elsewhere."""
        focused = self.focused
        key = next((f.key for f in FIELDS if focused and f.widget_id == focused.id and f.key in LISTED), "")
        if key == "fallbacks":
            await self._pick_fallback()
        elif key == "tier_profiles":
            await self._pick_tier_profile()
        else:
            await self._pick_model(key or MODEL_FIELDS[0])

    async def _pick_model(self, key: str) -> None:
        """A model for a tier, out of the list of the profile that answers it."""
        from ccswitch_tui.tui.screens.pick_model import PickModelSheet

        tier, owner = key.partition(".")[2], self.owner_of(key)
        models = await self._listed(owner)
        title = t("pick.title", tier=t(f"tier.{tier}"))
        if owner != self.profile_name:
            title = t("pick.title_of", tier=t(f"tier.{tier}"), name=owner)
        chosen = await self.app.push_screen_wait(PickModelSheet(models, title, text_in(self.inputs[key])))
        if chosen is None:
            return
        put(self.inputs[key], chosen)
        self.set_focus(self.inputs[key])
        window = next((row.window for row in models if row.id == chosen), None)
        if key == MODEL_FIELDS[0] and window:
            field = self.inputs["context_window"]
            if text_in(field) != str(window):
                put(field, str(window))
                self.ccs.show_notice(t("edit.window_too", n=f"{window:,}"))

    async def _listed(self, owner: str) -> list[Offered]:
        """What the endpoint of a profile lists; asked once."""
        if owner not in self.lists:
            profile = self.session.profile(owner)
            self.ccs.show_notice(t("edit.asking", host=look.host_of(profile.endpoint.base_url) if profile else owner))
            self.lists[owner] = await with_keys(self.ccs, lambda: self.session.models(owner))
            self.app.clear_notifications()
        return self.lists[owner]

    async def _pick_fallback(self) -> None:
        """One more profile at the end of the list."""
        field = self.inputs["fallbacks"]
        there = [name.strip() for name in text_in(field).split(",") if name.strip()]
        chosen = await self._pick_profile(t("pick.fallback"), without=there)
        if chosen:
            put(field, ", ".join([*there, chosen]))

    async def _pick_tier_profile(self) -> None:
        """A tier, the profile that is to answer it, and the model it answers with there."""
        from ccswitch_tui.tui.screens.pick import Choosable, PickNamedSheet

        field = self.inputs["tier_profiles"]
        owners = entries("tier_profiles", text_in(field))
        tiers = [
            Choosable(tier, text_in(self.inputs[f"models.{tier}"]), owners.get(tier, self.profile_name))
            for tier in TIERS
            if tier != "default"
        ]
        tier = await self.app.push_screen_wait(PickNamedSheet(tiers, t("pick.tier"), "pick.tier_head"))
        if not tier:
            return
        owner = await self._pick_profile(t("pick.owner", tier=t(f"tier.{tier}")), now=owners.get(tier, ""))
        if not owner:
            return
        put(field, "\n".join(f"{name}={who}" for name, who in {**owners, tier: owner}.items()))
        await self._pick_model(f"models.{tier}")

    async def _pick_profile(self, title: str, *, without: list[str] | None = None, now: str = "") -> str | None:
        """Another profile by name; None where none was chosen, or there is none, which is said."""
        from ccswitch_tui.tui.screens.pick import Choosable, PickNamedSheet

        rows = [
            Choosable(p.name, p.models.default or "", look.host_of(p.endpoint.base_url))
            for p in (row.profile for row in self.session.now.rows)
            if p.name != self.profile_name and p.name not in (without or [])
        ]
        if not rows:
            self.ccs.show_notice(t("pick.no_other"), severity="warning")
            return None
        return await self.app.push_screen_wait(PickNamedSheet(rows, title, "head.name", now))


def text_in(widget: Widget) -> str:
    """What is typed in a field of any kind."""
    return widget.text if isinstance(widget, TextArea) else str(widget.value)  # type: ignore[attr-defined]


def put(widget: Widget, text: str) -> None:
    """A text into whatever holds one; a choice learns a value that is not among its own."""
    if isinstance(widget, TextArea):
        if widget.text != text:
            widget.text = text
        return
    if isinstance(widget, Choice) and text not in widget.values:
        widget.values.append(text)
    widget.value = text  # type: ignore[attr-defined]
