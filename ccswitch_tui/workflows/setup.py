"""One way to make a profile, step by step for the wizard and in one go for `add`.

    paste → begin → (key) → probed → took_over → save → take_back

The order is the promise: the endpoint is asked before anything is written, the key is stored and read back
before the profile, and what was saved can be taken back to the byte. Both faces call these functions in this
order and no others, so that the same paste makes the same profile in both. `workflows.verify` proves it afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.probe.model import Ladder, ProbeReport, Step
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.model import Profile, SecretRef
from ccswitch_tui.sentence import Sentence, say
from ccswitch_tui.workflows import add
from ccswitch_tui.workflows.proved import with_report
from ccswitch_tui.workflows.tiers import first_match

if TYPE_CHECKING:
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.workflows.context import Context


class Setup(NamedTuple):
    """A profile on its way: one value, replaced at each step, so that stepping back is free."""

    draft: Draft = Draft()
    name: str = ""
    keep_wire: bool = False
    """The user named the format: a better one is only mentioned."""
    url_changes: tuple[Sentence, ...] = ()
    """How the address was corrected when it was read."""
    report: ProbeReport | None = None
    """The last one, when the endpoint was asked."""
    probed_model: str | None = None
    """The default model that report is about."""
    tiers_chosen: bool = False
    refused: Secret | None = None
    """The key that the endpoint did not accept; one that is given next is another."""

    @property
    def profile(self) -> Profile:
        """The profile as it would be saved now; its key is wherever it is to be."""
        key = SecretRef("keyring", self.name) if self.draft.secret else self.draft.key_ref or SecretRef("none")
        return self.draft.profile(self.name or "new", key)

    def with_patch(self, patch: Mapping[str, Any]) -> Setup:
        """With a finding's fix applied."""
        from ccswitch_tui.workflows.edit import patched

        fixed = patched(self.profile, patch)
        draft = self.draft._replace(endpoint=fixed.endpoint, models=fixed.models, quirks=fixed.quirks)
        return self._replace(draft=draft)


def begin(ctx: Context, draft: Draft, name: str = "", *, pasted: bool = False, keep_wire: bool = False) -> Setup:
    """What was read, ready to be asked and saved: paths absolute, and warned of a key that was exposed already."""
    url_changes = draft.notes
    warnings = (*draft.warnings, *add.key_warnings(ctx, draft, draft.secret if pasted else None))
    draft = draft._replace(warnings=tuple(dict.fromkeys(warnings)))
    return Setup(draft, name, keep_wire, url_changes)


def asks_for_key(ctx: Context, setup: Setup) -> str:
    """Where a key would be kept, when the endpoint requires one that is not there yet; "" when none is to be asked for.

    Opens the key store before anybody is asked. Raises KeyStoreError where a key could not be kept.
    """
    needed = add.needs_key(setup.draft)
    where = add.open_key_store(ctx) if setup.draft.secret or setup.draft.stored_headers or needed else ""
    return where if needed else ""


def with_key(setup: Setup, secret: Secret | None, key_ref: SecretRef | None = None) -> Setup:
    """With a key that was given now, or with the place it is kept in."""
    return setup._replace(draft=setup.draft._replace(secret=secret, key_ref=None if secret else key_ref))


def key_of(ctx: Context, setup: Setup) -> Secret | None:
    """The key the endpoint is asked with. May block on a key store, and raise KeyStoreError."""
    return add.key_for_probe(ctx, setup.draft)


async def probed(
    ctx: Context, setup: Setup, key: Secret | None, ladder: Ladder, on_step: Callable[[Step], None]
) -> ProbeReport:
    """Asks the endpoint; the key is only in memory, and nothing is saved."""
    from ccswitch_tui.workflows.examine import examine

    draft = add.settled(ctx, setup.draft)
    profile = setup._replace(draft=draft).profile
    headers = await asyncio.to_thread(add.headers_for_probe, ctx, draft)
    return await examine(
        ctx,
        profile,
        key,
        secret_headers=headers,
        ladder=ladder,
        on_step=on_step,
        url_changes=setup.url_changes,
        keep=False,
    )


