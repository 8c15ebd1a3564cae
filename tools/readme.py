"""Writes into README.md what is generated: the demo's transcript, the table of keys, the exit codes.

`python tools/readme.py` rewrites them; tests/test_readme.py fails when they are
no longer true, apart from what differs from run to run: ports, times, ids.
"""

from __future__ import annotations

import contextlib
import io
import re
from functools import partial
from pathlib import Path

from ccswitch_tui.cli.main import main
from ccswitch_tui.errors import ExitCode
from ccswitch_tui.tui.i18n import catalogue
from ccswitch_tui.tui.keys import EVERYWHERE, KEYS, shown

README = Path(__file__).resolve().parents[1] / "README.md"

PLACES = ("home", "probe", "traffic", "why", "history", "doctor", EVERYWHERE)

MEANINGS = {
    ExitCode.DONE: "done; for `probe`: it works; for `doctor`: nothing is wrong",
    ExitCode.FAILED: "something failed, the message says what; for `probe`: works with limits; for `doctor`: findings",
    ExitCode.USAGE: "the command line or a file does not make sense",
    ExitCode.ENDPOINT: "the endpoint cannot be reached or returns an invalid response",
    ExitCode.KEY_REFUSED: "the endpoint refuses the key",
    ExitCode.KEY_STORE: "the key store is locked, absent or lost",
    ExitCode.CONFLICT: "a file changed since it was read, or cannot be parsed: nothing was written",
    ExitCode.INTERRUPTED: "interrupted",
}

CHANGING = (
    (r"127\.0\.0\.1(:| port )\d+", r"127.0.0.1\1N"),
    (r"\b\d+(?:\.\d+)? (ms|s)\b", r"N \1"),
    (r"\bmsg_\w+", "msg_N"),
    (r" {2,}", "  "),
)
"""What a run decides by chance, and what stands for it in a comparison."""


def keys_table() -> str:
    """The table of keys, from the one the app itself reads."""
    words = catalogue("en")
    rows = ["| where | keys |", "|---|---|"]
    for place in PLACES:
        cells = [f"`{shown(key)}` {words[f'key.{key.action}']}" for key in KEYS if key.place == place]
        rows.append(f"| {'everywhere' if place == EVERYWHERE else place} | {' · '.join(cells)} |")
    return "\n".join(rows)


def exit_codes_table() -> str:
    """The table of exit codes, from the program's own."""
    return "\n".join(["| code | means |", "|---|---|", *(f"| {code.value} | {MEANINGS[code]} |" for code in ExitCode)])


def transcript() -> str:
    """What `ccswitch-tui demo` prints where there is no terminal; its scratch home is written as `~`."""
    raw = io.BytesIO()
    printed = io.TextIOWrapper(raw, encoding="utf-8")
    with contextlib.redirect_stdout(printed):
        code = main(["demo"])
    printed.flush()
    text = re.sub(r"/[^\s']*?/ccswitch-demo-\w+", "~", raw.getvalue().decode())
    if code != 0:
        raise SystemExit(text)
    return text.strip()


def steady(text: str) -> str:
    """A text without what chance put into it."""
    for pattern, put in CHANGING:
        text = re.sub(pattern, put, text)
    return text


def _between(text: str, found: re.Match[str]) -> str:
    return f"{found[1]}{text}{found[2]}"


def rendered(readme: str) -> str:
    """The README with the three parts as they should be."""
    parts = {
        r"(```console\n).*?(\n```)": transcript(),
        r"(^## Keys\n\n).*?(\n\n## )": keys_table(),
        r"(^## Exit codes\n\n).*?(\n\n## )": exit_codes_table(),
    }
    for pattern, text in parts.items():
        readme, count = re.subn(pattern, partial(_between, text), readme, count=1, flags=re.DOTALL | re.MULTILINE)
        if count != 1:
            raise SystemExit(f"README.md has no place for {pattern}")
    return readme


if __name__ == "__main__":
    written = README.read_text(encoding="utf-8")
    now = rendered(written)
    if steady(now) != steady(written):
        README.write_text(now, encoding="utf-8")
