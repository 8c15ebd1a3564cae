"""What a refusal of pictures teaches: one picture, one format, a number of them, or that the model sees none. Pure.

A lesson is as narrow as its words. A picture that is broken or too large says
nothing about the next one, and a refused GIF nothing about a PNG; only words
about the model itself are taken for "this model sees no pictures".
"""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from ccswitch_tui.wire.later import later

Json = dict[str, Any]
Lesson = tuple[str, Any]

PICTURE = r"(?:image_urls?|images?|pictures?|photos?|图片|图像)"
NUMBER = later(
    rf"(?:at most|a maximum of|maximum(?: number)?(?: of)?(?: is)?|up to|no more than|more than|limit of|limited to|only|max)\D{{0,12}}?(?P<a>\d+) {PICTURE}"
    rf"|(?:at most|up to|no more than|maximum of|only)\D{{0,12}}?(?P<b>\d+) multimodal"
    rf"|too many {PICTURE}.{{0,60}}?(?:max\w*|limit|most|up to|than|allowed|only)\D{{0,12}}(?P<c>\d+)"
    rf"|(?:number of|max(?:imum)?) {PICTURE}.{{0,60}}?(?:must|exceeds?|limit|maximum|at most|up to|not|is|of)\D{{0,20}}(?P<d>\d+)(?! ?(?:[kmg]?b\b|byte|pixel|px|mega|kilo))"
    rf"|(?P<e>\d+) {PICTURE} (?:per|at most|allowed|maximum|max|are the)"
    rf"|{PICTURE} (?:count|number|limit).{{0,30}}?(?:<=?|most|exceeds?|than|is|to|of)\D{{0,8}}(?P<f>\d+)|limit.{{0,20}}image[=: ]+(?P<g>\d+)"
    rf"|allowed {PICTURE}\D{{0,6}}(?P<h>\d+)|(?:number of )?{PICTURE}(?:数量|张数)?.{{0,20}}?(?:less than|equal to|不能超过|不得超过|最多|超过)\D{{0,20}}(?P<i>\d+)(?!\d| ?(?:[kmg]?b\b|byte|pixel|px))",
    re.I | re.S,
)
ONE = later(rf"only (?:one|a single) {PICTURE}|single {PICTURE} only|multiple {PICTURE} (?:are )?(?:not|un)", re.I)
TOO_MANY = later(
    rf"too many {PICTURE}|{PICTURE} (?:count|limit) (?:was |is )?exceeded|multiple {PICTURE} (?:are )?not", re.I
)

FORMATS = ("png", "jpeg", "jpg", "gif", "webp", "bmp", "tiff", "svg", "heic", "heif", "avif", "ico")
_NAMED = later(r"(?:image/|\b)(?P<f>png|jpe?g|gifs?|webp|bmp|tiff?|svg(?:\+xml)?|hei[cf]|avif|ico)\b", re.I)
_FORMAT = later(
    r"format|格式|mime|media[ _-]?type|content[ _-]?type|image/\w|\b(?:gif|webp|bmp|tiff?|svg|hei[cf]|avif)s?\b.{0,40}(?:not|unsupported|un?able)",
    re.I,
)
_ALLOWED = later(
    r"\b(?:use|using|only|supported (?:formats?|types?|mime types?|image (?:formats?|types?))|supports|must be|has to be|should be|one of|accepts?|accepted|allowed|expected|convert to|either)\b(?P<list>.*)",
    re.I | re.S,
)

TOO_LARGE = later(
    rf"{PICTURE}.{{0,80}}?(?:exceeds?|too (?:large|big|heavy|wide|tall|high)|larger than|bigger than|greater than|above|over the|maximum (?:size|dimension|resolution|file)|max(?:imum)?[ _]size|at most \d+ ?(?:[kmg]?b\b|byte|pixel|px))"
    rf"|{PICTURE}.{{0,8}}(?:过大|太大|(?:大小|尺寸|体积).{{0,6}}(?:超|过))|(?:size|dimensions?|resolution|pixels).{{0,60}}{PICTURE}.{{0,60}}(?:exceed|limit|large|maximum)|(?:too large|exceeds).{{0,30}}{PICTURE}",
    re.I | re.S,
)
BROKEN = later(
    rf"(?:could ?n[o']t|can ?not|can't|unable to|failed to|error (?:while )?) ?(?:process|decod|read|load|pars|identif|open|download|fetch|handl|retriev|validat)\w*.{{0,30}}{PICTURE}"
    rf"|(?:invalid|corrupt\w*|broken|malformed|unreadable|undecodable|truncated|empty|bad|damaged) (?:base64 )?(?:data )?{PICTURE}"
    rf"|{PICTURE}(?: data| file| content| url| input| payload| bytes)?.{{0,40}}(?:(?:is|are|was|appears?(?: to be)?) (?:\w+ )?(?:invalid|corrupt\w*|broken|malformed|truncated|empty|damaged|too small)|(?:not|n't|not be|cannot be|could not be) (?:represent )?(?:a )?(?:valid|decoded|identified|read|processed|loaded|parsed|opened))"
    rf"|{PICTURE}.{{0,40}}(?:too small|smaller than|at least \d+)|aspect ratio|invalid base64|incorrect padding|not a valid (?:base64|{PICTURE})|unrecognized {PICTURE}|{PICTURE} does not match",
    re.I | re.S,
)
NEVER = later(
    rf"at most 0 {PICTURE}|type:? ['\"`]?image_url['\"`]? (?:is )?not|{PICTURE} input is (?:disabled|unavailable|off)|not a (?:multi-?modal|vision)|text[ -]only|no vision|vision (?:is|input)|only ['\"`]?text|modality|modalities|certain models"
    rf"|(?:not|un) ?(?:supported|available|allowed|enabled|accepted) (?:by|for|on|with|in) (?:this |the |your )?(?:\w+ )?(?:model|deployment)|model.{{0,60}}(?:not|n't|no) (?:\w+ )?(?:support|accept|see|process|have|take)",
    re.I | re.S,
)
"""Words about the model itself."""


