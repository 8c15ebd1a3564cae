"""Content blocks of the Messages API → parts of a chat message: text, images, documents, search results, references.

Nothing is lost silently: what cannot be sent becomes a short note to the model
and a Notice to the user. There is no closed list of block types; an unknown one
gives whatever text it holds.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from ccswitch_tui.translate.notices import Notices
from ccswitch_tui.translate.pdf_text import pdf_text
from ccswitch_tui.translate.picture_refusals import LEFT_OUT, is_refused
from ccswitch_tui.wire.codec import dumps
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]
Parts = list[Json]

SILENT = frozenset({"thinking", "redacted_thinking", "tool_use", "tool_result"})
"""Blocks that others handle: they never become text here."""

BLOCKS = SILENT | {"text", "image", "document", "search_result", "tool_reference"}

DEEPEST_BLOCK = 20
"""Blocks inside blocks (a search result inside a document inside …): nobody nests them deeper than three."""


def text_part(text: str) -> Json:
    return {"type": "text", "text": text}


def joined(parts: Parts, separator: str = "\n\n") -> str:
    """The text of text parts."""
    if len(parts) == 1 and parts[0].get("type") == "text":
        return str(parts[0]["text"])
    return separator.join(p["text"] for p in parts if p.get("type") == "text")


def as_content(parts: Parts) -> str | Parts:
    """A plain string where there is only text (older servers refuse lists), else the parts in order."""
    if len(parts) == 1 and len(parts[0]) == 2 and parts[0]["type"] == "text":
        return str(parts[0]["text"])
    if all(p.get("type") == "text" and len(p) == 2 for p in parts):
        return joined(parts)
    return parts


def blocks_of(content: Any) -> list[Json]:
    """Message content in any of its forms as a list of blocks: perhaps the client's own, which is not to be changed."""
    if isinstance(content, str):
        return [text_part(content)] if content else []
    if isinstance(content, dict):
        return [content]
    if not isinstance(content, list):
        return []
    for block in content:
        if type(block) is not dict or not block:
            return [b if isinstance(b, dict) else text_part(b) for b in content if b and isinstance(b, (dict, str))]
    return content


def result_blocks(content: Any) -> list[Json]:
    """What a tool gave back as blocks; what is no block but an object, a list of such or a number, as its JSON."""
    if content is None or isinstance(content, str):
        return blocks_of(content)
    given = content if isinstance(content, list) else [content]
    if given and not any(isinstance(item, str) or _is_block(item) for item in given):
        return [_as_json(content)]
    return [item if _is_block(item) else _as_json(item) for item in given if item is not None and item != ""]


def _is_block(item: Any) -> bool:
    """A block of the Messages API, not a tool's own object that has a `type` too."""
    if not isinstance(item, dict) or not isinstance(item.get("type"), str):
        return False
    return item["type"] in BLOCKS or any(key in item for key in ("text", "content", "source"))


def _as_json(value: Any) -> Json:
    return text_part(value if isinstance(value, str) else dumps(value).decode())


def only_text(content: Any) -> str | None:
    """What content says that is one text and nothing else; None for any other."""
    if isinstance(content, str):
        return content
    block = content[0] if isinstance(content, list) and len(content) == 1 else None
    text = block.get("text") if isinstance(block, dict) and block.get("type") == "text" else None
    return text if isinstance(text, str) else None


