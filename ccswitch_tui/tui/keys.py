"""One table of keys: dispatch, footer, help and the README all read it, so that none can lie.

A key's words are the texts `key.ACTION` (in the footer) and `tip.ACTION` (in
the help). Imports no Textual: the README is made from here too. Every printable
key also answers to its full-width twin, which is what a Chinese input method
sends.
"""

from __future__ import annotations

from typing import NamedTuple

EVERYWHERE = "*"


class Key(NamedTuple):
    """One thing a key does in one place."""

    place: str
    keys: str
    """Comma-separated; the first one is shown."""
    action: str
    """`do_ACTION` of the place; also the text ids `key.ACTION` and `tip.ACTION`."""
    footer: bool = True


KEYS: tuple[Key, ...] = (
    Key("home", "enter", "use"),
    Key("home", "p", "probe"),
    Key("home", "a,n", "add"),
    Key("home", "e", "edit"),
    Key("home", "u", "undo"),
    Key("home", "/", "filter"),
    Key("home", "c", "compare"),
    Key("home", "w", "why"),
    Key("home", "t", "traffic"),
    Key("home", "$", "usage"),
    Key("home", "D", "doctor"),
    Key("home", "h", "history"),
    Key("home", "x", "proxy"),
    Key("home", "d", "remove"),
    Key("home", "K", "keys"),
    Key("home", "X", "explain", False),
    Key("home", "A", "adopt", False),
    Key("home", "y", "copy", False),
    Key("home", "o", "official", False),
    Key("home", "s", "scope", False),
    Key("home", "S", "sort", False),
    Key("home", "1", "nth", False),
    Key("home", "comma", "settings", False),
    Key("home", "ctrl+g", "mine", False),
    Key("home", "q,ctrl+q", "quit"),
    Key("home", "escape", "back", False),
    Key("compare", "p", "compare"),
    Key("compare", "enter", "use"),
    Key("compare", "o", "open"),
    Key("compare", "S", "sort"),
    Key("compare", "/", "filter"),
    Key("compare", "y", "table"),
    Key("probe", "p", "again"),
    Key("probe", "f", "fix"),
    Key("probe", "enter", "evidence"),
    Key("probe", "y", "curl"),
    Key("probe", "m", "markdown"),
    Key("probe", "L", "full"),
    Key("probe", "l", "learn"),
    Key("probe", "Q", "quick", False),
    Key("evidence", "]", "next"),
    Key("evidence", "[", "previous"),
    Key("evidence", "y", "curl"),
    Key("why", "/", "filter"),
    Key("why", "enter", "unfold", False),
    Key("why", "f", "settle"),
    Key("why", "r", "reload"),
    Key("why", "y", "copy"),
    Key("history", "enter", "show"),
    Key("history", "u", "undo"),
    Key("history", "R", "restore"),
    Key("history", "y", "copy"),
    Key("write", "u", "undo"),
    Key("write", "]", "next"),
    Key("write", "[", "previous"),
    Key("write", "y", "copy"),
    Key("keys", "enter,e", "edit"),
    Key("keys", "K", "keys"),
    Key("traffic", "space", "pause"),
    Key("traffic", "/", "filter"),
    Key("traffic", "tab", "sides"),
    Key("traffic", "enter,z", "unfold"),
    Key("traffic", "m", "raw"),
    Key("traffic", "y", "curl"),
    Key("traffic", "E", "har"),
    Key("traffic", "x", "proxy"),
    Key("traffic", "c", "clear"),
    Key("usage", "enter", "into"),
    Key("usage", "tab", "sum_by"),
    Key("usage", "space", "span"),
    Key("usage", "m", "measure"),
    Key("usage", "/", "filter"),
    Key("usage", "E", "export"),
    Key("usage", "y", "copy", False),
    Key("doctor", "f", "fix"),
    Key("doctor", "p", "probe"),
    Key("doctor", "r", "reload"),
    Key("doctor", "y", "copy"),
    Key("explain", "ctrl+n", "explain"),
    Key("explain", "p", "prove"),
    Key("explain", "y", "copy"),
    Key("adopt", "space", "mark"),
    Key("adopt", "a", "mark_all"),
    Key("adopt", "enter", "adopt"),
    Key("adopt", "u", "undo"),
    Key("edit", "ctrl+s", "save"),
    Key("edit", "f1,?", "help"),
    Key("edit", "ctrl+o", "editor"),
    Key("edit", "ctrl+l", "pick"),
    Key("edit", "ctrl+g", "goto"),
    Key("edit", "ctrl+r", "reload"),
    Key("settings", "enter", "change"),
    Key("settings", "right", "forth"),
    Key("settings", "left", "back_one"),
    Key("source", "ctrl+n", "next"),
    Key("source", "f1,?", "help"),
    Key("source", "ctrl+t", "catalogue"),
    Key("source", "ctrl+g", "mine"),
    Key("catalogue", "enter,ctrl+n", "choose"),
    Key("mine", "enter,ctrl+n", "choose"),
    Key("mine", "ctrl+t", "take_all"),
    Key("key", "enter,ctrl+n", "next"),
    Key("key", "ctrl+t", "elsewhere"),
    Key("key", "ctrl+l", "keys"),
    Key("key", "ctrl+g", "no_key"),
    Key("check", "enter,ctrl+n", "next"),
    Key("check", "f", "fix"),
    Key("check", "p", "again"),
    Key("check", "L", "full"),
    Key("models", "enter,ctrl+n", "next"),
    Key("models", "space", "all_tiers"),
    Key("models", "d", "tier_default"),
    Key("models", "o", "tier_opus"),
    Key("models", "s", "tier_sonnet"),
    Key("models", "h", "tier_haiku"),
    Key("models", "m", "match"),
    Key("models", "/", "filter"),
    Key("route", "enter,ctrl+n", "next"),
    Key("review", "enter,ctrl+n", "save"),
    Key("use-now", "enter", "use"),
    Key("use-now", "n", "not_now"),
    Key("ready", "enter,ctrl+n", "done"),
    Key("ready", "y", "copy"),
    Key("diff", "enter", "write"),
    Key("pick", "enter", "choose"),
    Key("pick", "f1,?", "help"),
    Key("unlock", "enter", "unlock"),
    Key("new-passphrase", "enter", "create"),
    Key("confirm", "y", "yes"),
    Key("ask", "enter", "answer"),
    Key("conflict", "enter,y", "yes"),
    Key("conflict", "d", "theirs"),
    Key("dirty", "enter,y", "yes"),
    Key("dirty", "n", "discard"),
    Key(EVERYWHERE, "?,f1", "help"),
    Key(EVERYWHERE, "escape,q", "back"),
    Key(EVERYWHERE, "ctrl+p,:", "palette", False),
    Key(EVERYWHERE, "f2,'", "jump", False),
    Key(EVERYWHERE, "ctrl+q", "quit", False),
)

