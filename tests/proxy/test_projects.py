"""Session and folder of a request, as Claude Code tells them, and nothing that it does not tell."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.proxy.books.projects import MOST_SESSIONS, Projects, folder_in, session_in


def request(text: str, *, ensure_ascii: bool = False) -> bytes:
    body = {"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": text}]}]}
    return json.dumps(body, ensure_ascii=ensure_ascii).encode()


SURROUNDINGS = "# Environment\nYou are in: \n - Primary working directory: {}\n - Is a git repository: true\n"


@pytest.mark.parametrize(
    "folder", ["/home/a/work", "/Users/ü b/项目", "C:\\Users\\a\\work", "C:/work", "\\\\host\\share"]
)
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_the_folder_is_read_as_the_client_writes_it(folder: str, ensure_ascii: bool) -> None:
    assert folder_in(request(SURROUNDINGS.format(folder), ensure_ascii=ensure_ascii)) == folder


def test_an_older_client_says_it_with_other_words() -> None:
    assert folder_in(request("<env>\nWorking directory: /srv/app/\nIs directory a git repo: No")) == "/srv/app"


@pytest.mark.parametrize(
    "text", ["", "working directory: ", "the working directory: relative/path", "Working directory:"]
)
def test_what_names_no_folder_is_none(text: str) -> None:
    assert folder_in(request(text)) == ""


@given(st.text(max_size=200), st.binary(max_size=200))
def test_reading_never_raises_and_gives_one_printable_line(text: str, more: bytes) -> None:
    found = folder_in(request(SURROUNDINGS.format(text)) + more)
    assert found == "" or (found.isprintable() and len(found) <= 200)
    folder_in(b"Working directory: /" + more)


def test_a_session_is_asked_until_it_tells_and_then_no_more() -> None:
    projects = Projects()
    assert projects.of("s-1", [request("a title please")]) == ""
    assert projects.of("s-1", [request(SURROUNDINGS.format("/p"))]) == "/p"
    assert projects.of("s-1", [request(SURROUNDINGS.format("/elsewhere"))]) == "/p"
    assert projects.of("", [request(SURROUNDINGS.format("/p"))]) == ""


def test_ever_new_sessions_do_not_fill_the_memory() -> None:
    projects = Projects()
    for number in range(3 * MOST_SESSIONS):
        projects.of(f"s-{number}", [b"{}"])
    assert len(projects._known) <= MOST_SESSIONS


SESSION = "3ad72aca-c1f6-476a-9464-1df2ac987d06"


@pytest.mark.parametrize(
    "user_id",
    [
        json.dumps({"device_id": "d", "account_uuid": "", "session_id": SESSION}),
        f"user_0123abcd_account__session_{SESSION}",
    ],
)
def test_the_metadata_of_either_form_names_the_session(user_id: str) -> None:
    assert session_in({"metadata": {"user_id": user_id}}) == SESSION


@pytest.mark.parametrize(
    "body",
    [{}, {"metadata": None}, {"metadata": {"user_id": 5}}, {"metadata": {"user_id": "[" * 1500}},
     {"metadata": {"user_id": '{"session_id": 5}'}}, {"metadata": {"user_id": "x" * 5000}}],
)  # fmt: skip
def test_other_metadata_names_none(body: dict[str, Any]) -> None:
    assert session_in(body) == ""