class Content:
    """Turns blocks into parts as one endpoint takes them; keeps the notices."""

    def __init__(self, quirks: Quirks, notices: Notices) -> None:
        self._quirks = quirks
        self._notices = notices
        self._passes_marks = quirks.cache_control == "pass"

    def parts(self, blocks: list[Json], depth: int = 0) -> Parts:
        """The parts of these blocks, in order."""
        parts: Parts = []
        if depth > DEEPEST_BLOCK:
            return parts
        for block in blocks:
            kind = block.get("type")
            kind = kind if isinstance(kind, str) else ""
            if kind in SILENT:
                continue
            if kind == "text" and type(text := block.get("text")) is str:
                made = [{"type": "text", "text": text}] if text else []
            else:
                made = self._made(kind, block, depth)
            if self._passes_marks and made and isinstance(block.get("cache_control"), dict):
                made[-1] = {**made[-1], "cache_control": block["cache_control"]}
            parts += made
        return parts

    def _made(self, kind: str, block: Json, depth: int) -> Parts:
        if kind == "text":
            text = block.get("text")
            return [] if text is None or text == "" else [_as_json(text)]
        if kind == "image":
            return [self._image(block)]
        if kind == "document":
            return self._document(block, depth)
        if kind == "search_result":
            return self._search_result(block, depth)
        if kind == "server_tool_use":
            return []  # what was searched for stands in the turn before, what was found in the block after it
        if kind == "web_search_tool_result":
            return _web_results(block.get("content"))
        if kind == "tool_reference":
            return [text_part(f"[tool_reference: {block.get('tool_name', '')}]")]
        return self._unknown(kind, block, depth)

    def _image(self, block: Json) -> Json:
        source = block.get("source")
        source = source if isinstance(source, dict) else {}
        if self._quirks.images == "note":
            self._notices.add("dropped", "an image: this model takes none")
            return text_part("[An image was here. This model cannot see images.]")
        data, url = source.get("data"), source.get("url")
        if source.get("type") == "base64" and isinstance(data, str) and data:
            url = _data_url(_media_type(source, "image/png"), data)
        if isinstance(url, str) and url:
            if is_refused(url, self._quirks.refused_images):
                self._notices.add("dropped", "an image that this endpoint has refused")
                return text_part(LEFT_OUT)
            return {"type": "image_url", "image_url": {"url": url}}
        self._notices.add("dropped", "an image whose data are not in the request")
        return text_part("[An image was here that is not part of the request.]")

    def _document(self, block: Json, depth: int) -> Parts:
        source = block.get("source")
        source = source if isinstance(source, dict) else {}
        kind, data = source.get("type"), source.get("data")
        name = next((v for v in (block.get("title"), block.get("name")) if isinstance(v, str) and v), "")
        heading = [text_part(f"Document: {name}")] if name else []
        context = block.get("context")
        if isinstance(context, str) and context:
            heading.append(text_part(context))
        if kind == "content" or "content" in source:
            return heading + self.parts(blocks_of(source.get("content")), depth + 1)
        if kind == "text" and isinstance(data, str):
            return [*heading, text_part(data)]
        if kind == "base64" and isinstance(data, str) and data:
            media = _media_type(source, "application/pdf")
            if media.startswith("text/") or media == "application/json":
                return [*heading, text_part(_decoded(data).decode("utf-8", "replace"))]
            if media == "application/pdf":
                return heading + self._pdf(data, name)
            return [*heading, self._no_document(name, media)]
        url = source.get("url")
        if isinstance(url, str) and url:
            self._notices.add("dropped", f"a document by address, given to the model as the address: {url}")
            return [*heading, text_part(f"[A document is at {url}. Its content is not part of this request.]")]
        return [*heading, self._no_document(name, "unknown type")]

    def _pdf(self, data: str, name: str) -> Parts:
        if self._quirks.pdf == "file":
            return [
                {
                    "type": "file",
                    "file": {"filename": name or "document.pdf", "file_data": f"data:application/pdf;base64,{data}"},
                }
            ]
        text = pdf_text(_decoded(data)) if self._quirks.pdf == "text" else ""
        if not text:
            return [self._no_document(name, "PDF")]
        self._notices.add("guessed", "the text of a PDF was taken out of it; layout and pictures are lost")
        return [text_part(f"[Text taken from a PDF document; layout and pictures are lost.]\n{text}")]

    def _no_document(self, name: str, kind: str) -> Json:
        self._notices.add("dropped", f"a document ({kind}) that this endpoint cannot be given")
        called = f' "{name}"' if name else ""
        return text_part(f"[A document{called} ({kind}) was here. This model cannot read it; ask for its text.]")

    def _search_result(self, block: Json, depth: int) -> Parts:
        title, source = block.get("title"), block.get("source")
        heading = "\n".join(v for v in (title, source) if isinstance(v, str) and v)
        return ([text_part(heading)] if heading else []) + self.parts(blocks_of(block.get("content")), depth + 1)

    def _unknown(self, kind: str, block: Json, depth: int) -> Parts:
        self._notices.add("unknown", f"a block of type '{kind}': only its text was kept")
        text = block.get("text")
        if isinstance(text, str) and text:
            return [text_part(text)]
        inner = block.get("content")
        if isinstance(inner, str | list):
            return self.parts(blocks_of(inner), depth + 1)
        return []


def _web_results(found: Any) -> Parts:
    """The pages an earlier web search named; their texts were for the vendor's own model alone."""
    hits = [hit for hit in found if isinstance(hit, dict)] if isinstance(found, list) else []
    lines = [f"- {hit.get('title') or ''} {hit.get('url') or ''}".rstrip() for hit in hits]
    return [text_part("\n".join(["[Results of an earlier web search:", *lines, "]"]))] if lines else []


def _data_url(media: str, data: str) -> str:
    """The address of a picture: base64 that an encoder wrote in lines, or that a client gave as an address already."""
    if data.startswith("data:"):
        return data
    if "\n" in data or "\r" in data:
        data = "".join(data.split())
    return f"data:{media};base64,{data}"


def _media_type(source: Json, usual: str) -> str:
    media = source.get("media_type")
    return media if isinstance(media, str) and media else usual


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=False)
    except (binascii.Error, ValueError):
        return b""