SHOWN = {
    "enter": "⏎",
    "escape": "esc",
    "space": "␣",
    "comma": ",",
    "tab": "⇥",
    "right": "→",
    "left": "←",
    "ctrl+s": "^s",
    "ctrl+o": "^o",
    "ctrl+r": "^r",
    "ctrl+n": "^n",
    "ctrl+t": "^t",
    "ctrl+g": "^g",
    "ctrl+l": "^l",
    "ctrl+p": "^p",
    "ctrl+q": "^q",
}
"""How a key is written on the screen."""

SHOWN_ASCII = {key: key for key in ("enter", "space", "tab", "right", "left")}

FULL_WIDTH = {
    "[": "【",
    "]": "】",
    "'": "‘’",
}
"""Further twins, which are not simply 0xFEE0 further on: the brackets an input method gives."""


def twins(key: str) -> str:
    """`key`, and what an input method in full-width mode sends for it, as a binding takes them."""
    character = "," if key == "comma" else key
    if len(character) != 1 or not "!" <= character <= "~":
        return key
    return ",".join([key, chr(ord(character) + 0xFEE0), *FULL_WIDTH.get(character, "")])


def keys_of(place: str) -> tuple[Key, ...]:
    """The rows for one place in the order of the footer; its own rows replace those for everywhere."""
    own = tuple(k for k in KEYS if k.place == place)
    replaced = {k.action for k in own}
    return own + tuple(k for k in KEYS if k.place == EVERYWHERE and k.action not in replaced)


def shown(key: Key, *, ascii_only: bool = False) -> str:
    """The key as it is written on the screen."""
    first = key.keys.split(",")[0]
    if ascii_only and first in SHOWN_ASCII:
        return SHOWN_ASCII[first]
    return SHOWN.get(first, first)
