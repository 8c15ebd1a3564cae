"""The demo without a terminal: what a first minute with the program is, as a transcript of real commands.

Each line beginning with `$` is run as it stands, in this process, against the
demo's world; what is printed below it is what it printed.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from ccswitch_tui.language import spoken
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.demo.world import DemoContext

PROMPT = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Hello!"}],
}
"""What a client of Anthropic's sends; the endpoint below knows neither the format nor the model."""


def tell(world: DemoContext, out: Output) -> int:
    """Paste a curl, probe, use, one answer through the proxy, why, undo. The exit code of the first that failed."""
    run = partial(run_here, world, out)
    steps: tuple[tuple[str, Callable[[], int]], ...] = (
        (
            say("a curl command that works, pasted"),
            lambda: run_here(world, out, "add work --paste -", pasted=world.curl),
        ),
        (say("what can this endpoint do?"), lambda: run("probe work")),
        (say("make Claude Code use it"), lambda: run("use work")),
        (
            say("what Claude Code sends now, and what the proxy makes of the endpoint's answer"),
            lambda: _ask(world, out),
        ),
        (say("who decides where Claude Code connects?"), lambda: run("why ANTHROPIC_BASE_URL")),
        (say("and back again, byte for byte"), lambda: run("undo")),
    )
    for number, (remark, step) in enumerate(steps):
        out.line(*([""] if number else []), f"# {spoken(remark)}")
        if code := step():
            return code
    return 0


def run_here(world: DemoContext, out: Output, words: str, *, pasted: str = "") -> int:
    from ccswitch_tui.cli.main import main

    out.line(f"$ ccswitch-tui {words}" + (" <<'EOF'" if pasted else ""))
    if pasted:
        out.line(*pasted.split("\n"), "EOF")
    with _typed(pasted), contextlib.redirect_stderr(sys.stdout):
        return main(words.split(), world)


@contextlib.contextmanager
def _typed(text: str) -> Iterator[None]:
    """`text` on standard input for the length of the block."""
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin = before


def _ask(world: DemoContext, out: Output) -> int:
    from http.client import HTTPConnection
    from urllib.parse import urlsplit

    url = f"{world.proxy.base_url('work')}/v1/messages"
    out.line(f"$ curl {url} -H 'Authorization: Bearer …' -d '{json.dumps(PROMPT)}'")
    headers = {"authorization": f"Bearer {world.proxy.token().reveal()}", "anthropic-version": "2023-06-01"}
    where = urlsplit(url)
    with contextlib.closing(HTTPConnection(where.netloc, timeout=30)) as connection:
        connection.request("POST", where.path, json.dumps(PROMPT), headers)
        answer = connection.getresponse()
        out.line(json.dumps(json.loads(answer.read()), ensure_ascii=False))
    return 0 if answer.status == 200 else 1