def picture_lesson(text: str, body: Json, refused: tuple[str, ...], most: int | None) -> Lesson | None:
    """The quirk and its value, if these words are about some pictures of `body` rather than about all of them.

    `refused` and `most` are what is left out already.
    """
    sent = list(_pictures(body))
    if not sent or not re.search(rf"{PICTURE}|base64|multimodal|vision|padding|aspect ratio|\bgifs?\b", text, re.I):
        return None
    number = NUMBER.search(text)
    if number:
        allowed = int(next(group for group in number.groups() if group)[:6])
        if 0 < allowed < len(sent):
            return "max_images", allowed
    elif ONE.search(text) and len(sent) > 1:
        return "max_images", 1
    elif TOO_MANY.search(text) and len(sent) > 1:
        return "max_images", max(1, len(sent) // 2)
    about_all = NEVER.search(text)
    if _FORMAT.search(text):
        unwanted = _unwanted(text, sent) if not about_all else _named_in(text, sent)
        if unwanted:
            return "refused_images", _more(refused, unwanted)
        if (_ALLOWED.search(text) or "格式" in text) and not about_all:
            return "refused_images", _more(refused, [digest_of(sent[-1])])
    if TOO_LARGE.search(text) and not about_all and not re.search(r"\d+ tokens", text):
        return "refused_images", _more(refused, [digest_of(max(sent, key=len))])
    if BROKEN.search(text) and not about_all:
        return "refused_images", _more(refused, [digest_of(sent[-1])])  # the ones before it went through last time
    return None


def _more(refused: tuple[str, ...], new: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*refused, *new]))


def _unwanted(text: str, sent: list[str]) -> list[str]:
    """Formats of what was sent that these words refuse."""
    have = {kind for url in sent if (kind := format_of(url))}
    allowed_words = _ALLOWED.search(text)
    allowed = {_usual(m["f"]) for m in _NAMED.finditer(allowed_words["list"])} if allowed_words else set()
    before = text[: allowed_words.start()] if allowed_words else text
    named = {_usual(m["f"]) for m in _NAMED.finditer(before)}
    found = named & have or (have - allowed if allowed else set())
    return sorted(f"image/{kind}" for kind in found)


def _named_in(text: str, sent: list[str]) -> list[str]:
    """Formats of what was sent that words about the model name all the same: "this model does not support GIF"."""
    named = {_usual(m["f"]) for m in _NAMED.finditer(text)} & {format_of(url) for url in sent}
    return sorted(f"image/{kind}" for kind in named)


def _usual(name: str) -> str:
    name = name.lower().removesuffix("+xml")
    return {"jpg": "jpeg", "tif": "tiff", "gifs": "gif"}.get(name, name)


def format_of(url: str) -> str:
    """ "png" of a picture's data URL; "" of another address."""
    found = re.match(r"data:image/([\w.+-]+)", url)
    return _usual(found[1]) if found else ""


def digest_of(url: str) -> str:
    """What tells one picture from all others."""
    return "picture " + hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()[:16]


def is_refused(url: str, refused: tuple[str, ...]) -> bool:
    """Whether this picture is one of those an endpoint has refused."""
    return bool(refused) and (f"image/{format_of(url)}" in refused or digest_of(url) in refused)


def _pictures(body: Json) -> Iterator[str]:
    for message in body.get("messages") or ():
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if part.get("type") == "image_url":
                yield str(part["image_url"].get("url"))


def has_images(body: Json) -> bool:
    """Whether a picture was sent."""
    return next(_pictures(body), None) is not None


def count_images(body: Json) -> int:
    """How many pictures were sent."""
    return sum(1 for _ in _pictures(body))


def holds_refused(body: Json, refused: tuple[str, ...]) -> bool:
    """Whether one of these pictures, or of these formats, was sent."""
    return any(is_refused(url, refused) for url in _pictures(body))


LEFT_OUT = "[An image was here. This endpoint refused it.]"
TOO_MANY_HERE = "[An earlier image was here. This endpoint takes no more than {most} at once.]"


def newest_only(messages: list[Json], most: int) -> list[Json]:
    """The messages with no more than the newest `most` pictures; what changes is copied, for they may be remembered."""
    too_many = sum(1 for _ in _pictures({"messages": messages})) - most
    if too_many <= 0:
        return messages
    note = {"type": "text", "text": TOO_MANY_HERE.format(most=most)}
    out = []
    for message in messages:
        content = message.get("content")
        if too_many > 0 and isinstance(content, list):
            kept = []
            for part in content:
                old = part.get("type") == "image_url" and too_many > 0
                too_many -= old
                kept.append(note if old else part)
            message = {**message, "content": kept}
        out.append(message)
    return out
