"""How things are written: signs with their ASCII twins, columns that know wide characters, ages, styles.

Colour is spent on verdicts and keys only, and never says anything a sign and a
word do not say as well.
"""

from __future__ import annotations

from typing import Any

from textual.content import Content

from ccswitch_tui.printable import one_line
from ccswitch_tui.secret import covered, redact
from ccswitch_tui.tui.i18n import spoken, t, t_or

SIGNS = {
    "ok": ("✓", "ok"),
    "warn": ("!", "!"),
    "fail": ("✗", "x"),
    "skip": ("·", "-"),
    "wait": ("…", "~"),
    "here": ("●", "*"),
    "to": ("→", "->"),
    "rule": ("─", "-"),
    "bar": ("│", "|"),
    "length": ("━", "="),
    "point": ("›", ">"),
    "dot": ("·", "-"),
    "cover": ("•", "*"),
    "more": ("…", "..."),
}
"""Meaning: the sign, and its twin for terminals that show only ASCII."""

STYLES = {"ok": "$text-success", "warn": "$text-warning", "fail": "$text-error", "here": "$text-primary"}
QUIET = "$foreground 62%"
DISABLED = "$foreground 34%"
HANG = "\u2060"
"""In a line of Prose: further lines begin here. A word joiner, which no terminal shows."""
KEY = "bold $text-accent"
NAME = "bold"

VERDICTS = {"native": "ok", "translate": "ok", "limited": "warn", "broken": "fail"}
SEVERITIES = {"info": "skip", "warn": "warn", "fail": "fail"}

_ascii = False


def use_ascii(only: bool) -> None:
    """Whether signs are written in ASCII from now on."""
    global _ascii
    _ascii = only


def ascii_only() -> bool:
    """Whether the terminal gets ASCII signs."""
    return _ascii


def sign(meaning: str) -> str:
    """The sign of a meaning, bare."""
    return SIGNS[meaning][1 if _ascii else 0]


def mark(meaning: str) -> Content:
    """The sign of a meaning in its colour, padded to the width signs have here."""
    width = 2 if _ascii else 1
    return Content.styled(sign(meaning).ljust(width), STYLES.get(meaning, QUIET))


def verdict(word: str | None) -> Content:
    """A verdict as sign and word; an endpoint nobody probed yet is said to be that."""
    if not word:
        return Content.assemble(mark("skip"), " ", (t("verdict.none"), QUIET))
    meaning = VERDICTS.get(word, "warn")
    return Content.assemble(mark(meaning), " ", (t_or(f"verdict.{word}", word), STYLES[meaning]))


def verdict_word(word: str | None) -> Content:
    """The word of a verdict in its colour, where its sign stands elsewhere."""
    if not word:
        return Content.styled(t("verdict.none"), QUIET)
    return Content.styled(t_or(f"verdict.{word}", word), STYLES[VERDICTS.get(word, "warn")])


_SPACES = dict.fromkeys(map(ord, "\t\n\r\u2028\u2029"), " ")


def quoted(text: str) -> str:
    """A text as one harmless line: no key, no escape sequence, no bidirectional override.

    A sentence of ours is in the language of the app; someone else's words are as they were.
    """
    return redact(one_line(spoken(text).translate(_SPACES)))


def quoted_lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(quoted(row) for row in spoken(text).split("\n"))


def painted(typed: str) -> str:
    """A line as a field paints it, as long as it is: dots for a key, and for what would command the terminal."""
    shown = "".join(c if c.isprintable() or c == "\t" else "·" for c in covered(typed))
    return shown.replace("•", "*").replace("·", "-") if _ascii else shown


def cells(text: str | Content, width: int, style: str = "", *, right: bool = False) -> Content:
    """`text` cut or padded to exactly `width` cells; a cut is shown by an ellipsis."""
    content = text if isinstance(text, Content) else Content.styled(_one(text), style) if style else Content(_one(text))
    if width <= 0:
        return Content("")
    content = cut(content, width)
    gap = width - content.cell_length
    return content.pad_left(gap) if right else content.pad_right(gap)


def cut(content: Content, width: int) -> Content:
    """`content` within `width` cells; what is left out is shown by an ellipsis."""
    if content.cell_length <= width:
        return content
    if not _ascii:
        return content.truncate(width, ellipsis=True)
    dots = sign("more")[: max(0, width)]
    return content.truncate(max(0, width - len(dots))) + dots


def tail(text: str, width: int) -> str:
    """The end of `text` within `width` cells, for paths: the end tells them apart."""
    content = Content(text)
    if content.cell_length <= width:
        return text
    dots = sign("more")
    while text and Content(text).cell_length > width - len(dots):
        text = text[1:]
    return dots + text


def host_within(host: str, width: int) -> str:
    """A host where there is little room: the end of one with a port, which tells it apart; else without its "api."."""
    if Content(host).cell_length <= width:
        return host
    return tail(host, width) if ":" in host else host.removeprefix("api.")


def line(*parts: Any) -> Content:
    """Parts joined into one line, whatever the texts hold: texts, (text, style) pairs and Contents."""
    return Content.assemble(*map(_part, parts))


def _part(part: Any) -> Any:
    if isinstance(part, tuple):
        return (_one(part[0]), *part[1:])
    return _one(part) if isinstance(part, str) and part.strip(" ") != HANG else part


def _one(text: str) -> str:
    return one_line(text.translate(_SPACES)) if not text.isprintable() else text


def item(meaning: str, text: str, style: str = "") -> Content:
    """Someone's sentence after a sign; further lines begin under its first word."""
    return Content.assemble(mark(meaning), " ", HANG, (quoted(text), style))


def lines(*rows: Content | str) -> Content:
    """Rows under each other."""
    return Content("\n").join(rows)


def age(seconds: float) -> str:
    """How long ago, in the unit one would say aloud."""
    for limit, unit, size in ((60, "s", 1), (3600, "min", 60), (86_400, "h", 3600)):
        if seconds < limit:
            return t(f"age.{unit}", n=max(0, int(seconds // size)))
    return t("age.d", n=int(seconds // 86_400))


def clock(at: float, now: float) -> str:
    """The clock on the wall; with the day where that was another one."""
    import time

    then, today = time.localtime(at), time.localtime(now)
    return time.strftime("%H:%M" if then[:3] == today[:3] else "%m-%d %H:%M", then)


def took(ms: float | None) -> str:
    """A duration: `12 ms`, `1.9 s`."""
    if ms is None:
        return ""
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def short(count: int) -> str:
    """`950`, `12.3k`, `1.2M`."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M"


def home(path: str, home: str) -> str:
    """A path as people write it: `~` for their own folder."""
    inside = len(home) > 1 and path.startswith(home.rstrip("/") + "/")
    return "~" + path[len(home.rstrip("/")) :] if inside else path


def window(tokens: int | None) -> str:
    """A context window as it is spoken of: `8k`, `131k`, `1M`; "" where nobody tells."""
    if not tokens:
        return ""
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:.3g}M"
    return f"{tokens // 1000}k" if tokens >= 1000 else str(tokens)


def host_of(url: str) -> str:
    """The host and port of an address, for columns too narrow for all of it."""
    return url.partition("://")[2].partition("/")[0] or url
