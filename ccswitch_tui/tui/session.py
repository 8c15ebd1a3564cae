"""What the screens look at and what they can ask for; imports no Textual.

A `Snapshot` is one immutable look at the files, replaced, never changed.
Methods without `async` block, on files or on a keyring, and are called in a
thread (background.py); the asynchronous ones bring their own threads.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.profiles.model import Endpoint, Profile
from ccswitch_tui.tui.background import KEY_PATIENCE_S, in_loop_of_its_own, in_thread
from ccswitch_tui.tui.i18n import t, t_or
from ccswitch_tui.tui.verdicts import Verdicts

if TYPE_CHECKING:
    from ccswitch_tui.claude.settings import Change
    from ccswitch_tui.findings import Finding, Fix
    from ccswitch_tui.interop.draft import Draft
    from ccswitch_tui.probe.exchange import Exchange
    from ccswitch_tui.probe.ladder import Cost
    from ccswitch_tui.probe.model import Ladder, ProbeReport, Step
    from ccswitch_tui.profiles.presets import Preset
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.tui.form import Changes
    from ccswitch_tui.tui.setup import Setup
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.edit import Edited
    from ccswitch_tui.workflows.use import UsePlan, UseResult
    from ccswitch_tui.workflows.why import Why

PROBE_PATIENCE_S = 600.0
"""The ladder has its own time-outs, rung by rung; this one only ends what has lost its way."""


class Row(NamedTuple):
    """One profile as the list shows it."""

    profile: Profile
    in_use: tuple[str, ...] = ()
    """Scopes whose settings name it."""
    key_present: bool | None = None
    """None where only using the key would tell."""
    verdict: str | None = None
    probed_at: float | None = None
    """Seconds since the epoch."""

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def haystack(self) -> str:
        """What a filter searches."""
        p = self.profile
        return " ".join(
            (p.name, p.endpoint.base_url, *p.models.named().values(), *p.tags, self.verdict or "")
        ).casefold()


class Truth(NamedTuple):
    """What Claude Code would use in this folder now, and who decides that."""

    profile: str | None = None
    base_url: str = ""
    model: str = ""
    credential: str = ""
    decided_by: str = ""
    drift: tuple[str, ...] = ()


class Snapshot(NamedTuple):
    """One look at everything Home shows."""

    rows: tuple[Row, ...] = ()
    truth: Truth | None = None
    problem: CcswitchError | None = None
    """Why profiles.toml or a settings file could not be read."""
    undoable: bool = False
    stamp: tuple[Any, ...] = ()
    """Changes when a file changed that this was made from."""


class Check(NamedTuple):
    """One line of proof at the end of the wizard."""

    verdict: str
    text: str


class Session:
    """One run of the app: the Context, and the last look at it."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.now = Snapshot()
        self._verdicts = Verdicts(ctx.paths.reports)
        self._saved: tuple[bytes | None, bytes | None] = (None, None)
        """profiles.toml before and after the wizard saved, for stepping back from it."""

    # ------------------------------------------------------------------------ looking

    def look(self) -> Snapshot:
        """One look at profiles, settings, reports and history. Starts nothing, unlocks nothing."""
        from ccswitch_tui.workflows.profiles import profile_rows
        from ccswitch_tui.workflows.undo import history

        stamp = self.stamp()
        try:
            listed, problem = profile_rows(self.ctx), None
        except CcswitchError as error:
            listed, problem = [], error
        broken = () if problem else tuple(self.ctx.book().broken.values())
        verdicts = self._verdicts.all()
        rows = tuple(
            Row(row.profile, row.in_use, row.key_present, *verdicts.get(row.profile.name, (None, None)))
            for row in listed
        )
        try:
            truth = self._truth()
        except CcswitchError as error:
            truth, problem = None, problem or error
        undoable = any(write.undone_at is None for write in history(self.ctx))
        return Snapshot(rows, truth, problem or next(iter(broken), None), undoable, stamp)

    def stamp(self) -> tuple[Any, ...]:
        """Times and sizes of the files a Snapshot is made from: cheap enough to ask every other second."""
        paths = self.ctx.paths
        return tuple(
            _stamp(p) for p in (paths.profiles, paths.reports, paths.history, *self.ctx.settings.here().values())
        )

    def _truth(self) -> Truth:
        from ccswitch_tui.claude.layers import effective
        from ccswitch_tui.workflows.current import current

        now = current(self.ctx)
        layers = self.ctx.settings.layers()
        endpoint = effective(layers, "env.ANTHROPIC_BASE_URL")
        model = str(effective(layers, "env.ANTHROPIC_MODEL").value or effective(layers, "model").value or "")
        # "sonnet" and the like are Claude Code's words for a tier; another variable says which model that is.
        model = str(effective(layers, f"env.ANTHROPIC_DEFAULT_{model.upper()}_MODEL").value or model)
        credentials = ("apiKeyHelper", "env.ANTHROPIC_AUTH_TOKEN", "env.ANTHROPIC_API_KEY")
        credential = next((key.removeprefix("env.") for key in credentials if effective(layers, key).value), "")
        decided_by = self.layer(endpoint.winner) if endpoint.value else ""
        return Truth(now.profile, now.base_url or "", model, credential, decided_by, now.drift)

    @staticmethod
    def layer(name: str | None) -> str:
        """A settings layer in the language of the app."""
        return t_or(f"layer.{name}", name or "")

    # ------------------------------------------------------------- using, taking back

    def plan_use(self, name: str, scope: str) -> UsePlan:
        """What `use` would change."""
        from ccswitch_tui.workflows.use import plan_use

        return plan_use(self.ctx, name, scope)

    def apply_use(self, plan: UsePlan, on_wait: Callable[[int], None] | None = None) -> UseResult:
        """Writes the plan; `on_wait` is told how many running sessions are waited for."""
        from ccswitch_tui.workflows.use import apply_use

        return apply_use(self.ctx, plan, on_wait=on_wait)

    @staticmethod
    def said_of_use(done: UseResult) -> str:
        """What a write did, for the notice."""
        plan = done.plan
        first = t("use.done" if done.undo_id else "use.same", name=plan.profile, file=plan.file)
        return "\n".join((first, *plan.advice))

    def undo(self, on_wait: Callable[[int], None] | None = None) -> str:
        """Takes the last write back and says what that did."""
        from ccswitch_tui.workflows.undo import undo

        undone = undo(self.ctx, on_wait=on_wait)
        return t("undo.exact" if undone.exact else "undo.ours", file=undone.write.file)

    def restore(self, on_wait: Callable[[int], None] | None = None) -> str:
        """Every file back to what it was before the first write."""
        from ccswitch_tui.workflows.undo import restore

        return t("restore.done", files=", ".join(u.write.file for u in restore(self.ctx, on_wait=on_wait)))

    def history(self) -> list[HistoryRow]:
        """Our writes, newest first, each with what it changed, masked."""
        from ccswitch_tui.claude.settings import SettingsPatch
        from ccswitch_tui.workflows.undo import history

        rows = []
        for write in history(self.ctx):
            tree = self.ctx.settings.history.tree_before(write.id)
            changes = SettingsPatch(write.set, write.unset).diff(tree or {})
            title = t_or(f"history.{write.kind}", write.kind)
            name = write.profile if write.kind == "use" else ""
            where = t_or(f"scope.{write.scope}", write.scope)
            rows.append(
                HistoryRow(
                    f"{title} {name or ''}".strip(), where, write.at, write.file, write.undone_at is not None, changes
                )
            )
        return rows

    # ------------------------------------------------------------------- setting up

    def draft_from_text(self, pasted: str) -> Draft:
        """What was pasted, as a Draft."""
        from ccswitch_tui.workflows.add import draft_from_text

        return draft_from_text(pasted)

    def check_new_name(self, name: str) -> None:
        """Raises UsageError for a name that cannot be, or is taken."""
        from ccswitch_tui.workflows.add import check_new_name

        check_new_name(self.ctx, name)

    def check_key(self, draft: Draft) -> None:
        """Raises UsageError for a key no header can carry, KeyStoreError where no safe store is open."""
        from ccswitch_tui.workflows.add import sendable

        if draft.secret and draft.endpoint:
            sendable(draft.secret, draft.endpoint.auth)

    def keys_kept_in(self) -> str:
        """Where a new key would go, in words; opens and asks nothing."""
        return self.ctx.keys.where()

    def toml_of(self, profile: Profile) -> str:
        """The profile as profiles.toml would hold it."""
        import tomlkit

        from ccswitch_tui.profiles.model import profile_to_table

        return tomlkit.dumps({"profiles": {profile.name: profile_to_table(profile)}}).strip()

    def save(self, setup: Setup) -> None:
        """Key first, then profile; all of it or nothing."""
        from ccswitch_tui.textfile import read_bytes
        from ccswitch_tui.workflows.add import add_profile

        before = read_bytes(self.ctx.paths.profiles)
        add_profile(self.ctx, setup.name, setup.draft)
        self._saved = (before, read_bytes(self.ctx.paths.profiles))

    def unsave(self, name: str) -> None:
        """The inverse of `save`: to the byte, unless somebody else changed the file since."""
        from ccswitch_tui.textfile import locked, read_bytes, remove_file, replace_text, sha256_of
        from ccswitch_tui.workflows.manage import remove_profile

        path = self.ctx.paths.profiles
        before, after = self._saved
        as_saved = read_bytes(path) == after
        remove_profile(self.ctx, name)
        if as_saved:
            with locked(path, self.ctx.paths.state_dir):
                left = sha256_of(read_bytes(path))
                if before is None:
                    remove_file(path, expected_sha256=left)
                else:
                    replace_text(path, before, expected_sha256=left)

    def remove(self, name: str) -> str:
        """Removes a profile and its key, in use or not: the user was asked."""
        from ccswitch_tui.workflows.manage import remove_profile

        done = remove_profile(self.ctx, name, force=True)
        return "\n".join((t("home.removed", name=name), *done.advice))

    # ---------------------------------------------------- the catalogue, and what is there

    def presets(self) -> list[PresetRow]:
        """The known providers, by title."""
        from ccswitch_tui.profiles.presets import load_presets

        rows = [PresetRow.of(preset) for preset in load_presets().presets.values()]
        return sorted(rows, key=lambda row: row.title.casefold())

    def draft_from_preset(self, preset_id: str, wire: str | None = None, value: str = "") -> Draft:
        """A provider of the catalogue as a Draft; the key is still to be given."""
        from ccswitch_tui.profiles.presets import load_presets

        return load_presets().get(preset_id).draft(wire, value)

    def mine(self) -> list[MineRow]:
        """What Claude Code and other tools on this machine are set up with: those in use first."""
        from ccswitch_tui.workflows.sources import find_sources, read_source

        rows: list[tuple[bool, MineRow]] = []
        for source in dict.fromkeys(found.source for found in find_sources(self.ctx)):
            try:
                candidates = read_source(self.ctx, source.id)[1]
            except CcswitchError as error:
                rows.append((False, MineRow(source.title, "", "", None, error.message)))
                continue
            for c in candidates:
                base = c.draft.endpoint.base_url if c.draft and c.draft.endpoint else ""
                host = base.partition("://")[2].partition("/")[0]
                rows.append((c.in_use, MineRow(c.name, source.title, host, c.draft, c.why_not)))
        return [row for _, row in sorted(rows, key=lambda r: (r[1].draft is None, not r[0]))]

    # ------------------------------------------------------------------------- editing

    def profile_on_disk(self, name: str) -> tuple[Profile, str]:
        """The profile and the hash of the file it was read from."""
        book = self.ctx.book()
        return book.get(name), book.sha256

    def plan_edit(self, name: str, changes: Changes) -> Edited:
        """The changed profile, checked and not saved. Raises UsageError naming the key."""
        from ccswitch_tui.profiles.model import parse_secret_ref
        from ccswitch_tui.workflows.edit import plan_edit

        if changes.reference:
            parse_secret_ref(changes.reference)
        return plan_edit(self.ctx, name, assign=changes.assign, unset=changes.unset)

    def save_edit(self, edited: Edited, secret: Secret | None, reference: str | None, follows: bool) -> str:
        """Saves it, with another key or another reference if there is one. The endpoint must accept a new key."""
        from ccswitch_tui.profiles.model import parse_secret_ref
        from ccswitch_tui.workflows import edit

        if secret is not None:
            edit.save_with_key(self.ctx, edited, secret)
        elif reference is not None:
            edit.save_with_reference(self.ctx, edited, parse_secret_ref(reference or "none"))
        else:
            edit.save_edit(self.ctx, edited, key_follows=follows)
        return t("edit.saved", name=edited.after.name)

    def profile_text(self, name: str) -> str:
        """The profile as a person edits it."""
        from ccswitch_tui.workflows.edit import profile_text

        return profile_text(self.ctx.book().get(name))

    def plan_text(self, name: str, text: str, sha256: str) -> Edited:
        """The profile that an edited text describes."""
        from ccswitch_tui.workflows.edit import plan_text

        return plan_text(self.ctx.book().get(name), text, sha256)

    # --------------------------------------------------------------- why, and what is wrong

    def why(self) -> list[Why]:
        """Every deciding variable: what needs attention first, then what is set, then the rest."""
        from ccswitch_tui.workflows.why import why

        return sorted(why(self.ctx), key=lambda w: (not w.remedy, w.effective.winner is None))

    def diagnose(self, name: str | None) -> tuple[list[Finding], list[str]]:
        """What is wrong on this machine, and with this profile; and what was checked."""
        from ccswitch_tui.workflows.diagnose import diagnose

        findings, checked = diagnose(self.ctx, name)
        return list(findings), list(checked)

    # ------------------------------------------------------------------------- probing

    def profile(self, name: str) -> Profile | None:
        """A profile as it was when last looked at."""
        return next((row.profile for row in self.now.rows if row.name == name), None)

    async def probe(self, name: str, ladder: Ladder, on_step: Callable[[Step], None]) -> ProbeReport:
        """Climbs the ladder against a stored profile. `on_step` is called from another thread."""
        profile = await in_thread(lambda: self.ctx.book().get(name))
        key = None
        if profile.key.kind != "none":
            key = await in_thread(self.ctx.keys.resolve, profile.key, timeout_s=KEY_PATIENCE_S)
        return await self._examine(profile, key, ladder, on_step)

    async def probe_draft(self, setup: Setup, ladder: Ladder, on_step: Callable[[Step], None]) -> ProbeReport:
        """The same against what the wizard has gathered; the key is only in memory."""
        key, ref = setup.draft.secret, setup.draft.key_ref
        if key is None and ref is not None and ref.kind != "none":
            key = await in_thread(self.ctx.keys.resolve, ref, timeout_s=KEY_PATIENCE_S)
        return await self._examine(setup.profile, key, ladder, on_step)

    async def _examine(
        self, profile: Profile, key: Secret | None, ladder: Ladder, on_step: Callable[[Step], None]
    ) -> ProbeReport:
        from ccswitch_tui.workflows.examine import examine

        return await in_loop_of_its_own(
            lambda: examine(self.ctx, profile, key, ladder=ladder, on_step=on_step), timeout_s=PROBE_PATIENCE_S
        )

    def last_report(self, name: str) -> ProbeReport | None:
        """What the last probe of a profile found."""
        from ccswitch_tui.workflows.examine import last_report

        return last_report(self.ctx, name)

    def cost(self, profile: Profile, ladder: Ladder) -> Cost:
        """About what a probe asks for, to be said before it starts."""
        from ccswitch_tui.workflows.examine import cost

        return cost(profile, ladder)

    def apply_fix(self, name: str, fix: Fix) -> None:
        """A finding's fix, into the stored profile."""
        from ccswitch_tui.workflows.examine import apply_fix

        apply_fix(self.ctx, name, fix)

    def learn(self, name: str, report: ProbeReport) -> bool:
        """Keeps the quirks a probe learned in the profile; False when there was nothing to keep."""
        from ccswitch_tui.workflows.examine import learn

        return learn(self.ctx, name, report) is not None

    async def verify(self, name: str) -> AsyncIterator[Check]:
        """Proof through exactly what was written, one line after the other."""
        from ccswitch_tui.workflows.current import current

        now = await in_thread(current, self.ctx)
        said = t("verify.settings" if now.profile == name else "verify.other", name=name, other=now.profile or "-")
        yield Check("ok" if now.profile == name else "fail", said)
        for difference in now.drift:
            yield Check("warn", difference)
        profile = self.ctx.book().get(name)
        key = None
        if profile.key.kind != "none":
            key = await in_thread(self.ctx.keys.resolve, profile.key, timeout_s=KEY_PATIENCE_S)
            yield Check("ok", t("verify.key", ref=str(profile.key)))
        if profile.route == "proxy":
            status = await in_thread(self.ctx.proxy.ensure_running, timeout_s=20)
            if not status.running:
                yield Check("fail", t("verify.no_proxy", port=status.port))
                return
            yield Check("ok", t("proxy.started", host=status.host, port=status.port))
            # The way a session takes it: Anthropic's format, to the address in the settings, with the local token.
            written = Endpoint(self.ctx.proxy.base_url(name), "anthropic")
            profile, key = (
                profile._replace(name=f"{name}, as written", endpoint=written, key_host=None),
                self.ctx.proxy.token(),
            )
        report = await self._examine(profile, key, "quick", lambda step: None)
        answer = next((s for s in report.steps if s.code == "message"), None)
        if answer is not None and answer.verdict in ("ok", "warn"):
            yield Check(
                "ok", t("verify.answered", model=profile.models.default or "", took=f"{answer.took_ms or 0:.0f}")
            )
        else:
            yield Check("fail", report.sentence)

    @staticmethod
    def markdown_of(report: ProbeReport) -> str:
        """The report to paste into an issue."""
        from ccswitch_tui.probe.report import markdown

        return markdown(report)

    @staticmethod
    def exchanges_of(report: ProbeReport, step: Step) -> list[Exchange]:
        """What was sent for one rung; for one without requests of its own, what its finding rests on."""
        own = [e for e in report.exchanges if e.rung == step.code]
        wanted = {number for f in report.findings if f.kind == step.finding for number in f.evidence}
        return own or [e for e in report.exchanges if e.id in wanted]

    @staticmethod
    def title_of(exchange: Exchange) -> str:
        """One exchange in a few words."""
        outcome = exchange.failure or (str(exchange.status) if exchange.status is not None else "")
        return "  ".join(filter(None, (exchange.method, exchange.path, exchange.variant, outcome)))

    @staticmethod
    def verbose_of(exchange: Exchange) -> str:
        """As `curl -v` shows one."""
        from ccswitch_tui.probe.exchange import curl_verbose

        return curl_verbose(exchange)

    @staticmethod
    def curl_of(exchange: Exchange) -> str:
        """As a command to paste; the key is read from a variable."""
        from ccswitch_tui.probe.exchange import curl_command

        return curl_command(exchange)

    # ----------------------------------------------------------------------- the proxy

    def toggle_proxy(self) -> str:
        """Starts the background proxy, or stops it; says which."""
        status = self.ctx.proxy.status()
        if status.running:
            self.ctx.proxy.stop()
            return t("proxy.stopped")
        started = self.ctx.proxy.ensure_running()
        return t("proxy.started", host=started.host, port=started.port)

    async def traffic(self) -> AsyncIterator[dict[str, Any]]:
        """Exchanges as the proxy tells them, {} once it is connected; ends when the proxy does.

        Raises CcswitchError when it does not run.
        """
        import asyncio
        import threading

        from ccswitch_tui.workflows.traffic import follow, recent

        events: asyncio.Queue[dict[str, Any] | CcswitchError | None] = asyncio.Queue()
        loop, stop = asyncio.get_running_loop(), threading.Event()

        def put(item: dict[str, Any] | CcswitchError | None) -> None:
            with contextlib.suppress(RuntimeError):  # the app has gone meanwhile
                loop.call_soon_threadsafe(events.put_nowait, item)

        def pump() -> None:
            try:
                for event in follow(self.ctx, stop=stop):
                    put(event.exchange)
                put(None)
            except CcswitchError as error:
                put(error)

        threading.Thread(target=pump, daemon=True, name="ccswitch traffic").start()
        try:
            for flow in reversed(await in_thread(recent, self.ctx)):
                yield flow
            if not (await in_thread(self.ctx.proxy.status)).running:
                return
            yield {}
            while (event := await events.get()) is not None:
                if isinstance(event, CcswitchError):
                    raise event
                yield event
        finally:
            stop.set()

    def traffic_bodies(self, number: int) -> dict[str, str]:
        """The four bodies of one exchange, masked; empty when they are no longer held."""
        from ccswitch_tui.workflows.traffic import one_exchange

        try:
            return dict(one_exchange(self.ctx, number).get("bodies") or {})
        except CcswitchError:
            return {}


class HistoryRow(NamedTuple):
    """One write of ours as the history lists it."""

    title: str
    scope: str
    at: float
    file: str
    undone: bool
    changes: tuple[Change, ...]


class MineRow(NamedTuple):
    """Something set up on this machine already, by Claude Code's settings or another tool."""

    title: str
    source: str
    host: str
    draft: Draft | None
    why_not: str

    @property
    def haystack(self) -> str:
        return f"{self.title} {self.source} {self.host}".casefold()


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


class PresetRow(NamedTuple):
    """One provider of the catalogue as the wizard lists it."""

    id: str
    title: str
    wire: str
    host: str
    haystack: str
    notes: tuple[str, ...]
    key_page: str
    value: str
    """What its address still needs, in words; "" when it is complete."""

    @classmethod
    def of(cls, preset: Preset) -> PresetRow:
        base = preset.anthropic or preset.openai or ""
        host = base.partition("://")[2].partition("/")[0]
        words = " ".join((preset.id, preset.title, base, preset.openai or "", *preset.models.values()))
        return cls(
            preset.id, preset.title, preset.wires[0], host, words.casefold(), preset.notes, preset.key_page or "",
            preset.value or "",
        )  # fmt: skip
