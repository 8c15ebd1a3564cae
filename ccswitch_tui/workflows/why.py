"""`why`: for each variable that decides endpoint, credential or model, who sets it, who wins, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.claude.layers import HOST_MANAGED, LABELS, EffectiveValue, Layer, Place, effective
from ccswitch_tui.claude.owned import OWNED
from ccswitch_tui.claude.reading import profile_in, value_of
from ccswitch_tui.claude.settings import shown
from ccswitch_tui.claude.surroundings import Export, find_exports
from ccswitch_tui.sentence import joined, say

if TYPE_CHECKING:
    from ccswitch_tui.workflows.context import Context

ALWAYS_TOLD = (
    "env.ANTHROPIC_BASE_URL", "apiKeyHelper", "env.ANTHROPIC_AUTH_TOKEN", "env.ANTHROPIC_API_KEY",
    "env.ANTHROPIC_MODEL",
)  # fmt: skip
"""Told also when nobody sets them: that is an answer, too."""

ALSO_WATCHED = {
    "env.ANTHROPIC_UNIX_SOCKET": "replaces every address and credential; unset it before starting claude",
    f"env.{HOST_MANAGED}": "makes Claude Code ignore address, credential and models in settings files; unset it",
    "env.ANTHROPIC_DEFAULT_MODEL": "counts only where ANTHROPIC_MODEL is not set",
    "availableModels": "a model that is not in it is silently replaced by the default",
    "modelOverrides": "sends a different name from the one that was chosen",
    "env.ANTHROPIC_BETAS": "is added to every request, also to endpoints that refuse it",
    "env.CLAUDE_CODE_EXTRA_BODY": "is merged into every request, also to endpoints that refuse it",
}
"""Not ours to write, but they decide, too."""


class Fix(NamedTuple):
    """The one `use` that makes our own setting win."""

    profile: str
    scope: str

    @property
    def command(self) -> str:
        """The same in a shell."""
        return f"ccswitch-tui use {self.profile}" + ("" if self.scope == "user" else f" --scope {self.scope}")


class Why(NamedTuple):
    """One variable or setting with everything known about it."""

    effective: EffectiveValue
    origins: tuple[Export, ...]
    """Lines in start-up files and editors that set it."""
    remedy: str
    """What to do when the winner is not us; "" when all is well."""
    fix: Fix | None = None
    """What of that one key can do; None where only a person can."""

    @property
    def name(self) -> str:
        return self.effective.name

    def places(self) -> list[Place]:
        """Every place, strongest first; start-up files last, because they act through the environment."""
        key = f"env.{self.name}"
        lines = [Place(e.by, e.where, shown(key, e.value)) for e in self.origins]
        return [*self.effective.places, *lines]

    def to_json(self) -> dict[str, object]:
        """The documented form, one entry of `why --json`."""
        return {
            "name": self.name,
            "value": self.effective.shown,
            "winner": self.effective.winner,
            "places": [place._asdict() for place in self.places()],
            "remedy": self.remedy,
        }


def why(ctx: Context, variable: str | None = None) -> list[Why]:
    """Every deciding variable that is set anywhere, or the one that is asked for.

    A settings file that cannot be read sets nothing; `ctx.settings.ignored()` names it.
    """
    layers = ctx.settings.layers()
    keys = [_key(variable)] if variable else [*OWNED, *ALSO_WATCHED]
    names = frozenset(key[4:] for key in keys if key.startswith("env."))
    exports = find_exports(ctx.paths, ctx.env, ctx.cwd, names)
    ours = _wanted_here(ctx, layers)
    found = []
    for key in keys:
        value = effective(layers, key)
        origins = tuple(export for export in exports if f"env.{export.name}" == key)
        if variable or key in ALWAYS_TOLD or value.places or origins:
            found.append(Why(value, origins, *_remedy(key, value, origins, ours)))
    return found


def _key(variable: str) -> str:
    """What the user typed as one of our keys; any other name is an environment variable."""
    plain = variable.removeprefix("env.")
    for key in [*OWNED, *ALSO_WATCHED]:
        if key.removeprefix("env.").lower() == plain.lower():
            return key
    return f"env.{plain}"


class Wanted(NamedTuple):
    """The profile that should be in effect here, and what its settings file says."""

    profile: str
    scope: str
    layer: Layer


def _wanted_here(ctx: Context, layers: list[Layer]) -> Wanted | None:
    """The strongest of our own settings files here."""
    for scope in ("local", "project", "user"):
        for layer in layers:
            if layer.name == scope and (name := profile_in(layer.tree)):
                return Wanted(name, scope, layer)
    return None


def _remedy(
    key: str, value: EffectiveValue, origins: tuple[Export, ...], ours: Wanted | None
) -> tuple[str, Fix | None]:
    """What to do, in words, and the write that does it where there is one."""
    if key in ALSO_WATCHED:
        return (say(ALSO_WATCHED[key]) if value.value else ""), None
    if value.winner is None or (not value.value and ours is None):
        return "", None
    if ours is None:
        idle = value.value and _decides(key)
        return (say("no profile is in use: 'ccswitch-tui use NAME' starts using one") if idle else ""), None
    wanted = value_of(ours.layer.tree, key)
    if value.winner == ours.scope or value.value == wanted:
        return "", None
    if key not in OWNED or (wanted is None and not OWNED[key].exclusive):
        return "", None
    fix = None if value.winner == "managed" else Fix(ours.profile, _scope_that_wins(value.winner, ours))
    return _how_to_win(key, value, origins, ours, fix), fix


def _scope_that_wins(winner: str, ours: Wanted) -> str:
    """The file to write: the strongest of ours where another settings file wins, the same again where none does."""
    return "local" if winner in ("local", "project") else ours.scope


def _decides(key: str) -> bool:
    return key in OWNED and OWNED[key].role in ("route", "credential", "rival")


def _how_to_win(key: str, value: EffectiveValue, origins: tuple[Export, ...], ours: Wanted, fix: Fix | None) -> str:
    name = key.removeprefix("env.")
    place = value.places[0]
    if fix is None:
        return say(
            ("your administrator sets it in {file}, and nothing of yours overrides that: ask for a change"),
            file=place.file,
        )
    if value.winner in ("local", "project"):
        return say(
            ("{stronger} override {ours}: '{command}', or remove {name} from {file}"),
            stronger=say(LABELS[value.winner]),
            ours=say(LABELS[ours.scope]),
            command=fix.command,
            name=name,
            file=place.file,
        )
    if value.winner == "user":
        return say("'{command}' writes it again", command=fix.command)
    lines = joined((_named(export) for export in origins[:3]), ", ")
    where = say(" (set in {lines})", lines=lines) if lines else ""
    return say(
        "'{command}' overwrites it; or unset {name}{where}",
        command=fix.command,
        name=name,
        where=where,
    )


def _named(export: Export) -> str:
    return say("{file}, line {line}", file=export.file, line=export.line) if export.line else export.file