async def in_one_go(ctx: Context, setup: Setup, on_step: Callable[[Step], None]) -> Setup:
    """Asked, and with all that was proved: what the wizard does in three steps, for who is not there to choose."""
    report = await probed_in_one_go(ctx, setup, key_of(ctx, setup), on_step)
    return with_first_match(took_over(setup, report))


async def probed_in_one_go(
    ctx: Context, setup: Setup, key: Secret | None, on_step: Callable[[Step], None]
) -> ProbeReport:
    """One short look, and where that found nothing at the address, the long one: it tries every way on.

    A quick climb has four requests, which is too few to try both formats at both addresses an API may have.
    """
    from ccswitch_tui.probe.ladder import ELSEWHERE

    report = await probed(ctx, setup, key, "quick", on_step)
    if report.verdict == "broken" and any(finding.kind in ELSEWHERE for finding in report.findings):
        longer = await probed(ctx, setup, key, "default", lambda step: None)
        return longer if longer.verdict != "broken" else report
    return report


def took_over(setup: Setup, report: ProbeReport) -> Setup:
    """With what the probe proved: format, header style, address, model, window, quirks. The same for both faces."""
    draft = with_report(setup.draft, report, keep_wire=setup.keep_wire)
    return setup._replace(draft=draft, report=report, probed_model=draft.models.default)


def with_first_match(setup: Setup) -> Setup:
    """With the tiers the wizard offers first, for who is not there to choose; says which. Needs a default model."""
    draft = setup.draft
    if not draft.models.default:
        return setup
    models = first_match(draft, setup.report)
    had = draft.models.named()
    notes = [
        say("the tier {tier} is answered by '{model}', which the endpoint lists", tier=tier, model=model)
        for tier, model in models.named().items()
        if tier not in had
    ]
    return setup._replace(draft=draft._replace(models=models, notes=(*draft.notes, *notes)), tiers_chosen=True)


class Saved(NamedTuple):
    """What was saved, and what is needed to take it back."""

    added: add.Added
    before: bytes | None
    after: bytes | None
    """profiles.toml on either side of it."""


def save(ctx: Context, setup: Setup, *, replace: bool = False) -> Saved:
    """Key first and read back, then the profile; all of it or nothing. What its probe found becomes its last report.

    Raises what `add_profile` raises.
    """
    from ccswitch_tui.textfile import read_bytes
    from ccswitch_tui.workflows.reports import forget_report, keep_report

    before = read_bytes(ctx.paths.profiles)
    added = add.add_profile(ctx, setup.name, setup.draft, replace=replace)
    saved = Saved(added, before, read_bytes(ctx.paths.profiles))
    if setup.report and setup.probed_model == setup.draft.models.default:
        keep_report(ctx, setup.report._replace(profile=setup.name))
    else:
        forget_report(ctx, setup.name)  # one of another profile that had this name
    return saved


def take_back(ctx: Context, saved: Saved) -> None:
    """The inverse of `save` for a new profile: to the byte, unless somebody else changed the file since."""
    from ccswitch_tui.textfile import locked, read_bytes, remove_file, replace_text, sha256_of
    from ccswitch_tui.workflows.manage import remove_profile
    from ccswitch_tui.workflows.reports import forget_report

    path, name = ctx.paths.profiles, saved.added.profile.name
    as_saved = read_bytes(path) == saved.after
    remove_profile(ctx, name)
    forget_report(ctx, name)
    if not as_saved:
        return
    with locked(path, ctx.paths.state_dir):
        left = sha256_of(read_bytes(path))
        if saved.before is None:
            remove_file(path, expected_sha256=left)
        else:
            replace_text(path, saved.before, expected_sha256=left)
