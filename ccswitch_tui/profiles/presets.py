"""The catalogue of providers: presets.toml, read and checked.

Pure but for reading the file that ships with the package. Data and its sources
are in the TOML; this module knows only their shape.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, assert_never
from urllib.parse import urlsplit

from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Timeouts
from ccswitch_tui.profiles.url import is_private, url_host
from ccswitch_tui.sentence import Sentence, either, say
from ccswitch_tui.wire.formats import FORMATS, WIRES, Wire

if TYPE_CHECKING:
    from ccswitch_tui.profiles.draft import Draft

KINDS = {
    "maker": "model makers",
    "platform": "hosts of many makers' models",
    "cloud": "in your own cloud account",
    "local": "servers on this machine",
}


class Preset(NamedTuple):
    """One provider of the catalogue."""

    id: str
    title: str
    kind: str
    source: str
    anthropic: str | None = None
    openai: str | None = None
    responses: str | None = None
    auth: str = "bearer"
    openai_auth: str = "bearer"
    models: Mapping[str, str] = {}
    listed_models: tuple[str, ...] = ()
    context_window: int | None = None
    max_output: int | None = None
    first_byte_s: int | None = None
    value: str | None = None
    """What stands at `{value}` in its addresses, in words; None when they are complete."""
    no_key: bool = False
    no_betas: bool = False
    """Refuses Claude Code's experimental betas."""
    key_page: str | None = None
    """Where a key is made."""
    billing_group: str = ""
    """Keys of one group are never tried on an address of another."""
    pair: str | None = None
    """Its twin in another region: same product, other keys."""
    env: tuple[str, ...] = ()
    """Variables its key usually lies in."""
    quirks: Mapping[str, Any] = {}
    """For its OpenAI-compatible address."""
    notes: tuple[Sentence, ...] = ()
    also: Mapping[str, str] = {}

    @property
    def wires(self) -> tuple[Wire, ...]:
        """The formats it speaks, the preferred one first."""
        return tuple(wire for wire in WIRES if self.address(wire))

    def address(self, wire: Wire) -> str | None:
        """The base URL for one wire, its `{value}` not filled in; None where it does not speak it."""
        match wire:
            case "anthropic":
                return self.anthropic
            case "openai-chat":
                return self.openai
            case "openai-responses":
                return self.responses
        assert_never(wire)

    def base_url(self, wire: Wire, value: str = "") -> str:
        """The base URL for one wire. Raises UsageError where it has none, or a value is missing."""
        base = self.address(wire)
        if base is None:
            raise UsageError(
                say("preset '{id}' has no {wire} address", id=self.id, wire=wire),
                hint=say("it speaks {names}", names=", ".join(self.wires)),
            )
        if self.value and not value:
            raise UsageError(
                say("preset '{id}' needs {value}", id=self.id, value=self.value),
                hint=say("--preset {id}:VALUE puts it into {base}", id=self.id, base=base),
            )
        return base.replace("{value}", value)

    def draft(self, wire: Wire | None = None, value: str = "") -> Draft:
        """What a profile of this provider is made of; the key is still to be given."""
        from ccswitch_tui.profiles.draft import Draft

        chosen = wire if wire is not None else self.wires[0]
        native = FORMATS[chosen].native
        endpoint = Endpoint(
            base_url=self.base_url(chosen, value),
            wire=chosen,
            auth="none" if self.no_key else self.auth if native else self.openai_auth,
            timeouts=Timeouts(first_byte_s=float(self.first_byte_s)) if self.first_byte_s else Timeouts(),
        )
        because = say("preset {id}", id=self.id)
        return Draft(
            endpoint=endpoint,
            models=ModelTiers(**self.models),
            source=f"the preset '{self.id}'",
            notes=self.notes,
            listed_models=self.listed_models,
            quirks={}
            if native
            else {k: {"value": v, "from": "preset", "because": because} for k, v in self.quirks.items()},
            extra_env={"CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS": "1"} if self.no_betas else {},
            context_window=self.context_window,
            max_output=self.max_output,
            preset=self.id,
        )


class Catalogue(NamedTuple):
    """All presets, and the sources their claims stand on."""

    presets: Mapping[str, Preset]
    sources: Mapping[str, str]

    def get(self, preset_id: str) -> Preset:
        """The preset of that id; raises UsageError with the nearest ids otherwise."""
        if preset_id in self.presets:
            return self.presets[preset_id]
        import difflib

        wanted = preset_id.casefold()
        near = [p.id for p in self.presets.values() if wanted in p.id or wanted in p.title.casefold()][:4]
        near = near or difflib.get_close_matches(wanted, self.presets, n=3)
        raise UsageError(
            say("there is no preset '{id}'", id=preset_id),
            hint=say("did you mean {names}?", names=either(near)) if near else say("'ccswitch-tui presets' lists them"),
        )

    def of_variable(self, name: str) -> Preset | None:
        """The provider whose key usually lies in this variable."""
        return next((p for p in self.presets.values() if name.upper() in p.env), None)

    def of_base_url(self, base_url: str) -> Preset | None:
        """The provider whose address this is, also with the other wire's."""
        bare = base_url.rstrip("/")
        return next((p for p in self.presets.values() if bare in (p.anthropic, p.openai)), None)


def loads_on_demand(base_url: str) -> bool:
    """Whether a local model server usually listens at this address: it may load a model before its first answer."""
    local = [p.openai for p in load_presets().presets.values() if p.kind == "local" and p.openai]
    ports = {urlsplit(address).port for address in local}
    return is_private(url_host(base_url)) and urlsplit(base_url).port in ports


@cache
def load_presets() -> Catalogue:
    """The catalogue that ships with this program."""
    with open(os.path.join(os.path.dirname(__file__), "presets.toml"), "rb") as file:
        document = tomllib.load(file)
    return Catalogue({i: _preset(i, table) for i, table in document["providers"].items()}, document["sources"])


def _preset(preset_id: str, table: dict[str, Any]) -> Preset:
    lists = {k: tuple(v) for k, v in table.items() if isinstance(v, list)}
    words: dict[str, Any] = {"title": say(table["title"]), "notes": tuple(say(note) for note in table.get("notes", ()))}
    if "value" in table:
        words["value"] = say(table["value"])
    return Preset(**{"id": preset_id, "billing_group": preset_id, **table, **lists, **words})
