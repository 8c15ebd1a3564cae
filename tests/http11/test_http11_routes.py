"""Patterns of paths, as routes name them."""

from __future__ import annotations

import pytest

from ccswitch_tui.http11.message import Refused, Request
from ccswitch_tui.http11.routes import Routes


async def handler(request: Request) -> str:
    return request.match["id"]


def asked(path: str) -> Request:
    request = Request(None)  # type: ignore[arg-type]
    request.method, request.path = "GET", path
    return request


@pytest.mark.parametrize("pattern", ["/t/{id}", "/t/{id:[0-9]+}", "/t/{id:[0-9]{1,18}}"])
def test_a_part_may_say_how_often_its_pattern_repeats(pattern: str) -> None:
    routes = Routes()
    routes.add("GET", pattern, handler)
    request = asked("/t/12")
    assert routes.find(request) is handler
    assert request.match == {"id": "12"}


def test_more_digits_than_a_pattern_allows_are_another_path() -> None:
    routes = Routes()
    routes.add("GET", "/t/{id:[0-9]{1,3}}", handler)
    with pytest.raises(Refused):
        routes.find(asked("/t/1234"))
