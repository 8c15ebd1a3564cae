"""What can be wrong with the world, as data: a finding says what, why, and what mends it.

An exception is for the person at the keyboard; a Finding is for the report.
`kind` is stable and documented; every finding ends in something to run or press.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from ccswitch_tui.actions import Action, rendered

Severity = Literal["info", "warn", "fail"]


class Fix(NamedTuple):
    """What mends it: a sentence, commands to paste, and a change to the profile that one key can apply."""

    text: str
    commands: tuple[str, ...] = ()
    patch: Mapping[str, Any] | None = None
    """Dotted profile keys to values, as `edit --set` takes them."""
    action: Action | None = None
    """What this program can do about it itself; its commands are among `commands`."""

    @classmethod
    def of(cls, text: str, *steps: Action | str, patch: Mapping[str, Any] | None = None) -> Fix:
        """A fix that takes these steps: actions of ours, and other programs' commands as they are."""
        ours = next((step for step in steps if isinstance(step, Action)), None)
        return cls(text, rendered(*steps), patch, ours)


class Finding(NamedTuple):
    """One thing that is wrong or worth knowing."""

    kind: str
    title: str
    because: str
    severity: Severity = "fail"
    fix: Fix | None = None
    code: str = ""
    """Number in the catalogue, for looking it up."""
    evidence: tuple[int, ...] = ()
    """Ids of the exchanges that show it."""

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form."""
        fix = None
        if self.fix:
            fix = {
                "text": self.fix.text,
                "commands": list(self.fix.commands),
                "patch": dict(self.fix.patch) if self.fix.patch else None,
                "action": self.fix.action.to_json() if self.fix.action else None,
            }
        return {**self._asdict(), "fix": fix, "evidence": list(self.evidence)}


class Entry(NamedTuple):
    """One kind of finding: its number and what it is in one line."""

    code: str
    title: str
    severity: Severity = "fail"


CATALOGUE: dict[str, Entry] = {
    # 1xx the address
    "url-malformed": Entry("101", "this is no address"),
    "url-suffix": Entry("102", "the address names a route, not the base URL", "warn"),
    "url-version-doubled": Entry("103", "the version is in the base URL twice"),
    "url-version-missing": Entry("104", "the base URL lacks its version segment"),
    "url-version-surplus": Entry("105", "the base URL has a version segment that does not belong there"),
    "url-other": Entry("106", "the API is at another base URL of this host"),
    "native-available": Entry("107", "the endpoint speaks Anthropic's format too", "info"),
    # 2xx reaching it
    "dns-failed": Entry("201", "the host's name leads nowhere"),
    "connect-refused": Entry("202", "nothing listens at this address"),
    "connect-timeout": Entry("203", "no answer to the attempt to connect"),
    "network-unreachable": Entry("204", "there is no way to this address"),
    "connection-reset": Entry("205", "the connection was broken off"),
    "tls-untrusted": Entry("211", "the certificate is of an authority this machine does not trust"),
    "tls-expired": Entry("212", "the certificate is not valid today"),
    "tls-hostname": Entry("213", "the certificate is for another host"),
    "tls-not-tls": Entry("214", "there is no TLS on this port"),
    "tls-intercepted": Entry("215", "a middlebox opens the encryption"),
    "tls-failed": Entry("216", "the TLS handshake failed"),
    "tls-client-certificate": Entry("217", "the server wants a client certificate"),
    "https-needed": Entry("218", "this port wants https"),
    "proxy-required": Entry("221", "only the company's HTTP proxy leads out"),
    "proxy-auth": Entry("222", "the outgoing proxy wants a user and a password"),
    "proxy-refused": Entry("223", "the outgoing proxy refuses this host"),
    "proxy-loopback": Entry("224", "traffic to this machine itself would go to the HTTP proxy"),
    "proxy-unreachable": Entry("225", "the outgoing proxy does not answer"),
    "proxy-cannot-reach": Entry("226", "the outgoing proxy cannot reach the host"),
    "setting-unusable": Entry("231", "a network setting cannot be used"),
    # 3xx what answers
    "not-an-api": Entry("301", "a web page answers, not an API"),
    "gateway-blocked": Entry("302", "something in between answers in the endpoint's place"),
    "redirected": Entry("303", "the address sends us elsewhere"),
    "endpoint-not-found": Entry("304", "there is no such route"),
    "method-not-allowed": Entry("305", "the route exists, but not for this"),
    "wire-mismatch": Entry("306", "the endpoint speaks the other format"),
    "bad-format": Entry("307", "the answer has no form we know"),
    "empty-answer": Entry("308", "the answer is empty"),
    "error-in-success": Entry("309", "an error in the clothes of a success"),
    "stream-endless": Entry("310", "the answer does not end"),
    # 4xx the key and the account
    "auth-missing": Entry("401", "the endpoint wants a key, and there is none"),
    "auth-invalid": Entry("402", "the endpoint does not accept the key"),
    "auth-header-style": Entry("403", "the key goes into another header"),
    "auth-forbidden": Entry("404", "the key is known, but may not do this"),
    "region-blocked": Entry("405", "the endpoint does not serve your region"),
    "client-refused": Entry("406", "the endpoint admits certain programs only"),
    "key-unsendable": Entry("407", "the key cannot be sent as it is"),
    "quota-exhausted": Entry("411", "the account has no credit left"),
    "rate-limited": Entry("412", "too many requests for now"),
    "overloaded": Entry("413", "the endpoint is overloaded"),
    "timeout": Entry("414", "no answer in time"),
    "server-error": Entry("415", "the endpoint fails by itself"),
    "content-filtered": Entry("416", "a content filter refuses a harmless test"),
    # 5xx the model
    "model-not-found": Entry("501", "there is no such model here"),
    "model-forbidden": Entry("502", "the key may not use this model"),
    "model-not-listed": Entry("503", "a configured model is not in the list", "info"),
    "model-missing": Entry("504", "no model is named"),
    "context-too-small": Entry("505", "the model cannot read a request as large as Claude Code's"),
    # 6xx what it can do
    "unsupported-parameter": Entry("601", "a parameter is not supported", "warn"),
    "request-refused": Entry("602", "the endpoint refuses the request"),
    "request-too-large": Entry("603", "the request is too large for the gateway"),
    "no-streaming": Entry("611", "there is no streaming", "warn"),
    "stream-malformed": Entry("612", "the stream is not as it should be", "warn"),
    "no-usage": Entry("613", "the stream does not tell how many tokens were used", "info"),
    "slow-first-byte": Entry("614", "the first token takes long", "warn"),
    "no-tools": Entry("621", "the model does not call tools"),
    "tools-malformed": Entry("622", "tool calls arrive broken"),
    "no-parallel-tools": Entry("623", "one tool call a turn only", "info"),
    "reasoning-echo-required": Entry("624", "earlier reasoning must be sent back", "info"),
    "no-images": Entry("625", "the model does not see images", "info"),
    "no-stop": Entry("626", "stop sequences are ignored", "info"),
    "clock-skew": Entry("631", "this machine's clock is wrong", "warn"),
    # 8xx this machine
    "claude-missing": Entry("801", "Claude Code is not installed here", "warn"),
    "claude-old": Entry("802", "this Claude Code is older than what was tested", "warn"),
    "claude-broken": Entry("803", "Claude Code does not start"),
    "settings-unparsable": Entry("811", "a settings file is not strict JSON, so Claude Code ignores all of it"),
    "settings-wrong-type": Entry("812", "a setting has the wrong type, so Claude Code ignores the whole file"),
    "settings-null": Entry("813", "a variable is null, which Claude Code reads as the text 'null'", "warn"),
    "credential-twice": Entry("821", "two credentials are set at once", "warn"),
    "login-leak": Entry("822", "your vendor login would be sent to another host"),
    "credential-missing": Entry("823", "a base URL without a credential"),
    "key-not-approved": Entry("824", "ANTHROPIC_API_KEY waits for an approval, or was refused one", "warn"),
    "provider-flag": Entry("825", "a provider flag makes Claude Code ignore the base URL"),
    "drift": Entry("826", "Claude Code will not do what the profile says", "warn"),
    "helper-gone": Entry("827", "the helper that prints the credential is not there any more"),
    "helper-unknown-profile": Entry("828", "the settings name a profile that is gone"),
    "base-url-version": Entry("829", "the base URL in the settings ends in /v1"),
    "key-in-clear": Entry("830", "a key lies in the clear", "warn"),
    "ca-file": Entry("831", "a certificate file cannot be used"),
    "tls-off": Entry("832", "verification of certificates is switched off", "warn"),
    "plain-http": Entry("833", "a key travels unencrypted", "warn"),
    "onboarding": Entry("834", "Claude Code's first run is still to come", "info"),
    "profile-broken": Entry("841", "a profile cannot be read"),
    "key-absent": Entry("842", "a profile's key is not there"),
    "key-store-absent": Entry("843", "there is no safe place for keys"),
    "key-store-locked": Entry("844", "the key store does not give the key out"),
    "proxy-taken": Entry("851", "another program has our proxy's port"),
    "proxy-stuck": Entry("852", "our proxy runs and does not answer"),
    "proxy-old": Entry("853", "our proxy is of an older version", "warn"),
    "state-open": Entry("861", "other users of this machine can read our files", "warn"),
    "textual-log": Entry("862", "TEXTUAL_LOG records every key press and paste", "warn"),
    # 7xx through our proxy and the real client
    "translation-failed": Entry("701", "the same does not work through our proxy"),
    "claude-failed": Entry("702", "the real Claude Code gets no answer"),
}
"""Kind → number, title and usual weight. Kinds and numbers are stable; scripts and the help rely on them."""
