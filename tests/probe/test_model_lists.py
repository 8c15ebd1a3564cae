"""Lists of models as endpoints send them: every shape, and lists that are half a megabyte long."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccswitch_tui.probe.exchange import LIST_KEPT, masked_text
from ccswitch_tui.probe.shapes import read_models
from ccswitch_tui.secret import Secret

SHAPES: dict[str, tuple[Any, list[str]]] = {
    "OpenAI's": ({"object": "list", "data": [{"id": "a"}, {"id": "b"}]}, ["a", "b"]),
    "data before models": ({"data": [{"id": "a"}], "models": [{"id": "x"}]}, ["a"]),
    "slugs": ({"models": [{"slug": "a", "context_window": 9}, {"slug": "b"}]}, ["a", "b"]),
    "some with slugs": ({"models": [{"slug": "a"}, {"name": "b"}, {"id": "c"}]}, ["a", "b", "c"]),
    "a list in a table": ({"code": 0, "data": {"list": [{"id": "a"}], "total": 1}}, ["a"]),
    "models in a table": ({"success": True, "data": {"models": ["a", "b"]}}, ["a", "b"]),
    "items in a result": ({"result": {"items": [{"modelId": "a"}]}}, ["a"]),
    "a table by id": ({"data": {"a": {"owned_by": "x"}, "b": {}}}, ["a", "b"]),
    "a table by id under models": ({"models": {"a": {"context_length": 5}}}, ["a"]),
    "texts": (["a", "b"], ["a", "b"]),
    "texts in data": ({"data": ["a"]}, ["a"]),
    "Ollama's": ({"models": [{"name": "qwen3:8b", "model": "qwen3:8b"}]}, ["qwen3:8b"]),
    "Gemini's": ({"models": [{"name": "models/g", "inputTokenLimit": 3}]}, ["g"]),
    "odd rows": ({"data": [{"id": None}, {"id": "a"}, {}, {"id": ""}, {"id": 7}, "b", None]}, ["a", "b"]),
    "named twice, and with blanks": ({"data": [{"id": " a "}, {"id": "b"}, {"id": "a"}]}, ["a", "b"]),
    "Cloudflare's": ({"result": [{"id": "0f3b8a1c-1111-2222-3333-444455556666", "name": "@cf/m"}]}, ["@cf/m"]),
    "an empty list": ({"object": "list", "data": []}, []),
}  # fmt: skip


@pytest.mark.parametrize("body, names", SHAPES.values(), ids=SHAPES)
def test_the_names_are_found_in_any_shape(body: Any, names: list[str]) -> None:
    rows = read_models(body)
    assert rows is not None
    assert [row.id for row in rows] == names


@pytest.mark.parametrize(
    "body", [{"data": None}, {}, None, "x", 5, {"error": {"message": "no"}}, {"data": {"total": 0}}]
)
def test_what_is_no_list_is_none(body: Any) -> None:
    assert read_models(body) is None


def test_a_table_tells_the_windows_too() -> None:
    rows = read_models({"models": {"a": {"context_length": 5}, "b": {}}})
    assert rows is not None
    assert [row.context_window for row in rows] == [5, None]


def test_a_list_of_half_a_megabyte_is_kept_whole() -> None:
    rows = [
        {"id": f"vendor-{n % 40}/model-{n}", "description": "x" * 1200, "context_length": 131072} for n in range(386)
    ]
    text = json.dumps({"data": rows})
    assert len(text) > 480_000
    kept = masked_text(text, Secret("sk-example-list-0123456789"), most=LIST_KEPT)
    listed = read_models(json.loads(kept))
    assert listed is not None
    assert (len(listed), listed[-1].context_window) == (386, 131072)


M = [{"id": "m-1"}, {"id": "m-2"}]

WRAPPINGS: dict[str, Any] = {
    "rows under records": {"code": 200, "data": {"records": M, "total": 2}},
    "rows": {"rows": M},
    "entries": {"entries": M},
    "a payload": {"payload": {"models": M}},
    "a response": {"response": {"data": M}},
    "value": {"value": M},
    "available": {"available_models": ["m-1", "m-2"]},
    "camel": {"data": {"modelList": M}},
    "by id at the top": {"m-1": {"id": "m-1", "object": "model"}, "m-2": {"id": "m-2", "object": "model"}},
    "by kind": {"data": {"chat": ["m-1"], "embedding": ["m-2"]}},
    "model_id": {"data": [{"model_id": "m-1"}, {"model_id": "m-2"}]},
    "code": {"data": [{"code": "m-1"}, {"code": "m-2"}]},
    "two deep": {"result": {"data": {"list": M}}},
    "a number for an id": {"data": [{"id": 1, "name": "m-1"}, {"id": 2, "name": "m-2"}]},
}


@pytest.mark.parametrize("shape", WRAPPINGS)
def test_a_list_in_another_wrapping_is_read(shape: str) -> None:
    assert [row.id for row in read_models(WRAPPINGS[shape]) or ()] == ["m-1", "m-2"]


@pytest.mark.parametrize(
    "body",
    [
        {"code": 401, "message": "no", "data": None},
        {"data": {"total": 3, "used": 1}},
        {"id": "u-1", "name": "bob"},
        {"type": "message", "content": [{"type": "text", "text": "hi"}]},
        {"value": 3},
        {"response": "ok"},
        {},
    ],
)
def test_what_is_no_list_is_not_taken_for_one(body: Any) -> None:
    assert read_models(body) is None
