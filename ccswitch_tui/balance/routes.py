"""routes.toml, read: which request tells what is left on a key. Pure but for reading the file of the package."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from ccswitch_tui.credentials.hosts import same_origin


class Route(NamedTuple):
    """How one provider or gateway is asked."""

    id: str
    source: str
    at: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    host: str = ""
    """Another origin than the profile's; "" for its own."""
    auth: str = "bearer"
    reads: str = ""
    unit: str = ""
    nothing: str = ""
    headers: tuple[str, ...] = ()
    """By which a gateway is recognised."""
    tested: str = ""
    """What it was tried on besides the documented answer."""

    @property
    def auth_style(self) -> str:
        """As a request says it."""
        return "bearer" if self.auth == "bearer" else "header:Authorization"

    def urls(self, base_url: str) -> list[str]:
        """What is asked for a profile at that address."""
        origin = self.host or "/".join(base_url.split("/")[:3])
        return [origin + path for path in self.paths]


class Routes(NamedTuple):
    """All of them, and the sources they stand on."""

    providers: tuple[Route, ...]
    gateways: tuple[Route, ...]
    sources: dict[str, str]

    def of_address(self, base_url: str) -> Route | None:
        """The provider whose address this is: host exactly, path from its beginning. A look-alike is none."""
        path = "/" + "/".join(base_url.split("/")[3:])
        for route in self.providers:
            for place in route.at:
                begins = "/" + "/".join(place.split("/")[3:])
                if same_origin(base_url, place) and (path + "/").startswith(begins.rstrip("/") + "/"):
                    return route
        return None

    def of_headers(self, names: Iterable[str]) -> Route | None:
        """The gateway that sends such headers."""
        seen = {name.lower() for name in names}
        return next((route for route in self.gateways if seen & set(route.headers)), None)

    def gateway(self, name: str) -> Route | None:
        """The gateway of that name."""
        return next((route for route in self.gateways if route.id == name), None)


@cache
def load_routes() -> Routes:
    """The routes that ship with this program."""
    with open(os.path.join(os.path.dirname(__file__), "routes.toml"), "rb") as file:
        document = tomllib.load(file)
    return Routes(
        tuple(_route(name, table) for name, table in document["routes"].items()),
        tuple(_route(name, table) for name, table in document["gateways"].items()),
        document["sources"],
    )


def _route(name: str, table: dict[str, Any]) -> Route:
    lists = {key: tuple(value) for key, value in table.items() if isinstance(value, list)}
    return Route(**{"id": name, **table, **lists})
