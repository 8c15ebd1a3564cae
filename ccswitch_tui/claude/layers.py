"""Which of all the places that set a value wins, as measured. Pure.

Order, strongest first (Claude Code 2.1.330, repeated by
tests/claude/test_real_precedence.py): managed settings, `--settings`, local,
project, user, the `env` of Claude Code's own state file, the process's
environment. So settings beat exported variables, and `""` in a stronger place
clears what a weaker one says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccswitch_tui.claude.owned import OWNED
from ccswitch_tui.claude.reading import value_of
from ccswitch_tui.claude.settings import shown
from ccswitch_tui.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ORDER = ("managed", "flag", "local", "project", "user", "state", "environment")

LABELS = {
    "managed": "managed settings",
    "flag": "--settings",
    "local": "local settings",
    "project": "project settings",
    "user": "user settings",
    "state": "Claude Code's state file",
    "environment": "environment",
}


class Layer(NamedTuple):
    """One place that can set values, as it was read."""

    name: str
    """One of ORDER."""
    file: str | None
    tree: Mapping[str, Any]
    """In the shape of a settings file; the environment is `{"env": {…}}`."""


class Place(NamedTuple):
    """One place that sets a value."""

    layer: str
    file: str | None
    value: str | None
    """Masked where it is a credential."""


class EffectiveValue(NamedTuple):
    """One variable or setting: what counts, who decides, and who is overruled."""

    name: str
    value: Any
    """None when nobody sets it."""
    winner: str | None
    """A layer's name."""
    places: tuple[Place, ...]
    """Every place that sets it, strongest first."""

    @property
    def shown(self) -> str | None:
        """The value, masked where it is a credential."""
        return self.places[0].value if self.winner is not None else None


def effective(layers: Sequence[Layer], key: str) -> EffectiveValue:
    """What counts for an owned key, with provenance. Layers come in any order; of two alike the later wins."""
    ranked = sorted(enumerate(layers), key=lambda item: (ORDER.index(item[1].name), -item[0]))
    found = [(layer, value) for _, layer in ranked if (value := _value_in(layer, key)) is not None]
    name = key.removeprefix("env.")
    unheard = UNHEARD if decided_by_host(key) and is_host_managed(layers) else ()
    found.sort(key=lambda item: item[0].name in unheard)
    places = tuple(Place(layer.name, layer.file, shown(key, value)) for layer, value in found)
    if not found or found[0][0].name in unheard:
        return EffectiveValue(name, None, None, places)
    return EffectiveValue(name, found[0][1], found[0][0].name, places)


HOST_MANAGED = "CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST"
"""Set by programs that start Claude Code and decide where it connects: address, credential and models then come from
the environment alone, whatever settings files say (2.1.83 and later; window, extra body and proxies still come from
the files). Only as a variable of the process; in a settings file it does nothing. Measured with 2.1.330 and 2.1.332."""

UNHEARD = ("flag", "local", "project", "user", "state")
"""Layers that do not count then. An administrator's was not tried."""


def is_host_managed(layers: Sequence[Layer]) -> bool:
    """Whether the environment tells Claude Code to ignore what settings files say of the endpoint."""
    given = (value_of(layer.tree, f"env.{HOST_MANAGED}") for layer in layers if layer.name == "environment")
    return any(value not in (None, "", "0", "false") for value in given)


def decided_by_host(key: str) -> bool:
    """Whether this is among what the host decides."""
    return key in OWNED and OWNED[key].exclusive and key != "model"


def _value_in(layer: Layer, key: str) -> Any:
    if key.startswith("env."):
        env = layer.tree.get("env")
        return _as_text(env[key[4:]]) if isinstance(env, dict) and key[4:] in env else None
    return layer.tree.get(key) if layer.name not in ("state", "environment") else None


def _as_text(value: Any) -> str:
    """What a value in `env` is for Claude Code, which makes a text of everything as JavaScript does: `null` too."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return ",".join("" if item is None else _as_text(item) for item in value)
    if isinstance(value, dict):
        return "[object Object]"
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e21 else str(value)
